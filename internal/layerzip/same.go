package layerzip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// errDiffers ends a comparison at the first byte that differs.
var errDiffers = errors.New("the file holds something else")

// Is reports whether the regular file at path is the zip to the byte, and returns its
// digest then. A file of another size is not read, and nothing is written. A missing
// file is no error.
func (l *Layout) Is(ctx context.Context, path string) (digest store.Digest, same bool, err error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.Mode().IsRegular() || info.Size() != l.size) {
		return store.Digest{}, false, nil
	}
	if err != nil {
		return store.Digest{}, false, fmt.Errorf("comparing a zip: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return store.Digest{}, false, fmt.Errorf("comparing a zip: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	digest, err = l.Write(ctx, &comparer{with: f})
	if errors.Is(err, errDiffers) {
		return store.Digest{}, false, nil
	}
	return digest, err == nil, err
}

// comparer takes what a file holds already.
type comparer struct {
	with io.Reader
	held []byte
}

func (c *comparer) Write(b []byte) (int, error) {
	if len(c.held) < len(b) {
		c.held = make([]byte, len(b))
	}
	held := c.held[:len(b)]
	if _, err := io.ReadFull(c.with, held); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, err
	} else if err != nil || !bytes.Equal(b, held) {
		return 0, errDiffers
	}
	return len(b), nil
}
