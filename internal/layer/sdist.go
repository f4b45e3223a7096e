package layer

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// SdistPure makes wheels of source distributions where no code of them has to
// be run for it.
const SdistPure = "pure"

// checkSdist finds a python.sdist that means nothing, or nothing here.
func (p *PythonSpec) checkSdist() error {
	if p.Sdist == "" || p.Sdist == SdistPure {
		return nil
	}
	return &fault.Error{
		At: fault.At("python", "sdist"), Summary: fmt.Sprintf("Unknown value %q", p.Sdist),
		Detail: "Write \"pure\", which makes wheels of source distributions where no code of them has to be run for it, or drop python.sdist: then nothing is made of source.",
	}
}

// checkOverlaps finds a python.overlaps that means nothing.
func (p *PythonSpec) checkOverlaps() error {
	if slices.Contains([]string{"", "error", OverlapsLast}, p.Overlaps) {
		return nil
	}
	return &fault.Error{
		At: fault.At("python", "overlaps"), Summary: fmt.Sprintf("Unknown value %q", p.Overlaps),
		Detail: `Write "last", which lets the distribution that comes later in the order of names win where two write one path, or "error".`,
	}
}

// packMade returns a python.Packer: it returns the archive of a wheel that is made
// in memory. It is packed once and kept in the store, as local files are; with
// doubt, what is kept is compared with what is made.
func (c *cache) packMade(doubt bool) python.Packer {
	return func(ctx context.Context, key string, files func() (map[string][]byte, error)) (*filetree.Archive, error) {
		digest, known := c.notedSegment(madeKey(key))
		known = known && c.store.Has(digest, -1)
		if known && !doubt {
			return filetree.FileArchive(key, c.store.Path(digest))
		}
		content, err := files()
		if err != nil {
			return nil, err
		}
		if known {
			if known, err = c.confirms(digest, func(f *confirmer) error { return addAll(ctx, content, f.Add) }); err != nil {
				return nil, err
			}
		}
		if !known {
			if digest, err = c.pack(ctx, content); err != nil {
				return nil, err
			}
			if err := c.noteSegment(madeKey(key), digest); err != nil {
				return nil, err
			}
		}
		return filetree.FileArchive(key, c.store.Path(digest))
	}
}

// addAll gives files to a packer, by their names.
func addAll(ctx context.Context, content map[string][]byte, add func(context.Context, string, bool, int64, io.Reader) error) error {
	for _, p := range slices.Sorted(maps.Keys(content)) {
		if err := add(ctx, p, false, int64(len(content[p])), bytes.NewReader(content[p])); err != nil {
			return err
		}
	}
	return nil
}

// pack deflates files into a zip in the store.
func (c *cache) pack(ctx context.Context, content map[string][]byte) (store.Digest, error) {
	return c.streamSegment(layerzip.NewStreamer(c.store), func(packer *watchedPacker) error { return addAll(ctx, content, packer.Add) })
}

// madeKey names the zip of a made wheel: another encoder makes other bytes.
func madeKey(key string) string { return layerzip.Encoder + " " + key }
