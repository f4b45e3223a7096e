// Package segment keeps in the cache what was deflated of each source: the zip with
// the files of a tarball, a tree or an image, and what is known of the native files
// in it. A layer copies the deflated files as they are, so that a source is deflated
// once.
//
// Records tell which segment there is of a source. They save time and are not
// believed: [Cache.Confirm] compares a segment with its source. Those of images are
// the exception: see [Cache.KeepUnconfirmed].
package segment

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"
	"sync"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Bucket holds the records that tell what was deflated already: by a key that names
// the source and the encoder, as another encoder makes other bytes.
const Bucket = "segments"

// Cache keeps segments in a store. It is safe for concurrent use and must not be
// copied.
type Cache struct {
	store *store.Store
	// packers are few, as their buffers bound the memory.
	packers    chan *layerzip.Streamer
	recorders  sync.Pool // of *native.Recorder
	confirmers sync.Pool // of *confirmer
}

// packWorkers is how many sources are deflated at once, or small files of the disk.
const packWorkers = 4

// New returns a cache of segments in the store.
func New(s *store.Store) *Cache {
	packers := make(chan *layerzip.Streamer, min(runtime.GOMAXPROCS(0), packWorkers))
	for range cap(packers) {
		packers <- layerzip.NewStreamer(s, 1)
	}
	return &Cache{store: s, packers: packers}
}

// Encoder names the encoder: another one makes other bytes of a file.
func (c *Cache) Encoder() string { return layerzip.Encoder }

// Noted returns the segment that was noted under a key, if one was. It may
// have been evicted from the store.
func (c *Cache) Noted(key string) (store.Digest, bool) {
	body, _, err := c.store.GetRecord(Bucket, key)
	if err != nil {
		return store.Digest{}, false
	}
	digest, err := store.ParseDigest(string(body))
	return digest, err == nil
}

// Note notes the segment of a key.
func (c *Cache) Note(key string, segment store.Digest) error {
	return c.store.PutRecord(Bucket, key, []byte(segment.Hex()))
}

// Keep returns the segment that is noted under a key. Where there is none in the
// store, or, with doubt, confirm rejects it, pack makes it, and it is noted.
func (c *Cache) Keep(key string, doubt bool, confirm func(store.Digest) (bool, error), pack func() (store.Digest, error)) (store.Digest, error) {
	digest, ok := c.Noted(key)
	ok = ok && c.store.Has(digest, -1)
	var err error
	if ok && doubt {
		ok, err = confirm(digest)
	}
	if ok || err != nil {
		return digest, err
	}
	if digest, err = pack(); err != nil {
		return digest, err
	}
	return digest, c.Note(key, digest)
}

// KeepPacked is Keep of the files that add gives to a packer. With doubt a segment is
// compared with them.
func (c *Cache) KeepPacked(ctx context.Context, key string, doubt bool, add func(filetree.Packer) error) (store.Digest, error) {
	return c.Keep(key, doubt,
		func(segment store.Digest) (bool, error) { return c.Confirm(ctx, segment, add) },
		func() (store.Digest, error) { return c.Deflate(ctx, add) })
}

// KeepUnconfirmed is Keep of a source that the store does not hold, so that to compare
// a segment with it would be to fetch it again: its record is believed.
func (c *Cache) KeepUnconfirmed(key string, pack func() (store.Digest, error)) (store.Digest, error) {
	return c.Keep(key, false, nil, pack)
}

// write keeps the segment that fill makes with the packer, and returns its digest.
func (c *Cache) write(packer *layerzip.Streamer, fill func() error) (digest store.Digest, err error) {
	w, err := c.store.NewWriter()
	if err != nil {
		return store.Digest{}, err
	}
	defer func() { err = errors.Join(err, w.Abort()) }()
	packer.Start(w)
	if err := fill(); err != nil {
		return store.Digest{}, err
	}
	if err := packer.Finish(); err != nil {
		return store.Digest{}, err
	}
	digest = w.Sum()
	return digest, w.Commit(digest)
}

// Deflate keeps the files that add gives to the packer, notes what of them is
// native, and returns the digest of their segment. Few sources are deflated at
// once: others wait, until ctx ends.
func (c *Cache) Deflate(ctx context.Context, add func(filetree.Packer) error) (store.Digest, error) {
	select {
	case packer := <-c.packers:
		defer func() { c.packers <- packer }()
		return c.deflate(packer, func(w *watched) error { return add(w) })
	case <-ctx.Done():
		return store.Digest{}, context.Cause(ctx)
	}
}

// DeflateSlow is Deflate for files that may take minutes to come, as those of a
// container build do: nothing waits for it.
func (c *Cache) DeflateSlow(add func(filetree.Packer) error) (store.Digest, error) {
	return c.deflate(layerzip.NewStreamer(c.store, 1), func(w *watched) error { return add(w) })
}

func (c *Cache) deflate(packer *layerzip.Streamer, add func(*watched) error) (store.Digest, error) {
	w := &watched{Streamer: packer, taker: taker{recorder: c.recorder()}, last: map[string]int64{}}
	defer c.recorders.Put(w.recorder)
	digest, err := c.write(packer, func() error { return add(w) })
	if err != nil {
		return digest, err
	}
	notes, err := w.found(c, digest)
	if err != nil {
		return digest, err
	}
	return digest, c.noteNative(digest, notes)
}

// DeflateFiles keeps files of the disk, at their paths, as Deflate does.
func (c *Cache) DeflateFiles(ctx context.Context, files []filetree.File) (store.Digest, error) {
	packer := layerzip.NewStreamer(c.store, min(runtime.GOMAXPROCS(0), packWorkers, len(files)))
	return c.deflate(packer, func(w *watched) error {
		for _, f := range files {
			if err := w.addFile(ctx, f); err != nil {
				return err
			}
		}
		return nil
	})
}

// Files returns the files of a segment that the store has; origin is the input that
// brings them.
func (c *Cache) Files(segment store.Digest, origin filetree.Origin) (filetree.Tree, error) {
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

// madeKey names the zip of files that were made in memory.
func madeKey(key string) string { return layerzip.Encoder + " " + key }

// NotedMade returns the segment that [Cache.Made] noted under a key, if it did.
func (c *Cache) NotedMade(key string) (store.Digest, bool) { return c.Noted(madeKey(key)) }

// Made returns the archive of files that are made in memory, by their paths. They
// are made and deflated once, and kept under the key. With doubt, what is kept is
// compared with what is made.
func (c *Cache) Made(ctx context.Context, key string, doubt bool, files func() (map[string][]byte, error)) (*filetree.Archive, error) {
	digest, err := c.KeepPacked(ctx, madeKey(key), doubt, func(out filetree.Packer) error {
		content, err := files()
		if err != nil {
			return err
		}
		for _, p := range slices.Sorted(maps.Keys(content)) {
			if err := out.Add(ctx, p, false, int64(len(content[p])), bytes.NewReader(content[p])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return filetree.FileArchive(key, c.store.Path(digest))
}
