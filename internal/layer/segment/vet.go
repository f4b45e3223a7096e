package segment

import (
	"context"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Vet makes the checks of [filetree.Vet] of an archive that is to be kept, and notes
// what is native in it, in one pass.
func (c *Cache) Vet(ctx context.Context, a *filetree.Archive, sum store.Digest) error {
	t := taker{recorder: c.recorder(), sources: true}
	defer c.recorders.Put(t.recorder)
	if err := filetree.VetWatched(a.Until(ctx), &t); err != nil {
		return err
	}
	return c.noteNative(sum, t.noted())
}

// List is [filetree.ListArchive] of a file that is kept, and notes what is native in a
// zip in the same pass.
func (c *Cache) List(ctx context.Context, a *filetree.Archive, sum store.Digest, single string) (*filetree.Listing, error) {
	t := taker{recorder: c.recorder(), sources: true}
	defer c.recorders.Put(t.recorder)
	listing, err := filetree.ListArchive(a.Until(ctx), single, &t)
	if err != nil || listing.Kind != filetree.ZipArchive {
		return listing, err
	}
	return listing, c.noteNative(sum, t.noted())
}
