package index

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

const (
	// maxMetadata caps a METADATA file in bytes: some hold a long readme.
	maxMetadata = 16 << 20
	// tailBytes holds the METADATA and the directory of nine wheels in ten.
	tailBytes = 64 << 10
)

// wheelFault says what is wrong with a wheel that was read.
type wheelFault struct{ reason string }

func (e *wheelFault) Error() string { return e.reason }

// embedded reads METADATA out of a wheel by ranges, without the rest of it.
func (c *Catalog) embedded(ctx context.Context, address string) ([]byte, error) {
	tail, err := c.client.Tail(ctx, address, tailBytes)
	if err != nil {
		return nil, err
	}
	return readWheelMetadata(&remoteFile{
		ctx: ctx, client: c.client, address: address,
		size: tail.Total, parts: []fetch.Part{*tail}, step: 1 << 20,
	})
}

func readWheelMetadata(r *remoteFile) ([]byte, error) {
	archive, err := zip.NewReader(r, r.size)
	if r.err != nil {
		return nil, r.err
	}
	if err != nil {
		return nil, &wheelFault{fmt.Sprintf("it is not a zip archive: %v", err)}
	}
	r.step = tailBytes // from here on not the directory, but one small entry
	body, err := metadataEntry(archive)
	if r.err != nil {
		return nil, r.err
	}
	return body, err
}

// metadataEntry returns METADATA of a wheel; the error is a *wheelFault.
func metadataEntry(archive *zip.Reader) ([]byte, error) {
	for _, entry := range archive.File {
		dir, name, _ := strings.Cut(entry.Name, "/")
		if name != "METADATA" || !strings.HasSuffix(dir, ".dist-info") {
			continue
		}
		if entry.UncompressedSize64 > maxMetadata {
			return nil, &wheelFault{fmt.Sprintf("its METADATA has %d bytes", entry.UncompressedSize64)}
		}
		body, err := readEntry(entry)
		if err != nil {
			return nil, &wheelFault{fmt.Sprintf("its METADATA cannot be read: %v", err)}
		}
		return body, nil
	}
	return nil, &wheelFault{"it has no METADATA"}
}

func readEntry(entry *zip.File) ([]byte, error) {
	r, err := entry.Open()
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(r, maxMetadata))
	return body, errors.Join(err, r.Close())
}

// remoteFile reads a file on a server piece by piece, each piece once.
type remoteFile struct {
	ctx     context.Context
	client  *fetch.Client
	address string
	size    int64
	parts   []fetch.Part
	step    int64 // most bytes of one request
	err     error // of a request, as opposed to a fault of the file
}

// ReadAt fetches what is not there yet. A read in front of a known part is the
// directory of a large wheel, or the METADATA in front of it: the rest up to
// the known part is fetched in one go, or in steps if it is long.
func (r *remoteFile) ReadAt(p []byte, off int64) (int, error) {
	read := 0
	for read < len(p) {
		at := off + int64(read)
		if at >= r.size {
			return read, io.EOF
		}
		known, next := r.find(at)
		if known != nil {
			read += copy(p[read:], known.Data[at-known.Offset:])
			continue
		}
		if r.err != nil {
			return read, r.err
		}
		data, err := r.client.Range(r.ctx, r.address, at, min(next-at, r.step))
		if err == nil && len(data) == 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			r.err = err
			return read, err
		}
		r.parts = append(r.parts, fetch.Part{Data: data, Offset: at, Total: r.size})
	}
	return read, nil
}

// find returns the part that holds the byte at an offset, or nil and where the
// next known part starts.
func (r *remoteFile) find(at int64) (*fetch.Part, int64) {
	next := r.size
	for i := range r.parts {
		part := &r.parts[i]
		if part.Offset <= at && at < part.Offset+int64(len(part.Data)) {
			return part, 0
		}
		if part.Offset > at {
			next = min(next, part.Offset)
		}
	}
	return nil, next
}

// diskMetadata returns METADATA of the wheel on disk. What is wrong with its
// content is a *wheelFault.
func diskMetadata(name string) (body []byte, err error) {
	f, err := filetree.OpenRegular(filepath.FromSlash(name))
	if err != nil {
		return nil, fmt.Errorf("reading the wheel %q: %w", name, wheel.Bare(err))
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return fileMetadata(f)
}

// fileMetadata returns METADATA of a wheel in a file.
func fileMetadata(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	archive, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, &wheelFault{fmt.Sprintf("it is not a zip archive: %v", err)}
	}
	return metadataEntry(archive)
}
