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
func (e *Env) takeResult(ctx context.Context, key string) (facts taken, ok bool, err error) {
	if !e.Trusted {
		return taken{}, false, nil
	}
	var kept store.Digest
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
		return filetree.Vet(archive.Until(ctx))
	}
	if _, _, ok, err = e.Store.Pull(ctx, store.Wanted{Name: resultName(key), Size: resultSize, Judge: judge}); !ok || err != nil {
		return taken{}, false, err
	}
	facts, err = e.readFacts(kept)
	return facts, err == nil, err
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

// factsOf returns what is noted under the key of the segment, which the store
// has, or reads and notes it.
func (e *Env) factsOf(key string, kept store.Digest) (taken, error) {
	if facts, ok := e.noted(key); ok && facts.Segment == kept {
		return facts, nil
	}
	facts, err := e.readFacts(kept)
	if err != nil {
		return taken{}, err
	}
	return facts, e.note(key, facts)
}

// readFacts looks at every file of a segment that the store has.
func (e *Env) readFacts(kept store.Digest) (taken, error) {
	tree, err := e.Segments.Files(kept, filetree.Origin{})
	if err != nil {
		return taken{}, err
	}
	facts := taken{Segment: kept, Count: len(tree), Native: map[string]string{}}
	for _, entry := range tree {
		head, err := headOf(entry)
		if err != nil {
			return taken{}, fmt.Errorf("reading %q of a result: %w", entry.Path, err)
		}
		if _, machine := filetree.Program(head); machine != "" {
			facts.Native[entry.Path] = machine
		}
	}
	return facts, nil
}

// headOf reads the start of a file.
func headOf(entry filetree.Entry) (head []byte, err error) {
	in, err := entry.OpenContent()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return filetree.ReadHead(in)
}
