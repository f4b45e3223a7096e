package layer

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
func (c *cache) takeResult(ctx context.Context, key string) (facts containerFacts, ok bool, err error) {
	if !c.results {
		return containerFacts{}, false, nil
	}
	var segment store.Digest
	judge := func(f *os.File, _ int64) error {
		text := make([]byte, resultSize)
		if _, err := f.ReadAt(text, 0); err != nil {
			return err
		}
		var err error
		if segment, err = store.ParseDigest(string(text)); err != nil {
			return err
		}
		has, err := c.hasSegment(ctx, segment)
		if err == nil && !has {
			err = errors.New("the files that it names are not there")
		}
		if err != nil {
			return err
		}
		// Its streams are copied unseen from here on.
		archive, err := filetree.FileArchive("builds", c.store.Path(segment))
		if err != nil {
			return err
		}
		return filetree.Vet(archive.Until(ctx))
	}
	if _, _, ok, err = c.store.Pull(ctx, store.Wanted{Name: resultName(key), Size: resultSize, Judge: judge}); !ok || err != nil {
		return containerFacts{}, false, err
	}
	facts, err = c.readFacts(segment)
	return facts, err == nil, err
}

// offerResult shares the result of a build, where such answers are trusted.
func (c *cache) offerResult(key string, segment store.Digest) error {
	if !c.results || !c.store.Shared() {
		return nil
	}
	text := segment.Hex()
	record := store.Sum([]byte(text))
	if err := c.store.Keep(record, strings.NewReader(text)); err != nil {
		return fmt.Errorf("keeping the result of a build: %w", err)
	}
	c.store.Offer(resultName(key), record, "")
	return nil
}

// factsOf returns what is noted under the key of the segment, which the store
// has, or reads and notes it.
func (c *cache) factsOf(key string, segment store.Digest) (containerFacts, error) {
	if facts, ok := c.notedContainer(key); ok && facts.Segment == segment {
		return facts, nil
	}
	facts, err := c.readFacts(segment)
	if err != nil {
		return containerFacts{}, err
	}
	return facts, c.noteContainer(key, facts)
}

// readFacts looks at every file of a segment that the store has.
func (c *cache) readFacts(segment store.Digest) (containerFacts, error) {
	tree, err := c.segments.Files(segment, filetree.Origin{})
	if err != nil {
		return containerFacts{}, err
	}
	facts := containerFacts{Segment: segment, Count: len(tree), Native: map[string]string{}}
	for _, entry := range tree {
		head, err := headOf(entry)
		if err != nil {
			return containerFacts{}, fmt.Errorf("reading %q of a result: %w", entry.Path, err)
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
