package nodejs

import (
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
)

// A link stands in node_modules for a folder of the project: its target, which
// is in the tree at its own path and holds the edges.

// setTarget points a link to the node of the folder.
func (n *node) setTarget(target *node) {
	n.realpath = target.path
	n.aim(target)
	if n.path != "" && target.root != n.root {
		target.setRoot(n.root)
	}
	if n.parent != nil {
		n.parent.reloadNamed(n.key)
	}
}

func (n *node) aim(target *node) {
	n.target, n.pkg = target, target.pkg
	target.linksIn.include(n)
}

// breakLinks parts a node that changes trees from its links and its target.
func (n *node) breakLinks() {
	for l := range n.linksIn.keys() {
		l.target = nil
		n.linksIn.remove(l)
	}
	if n.target != nil {
		n.target.linksIn.remove(n)
		n.target = nil
	}
}

// joinLinks connects links and the folders they stand for that met in a tree.
func (n *node) joinLinks() {
	if n.link {
		if t := n.root.inventory.get(n.realpath); t != nil && !t.link {
			n.aim(t)
			if n.parent != nil {
				n.parent.reloadNamed(n.key)
			}
		}
		return
	}
	for l := range n.root.inventory.links.keys() {
		if l.realpath == n.path && l.target == nil {
			l.aim(n)
			if l.parent != nil {
				l.parent.reloadNamed(l.key)
			}
		}
	}
}

// addMembers puts the members of the workspace into the tree, with the edges
// of the project to them.
func (b *builder) addMembers(p *manifest.Project) {
	b.local = p.Folders
	if len(p.Members) == 0 {
		return
	}
	for _, at := range p.Members {
		if m := p.Folders[at]; m != nil {
			b.specs.workspaces[m.Name] = at
			newEdge(b.root, workspaceDep, m.Name, "file:"+at)
		}
	}
	b.root.loadEdges()
	for _, at := range slices.Sorted(maps.Values(b.specs.workspaces)) {
		m := p.Folders[at]
		b.newNode(nodeIn{name: m.Name, pkg: m, path: at, root: b.root})
	}
}

// localNode returns the node for a dependency that is on disk, nil where it is
// not there.
func (b *builder) localNode(e *edge, w *asked, parent *node) (*node, error) {
	if w.fault != nil {
		return nil, refusedBy(e, w.fault)
	}
	if w.spec.Kind == manifest.DirectorySpec {
		at := manifest.LocalPath(e.from.path, w.spec)
		m := b.local[at]
		if m == nil || manifest.Outside(at) {
			return nil, nil
		}
		target := parent.root.inventory.get(at)
		if target == nil {
			target = b.newNode(nodeIn{name: m.Name, pkg: m, path: at, root: parent.root})
		}
		return b.newNode(nodeIn{name: e.name, pkg: m, parent: parent, link: true, target: target}), nil
	}
	if b.specs.workspaces[w.spec.Name] != "" {
		if own := b.root.edgesOut.get(fold(w.spec.Name)); own != nil && own.to != nil && own.to.isWorkspace() && e.satisfiedBy(own.to) {
			return own.to, nil
		}
	}
	return nil, nil
}

// allowsLocal tells whether a node is the folder that a dependency names.
func (e *edge) allowsLocal(n *node, s *manifest.Spec) bool {
	return s.Kind == manifest.DirectorySpec && n.link && n.realpath == manifest.LocalPath(e.from.path, *s)
}

// queueLinks queues the folders that links lead to.
func (b *builder) queueLinks() {
	for l := range b.links.keys() {
		b.links.remove(l)
		t := l.target
		if l.root != b.root || t == nil || t.resolveParent() == nil || b.seen[t] {
			continue
		}
		if l.overrides != nil {
			t.overridesEdgeCame(l.overrides)
		}
		b.queue.push(t)
	}
}

// addLocal adds folders on disk to the tree, at the places of their links, and
// moves what is in their own node_modules there.
func (b *builder) addLocal(t *modules.Tree) {
	var moved []modules.Package
	for l := range b.root.inventory.links.keys() {
		if !b.kept(l) || l.target == nil || l.target.parent != nil {
			continue
		}
		t.Local = append(t.Local, modules.Local{Path: l.path, Name: l.pkg.Name, Version: l.pkg.Version, Source: l.realpath})
		for _, p := range t.Packages {
			if below, ok := strings.CutPrefix(p.Path, l.realpath+"/"); ok {
				p.Path = l.path + "/" + below
				moved = append(moved, p)
			}
		}
	}
	t.Packages = slices.DeleteFunc(t.Packages, func(p modules.Package) bool { return !strings.HasPrefix(p.Path, manifest.ModulesFolder+"/") })
	t.Packages = append(t.Packages, moved...)
	slices.SortFunc(t.Local, func(x, y modules.Local) int { return strings.Compare(x.Path, y.Path) })
}
