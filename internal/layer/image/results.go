package image

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// resultSize is the size of a shared result: the digest of its segment in
// hexadecimal.
const resultSize = 64

// resultName returns what the result of a build is called where machines share
// it. The name is that of the question: only the segment is held by a digest.
func resultName(key string) string { return "builds/" + store.Sum([]byte(key)).Hex() }

// takeResult returns the result that another machine had for the same key, if
// such answers are trusted and the segment is there.
func (e *Env) takeResult(ctx context.Context, key string) (kept store.Digest, ok bool, err error) {
	if !e.Trusted {
		return store.Digest{}, false, nil
	}
	judge := func(f *os.File, _ int64) error {
		text := make([]byte, resultSize)
		if _, err := f.ReadAt(text, 0); err != nil {
			return err
		}
		var err error
		if kept, err = store.ParseDigest(string(text)); err != nil {
			return err
		}
		has, err := e.hasSegment(ctx, kept)
		if err == nil && !has {
			err = errors.New("the files that it names are not there")
		}
		if err != nil {
			return err
		}
		// Its streams are copied unseen from here on.
		archive, err := filetree.FileArchive("builds", e.Store.Path(kept))
		if err != nil {
			return err
		}
		return e.Segments.Vet(ctx, archive, kept)
	}
	_, _, ok, err = e.Store.Pull(ctx, store.Wanted{Name: resultName(key), Size: resultSize, Accept: judge})
	return kept, ok, err
}

// offerResult shares the result of a build, where such answers are trusted.
func (e *Env) offerResult(key string, kept store.Digest) error {
	if !e.Trusted || !e.Store.Shared() {
		return nil
	}
	text := kept.Hex()
	record := store.Sum([]byte(text))
	if err := e.Store.Keep(record, strings.NewReader(text)); err != nil {
		return fmt.Errorf("keeping the result of a build: %w", err)
	}
	e.Store.Offer(resultName(key), record, "")
	return nil
}
