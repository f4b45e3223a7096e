package layer

import (
	"context"
	"encoding/json"
	"os"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/inspect"
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
	var contents map[string]string
	key := z.SHA256.Hex()
	if body, _, err := c.store.GetRecord("zip-contents", key); err == nil && json.Unmarshal(body, &contents) == nil {
		return contents, nil
	}
	if built := DefaultPath(z.SHA256); isBuilt(ctx, b, built, z) {
		z = Zip{Path: built}
	}
	archive, files, _, err := c.read(ctx, z)
	if err != nil {
		return nil, err
	}
	if contents, err = inspect.ContentsIn(archive, files); err != nil {
		return nil, err
	}
	if body, err := json.Marshal(contents); err == nil {
		c.store.Note("zip-contents", key, body)
	}
	return contents, nil
}

// isBuilt reports whether the zip lies where a build put it.
func isBuilt(ctx context.Context, b *Builder, path string, z Zip) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	_, intact, err := b.Intact(ctx, path, z.SHA256, info.Size())
	return err == nil && intact
}
