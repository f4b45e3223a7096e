package nodejs

import (
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// depKind is the kind of a dependency.
type depKind int

const (
	prodDep depKind = iota
	devDep
	optionalDep
	peerDep
	peerOptionalDep
	workspaceDep
)

// edgeState is what an edge knows of the node it leads to.
type edgeState int

const (
	edgeUnknown edgeState = iota
	edgeValid
	edgeMissing
	edgePeerLocal // a peer in the dependent's own node_modules
	edgeInvalid
)

// edge is a dependency of a node and leads to what Node.js would find for it.
type edge struct {
	from, to *node
	kind     depKind
	name     string
	key      string // fold(name)
	rawSpec  string // as the manifest has it; spec has the overridden one

	overrides *overrideSet
	state     edgeState
	// peerConflicted is set where npm accepted that a peer does not match.
	peerConflicted bool
}

// newEdge gives from an edge, in place of one of that name.
func newEdge(from *node, kind depKind, name, spec string) {
	e := &edge{from: from, kind: kind, name: name, key: fold(name), rawSpec: spec}
	if old := from.edgesOut.get(e.key); old != nil {
		old.detach()
	}
	if from.overrides != nil {
		e.overrides = from.overrides.edgeRule(e)
	}
	from.edgesOut.put(e.key, e)
	e.reload(true)
}

func (e *edge) isPeer() bool { return e.kind == peerDep || e.kind == peerOptionalDep }

func (e *edge) isOptional() bool { return e.kind == optionalDep || e.kind == peerOptionalDep }

// spec is what is asked for: the manifest's word, or an override's.
func (e *edge) spec() string {
	o := e.overrides
	if o == nil || o.value == "" || o.value == "*" || o.name != e.name {
		return e.rawSpec
	}
	ref, isRef := strings.CutPrefix(o.value, "$")
	if !isRef {
		return o.value
	}
	if e.from == nil {
		return o.value
	}
	root := e.from.root
	if e.from.source != nil {
		root = e.from.source.root
	}
	if spec := specOf(root.pkg, ref); spec != "" {
		return spec
	}
	if spec := specOf(e.from.pkg, ref); spec != "" {
		return spec
	}
	e.from.w.specs.fail(&manifest.ResolveError{
		Code: "EOVERRIDE", Name: e.name, Spec: o.value, RequiredBy: e.from.label(),
		Detail: fmt.Sprintf("the override refers to %q, which the project does not depend on", o.value),
	})
	return e.rawSpec
}

// specOf returns what the manifest asks of a name, "" where it does not.
func specOf(m *manifest.Manifest, name string) string {
	for _, deps := range [][]manifest.Dependency{m.DevDependencies, m.OptionalDependencies, m.Dependencies, m.PeerDependencies} {
		for _, d := range deps {
			if d.Name == name {
				return d.Spec
			}
		}
	}
	return ""
}

// satisfiedBy tells whether n is what the edge asks for. Overrides do not
// reach packages that come in the tarball of another.
func (e *edge) satisfiedBy(n *node) bool {
	if n.name != e.name || e.from == nil {
		return false
	}
	if e.overrides == nil {
		return e.allows(n, e.rawSpec)
	}
	if n.pkg.Shrinkwrap || n.inShrinkwrap() || n.bundler() != nil {
		return e.allows(n, e.rawSpec)
	}
	if e.allows(n, e.spec()) {
		return true
	}
	if e.overrides.keySpec == "" {
		return false
	}
	return e.allows(n, e.rawSpec) && !e.allows(n, e.overrides.keySpec)
}

func (e *edge) valid() bool {
	s := e.check()
	return s == edgeValid
}

// check returns the state of the edge; an optional one that leads nowhere is
// valid.
func (e *edge) check() edgeState {
	if e.state != edgeUnknown {
		return e.state
	}
	switch {
	case e.to == nil:
		if e.isOptional() {
			return edgeValid
		}
		e.state = edgeMissing
	case e.isPeer() && e.from == e.to.parent && e.from != nil && !e.from.isTop():
		e.state = edgePeerLocal
	case !e.satisfiedBy(e.to):
		e.state = edgeInvalid
	case e.overrides != nil && e.to.overrides != nil && e.to.edgesOut.len() > 0 && overridesConflict(e.overrides, e.to.overrides):
		e.state = edgeInvalid
	default:
		e.state = edgeValid
	}
	return e.state
}

// reload finds anew what the edge leads to and which override is on it. A hard
// reload forgets the verdict even where neither changed.
func (e *edge) reload(hard bool) {
	var old, rule *overrideSet
	changed := false
	if e.from != nil && e.from.overrides != nil {
		rule = e.from.overrides.edgeRule(e)
		if !rule.equal(e.overrides) {
			changed, old, e.overrides = true, e.overrides, rule
		}
	} else {
		e.overrides = nil
	}
	var to *node
	if e.from != nil {
		to = e.from.resolve(e.key)
	}
	switch {
	case to != e.to:
		if e.to != nil {
			e.to.removeEdgeIn(e)
		}
		e.to, e.state = to, edgeUnknown
		if to != nil {
			to.addEdgeIn(e)
		}
	case hard:
		e.state = edgeUnknown
	case changed && e.to != nil:
		e.to.overridesEdgeLeft(old)
		e.to.overridesEdgeCame(rule)
	}
}

func (e *edge) detach() {
	if e.to != nil {
		e.to.removeEdgeIn(e)
	}
	if e.from != nil {
		e.from.edgesOut.remove(e.key)
	}
	e.from, e.to, e.state = nil, nil, edgeMissing
}
