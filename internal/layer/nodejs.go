package layer

import (
	"context"
	"fmt"
	"maps"
	"runtime"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// NodeSpec asks for Node.js packages.
type NodeSpec = nodejs.Spec

// NodeCutOff is a cut-off of its own for the Node.js packages.
type NodeCutOff = nodejs.CutOff

// nodeSegments keeps the files of npm's tarballs deflated in the cache.
type nodeSegments struct {
	c *cache
	// packers are few, as their buffers bound the memory.
	packers chan *layerzip.Streamer
}

// Encoder names the encoder of layerzip.
func (n nodeSegments) Encoder() string { return layerzip.Encoder }

// Deflate writes a segment with one of the packers.
func (n nodeSegments) Deflate(ctx context.Context, add func(nodejs.Packer) error) (store.Digest, error) {
	select {
	case packer := <-n.packers:
		defer func() { n.packers <- packer }()
		return n.c.streamSegment(packer, func(p *watchedPacker) error { return add(p) })
	case <-ctx.Done():
		return store.Digest{}, context.Cause(ctx)
	}
}

// Confirm reports whether a segment holds just the files that add gives.
func (n nodeSegments) Confirm(segment store.Digest, add func(nodejs.Packer) error) (bool, error) {
	return n.c.confirms(segment, func(f *confirmer) error { return add(f) })
}

// Files reads a segment of the store.
func (n nodeSegments) Files(segment store.Digest, origin filetree.Origin) (filetree.Tree, error) {
	return n.c.segmentTree(segment, origin)
}

// packWorkers is how many tarballs are deflated at once.
const packWorkers = 4

// nodeEnv returns what the Node.js packages are resolved and packed with.
func (c *cache) nodeEnv(environ func() []string) *nodejs.Env {
	packers := make(chan *layerzip.Streamer, min(runtime.GOMAXPROCS(0), packWorkers))
	for range cap(packers) {
		packers <- layerzip.NewStreamer(c.store)
	}
	return &nodejs.Env{Client: c.client, Store: c.store, Environ: environ, Segments: nodeSegments{c, packers}}
}

// nodeInput is what the Spec asks for in nodejs.
type nodeInput struct{ *nodejs.Spec }

func (n nodeInput) check(Spec) error { return n.Check() }

// choose resolves the dependencies, or obeys a lock file, and adds the folders on
// disk that are part of it.
func (n nodeInput) choose(ctx context.Context, r *resolution) error {
	targets, err := r.spec.targets(runtimes.NodeJS)
	if err != nil {
		return err
	}
	open := func() (*nodejs.Env, error) {
		c, err := r.builder.open()
		if err != nil {
			return nil, err
		}
		return c.node, nil
	}
	request := nodejs.Request{Targets: targets, Triggers: r.triggers, CutOff: nodejs.CutOff(r.spec.CutOff), Environ: r.builder.environ}
	if r.now.NodeJS, err = nodejs.Resolve(ctx, open, *n.Spec, request, r.old.NodeJS); err != nil {
		return err
	}
	return r.spec.lockNodeFiles(ctx, r.now)
}

// nodePart is what a Lock holds of nodejs.
type nodePart struct{ *nodejs.Lock }

// needs are the deflated tarballs.
func (n nodePart) needs(_ context.Context, c *cache, _ *Lock) []need {
	var all []need
	known, open := n.Segments(c.node)
	for _, segment := range known {
		all = append(all, need{any: []store.Digest{segment}})
	}
	if open > 0 {
		all = append(all, need{})
	}
	return all
}

func (n nodePart) pack(ctx context.Context, c *cache, l *Lock, doubt bool) (packed, error) {
	made, err := n.Pack(ctx, c.node, doubt)
	if err != nil {
		return packed{}, err
	}
	files, err := made.Tree()
	if err == nil {
		files, err = l.moved(files)
	}
	judge := func(l *Lock, _ filetree.Tree, o Output) ([]Warning, error) {
		return made.Check(nodejs.Checks{
			Scripts: o.Scripts, Shadow: o.Shadow, AllowScripts: o.AllowScripts, Architectures: l.Architectures, Function: l.Kind == KindFunction,
		})
	}
	return packed{files: files, judge: judge}, err
}

func (n nodePart) contents(to map[string]string) { maps.Copy(to, n.Contents()) }

func (n nodePart) warnings() []Warning { return n.Warnings() }

// lockNodeFiles adds the folders on disk that the trees need to the files of the
// lock, as they are now. What is installed in them is not taken, as what they need
// is in the tree; of the rest it is what "npm pack" takes.
func (s Spec) lockNodeFiles(ctx context.Context, l *Lock) error {
	folders, err := l.NodeJS.Folders()
	if err != nil {
		return err
	}
	for _, f := range folders {
		lock, err := lockFiles(ctx, FileSpec{Source: f.Source, Target: s.placed(f.Target), Package: l.NodeJS.Project}, s)
		if err != nil {
			return fault.Tie(fault.At("nodejs"), fmt.Sprintf("The folder %q cannot be packed", f.Source), err)
		}
		l.Files = append(l.Files, lock)
	}
	return nil
}
