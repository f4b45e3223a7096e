package nodejs

import "slices"

// verdict is whether a package can be put into a folder.
type verdict int

const (
	undecided verdict = iota
	fits              // nothing is in the way
	replaces          // what is there can go
	keeps             // what is there will do
	conflicts
)

// fitCheck asks whether dep, with its peers, can be put into target's
// node_modules for an edge. It changes nothing.
type fitCheck struct {
	dep    *node // in a stand-in tree, with its peers as siblings
	target *node
	edge   *edge
	parent *fitCheck // of the package whose peer dep is
	path   []*node   // peers under check

	preferDedupe bool
	current      *node // what is there
	targetEdge   *edge // target's own wish for the name
	edgeOverride bool  // dep itself does not satisfy edge

	verdict verdict
	self    verdict // of dep alone, peers aside
	peers   verdict // cached answer for the peers
	// children are the checks of peers.
	children []*fitCheck
}

func newFitCheck(c fitCheck) *fitCheck {
	c.preferDedupe = c.preferDedupe || c.edge.isPeer()
	c.current = c.target.children.get(c.edge.key)
	c.targetEdge = c.target.edgesOut.get(c.edge.key)
	c.edgeOverride = !c.edge.satisfiedBy(c.dep)
	check := &c
	check.verdict = check.decide()
	if check.self == undecided {
		check.self = check.verdict
	}
	return check
}

func (c *fitCheck) top() *fitCheck {
	for c.parent != nil {
		c = c.parent
	}
	return c
}

func (c *fitCheck) deepest() *node {
	start := c.edge.from
	if c.parent != nil {
		start = c.parent.deepest()
	}
	return deepestFor(start, c.edge.key)
}

func (c *fitCheck) decide() verdict {
	switch {
	case c.dep.err != nil:
		if c.current != nil {
			return replaces
		}
		return fits
	case c.targetEdge != nil && c.targetEdge.isPeer() && !c.target.isTop():
		return conflicts
	case c.current == nil && c.targetEdge != nil && c.targetEdge != c.edge && !c.targetEdge.satisfiedBy(c.dep):
		return conflicts
	case c.current != nil:
		return c.decideOver(c.current)
	}
	return c.decideEmpty()
}

// decideEmpty judges a folder without such a package: who below it now finds
// one further up must be content with dep.
func (c *fitCheck) decideEmpty() verdict {
	if entry := c.top().edge; c.target != entry.from {
		if above := c.target.resolve(c.edge.key); above != nil {
			for e := range above.edgesIn.keys() {
				if e.from.isDescendantOf(c.target) && e.valid() && !e.satisfiedBy(c.dep) {
					return conflicts
				}
			}
		}
	}
	return c.withPeers(fits)
}

// decideOver judges a folder that has such a package.
func (c *fitCheck) decideOver(current *node) verdict {
	content := c.edge.satisfiedBy(current)
	if c.dep.matches(current) && (content || c.edgeOverride) {
		return keeps
	}
	order, known := c.dep.w.specs.compare(c.dep.version(), current.version())
	newer := known && order >= 0
	if newer && c.dep.canReplace(current, nil) {
		if v := c.withPeers(replaces); v != conflicts {
			return v
		}
	}
	if content {
		return keeps
	}
	if c.preferDedupe && !newer && c.dep.canReplace(current, nil) {
		if v := c.withPeers(replaces); v != conflicts {
			return v
		}
	}
	if c.target != c.deepest() {
		return conflicts
	}
	if !c.edge.isPeer() && c.target == c.edge.from {
		return c.withPeers(replaces)
	}
	if c.parent == nil && !c.edge.isPeer() {
		return conflicts
	}
	for _, set := range entrySets(current) {
		if set.entry != c.edge && set.entry != c.top().edge && !c.givesWay(set) {
			return conflicts
		}
	}
	return c.withPeers(replaces)
}

// givesWay tells whether a set of peers that is in the way can be replaced by
// dep's set, or go deeper.
func (c *fitCheck) givesWay(set entrySet) bool {
	entry := set.entry.to
	siblings := &ordered[string, *node]{} // of a dep whose peers pushed it out
	if c.dep.parent != nil {
		siblings = &c.dep.parent.children
	}
	if rep := siblings.get(entry.key); rep != nil {
		names := map[string]bool{}
		for n := range siblings.values() {
			names[n.name] = true
		}
		if rep.canReplace(entry, names) {
			return true
		}
	} else if canClobber(entry, siblings) {
		return true
	}
	for peer := range set.peers.keys() {
		deep := deepestFor(set.entry.from, peer.key)
		if deep == c.target || c.target.isDescendantOf(deep) {
			return false
		}
	}
	return true
}

// canClobber tells whether the peers of entry accept those of the new set that
// have their names.
func canClobber(entry *node, siblings *ordered[string, *node]) bool {
	walk := newOrderedSet(entry)
	for n := range walk.keys() {
		for e := range n.edgesOut.values() {
			if !e.isPeer() || !e.valid() {
				continue
			}
			rep := siblings.get(e.key)
			if rep == nil {
				if e.to != nil {
					walk.include(e.to)
				}
			} else if !e.satisfiedBy(rep) {
				return false
			}
		}
	}
	return true
}

// withPeers returns state, or conflicts where a peer of dep cannot come along.
func (c *fitCheck) withPeers(state verdict) verdict {
	c.self = state
	if c.peers != undecided {
		return c.peers
	}
	path := append(slices.Clone(c.path), c.dep)
	answer := state
	for e := range c.dep.edgesOut.values() {
		if !e.isPeer() || e.to == nil || slices.Contains(path, e.to) {
			continue
		}
		child := newFitCheck(fitCheck{
			dep: e.to, target: deepestFor(c.target, e.to.key), edge: e, parent: c, path: path, preferDedupe: true,
		})
		c.children = append(c.children, child)
		if child.verdict == conflicts {
			answer = conflicts
		}
	}
	c.peers = answer
	return answer
}
