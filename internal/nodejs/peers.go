package nodejs

import (
	"context"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// stageFor returns a stand-in for n: a root with n's edges, in which packages
// for them are tried out with their peers before they get a place.
func (b *builder) stageFor(n *node, reuse bool) *node {
	if reuse && b.standIn[n] != nil {
		return b.standIn[n]
	}
	stage := b.newNode(nodeIn{name: n.name, pkg: n.pkg, path: n.path, source: n, overrides: n.overrides})
	b.standIn[n] = stage
	return stage
}

// nodeFor makes a node for an edge, with its peers, in parent, or in a new
// stand-in for the dependent where parent is nil. A second edge is advice: its
// range is taken where that satisfies the first as well. Nodes that are needed
// by something in required are added to it.
func (b *builder) nodeFor(ctx context.Context, e *edge, parent *node, second *edge, required map[*node]bool) (*node, error) {
	if parent == nil {
		parent = b.stageFor(e.from, false)
	}
	if b.tries++; b.tries > maxTries || len(parent.path) > maxPath {
		return nil, endless(e.name, e.from)
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	n, err := b.nodeFromSpec(ctx, e, e.spec(), parent)
	if err != nil {
		return nil, err
	}
	if second != nil && !second.valid() {
		other, err := b.nodeFromSpec(ctx, second, second.spec(), parent)
		if err != nil {
			return nil, err
		}
		if e.valid() {
			n = other
		}
	}
	n.setParent(parent)
	if required[e.from] && e.kind != peerOptionalDep ||
		second != nil && required[second.from] && second.kind != peerOptionalDep {
		required[n] = true
	}
	b.brought[n] = parent.source
	return n, b.loadPeers(ctx, n, required)
}

// loadPeers puts the peers of n beside it, and theirs. Peers that do not agree
// are an error where the project asked for the set, or else left for later.
func (b *builder) loadPeers(ctx context.Context, n *node, required map[*node]bool) error {
	var edges []*edge
	for e := range n.edgesOut.values() {
		if e.isPeer() && (e.to == nil || !e.valid()) {
			edges = append(edges, e)
		}
	}
	slices.SortStableFunc(edges, func(x, y *edge) int { return manifest.Collate(x.name, y.name) })
	for _, e := range edges {
		if n.parent == nil {
			return nil
		}
		if e.to != nil && e.valid() {
			continue
		}
		if done, err := b.loadPeer(ctx, n, e, required); done || err != nil {
			return err
		}
	}
	return nil
}

// loadPeer does one peer of n; done tells that n has left its stand-in.
func (b *builder) loadPeer(ctx context.Context, n *node, e *edge, required map[*node]bool) (done bool, err error) {
	beside := n.parent.edgesOut.get(e.key)
	source := n.parent.source
	tolerant := b.opts.Force || !source.isProjectRoot() && !source.isWorkspace()
	if e.to == nil {
		if beside == nil {
			_, err := b.nodeFor(ctx, e, n.parent, nil, required)
			return false, err
		}
		dep, err := b.nodeFor(ctx, beside, n.parent, e, required)
		if err != nil || e.to != nil && e.valid() {
			return false, err
		}
		if e.valid() {
			return false, nil
		}
		if tolerant || !required[dep] {
			e.peerConflicted = true
			return false, nil
		}
		if n.parent == nil {
			return true, nil
		}
		return false, peerConflict(e, beside)
	}
	current := e.to
	dep, err := b.nodeFor(ctx, e, nil, nil, required)
	if err != nil {
		return false, err
	}
	if dep.canReplace(current, nil) {
		_, err := b.nodeFor(ctx, e, n.parent, nil, required)
		return false, err
	}
	if tolerant || !required[e.from] {
		return false, nil
	}
	return false, peerConflict(e, beside)
}

// nodeFromSpec makes a node in parent for what an edge asks for. A package
// that cannot be had makes a node with an error: whether that is fatal depends
// on whether the node is optional in the end.
func (b *builder) nodeFromSpec(ctx context.Context, e *edge, spec string, parent *node) (*node, error) {
	w := b.specs.want(e.name, spec)
	if n, err := b.localNode(e, w, parent); n != nil || err != nil {
		return n, err
	}
	m, err := b.source.get(ctx, w.spec, e.name, spec)
	if err != nil {
		if _, ok := manifest.AsRefusal(err); ok {
			n := b.newNode(nodeIn{name: e.name, parent: parent, err: refusedBy(e, err)})
			b.failed.include(n)
			return n, nil
		}
		return nil, err
	}
	return b.newNode(nodeIn{name: e.name, pkg: m, parent: parent}), nil
}
