package layer

import (
	"context"
	"math"
	"os"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/inspect"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// ContentsOf maps what the zip at a path holds to versions: distributions and
// packages as Inspection.Contents does, and other files by their folder or path,
// such as "files:python/shared_utils", to a short digest of their paths, sizes and
// checksums.
func ContentsOf(zip string) (map[string]string, error) {
	archive, files, _, err := readZip(zip, zip)
	if err != nil {
		return nil, err
	}
	return inspect.ContentsIn(archive, files)
}

// Contents returns ContentsOf of a zip with a digest. What a digest stands for never
// changes: a zip that was read once on this machine, or that a build left here, is
// not fetched.
func (b *Builder) Contents(ctx context.Context, z Zip) (map[string]string, error) {
	c, err := b.open()
	if err != nil {
		return nil, err
	}
	const forever = math.MaxInt64
	return store.Recall(c.store, "zip-contents", z.SHA256.Hex(), forever, nil, func() (map[string]string, error) {
		if built := DefaultPath(z.SHA256); isBuilt(ctx, b, built, z) {
			z = Zip{Path: built}
		}
		archive, files, _, err := c.read(ctx, z)
		if err != nil {
			return nil, err
		}
		return inspect.ContentsIn(archive, files)
	})
}

// isBuilt reports whether the zip lies where a build put it.
func isBuilt(ctx context.Context, b *Builder, path string, z Zip) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	intact, err := b.Intact(ctx, path, z.SHA256, info.Size())
	return err == nil && intact
}
