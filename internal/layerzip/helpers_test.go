package layerzip

import (
	"context"
	"io"
	"path/filepath"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// WriteFile writes the zip to path, as WriteFileIn does.
func (l *Layout) WriteFile(ctx context.Context, path string) (store.Digest, error) {
	return l.WriteFileIn(ctx, filepath.Dir(path), func(store.Digest) (string, error) { return path, nil })
}

// Digest returns the digest of the zip without writing it.
func (l *Layout) Digest(ctx context.Context) (store.Digest, error) { return l.Write(ctx, io.Discard) }
