package nodejs

// setFlags tells of every node below root whether only development, optional
// or peer dependencies lead to it, or none but optional peers.
func setFlags(root *node) {
	root.unsetFlags()
	seen := newOrderedSet[*node]()
	for stack := []*node{root}; len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		seen.include(n)
		if !n.extraneous {
			for p := n.resolveParent(); p != nil && p.extraneous; p = p.resolveParent() {
				p.extraneous = false
			}
		}
		if n.link {
			if t := n.target; t != nil && (t.inheritAsTarget(n) || !seen.has(t)) {
				stack = append(stack, t)
			}
			continue
		}
		for e := range n.edgesOut.values() {
			if e.to != nil && e.to.inherit(n, e.kind) {
				stack = append(stack, e.to)
			}
		}
	}
	for n := range seen.keys() {
		if n != root && n.devOptional && (n.dev || n.optional) {
			n.devOptional = false
		}
	}
}

// inherit clears the flags of n that an edge from another node clears, and
// tells whether one was.
func (n *node) inherit(from *node, kind depKind) bool {
	before := [5]bool{n.extraneous, n.dev, n.optional, n.devOptional, n.peer}
	optional := kind == optionalDep || kind == peerOptionalDep
	peer := kind == peerDep || kind == peerOptionalDep
	n.extraneous = n.extraneous && (from.extraneous || kind == peerOptionalDep)
	n.dev = n.dev && (from.dev || kind == devDep)
	n.optional = n.optional && (from.optional || optional)
	n.devOptional = n.devOptional && (from.devOptional || from.dev || from.optional || kind == devDep || optional)
	n.peer = n.peer && (from.peer || peer)
	return before != [5]bool{n.extraneous, n.dev, n.optional, n.devOptional, n.peer}
}

// inheritAsTarget clears the flags of a folder that its link lacks.
func (n *node) inheritAsTarget(link *node) bool {
	before := [5]bool{n.extraneous, n.dev, n.optional, n.devOptional, n.peer}
	n.extraneous = n.extraneous && link.extraneous
	n.dev = n.dev && link.dev
	n.optional = n.optional && link.optional
	n.devOptional = n.devOptional && link.devOptional
	n.peer = n.peer && link.peer
	return before != [5]bool{n.extraneous, n.dev, n.optional, n.devOptional, n.peer}
}

// optionalSet returns an optional node with all that is of no use without it.
func optionalSet(n *node) *orderedSet[*node] {
	set := newOrderedSet(n)
	for m := range set.keys() {
		for e := range m.edgesIn.keys() {
			if !e.isOptional() {
				set.include(e.from)
			}
		}
	}
	var nodes []*node
	for m := range set.keys() {
		nodes = append(nodes, m)
	}
	return gather(nodes, func(e *edge) bool { return !set.has(e.to) && (e.from == nil || !e.from.inert) })
}
