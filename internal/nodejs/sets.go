package nodejs

import "slices"

// gather returns nodes with all that they lead to over the edges that follow
// admits, without what is also wanted from outside of the set over such edges.
func gather(from []*node, follow func(*edge) bool) *orderedSet[*node] {
	deps := newOrderedSet(from...)
	for n := range deps.keys() {
		for e := range n.edgesOut.values() {
			if e.to != nil && follow(e) {
				deps.include(e.to)
			}
		}
	}
	for changed := true; changed && deps.len() > 0; {
		changed = false
		for n := range deps.keys() {
			for e := range n.edgesIn.keys() {
				if !deps.has(e.from) && follow(e) {
					changed = true
					deps.remove(n)
					break
				}
			}
		}
	}
	return deps
}

// entrySet is a set of peers by the edge that brought it.
type entrySet struct {
	entry *edge
	peers *orderedSet[*node]
}

// entrySets returns the sets of peers that n is in.
func entrySets(n *node) []entrySet {
	union := newOrderedSet(n)
	for m := range union.keys() {
		for e := range m.edgesOut.values() {
			if e.isPeer() && e.to != nil && e.valid() {
				union.include(e.to)
			}
		}
		for e := range m.edgesIn.keys() {
			if e.isPeer() && e.valid() {
				union.include(e.from)
			}
		}
	}
	var sets []entrySet
	for m := range union.keys() {
		for e := range m.edgesIn.keys() {
			if !e.valid() || e.isPeer() && !e.from.isTop() {
				continue
			}
			if sub := peersOf(m); sub.has(n) {
				sets = append(sets, entrySet{e, sub})
			}
		}
	}
	return sets
}

// peersOf returns n and the peers it brings.
func peersOf(n *node) *orderedSet[*node] {
	sub := newOrderedSet(n)
	for m := range sub.keys() {
		for e := range m.edgesOut.values() {
			if e.isPeer() && e.to != nil && e.valid() {
				sub.include(e.to)
			}
		}
	}
	return sub
}

// deepestFor returns the deepest folder at or above start that may hold a
// package of that name: not below one that has it for a peer.
func deepestFor(start *node, key string) *node {
	for n := range start.ancestry() {
		if n.isProjectRoot() || n.resolveParent() == nil {
			return n
		}
		if e := n.edgesOut.get(key); e == nil || !e.isPeer() {
			return n
		}
	}
	return nil
}

// bundler returns the node in whose tarball n comes, nil where none does.
func (n *node) bundler() *node { return n.bundlerOn(map[*node]bool{}) }

func (n *node) bundlerOn(seen map[*node]bool) *node {
	if seen[n] {
		return nil
	}
	seen[n] = true
	if n.parent == nil {
		return nil
	}
	if b := n.parent.bundlerOn(seen); b != nil {
		return b
	}
	if slices.Contains(n.parent.pkg.Bundled, n.name) {
		return n.parent
	}
	if !n.w.specs.bundles {
		return nil
	}
	for e := range n.edgesIn.keys() {
		if b := e.from.bundlerOn(seen); b != nil && b == n.parent {
			return b
		}
	}
	return nil
}

// inDependencyBundle tells whether n comes in the tarball of a dependency.
func (n *node) inDependencyBundle() bool {
	b := n.bundler()
	return b != nil && b != n.root
}

// canReplace tells whether all that lead to old would accept n in its place.
// Peers of the same folder that are named in replaced do not count.
func (n *node) canReplace(old *node, replaced map[string]bool) bool {
	if n.name != old.name || n.pkg.Name != old.pkg.Name {
		return false
	}
	if old.edgesOut.len() > 0 {
		if n.overrides == nil && old.overrides != nil || n.overrides != nil && !n.overrides.equal(old.overrides) {
			return false
		}
	}
	var own *orderedSet[*node]
	for e := range old.edgesIn.keys() {
		if !old.isTop() && e.from.parent == old.parent && e.isPeer() && replaced[e.from.name] {
			continue
		}
		if e.satisfiedBy(n) {
			continue
		}
		if own == nil {
			own = gather([]*node{old}, func(e *edge) bool { return e.to != old && e.valid() })
		}
		if !own.has(e.from) {
			return false
		}
	}
	return true
}

// canDedupe tells whether n can go because what is found further up does.
func (n *node) canDedupe() bool {
	if n.resolveParent() == nil || n.resolveParent().resolveParent() == nil {
		return false
	}
	if n.inShrinkwrap() || n.inDependencyBundle() {
		return false
	}
	if n.edgesIn.len() == 0 {
		return true
	}
	other := n.resolveParent().resolveParent().resolve(n.key)
	if other == nil {
		return false
	}
	if other.matches(n) {
		return true
	}
	if !other.canReplace(n, nil) {
		return false
	}
	order, ok := n.w.specs.compare(other.version(), n.version())
	return ok && (order == 0 || order > 0 && !n.overridden())
}
