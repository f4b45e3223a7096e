package nodejs

import (
	"slices"
	"strings"
)

// placement puts a dependency as high as it can go, and the peers it brings
// beside or above it.
type placement struct {
	dep    *node // in a stand-in tree
	edge   *edge
	parent *placement // of the package whose peer dep is
	force  bool

	fit, selfFit *fitCheck // last that did not conflict, with and without peers
	placed       *node
	children     []*placement
	// again holds nodes whose dependencies were taken from them.
	again orderedSet[*node]
}

// run does the placing; it fails with ERESOLVE where peers cannot agree.
func (p *placement) run() error {
	if p.edge.to != nil && p.edge.valid() {
		return nil
	}
	p.look()
	if p.fit == nil {
		if !p.force && p.isMine() {
			return p.conflict()
		}
		if p.selfFit == nil {
			p.edge.peerConflicted = true
			return nil
		}
		p.fit = p.selfFit
	}
	kind := p.fit.verdict
	if kind == conflicts {
		kind = p.fit.self
	}
	if kind == keeps {
		if p.edge.isPeer() && !p.edge.valid() {
			p.edge.peerConflicted = true
		}
		pruneDuplicates(p.fit.target, true)
		return nil
	}
	if p.put(p.fit.target); p.placed.link && !p.dep.link {
		return nil
	}
	return p.placePeers()
}

// look walks up from the dependent and remembers the last folder that fits
// before the first that does not.
func (p *placement) look() {
	for target := range p.start().ancestry() {
		if e := target.edgesOut.get(p.edge.key); e != nil && e.isPeer() && !target.isTop() {
			continue
		}
		check := fitCheck{dep: p.dep, edge: p.edge, target: target}
		if p.parent != nil {
			check.parent = p.parent.fit
		}
		c := newFitCheck(check)
		if c.self != conflicts {
			p.selfFit = c
		}
		if c.verdict == conflicts {
			return
		}
		p.fit = c
		if p.dep.err != nil {
			return
		}
	}
}

// start is where to look first: a peer goes no deeper than its dependent.
func (p *placement) start() *node {
	from := p.edge.from
	if p.parent != nil {
		from = p.parent.start()
	}
	return deepestFor(from, p.edge.key)
}

// put makes the node below target, and removes what it makes superfluous.
func (p *placement) put(target *node) {
	for n := target; n != nil; n = n.resolveParent() {
		if n.matches(p.dep) && !n.isTop() {
			// Packages that need each other in a circle of versions would nest
			// without end: the circle ends in a link to where it began.
			p.placed = n.w.newNode(nodeIn{name: n.name, parent: target, link: true, target: n})
			return
		}
	}
	in := nodeIn{name: p.dep.name, pkg: p.dep.pkg, err: p.dep.err, overrides: p.dep.overrides, link: p.dep.link, target: p.dep.target}
	p.placed = p.edge.from.w.newNode(in)
	if old := target.children.get(p.edge.key); old != nil {
		p.replaceOld(old)
	} else {
		p.placed.setParent(target)
	}
	if p.edge.isPeer() && !p.edge.satisfiedBy(p.placed) {
		p.edge.peerConflicted = true
	}
	if p.edge.to != nil && p.edge.to != p.placed && p.edge.valid() {
		pruneDuplicates(p.edge.to, false)
	}
	root := target.root
	for n := range root.inventory.named(p.edge.name) {
		if n.isTop() || !n.isDescendantOf(target) {
			continue
		}
		pruneDuplicates(n, false)
		if n.root == root {
			for c := range n.children.values() {
				pruneDuplicates(c, false)
			}
		}
	}
}

// placePeers places the peers of what was placed that are not met yet.
func (p *placement) placePeers() error {
	siblings := p.dep.parent
	if siblings == nil {
		return nil
	}
	for e := range p.placed.edgesOut.values() {
		if !e.isPeer() || e.peerConflicted || e.valid() {
			continue
		}
		peer := siblings.children.get(e.key)
		if peer == nil || !e.satisfiedBy(peer) {
			continue
		}
		child := &placement{dep: peer, edge: e, parent: p, force: p.force}
		p.children = append(p.children, child)
		if err := child.run(); err != nil {
			return err
		}
	}
	return nil
}

// replaceOld puts the placed node where old is, and removes what only old
// needed and the peer sets that are to be placed anew.
func (p *placement) replaceOld(old *node) {
	target := old.parent
	var oldDeps []*node
	for e := range old.edgesOut.values() {
		if e.to != nil && !p.placed.edgesOut.has(e.key) {
			to := e.to
			oldDeps = slices.AppendSeq(oldDeps, gather([]*node{to}, func(x *edge) bool { return x.to != to }).keys())
		}
	}
	var peerSets []*node
	for e := range old.edgesIn.keys() {
		if !e.isPeer() || e.peerConflicted || e.from.parent != target || e.satisfiedBy(p.placed) {
			continue
		}
		for _, set := range entrySets(e.from) {
			entry := set.entry.to
			mine := set.entry.from.isProjectRoot() || set.entry.from.isWorkspace()
			if mine || deepestFor(entry, entry.key) == target {
				e.peerConflicted = true
				continue
			}
			peerSets = slices.AppendSeq(peerSets, gather([]*node{entry}, func(x *edge) bool {
				return x.to != entry && !x.peerConflicted
			}).keys())
		}
	}
	p.placed.replace(old)
	pruneReplaced(p.placed, oldDeps)
	for _, n := range peerSets {
		for e := range n.edgesIn.keys() {
			p.again.include(e.from)
		}
		n.setRoot(nil)
	}
}

// pruneReplaced removes what the node before n needed and nothing else does.
func pruneReplaced(n *node, oldDeps []*node) {
	invalid := newOrderedSet[*node]()
	for e := range n.edgesOut.values() {
		if e.to != nil && !e.valid() {
			invalid.include(e.to)
		}
	}
	for _, dep := range oldDeps {
		for d := range gather([]*node{dep}, func(e *edge) bool { return e.to != dep && e.valid() }).keys() {
			invalid.include(d)
		}
	}
	all := slices.Collect(invalid.keys())
	for d := range gather(all, func(e *edge) bool { return e.from != n && e.to != n && e.valid() }).keys() {
		d.setRoot(nil)
	}
}

// pruneDuplicates removes n where what is further up will do, with what only n
// needed; else, where descend is set, looks at what is below n.
func pruneDuplicates(n *node, descend bool) {
	if n.canDedupe() {
		for d := range gather([]*node{n}, func(e *edge) bool { return e.to != n && e.valid() }).keys() {
			d.setRoot(nil)
		}
		return
	}
	if !descend {
		return
	}
	for _, c := range byPath(n.children.values()) {
		pruneDuplicates(c, true)
	}
	for _, f := range byPath(n.fsChildren.keys()) {
		for _, c := range byPath(f.children.values()) {
			pruneDuplicates(c, true)
		}
	}
}

func byPath(nodes func(func(*node) bool)) []*node {
	return slices.SortedStableFunc(nodes, func(a, b *node) int { return strings.Compare(a.sortKey, b.sortKey) })
}

// isMine tells whether the project itself asks for the set being placed: its
// conflicts are the user's to solve.
func (p *placement) isMine() bool {
	top := p
	for top.parent != nil {
		top = top.parent
	}
	own := func(n *node) bool { return n.isProjectRoot() || n.isWorkspace() }
	n := top.edge.from
	if own(n) {
		return true
	}
	if !top.edge.isPeer() {
		return false
	}
	peers := false
	for e := range n.edgesIn.keys() {
		if e.isPeer() {
			peers = true
		} else if own(e.from) {
			return true
		}
	}
	if peers {
		for _, set := range entrySets(n) {
			if own(set.entry.from) {
				return true
			}
		}
	}
	return false
}
