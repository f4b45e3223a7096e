package nodejs

import (
	"iter"
	"path"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// inventory is all nodes of a tree by path, and by name in the order in which
// they came.
type inventory struct {
	byPath ordered[string, *node]
	byName map[string]*orderedSet[*node]
	links  orderedSet[*node]
}

func (inv *inventory) get(p string) *node {
	if inv == nil {
		return nil
	}
	return inv.byPath.get(p)
}

func (inv *inventory) put(n *node) {
	if have := inv.byPath.get(n.path); have == n {
		return
	} else if have != nil {
		inv.remove(have)
	}
	inv.byPath.put(n.path, n)
	if inv.byName == nil {
		inv.byName = map[string]*orderedSet[*node]{}
	}
	set := inv.byName[n.name]
	if set == nil {
		set = newOrderedSet[*node]()
		inv.byName[n.name] = set
	}
	set.include(n)
	if n.link {
		inv.links.include(n)
	}
}

func (inv *inventory) remove(n *node) {
	if inv == nil || inv.byPath.get(n.path) != n {
		return
	}
	inv.byPath.remove(n.path)
	if set := inv.byName[n.name]; set != nil {
		set.remove(n)
	}
	inv.links.remove(n)
}

// named returns the nodes of a folder's name; nodes may leave meanwhile.
func (inv *inventory) named(name string) iter.Seq[*node] {
	set := inv.byName[name]
	if set == nil {
		return func(func(*node) bool) {}
	}
	return set.keys()
}

func (n *node) list() {
	if n.root.inventory == nil {
		n.root.inventory = &inventory{}
	}
	n.root.inventory.put(n)
}

func (n *node) delist() {
	if n.path != "" {
		n.root.inventory.remove(n)
	}
}

// setParent moves n into the node_modules of p, or out of its tree where p is
// nil. What was at its new place leaves, and edges look again.
func (n *node) setParent(p *node) {
	if p == nil {
		if n.parent != nil {
			n.setRoot(nil)
		}
		return
	}
	if p.link {
		p = p.target
	}
	if n == p || n.parent == p {
		return
	}
	n.leaveParents()
	if to := p.modulePath(n.name); to != n.path {
		n.changePath(to)
	}
	n.setRoot(p.root)
}

func (n *node) leaveParents() {
	if n.parent != nil {
		n.parent.children.remove(n.key)
		n.parent = nil
	}
	if n.fsParent != nil {
		n.fsParent.fsChildren.remove(n)
		n.fsParent = nil
	}
}

func (n *node) changePath(to string) {
	n.delist()
	old := n.path
	n.path, n.sortKey = to, manifest.CollationKey(to)
	for c := range n.fsChildren.keys() {
		c.changePath(path.Join(to, strings.TrimPrefix(c.path, old)))
	}
	for c := range n.children.values() {
		c.changePath(n.modulePath(c.name))
	}
	n.list()
}

// setRoot moves n with all below it into the tree of root, at n.path, or into
// a tree of its own where root is nil.
func (n *node) setRoot(root *node) {
	for root != nil && root.root != root {
		root = root.root
	}
	if root == nil {
		root = n
	}
	n.delist()
	if n.path == "" || root.path == "" {
		n.root = root
		return
	}
	n.root = n
	target := n.target
	n.breakLinks()
	if n.parent != nil && n.parent.root != root {
		n.parent.children.remove(n.key)
		n.parent = nil
	}
	if n.fsParent != nil && n.fsParent.root != root {
		n.fsParent.fsChildren.remove(n)
		n.fsParent = nil
	}
	if root == n {
		n.list()
	} else {
		n.enter(root)
	}
	for e := range n.edgesIn.keys() {
		if e.from.root != root {
			e.reload(false)
		}
	}
	for e := range n.edgesOut.values() {
		if e.to == nil || e.to.root != root {
			e.reload(false)
		}
	}
	n.takeFamily(root)
	if n.link && target != nil && n.target == nil && root != n {
		target.setRoot(root)
	}
}

// enter lists n in another root's tree and finds its parent there by path.
func (n *node) enter(root *node) {
	if current := root.inventory.get(n.path); current != nil {
		current.setRoot(nil)
	}
	n.root = root
	n.list()
	if p := n.holder(); p != nil {
		if p.modulePath(n.name) == n.path {
			n.becomeChild(p)
		} else {
			if n.fsParent != nil {
				n.fsParent.fsChildren.remove(n)
			}
			p.fsChildren.include(n)
			n.fsParent = p
		}
	}
	n.joinLinks()
}

// holder returns the nearest node of the tree whose folder n.path is in.
func (n *node) holder() *node {
	for p := path.Dir(n.path); ; p = path.Dir(p) {
		if found := n.root.inventory.get(p); found != nil && !found.link {
			return found
		}
		if p == "." || p == "/" || p == ".." {
			return nil
		}
	}
}

func (n *node) becomeChild(p *node) {
	if old := p.children.get(n.key); old != nil && old != n {
		old.setRoot(nil)
	}
	if n.parent != nil {
		n.parent.children.remove(n.key)
		n.parent.reloadNamed(n.key)
	}
	p.children.put(n.key, n)
	n.parent = p
	if !n.link {
		p.reloadNamed(n.key)
	}
}

// takeFamily brings what is below n, or in its own tree, into root's.
func (n *node) takeFamily(root *node) {
	family := newOrderedSet[*node]()
	for c := range n.fsChildren.keys() {
		family.include(c)
	}
	for c := range n.children.values() {
		family.include(c)
	}
	if n.inventory != nil {
		for c := range n.inventory.byPath.values() {
			family.include(c)
		}
	}
	family.remove(n)
	for c := range family.keys() {
		if c.root == root {
			continue
		}
		c.delist()
		c.parent, c.fsParent = nil, nil
		n.children.remove(c.key)
		n.fsChildren.remove(c)
		for l := range c.linksIn.keys() {
			l.target = nil
			c.linksIn.remove(l)
		}
	}
	for c := range family.keys() {
		if c.root != root {
			c.setRoot(root)
		}
	}
}

// reloadNamed lets the edges of that name in and below n look again.
func (n *node) reloadNamed(key string) { n.reloadNamedBelow(key, n) }

func (n *node) reloadNamedBelow(key string, top *node) {
	if e := n.edgesOut.get(key); e != nil {
		here := top != top.root && e.to != nil && e.to.parent == top
		if here || n.resolve(key) != e.to {
			e.reload(true)
		}
	}
	for c := range n.children.values() {
		c.reloadNamedBelow(key, top)
	}
	for c := range n.fsChildren.keys() {
		c.reloadNamedBelow(key, top)
	}
}

// replace puts n where old is and gives it old's children.
func (n *node) replace(old *node) {
	n.delist()
	if old.parent != nil && old.parent.children.get(n.key) == old {
		n.path = old.parent.modulePath(n.name)
	} else {
		n.path, n.name, n.key = old.path, old.name, old.key
	}
	n.sortKey = manifest.CollationKey(n.path)
	n.list()
	if !n.link {
		for c := range old.children.values() {
			c.setParent(n)
		}
		if old.link && old.target != nil {
			old.target.setRoot(nil)
		}
	}
	if old != old.root {
		n.setRoot(old.root)
	}
}
