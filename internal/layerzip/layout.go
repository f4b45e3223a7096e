package layerzip

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// readWindow is how much of an archive is read at once: neighbours in a wheel
// are neighbours in the layer, so that one read serves many small files.
const readWindow = 256 << 10

// Layout is a layer's zip before its bytes: it knows every offset. It may be
// written any number of times.
type Layout struct {
	tree      filetree.Tree
	records   []record
	directory int64 // offset of the central directory
	size      int64
	unpacked  int64
}

// NewLayout lays out the files of t in their order. An empty tree is ErrEmpty;
// a path that is not clean is a *filetree.PathError, one that comes twice with
// different content a *filetree.ClashError (equal ones are packed once), a zip
// beyond 4 GiB a *LimitError. Only to compare duplicates is any content read.
func NewLayout(t filetree.Tree) (*Layout, error) {
	for i := range t {
		if err := checkPath(t[i].Path); err != nil {
			return nil, err
		}
	}
	tree, err := filetree.Merge(t)
	if err != nil {
		return nil, err
	}
	if len(tree) == 0 {
		return nil, ErrEmpty
	}
	l := &Layout{tree: tree, records: make([]record, len(tree)), unpacked: tree.Size()}
	var central int64
	for i := range tree {
		e, r := &tree[i], &l.records[i]
		*r = record{
			name: e.Path, exec: e.Exec, method: e.Method, crc: e.CRC32,
			packed: e.PackedSize, size: e.Size, offset: l.directory,
		}
		l.directory += r.localLen() + r.packed
		central += r.centralLen()
	}
	l.size = l.directory + central + endLen(len(tree))
	if l.size > max32 || l.unpacked > max32 {
		return nil, &LimitError{Size: max(l.size, l.unpacked)}
	}
	return l, nil
}

func checkPath(p string) error {
	clean, err := filetree.CleanTarget(p)
	if err != nil {
		return err
	}
	if clean != p || p == "." {
		return &filetree.PathError{Path: p, Reason: "is not the clean path of a file"}
	}
	return nil
}

// Size returns the exact length of the zip in bytes.
func (l *Layout) Size() int64 { return l.size }

// Unpacked returns the sum of the unpacked sizes in bytes: what Lambda limits.
func (l *Layout) Unpacked() int64 { return l.unpacked }

// Write writes the zip to w in one pass and returns its digest. An archive that
// is shorter than it was, or whose local headers contradict its directory, is a
// *filetree.ArchiveError; packed contents are copied unseen (see
// [filetree.Vet]). After an error w holds part of the zip.
func (l *Layout) Write(ctx context.Context, w io.Writer) (store.Digest, error) {
	sum := sha256.New()
	out := newSink(io.MultiWriter(sum, w))
	var in source
	defer in.close()
	for i := range l.records {
		if err := ctx.Err(); err != nil {
			return store.Digest{}, fmt.Errorf("packing a layer: %w", err)
		}
		if err := out.render(l.records[i].appendLocal); err != nil {
			return store.Digest{}, err
		}
		if err := in.copy(ctx, out, &l.tree[i]); err != nil {
			return store.Digest{}, err
		}
	}
	if err := out.finish(l.records, l.directory); err != nil {
		return store.Digest{}, err
	}
	return store.Digest(sum.Sum(nil)), nil
}

// source reads archives, one at a time, through one window.
type source struct {
	archive *filetree.Archive
	file    filetree.ArchiveFile
	buf     []byte // the window
	start   int64  // offset of the window in the archive
	filled  int
}

// copy copies the packed bytes of e.
func (s *source) copy(ctx context.Context, out sink, e *filetree.Entry) error {
	if err := s.open(e.Archive); err != nil {
		return err
	}
	header, err := s.at(e.Header, filetree.LocalHeaderSize)
	if err != nil {
		return err
	}
	offset, err := e.DataOffset(header)
	if err != nil {
		return err
	}
	for left := e.PackedSize; left > 0; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("packing a layer: %w", err)
		}
		b, err := s.at(offset, 1)
		if err != nil {
			return err
		}
		b = b[:min(int64(len(b)), left)]
		if _, err := out.Write(b); err != nil {
			return err
		}
		offset += int64(len(b))
		left -= int64(len(b))
	}
	return nil
}

func (s *source) open(a *filetree.Archive) error {
	if s.archive == a {
		return nil
	}
	s.close()
	f, err := a.Open()
	if err != nil {
		return fmt.Errorf("opening %q: %w", a.Name, err)
	}
	if s.buf == nil {
		s.buf = make([]byte, readWindow)
	}
	s.archive, s.file, s.filled = a, f, 0
	return nil
}

// close lets go of the open archive; nothing was written to it.
func (s *source) close() {
	if s.file != nil {
		_ = s.file.Close()
	}
	s.archive, s.file = nil, nil
}

// at returns what the window holds from offset on, at least need bytes; it
// moves the window where they are not in it.
func (s *source) at(offset int64, need int) ([]byte, error) {
	if offset < s.start || offset+int64(need) > s.start+int64(s.filled) {
		n, err := s.file.ReadAt(s.buf, offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("reading %q: %w", s.archive.Name, err)
		}
		s.start, s.filled = offset, n
		if n < need {
			return nil, &filetree.ArchiveError{Archive: s.archive.Name, Reason: "is truncated"}
		}
	}
	return s.buf[offset-s.start : s.filled], nil
}
