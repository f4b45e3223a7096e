package segment

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// A record says which segment the store has of a source: of a tarball, a tree, an
// archive. Who could once write to the cache could make it say anything. So a build
// whose digest was not planned compares what it finds with the source, whose digest
// is in the lock; a planned one is checked by its own digest in the end. Records that
// are signed tell what this cache has packed: then the segment needs only its digest.

// errUnlike tells that a segment is not what its source makes.
var errUnlike = errors.New("the segment holds other files")

// confirmer takes files as a packer does, and compares each with that of a segment.
type confirmer struct {
	segment filetree.ArchiveFile
	reader  filetree.ContentReader
	buffer  [64 << 10]byte

	left map[string]*filetree.Entry
	exec map[string]bool // what was given so far, by path
	want map[string]bool // whether a file of the segment is executable
}

// Add compares one file.
func (f *confirmer) Add(ctx context.Context, name string, exec bool, size int64, content io.Reader) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entry, ok := f.left[name]
	if !ok || entry.Size != size {
		return errUnlike
	}
	delete(f.left, name)
	f.exec[name] = exec
	kept, err := f.reader.Open(f.segment, entry)
	if err != nil {
		return err
	}
	if same, err := filetree.SameBytes(content, kept, f.buffer[:]); err != nil || !same {
		return cmp.Or(err, errUnlike)
	}
	return nil
}

// SetExec makes a file executable that was given, if one was.
func (f *confirmer) SetExec(name string) {
	if _, given := f.exec[name]; given {
		f.exec[name] = true
	}
}

// Confirm reports whether a segment of the store holds just the files that add gives
// to a packer.
func (c *Cache) Confirm(ctx context.Context, segment store.Digest, add func(filetree.Packer) error) (same bool, err error) {
	if c.store.Signs() {
		err := c.store.Verify(ctx, segment)
		if _, damaged := errors.AsType[*store.CorruptError](err); damaged || errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	}
	archive, unreadable := filetree.FileArchive(segment.Hex(), c.store.Path(segment))
	if unreadable != nil {
		return false, nil // it is made again
	}
	tree, unreadable := filetree.FromZip(archive)
	if unreadable != nil {
		return false, nil // as above
	}
	f, ok := c.confirmers.Get().(*confirmer)
	if !ok {
		f = &confirmer{}
	}
	defer c.confirmers.Put(f)
	f.left, f.exec, f.want = make(map[string]*filetree.Entry, len(tree)), make(map[string]bool, len(tree)), make(map[string]bool, len(tree))
	for i := range tree {
		e := &tree[i]
		f.left[e.Path], f.want[e.Path] = e, e.Exec
	}
	if f.segment, err = archive.Open(); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.segment.Close()) }()
	var damaged *filetree.ArchiveError
	err = add(f)
	if errors.Is(err, errUnlike) || errors.As(err, &damaged) {
		return false, nil
	}
	return err == nil && len(f.left) == 0 && maps.Equal(f.exec, f.want), err
}

// ConfirmFiles is Confirm for files of the disk, at their paths.
func (c *Cache) ConfirmFiles(ctx context.Context, segment store.Digest, files []filetree.File) (bool, error) {
	return c.Confirm(ctx, segment, func(to filetree.Packer) error {
		for _, f := range files {
			in, err := os.Open(f.Source)
			if err != nil {
				return err
			}
			if err := errors.Join(to.Add(ctx, f.Path, false, f.Size, in), in.Close()); err != nil {
				return err
			}
		}
		return nil
	})
}
