package index

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Packer returns the archive that holds the files of a wheel, which files
// returns by path. key names their content: an archive that was made under it
// before may be returned instead.
type Packer func(ctx context.Context, key string, files func() (map[string][]byte, error)) (*filetree.Archive, error)

// make returns the archive of a wheel that is made of its source distribution,
// which is fetched if it was not made before.
func (m *Mirror) make(ctx context.Context, w wheel.Wheel) (*filetree.Archive, error) {
	archive, err := m.pack(ctx, wheel.SourceKey(w.SHA256), func() (map[string][]byte, error) {
		source, err := m.source(ctx, w)
		if err != nil {
			return nil, err
		}
		made, err := m.making.Wheel(w.Filename, source)
		if err != nil {
			return nil, err
		}
		return made.WithRecord(), nil
	})
	if err != nil {
		return nil, err
	}
	named := *archive
	named.Name = w.Filename
	return &named, nil
}

// source returns the source distribution of a wheel, open for reading.
func (m *Mirror) source(ctx context.Context, w wheel.Wheel) (io.ReadCloser, error) {
	if w.Path != "" {
		return wheel.OpenSource(w)
	}
	blob, err := m.blob(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("fetching the source distribution %q: %w", w.Filename, err)
	}
	return blob, nil
}

// Making makes one wheel after the other: each is held in memory.
type Making struct{ mu sync.Mutex }

// Wheel makes a wheel of a source distribution, and closes that.
func (m *Making) Wheel(filename string, source io.ReadCloser) (w *sdist.Wheel, err error) {
	defer func() { err = errors.Join(err, source.Close()) }()
	m.mu.Lock()
	defer m.mu.Unlock()
	return sdist.Make(filename, source)
}

// sdistMetadata returns the METADATA of the wheel that is made of a source
// distribution. It is kept by the digest of that, with a byte in front that says
// whether it is recorded.
func (c *Catalog) sdistMetadata(ctx context.Context, p *Page, f *File) (*WheelMetadata, error) {
	digest, _ := store.ParseDigest(f.SHA256)
	switch {
	case digest.IsZero():
		return &WheelMetadata{Fault: "the index gives no SHA-256 for it"}, nil
	case f.Size > sdist.MaxSize:
		return &WheelMetadata{Fault: fmt.Sprintf("it has only a source distribution of %d bytes: no wheel is made from one larger than %d", f.Size, sdist.MaxSize)}, nil
	}
	body, err := c.kept("sdist-metadata", wheel.SdistForm+" "+f.SHA256, func() ([]byte, error) {
		address, err := p.address(f)
		if err != nil {
			return nil, err
		}
		blob, err := c.client.Blob(ctx, WheelSource(address, f.Filename, digest, f.Size, nil))
		if err != nil {
			return nil, err
		}
		made, err := c.making.Wheel(f.Filename, blob)
		if err != nil {
			return nil, err
		}
		flag := byte('-')
		if made.Recorded {
			flag = '+'
		}
		return append([]byte{flag}, made.Metadata...), nil
	})
	if refused, ok := errors.AsType[*wheel.NotPure](err); ok {
		return &WheelMetadata{Fault: "it has only a source distribution, and no wheel can be made from it without running its code: " + refused.Reason}, nil
	}
	if err != nil {
		return nil, err
	}
	m := readMetadata(p.Name, "", body[1:])
	m.Recorded = body[0] == '+'
	return m, nil
}
