package nodejs

import (
	"fmt"
	"iter"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// overrideSet is a rule of the overrides with those below and above it. Nodes
// and edges carry the one that holds for what is below them.
type overrideSet struct {
	parent   *overrideSet
	key      string
	name     string
	keySpec  string // the range of the key; "" for the outermost set
	value    string // what is asked for instead
	children []*overrideSet
	rules    []*overrideSet // cache of ruleset
}

// newOverrides returns the outermost set, nil where there are no overrides.
func newOverrides(overrides []manifest.Override) (*overrideSet, error) {
	if len(overrides) == 0 {
		return nil, nil
	}
	root := &overrideSet{}
	return root, root.adopt(overrides)
}

func (o *overrideSet) adopt(overrides []manifest.Override) error {
	for _, in := range overrides {
		name, spec := in.Key, "*"
		if at := strings.LastIndexByte(in.Key, '@'); at > 0 {
			name, spec = in.Key[:at], strings.TrimSpace(in.Key[at+1:])
		}
		if spec == "" {
			spec = "*"
		}
		if name == "" {
			return &manifest.ResolveError{Code: "EOVERRIDE", Name: in.Key, Detail: "an override needs the name of a package"}
		}
		if _, err := semver.ParseRange(spec); err != nil {
			return &manifest.ResolveError{
				Code: "EOVERRIDE", Name: name, Spec: spec,
				Detail: fmt.Sprintf("the key %q of the overrides must be a name, or a name and a range of versions", in.Key), Err: err,
			}
		}
		c := &overrideSet{parent: o, key: in.Key, name: name, keySpec: spec, value: in.Value}
		if c.value == "" {
			c.value = spec
		}
		if err := c.adopt(in.Below); err != nil {
			return err
		}
		o.child(c)
	}
	return nil
}

func (o *overrideSet) child(c *overrideSet) {
	for i, have := range o.children {
		if have.key == c.key {
			o.children[i] = c
			return
		}
	}
	o.children = append(o.children, c)
}

func (o *overrideSet) find(key string) *overrideSet {
	for _, c := range o.children {
		if c.key == key {
			return c
		}
	}
	return nil
}

// ancestry walks from o to the outermost set.
func (o *overrideSet) ancestry() iter.Seq[*overrideSet] {
	return func(yield func(*overrideSet) bool) {
		for p := o; p != nil; p = p.parent {
			if !yield(p) {
				return
			}
		}
	}
}

// ruleset is every rule in force, the innermost first.
func (o *overrideSet) ruleset() []*overrideSet {
	if o.rules != nil {
		return o.rules
	}
	seen := map[string]bool{}
	rules := []*overrideSet{}
	add := func(r *overrideSet) {
		if !seen[r.key] {
			seen[r.key] = true
			rules = append(rules, r)
		}
	}
	for p := range o.ancestry() {
		for _, c := range p.children {
			add(c)
		}
		if p.parent != nil {
			add(p)
		}
	}
	o.rules = rules
	return rules
}

func (o *overrideSet) equal(other *overrideSet) bool {
	if o == other {
		return true
	}
	if o == nil || other == nil {
		return false
	}
	if o.key != other.key || o.value != other.value || !o.childrenEqual(other) {
		return false
	}
	return o.parent.equal(other.parent)
}

func (o *overrideSet) childrenEqual(other *overrideSet) bool {
	if len(o.children) != len(other.children) {
		return false
	}
	for _, c := range o.children {
		d := other.find(c.key)
		if d == nil || c.value != d.value || !c.childrenEqual(d) {
			return false
		}
	}
	return true
}

// edgeRule returns the rule for an edge, o itself where none is its own.
func (o *overrideSet) edgeRule(e *edge) *overrideSet {
	for _, r := range o.ruleset() {
		if r.name != e.name {
			continue
		}
		if r.keySpec == "*" || e.from.w.specs.overlaps(e.name, e.rawSpec, r.keySpec) {
			return r
		}
	}
	return o
}

// specificOverrides returns the set that holds for what both lead to: the
// inner one where one is within the other, else what both are within; false
// where they cannot both be kept.
func specificOverrides(a, b *overrideSet) (*overrideSet, bool) {
	for p := range b.ancestry() {
		if p.equal(a) {
			return b, true
		}
	}
	for p := range a.ancestry() {
		if p.equal(b) {
			return a, true
		}
	}
	if conflictingRules(a, b) {
		return nil, false
	}
	for q := range b.ancestry() {
		for p := range a.ancestry() {
			if p.equal(q) {
				return p, true
			}
		}
	}
	return nil, true
}

func overridesConflict(a, b *overrideSet) bool {
	_, ok := specificOverrides(a, b)
	return !ok
}

func conflictingRules(a, b *overrideSet) bool {
	theirs := map[string]*overrideSet{}
	for _, r := range b.ruleset() {
		theirs[r.key] = r
	}
	for _, r := range a.ruleset() {
		other := theirs[r.key]
		if other == nil || r.equal(other) || strings.HasPrefix(r.value, "$") || strings.HasPrefix(other.value, "$") {
			continue
		}
		ra, errA := semver.ParseRange(r.value)
		rb, errB := semver.ParseRange(other.value)
		if errA == nil && errB == nil && !semver.Intersects(ra, rb) {
			return true
		}
	}
	return false
}

// The overrides of a node follow from those of the edges into it.

func (n *node) addEdgeIn(e *edge) {
	if n.overrides == nil || !n.overrides.equal(e.overrides) {
		n.overridesEdgeCame(e.overrides)
	}
	n.edgesIn.include(e)
}

func (n *node) removeEdgeIn(e *edge) {
	n.edgesIn.remove(e)
	if e.overrides != nil {
		n.overridesEdgeLeft(e.overrides)
	}
}

func (n *node) overridesEdgeLeft(gone *overrideSet) {
	if n.overrides == nil || !n.overrides.equal(gone) {
		return
	}
	var now *overrideSet
	for e := range n.edgesIn.keys() {
		if now != nil && e.overrides != nil {
			now, _ = specificOverrides(e.overrides, now)
		} else {
			now = e.overrides
		}
	}
	if n.overrides.equal(now) {
		return
	}
	n.overrides = now
	if now != nil {
		n.passOverridesOn()
	}
}

func (n *node) overridesEdgeCame(came *overrideSet) {
	if came == nil {
		return
	}
	if n.overrides == nil {
		n.overrides = came
		n.passOverridesOn()
		return
	}
	if n.overrides.equal(came) {
		return
	}
	if now, ok := specificOverrides(n.overrides, came); ok && now != nil && !n.overrides.equal(now) {
		n.overrides = now
		n.passOverridesOn()
	}
}

func (n *node) passOverridesOn() {
	if n.link {
		if n.target != nil && n.overrides != nil && n.overrides.reaches(n.target) {
			n.target.overridesEdgeCame(n.overrides)
		}
		return
	}
	for e := range n.edgesOut.values() {
		e.reload(true)
		if e.to != nil {
			e.to.overridesEdgeCame(e.overrides)
		}
	}
}

// reaches tells whether a rule is for something that n needs at any depth.
func (o *overrideSet) reaches(n *node) bool {
	seen := map[*node]bool{}
	for stack := []*node{n}; len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n.link && n.target != nil {
			n = n.target
		}
		if seen[n] {
			continue
		}
		seen[n] = true
		for e := range n.edgesOut.values() {
			if o.edgeRule(e).name == e.name {
				return true
			}
			if e.to != nil {
				stack = append(stack, e.to)
			}
		}
	}
	return false
}

// overridden tells whether an override chose this version.
func (n *node) overridden() bool {
	if n.overrides == nil || n.overrides.value == "" || n.overrides.name != n.name {
		return false
	}
	for e := range n.edgesIn.keys() {
		if o := e.overrides; o != nil && o.name == n.name && o.value == n.version() && !o.equal(e.from.overrides) {
			return true
		}
	}
	return false
}
