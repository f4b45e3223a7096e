package nodejs

import (
	"iter"
	"path"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// node is a folder of a tree, or the project, or a stand-in for one of them
// (see source) in which a set of peers is tried out. A node without a place is
// the root of a tree of its own.
type node struct {
	w    *world
	name string // of the folder
	key  string // fold(name)
	pkg  *manifest.Manifest
	// path is relative to the project's folder, which is "."; "" where the
	// node never had a place.
	path    string
	sortKey string // of path, for collate

	err error // why its manifest could not be had; pkg is empty then

	parent   *node // whose node_modules holds it
	fsParent *node // whose folder holds it, but outside of node_modules
	root     *node
	source   *node // what this root stands in for
	link     bool
	target   *node  // of a link
	realpath string // of a link: where target is

	children   ordered[string, *node]
	fsChildren orderedSet[*node]
	linksIn    orderedSet[*node]
	edgesOut   ordered[string, *edge]
	edgesIn    orderedSet[*edge]
	inventory  *inventory // of a root: all that is in its tree

	overrides *overrideSet

	extraneous, dev, optional, devOptional, peer bool
	// inert nodes are optional and do not fit the target: npm keeps them in
	// its lock, and out of node_modules.
	inert bool
}

// world is what all nodes of one resolution share.
type world struct {
	legacyPeers bool
	specs       specs
}

// nodeIn says where a new node goes and what it is.
type nodeIn struct {
	name      string
	pkg       *manifest.Manifest
	path      string
	parent    *node
	root      *node // for a node with a path and no parent
	source    *node
	overrides *overrideSet
	err       error
	link      bool
	target    *node
}

// newNode makes a node, puts it in its place, which removes what was there,
// and makes its edges.
func (w *world) newNode(in nodeIn) *node {
	if in.pkg == nil {
		in.pkg = &manifest.Manifest{}
	}
	n := &node{
		w: w, name: in.name, key: fold(in.name), pkg: in.pkg, path: in.path, sortKey: manifest.CollationKey(in.path),
		source: in.source, overrides: in.overrides, err: in.err, link: in.link,
	}
	n.root = n
	w.specs.bundles = w.specs.bundles || len(n.pkg.Bundled) > 0
	n.resetFlags()
	switch {
	case in.parent != nil:
		n.setParent(in.parent)
	default:
		n.setRoot(in.root)
	}
	if in.target != nil {
		n.setTarget(in.target)
	}
	if !n.link {
		n.loadEdges()
	}
	return n
}

// loadEdges makes the edges of the manifest. The order counts, and a later
// kind takes the place of an earlier one.
func (n *node) loadEdges() {
	load := func(kind depKind, deps []manifest.Dependency, skip func(string) bool) {
		for _, d := range deps {
			if skip != nil && skip(d.Name) {
				continue
			}
			if have := n.edgesOut.get(fold(d.Name)); have == nil || have.kind != workspaceDep {
				newEdge(n, kind, d.Name, d.Spec)
			}
		}
	}
	if !n.w.legacyPeers {
		load(peerDep, n.pkg.PeerDependencies, func(name string) bool { return n.pkg.OptionalPeers[name] })
		load(peerOptionalDep, n.pkg.PeerDependencies, func(name string) bool { return !n.pkg.OptionalPeers[name] })
	}
	load(prodDep, n.pkg.Dependencies, nil)
	load(optionalDep, n.pkg.OptionalDependencies, nil)
	if n.isTop() && n.path != "" && (n.source == nil || n.source.isTop() && n.source.path != "") {
		load(devDep, n.pkg.DevDependencies, nil)
	}
}

func (n *node) version() string { return n.pkg.Version }

// label names the package for messages.
func (n *node) label() string {
	switch {
	case n.isProjectRoot() && n.source == nil:
		return "the project"
	case n.source != nil:
		return n.source.label()
	case n.pkg.Name != "" && n.pkg.Name != n.name:
		return n.name + "@npm:" + n.pkg.Name + "@" + n.pkg.Version
	}
	return n.name + "@" + n.pkg.Version
}

// modulePath is where a package of that name is in n.
func (n *node) modulePath(name string) string { return path.Join(n.path, "node_modules", name) }

func (n *node) isTop() bool { return n.parent == nil }

func (n *node) isProjectRoot() bool { return n == n.root }

func (n *node) isWorkspace() bool {
	if n.isProjectRoot() || len(n.w.specs.workspaces) == 0 {
		return false
	}
	e := n.root.edgesOut.get(fold(n.pkg.Name))
	return e != nil && e.kind == workspaceDep && e.to != nil && (e.to == n || e.to.target == n)
}

func (n *node) depth() int {
	depth := 0
	for p := n.parent; p != nil; p = p.parent {
		depth++
	}
	return depth
}

// resolveParent is where Node.js looks next for a module that n lacks.
func (n *node) resolveParent() *node {
	if n.parent != nil {
		return n.parent
	}
	return n.fsParent
}

// ancestry walks from n itself to the top.
func (n *node) ancestry() iter.Seq[*node] {
	return func(yield func(*node) bool) {
		for p := n; p != nil; p = p.resolveParent() {
			if !yield(p) {
				return
			}
		}
	}
}

func (n *node) isDescendantOf(other *node) bool {
	for p := range n.ancestry() {
		if p == other {
			return true
		}
	}
	return false
}

// resolve returns what require(key) finds in n, nil where nothing.
func (n *node) resolve(key string) *node {
	for p := n; p != nil; p = p.resolveParent() {
		if mine := p.children.get(key); mine != nil {
			return mine
		}
	}
	return nil
}

// matches tells whether two nodes are the same package under the same name.
func (n *node) matches(other *node) bool {
	if n == other {
		return true
	}
	if n.name != other.name {
		return false
	}
	if n.link {
		return other.link && n.target.matches(other.target)
	}
	if n.isProjectRoot() && other.isProjectRoot() {
		return n.path == other.path
	}
	if a, b := integrityOf(n.pkg), integrityOf(other.pkg); a != "" && b != "" {
		return a == b
	}
	if n.pkg.Tarball != "" && other.pkg.Tarball != "" {
		return n.pkg.Tarball == other.pkg.Tarball
	}
	return n.pkg.Name != "" && n.pkg.Version != "" && n.pkg.Name == other.pkg.Name && n.pkg.Version == other.pkg.Version
}

func integrityOf(m *manifest.Manifest) string {
	if m.Integrity == "" && m.Shasum != "" {
		return "shasum " + m.Shasum
	}
	return m.Integrity
}

func (n *node) inShrinkwrap() bool {
	for p := n.parent; p != nil; p = p.parent {
		if p.pkg.Shrinkwrap {
			return true
		}
	}
	return false
}

func (n *node) resetFlags() {
	n.extraneous, n.dev, n.optional, n.devOptional, n.peer = true, true, true, true, true
}

func (n *node) unsetFlags() {
	n.extraneous, n.dev, n.optional, n.devOptional, n.peer = false, false, false, false, false
}
