package layer

import (
	"context"
	"errors"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/local"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// maxShared bounds what is read of an object whose size no lock tells, in bytes.
const maxShared = 4 << 30

// buildShared builds, using the shared cache for reading and writing. A zip that was
// planned is taken as a whole where parts of it are not on this machine.
func (b *Builder) buildShared(ctx context.Context, c *cache, l *Lock, o Output) (Artifact, error) {
	asked := !o.Want.IsZero() && !c.holds(ctx, l)
	if asked {
		if a, ok, err := b.takeZip(ctx, c, o); ok || err != nil {
			return c.report(a), err
		}
	}
	a, err := b.buildParts(ctx, c, l, o)
	if err != nil && !o.Want.IsZero() && !asked && ctx.Err() == nil {
		if taken, ok, takeErr := b.takeZip(ctx, c, o); ok && takeErr == nil {
			return c.report(taken), nil
		}
	}
	if err != nil {
		return a, err
	}
	c.store.Offer(store.RemoteName(a.SHA256), a.SHA256, local.Absolute(o.PathOf(a.SHA256)))
	if err := c.store.Share(ctx); err != nil {
		return Artifact{}, err
	}
	return c.report(a), nil
}

// report adds what went wrong with the sharing, which no build fails on.
func (c *cache) report(a Artifact) Artifact {
	var sentences []string
	for _, text := range c.store.SharedWarnings() {
		sentences = append(sentences, fault.Sentence(text))
	}
	if len(sentences) > 0 {
		a.Warnings = append(a.Warnings, fault.Warning{Summary: "The shared cache did not work as it should", Detail: strings.Join(sentences, "\n")})
	}
	return a
}

// takeZip writes the planned zip from the remote, if that has it.
func (b *Builder) takeZip(ctx context.Context, c *cache, o Output) (a Artifact, ok bool, err error) {
	unlock, err := c.store.Lock(ctx, "zip "+o.Want.Hex())
	if err != nil {
		return Artifact{}, false, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	sum, size, ok, err := c.store.Pull(ctx, store.Wanted{Name: store.RemoteName(o.Want), SHA256: o.Want, MaxBytes: maxShared})
	if !ok || err != nil {
		return Artifact{}, false, err
	}
	archive, err := filetree.FileArchive(o.PathOf(sum), c.store.Path(sum))
	if err != nil {
		return Artifact{}, false, err
	}
	tree, err := filetree.FromZip(archive)
	if err != nil {
		return Artifact{}, false, err
	}
	zip, err := c.store.Open(sum, size)
	if err != nil {
		return Artifact{}, false, err
	}
	_, err = layerzip.CopyFileIn(ctx, o.dir(), zip, b.chooseOutput(ctx, c, o))
	// The zip has its place now, and the cache keeps parts, not zips.
	if err = errors.Join(err, zip.Close(), c.store.Evict(sum)); err != nil {
		return Artifact{}, false, err
	}
	return Artifact{SHA256: sum, Size: size, Unzipped: tree.Size()}, true, c.noteOutput(o, sum)
}
