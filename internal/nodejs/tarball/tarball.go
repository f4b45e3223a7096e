// Package tarball reads the tarballs of packages as npm installs them, bounded and
// without paths that leave the package, and tells what the package.json in one says
// of how it can be used.
package tarball

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// What a tarball may hold at most: far beyond any package, and small enough to
// keep time bounded against one that is made to hurt. The layer's own limit is
// half of it.
const (
	maxTarballBytes   = 512 << 20
	maxTarballEntries = 1 << 17
)

// File is one file of a package.
type File struct {
	Path string // clean, relative to the package's folder
	// Exec is the owner's exec bit. What npm makes executable because "bin"
	// of package.json names it is not in it: see [PackTarball].
	Exec bool
	Size int64
}

// Error says why a tarball is refused.
type Error struct {
	Tarball string // such as "lodash@4.17.21"
	Entry   string // "" if it is the tarball as a whole
	Reason  string // completes the sentence: is truncated, holds "..", …
}

func (e *Error) Error() string {
	if e.Entry == "" {
		return fmt.Sprintf("the tarball of %q %s", e.Tarball, e.Reason)
	}
	return fmt.Sprintf("the tarball of %q: entry %q %s", e.Tarball, e.Entry, e.Reason)
}

// Read shows visit the files of a package's tarball in their order, as
// npm extracts them: the first component of each path is dropped, whatever it
// is; links, devices and directories are left out; ".gitignore" becomes
// ".npmignore" unless one came before. A path may come again: the last one
// counts. visit need not read the content to its end.
//
// name is for messages. What could leave the package's folder or mean something
// else on another system, and what is no tar archive, is a *TarballError; so is
// more than 512 MiB or 131,072 entries, and a sparse file. An error of visit is returned as it is.
func Read(name string, r io.Reader, visit func(f File, content io.Reader) error) error {
	plain, err := gunzip(name, r)
	if err != nil {
		return err
	}
	// Headers without files might go on for ever.
	bounded := &io.LimitedReader{R: plain, N: maxTarballBytes + maxTarballEntries*1024}
	t := tarReader{name: name, in: tar.NewReader(bounded), bounded: bounded, ignores: map[string]bool{}}
	for {
		f, err := t.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if f == nil {
			continue
		}
		if err := visit(*f, &tarContent{t: &t, path: f.Path}); err != nil {
			return err
		}
	}
}

// gunzip returns the tar archive in r, which npm takes packed or not.
func gunzip(name string, r io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	magic, err := in.Peek(2)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("reading the tarball of %q: %w", name, err)
	case !bytes.Equal(magic, []byte{0x1f, 0x8b}):
		return in, nil
	}
	plain, err := gzip.NewReader(in)
	if err != nil {
		return nil, fault(name, "", err)
	}
	return plain, nil
}

// tarReader takes the entries of a tar archive one by one.
type tarReader struct {
	name    string
	in      *tar.Reader
	bounded *io.LimitedReader // below in
	entries int
	bytes   int64
	ignores map[string]bool // paths of the .npmignore files so far
}

// next returns the next file, nil for an entry that is none, or io.EOF.
func (t *tarReader) next() (*File, error) {
	h, err := t.in.Next()
	if errors.Is(err, io.EOF) && t.bounded.N > 0 {
		return nil, io.EOF
	}
	if err != nil {
		return nil, t.fault("", err)
	}
	if t.entries++; t.entries > maxTarballEntries {
		return nil, &Error{Tarball: t.name, Reason: fmt.Sprintf("has more than %d entries", maxTarballEntries)}
	}
	if isSparse(h) {
		return nil, &Error{Tarball: t.name, Entry: h.Name, Reason: "is a sparse file"}
	}
	if h.Size > maxTarballBytes-t.bytes {
		return nil, tooLarge(t.name)
	}
	t.bytes += h.Size
	if !isFile(h.Typeflag) {
		return nil, nil
	}
	clean, err := packagePath(h.Name)
	if err != nil {
		return nil, &Error{Tarball: t.name, Entry: h.Name, Reason: err.Error()}
	}
	if clean == "" {
		return nil, nil
	}
	if clean = t.ignoreFile(clean); clean == "" {
		return nil, nil
	}
	return &File{Path: clean, Exec: h.Mode&0o100 != 0, Size: h.Size}, nil
}

func tooLarge(name string) error {
	return &Error{Tarball: name, Reason: fmt.Sprintf("unpacks to more than %d bytes", maxTarballBytes)}
}

func isFile(kind byte) bool {
	return kind == tar.TypeReg || kind == tar.TypeCont
}

// isSparse reports whether a file holds less than it says: no packer of
// packages makes one, and its holes cost nothing to write.
func isSparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// packagePath returns the path of an entry in the package's folder: without
// its first component. It is "" for what is no path below that.
func packagePath(name string) (string, error) {
	if strings.HasPrefix(name, "/") {
		return "", errors.New("is absolute")
	}
	_, rest, _ := strings.Cut(name, "/")
	if strings.Trim(rest, "/.") == "" && !strings.Contains(rest, "..") {
		return "", nil
	}
	rest = strings.TrimLeft(rest, "/")
	clean, err := filetree.CleanTarget(rest)
	if fault, ok := errors.AsType[*filetree.PathError](err); ok {
		return "", errors.New(fault.Reason)
	}
	if err != nil {
		return "", err
	}
	return clean, nil
}

// ignoreFile returns where an ignore file lands, "" where it is left out.
func (t *tarReader) ignoreFile(clean string) string {
	dir, base := path.Split(clean)
	switch base {
	case ".npmignore":
		t.ignores[clean] = true
	case ".gitignore":
		if clean = dir + ".npmignore"; t.ignores[clean] {
			return ""
		}
	}
	return clean
}

// tarContent reads one file, and takes damage for the tarball's fault.
type tarContent struct {
	t    *tarReader
	path string
}

func (c *tarContent) Read(b []byte) (int, error) {
	n, err := c.t.in.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, c.t.fault(c.path, err)
	}
	return n, err
}

// fault tells what is too large from what cannot be read.
func (t *tarReader) fault(entry string, err error) error {
	if t.bounded.N <= 0 {
		return tooLarge(t.name)
	}
	return fault(t.name, entry, err)
}

// fault tells damage from a disk that fails.
func fault(name, entry string, err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &Error{Tarball: name, Entry: entry, Reason: "is truncated"}
	case errors.Is(err, tar.ErrHeader), errors.Is(err, tar.ErrFieldTooLong):
		return &Error{Tarball: name, Entry: entry, Reason: "is not a tar archive that can be read"}
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return &Error{Tarball: name, Entry: entry, Reason: "is damaged"}
	}
	return fmt.Errorf("reading the tarball of %q: %w", name, err)
}
