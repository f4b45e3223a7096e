package container

import (
	"context"
	"errors"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// fromImage shows visit the files of an image. Its layers are fetched once,
// whole and compared with their digests, into temporary files of the store that
// are gone when it returns.
func fromImage(ctx context.Context, name string, image v1.Image, files Files, spool *store.Store, visit Visit) (err error) {
	layers, err := image.Layers()
	if err != nil {
		return fmt.Errorf("reading the manifest of the image %q: %w", name, err)
	}
	var sources []source
	for _, layer := range layers {
		w, err := spool.NewWriter()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, w.Abort()) }()
		if err := spoolLayer(ctx, layer, w); err != nil {
			return fmt.Errorf("fetching a layer of the image %q: %w", name, err)
		}
		local, err := partial.CompressedToLayer(&spooled{CompressedLayer: layer, file: w})
		if err != nil {
			return fmt.Errorf("reading a layer of the image %q: %w", name, err)
		}
		sources = append(sources, source{open: func(context.Context) (io.ReadCloser, error) { return local.Uncompressed() }})
	}
	return extract(ctx, name, sources, files, spool, visit)
}

// spoolLayer copies the packed bytes of a layer. Its reader reports an error
// where they are not those of its digest.
func spoolLayer(ctx context.Context, layer v1.Layer, w *store.Writer) (err error) {
	in, err := layer.Compressed()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if _, err := io.Copy(w, store.Reader(ctx, in)); err != nil {
		return err
	}
	want, err := layer.Digest()
	if err != nil {
		return err
	}
	if got := w.Sum(); want.Algorithm != "sha256" || got.Hex() != want.Hex {
		return fmt.Errorf("its digest is sha256:%s, and the manifest says %s", got, want)
	}
	return nil
}

// spooled is a layer whose packed bytes lie in a temporary file.
type spooled struct {
	partial.CompressedLayer
	file *store.Writer
}

// Compressed returns the packed bytes.
func (s *spooled) Compressed() (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(s.file.File(), 0, s.file.Size())), nil
}
