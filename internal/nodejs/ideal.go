package nodejs

import (
	"context"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// builder grows the tree: it takes a node from the queue, finds packages for
// the edges that lack one, places them, and queues what was placed.
type builder struct {
	*world
	opts    treeOptions
	target  manifest.Target
	source  *manifests
	local   map[string]*manifest.Manifest // of folders on disk, by path
	root    *node
	queue   nodeQueue
	seen    map[*node]bool
	standIn map[*node]*node // roots in which peers of a node's dependencies are tried
	// brought has for each node of a stand-in what its set is placed for.
	brought map[*node]*node
	failed  orderedSet[*node]
	links   orderedSet[*node]
	notes   []string
	steps   int
	tries   int
}

// What ends a resolution that would go on for ever, as npm's does: ten times
// what the largest trees need of steps and of nodes that are tried out, and more
// than any path has bytes, in which packages nest or peers bring peers.
const (
	maxSteps = 50_000
	maxTries = 100_000
	maxPath  = 2048
)

// endless is the refusal where packages that depend on name go round.
func endless(name string, dependent *node) error {
	return &manifest.ResolveError{
		Code: "ELOOP", Name: name, RequiredBy: dependent.label(),
		Detail: "the packages push each other from place to place without end; " + conflictAdvice,
	}
}

// nodeQueue hands out nodes by depth, then by path.
type nodeQueue struct {
	nodes  []*node
	queued map[*node]bool
	sorted bool
}

func (q *nodeQueue) push(n *node) {
	if q.queued == nil {
		q.queued = map[*node]bool{}
	}
	if !q.queued[n] {
		q.queued[n] = true
		q.nodes = append(q.nodes, n)
		q.sorted = false
	}
}

func (q *nodeQueue) pop() *node {
	if !q.sorted {
		depths := make(map[*node]int, len(q.nodes))
		for _, n := range q.nodes {
			depths[n] = n.depth()
		}
		slices.SortStableFunc(q.nodes, func(a, b *node) int {
			if d := depths[a] - depths[b]; d != 0 {
				return d
			}
			return strings.Compare(a.sortKey, b.sortKey)
		})
		q.sorted = true
	}
	n := q.nodes[0]
	q.nodes = q.nodes[1:]
	delete(q.queued, n)
	return n
}

// build grows the tree until all edges lead somewhere.
func (b *builder) build(ctx context.Context) error {
	b.queue.push(b.root)
	for {
		for len(b.queue.nodes) > 0 {
			n := b.queue.pop()
			if b.steps++; b.steps > maxSteps || len(n.path) > maxPath {
				return endless(n.name, n)
			}
			if err := context.Cause(ctx); err != nil {
				return err
			}
			if err := b.step(ctx, n); err != nil {
				return err
			}
			if err := b.specs.failure; err != nil {
				return err
			}
		}
		b.queueLinks()
		if len(b.queue.nodes) == 0 {
			return nil
		}
	}
}

// errand is an edge and the package found for it.
type errand struct {
	edge *edge
	dep  *node
}

func (b *builder) step(ctx context.Context, n *node) error {
	if b.seen[n] || n.root != b.root {
		return nil
	}
	b.seen[n] = true
	if n != b.root && !n.link && n.pkg.Tarball != "" && (len(n.pkg.Bundled) > 0 || n.pkg.Shrinkwrap) {
		if err := b.unbundle(ctx, n); err != nil {
			return err
		}
	}
	var errands []errand
	for _, e := range b.problems(n) {
		if e.peerConflicted {
			continue
		}
		dep, err := b.find(ctx, n, e)
		if err != nil {
			return err
		}
		errands = append(errands, errand{e, dep})
	}
	slices.SortStableFunc(errands, func(x, y errand) int { return manifest.Collate(x.edge.name, y.edge.name) })
	for _, w := range errands {
		p := &placement{dep: w.dep, edge: w.edge, force: b.opts.Force}
		if err := p.run(); err != nil {
			return err
		}
		b.follow(p)
	}
	for e := range n.edgesOut.values() {
		if e.to != nil && e.to.target != nil {
			b.links.include(e.to)
		}
	}
	return nil
}

// find returns the package for an edge of n, in a stand-in tree with its peers.
func (b *builder) find(ctx context.Context, n *node, e *edge) (*node, error) {
	source := n
	if e.isPeer() && b.brought[n] != nil {
		source = b.brought[n]
	}
	stage := b.stageFor(source, true)
	if ready := stage.edgesOut.get(e.key); ready != nil && ready.to != nil && ready.valid() && e.satisfiedBy(ready.to) {
		return ready.to, nil
	}
	if e.kind == peerOptionalDep {
		from := e.from.resolveParent()
		if from == nil {
			from = e.from
		}
		if have := hoistable(from, e); have != nil {
			return have, nil
		}
	}
	var parent *node
	if e.isPeer() {
		parent = stage
	}
	return b.nodeFor(ctx, e, parent, nil, map[*node]bool{e.from: true})
}

// hoistable returns the shallowest node below root that satisfies e.
func hoistable(root *node, e *edge) *node {
	queue := slices.Collect(root.children.values())
	for i := 0; i < len(queue); i++ {
		n := queue[i]
		if n.name == e.name && !n.inDependencyBundle() && e.satisfiedBy(n) {
			return n
		}
		queue = slices.AppendSeq(queue, n.children.values())
	}
	return nil
}

// follow queues what a placement changed.
func (b *builder) follow(p *placement) {
	if p.placed != nil {
		if p.placed.err != nil {
			b.failed.include(p.placed)
		}
		for e := range p.placed.edgesIn.keys() {
			if e != p.edge && !e.peerConflicted && !e.valid() {
				delete(b.seen, e.from)
				b.queue.push(e.from)
			}
		}
		b.queue.push(p.placed)
		for n := range p.again.keys() {
			delete(b.seen, n)
			b.queue.push(n)
		}
		b.expect(p.placed)
	}
	for _, c := range p.children {
		b.follow(c)
	}
}

// problems returns the edges of n that need a package.
func (b *builder) problems(n *node) []*edge {
	var problems []*edge
	for e := range n.edgesOut.values() {
		switch {
		case !n.isProjectRoot() && !n.isWorkspace() && slices.Contains(n.pkg.Bundled, e.name):
		case e.to == nil:
			if e.kind != peerOptionalDep {
				problems = append(problems, e)
			}
		case b.failed.has(e.to), e.to.inShrinkwrap():
		case !e.valid():
			problems = append(problems, e)
		}
	}
	return problems
}

// expect asks ahead for what the edges of a placed node need.
func (b *builder) expect(n *node) {
	for _, e := range b.problems(n) {
		if w := b.specs.want(e.name, e.spec()); w.fault == nil {
			b.source.ask(w.spec, e.name, e.spec())
		}
	}
}
