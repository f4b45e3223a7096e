// Package filetree holds named files with lazy content: what a layer is made
// of before it is packed. A [Tree] comes from zip archives ([FromZip]), is put
// together with [Merge] and thinned with [Match]; a host directory is
// read with [Scan]. [Extract] is the one way onto
// the disk, for who runs what a layer holds.
package filetree

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// The two compression methods that a layer may hold (APPNOTE.TXT 4.4.5).
const (
	Stored   uint16 = 0
	Deflated uint16 = 8
)

// Archive is a zip file that can be opened any number of times.
type Archive struct {
	Name string // for messages, such as "numpy-2.2.6-cp311-….whl"
	Size int64  // in bytes
	// Path is the regular file on the host that it is, "" for other archives.
	Path string
	Open func() (ArchiveFile, error)
}

// ArchiveFile is an opened Archive.
type ArchiveFile interface {
	io.ReaderAt
	io.Closer
}

// FileArchive returns the archive in the regular file at path, of the size it
// has now. A missing file is a *PathError that wraps fs.ErrNotExist.
func FileArchive(name, path string) (*Archive, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &PathError{Path: path, Reason: "cannot be read", Err: bareError(err)}
	}
	if !info.Mode().IsRegular() {
		return nil, &PathError{Path: path, Reason: "is not a regular file"}
	}
	open := func() (ArchiveFile, error) { return os.Open(path) }
	return &Archive{Name: name, Size: info.Size(), Path: path, Open: open}, nil
}

// Entry is one file, whose packed bytes stay in an archive until they are
// asked for. Path is a clean relative path with forward slashes; to move
// an entry within the layer, set Path and leave the fields after Exec alone.
type Entry struct {
	Path       string
	Origin     Origin // the input that brings it; set by the caller
	Exec       bool   // whether the archive, or the caller, says it is executable
	Method     uint16 // Stored or Deflated
	CRC32      uint32 // of the unpacked content (IEEE)
	Size       int64  // unpacked
	PackedSize int64
	Archive    *Archive
	Header     int64 // offset of its local header in Archive
}

// Tree is a list of files. The order is part of a layer's bytes: it is kept by
// all functions here and never decided by a map.
type Tree []Entry

// Packer takes files one by one, to keep them. A path may come again: the last file
// counts.
type Packer interface {
	// Add takes a file of a size in bytes.
	Add(ctx context.Context, path string, exec bool, size int64, content io.Reader) error
	// SetExec makes a file executable that was added, if one was.
	SetExec(path string)
}

// OriginSize is what one origin adds to a tree.
type OriginSize struct {
	Origin Origin
	Files  int
	Size   int64 // unpacked bytes
}

// Size returns the sum of the unpacked sizes.
func (t Tree) Size() int64 {
	var n int64
	for i := range t {
		n += t[i].Size
	}
	return n
}

// ByOrigin returns the share of every origin, largest first, equal ones by name.
func (t Tree) ByOrigin() []OriginSize {
	at := map[Origin]int{}
	var out []OriginSize
	for i := range t {
		k, ok := at[t[i].Origin]
		if !ok {
			k = len(out)
			at[t[i].Origin] = k
			out = append(out, OriginSize{Origin: t[i].Origin})
		}
		out[k].Files++
		out[k].Size += t[i].Size
	}
	slices.SortFunc(out, func(a, b OriginSize) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.Origin.String(), b.Origin.String()))
	})
	return out
}

// PathError says what is wrong with one path: on the host, or within a layer.
type PathError struct {
	Path   string
	Reason string // completes the sentence: is absolute, holds a backslash, …
	Err    error  // cause, may be nil
}

func (e *PathError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("path %q %s: %v", e.Path, e.Reason, e.Err)
	}
	return fmt.Sprintf("path %q %s", e.Path, e.Reason)
}

func (e *PathError) Unwrap() error { return e.Err }

// bareError strips the path that PathError names already.
func bareError(err error) error {
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		return inner.Err
	}
	return err
}
