package layer

import (
	"errors"
	"io"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// segments is the bucket of the records that tell what was deflated already: by
// a key that names the source and the encoder, as another one makes other bytes.
const segments = "segments"

// notedSegment returns the digest that was noted under a key, if one was. The
// store may have lost the segment since.
func (c *cache) notedSegment(key string) (store.Digest, bool) {
	body, _, err := c.store.GetRecord(segments, key)
	if err != nil {
		return store.Digest{}, false
	}
	digest, err := store.ParseDigest(string(body))
	return digest, err == nil
}

func (c *cache) noteSegment(key string, digest store.Digest) error {
	return c.store.PutRecord(segments, key, []byte(digest.Hex()))
}

// writeSegment keeps in the store what write writes, and returns its digest.
func (c *cache) writeSegment(write func(io.Writer) error) (digest store.Digest, err error) {
	w, err := c.store.NewWriter()
	if err != nil {
		return store.Digest{}, err
	}
	defer func() { err = errors.Join(err, w.Abort()) }()
	if err := write(w); err != nil {
		return store.Digest{}, err
	}
	digest = w.Sum()
	return digest, w.Commit(digest)
}

// streamSegment keeps in the store what add gives to the packer, deflated, and
// notes what of it is native.
func (c *cache) streamSegment(packer *layerzip.Streamer, add func(*watchedPacker) error) (store.Digest, error) {
	watched := &watchedPacker{Streamer: packer, recorder: c.recorder(), found: map[string]native.Facts{}}
	defer c.recorders.Put(watched.recorder)
	digest, err := c.writeSegment(func(w io.Writer) error {
		packer.Start(w)
		if err := add(watched); err != nil {
			return err
		}
		return packer.Finish()
	})
	if err != nil {
		return digest, err
	}
	return digest, c.noteSegmentFacts(digest, watched.found)
}

// segmentTree returns the files of a segment that the store has; origin is who
// brings them.
func (c *cache) segmentTree(segment store.Digest, origin filetree.Origin) (filetree.Tree, error) {
	archive, err := filetree.FileArchive(origin.String(), c.store.Path(segment))
	if err != nil {
		return nil, err
	}
	tree, err := filetree.FromZip(archive)
	if err != nil {
		return nil, err
	}
	for i := range tree {
		tree[i].Origin = origin
	}
	return tree, nil
}
