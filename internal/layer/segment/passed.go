package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// passed is what is found of files on their way into a segment, by their paths in it.
type passed struct {
	native    map[string]native.Facts
	described map[string]python.Described
}

func newPassed() passed {
	return passed{native: map[string]native.Facts{}, described: map[string]python.Described{}}
}

// describe notes what METADATA says.
func (p *passed) describe(path string, metadata []byte) {
	if d, ok := python.Describe(metadata); ok {
		p.described[path] = d
	}
}

// watched packs files into a segment, and takes facts of them on their way.
type watched struct {
	*layerzip.Streamer
	recorder *native.Recorder
	found    passed
}

// Add packs a file.
func (w *watched) Add(ctx context.Context, path string, exec bool, size int64, content io.Reader) error {
	delete(w.found.native, path)
	delete(w.found.described, path)
	if describes(path) && size <= maxSource {
		var body bytes.Buffer
		if err := w.Streamer.Add(ctx, path, exec, size, io.TeeReader(content, &body)); err != nil {
			return err
		}
		w.found.describe(path, body.Bytes())
		return nil
	}
	if isText(path) {
		return w.Streamer.Add(ctx, path, exec, size, content)
	}
	w.recorder.Reset(size)
	if err := w.Streamer.Add(ctx, path, exec, size, io.TeeReader(content, w.recorder)); err != nil {
		return err
	}
	facts, err := w.recorder.Facts()
	if err == nil && facts.Kind != "" {
		w.found.native[path] = facts
	}
	return err
}

// noteSegmentFacts notes what was found on the way into a segment, by where it
// lies in that.
func (c *Cache) noteSegmentFacts(segment store.Digest, found passed) error {
	var notes archiveNotes
	if len(found.native)+len(found.described) > 0 {
		files, err := c.Files(segment, filetree.Origin{})
		if err != nil {
			return err
		}
		for _, e := range files {
			if facts, ok := found.native[e.Path]; ok {
				notes.Files = append(notes.Files, nativeFile{Header: e.Header, Facts: facts})
			}
			if d, ok := found.described[e.Path]; ok {
				notes.Described = append(notes.Described, describedFile{Header: e.Header, Described: d})
			}
		}
	}
	return c.noteNative(segment, &notes)
}

// noteFileFacts notes what is native in the segment of files on disk, and what
// describes a distribution, from the files themselves.
func (c *Cache) noteFileFacts(segment store.Digest, files []filetree.File) error {
	found := newPassed()
	for _, f := range files {
		if isText(f.Path) || f.Size == 0 {
			continue
		}
		if describes(f.Path) && f.Size <= maxSource {
			body, err := os.ReadFile(f.Source)
			if err != nil {
				return fmt.Errorf("reading %q: %w", f.Source, err)
			}
			found.describe(f.Path, body)
			continue
		}
		facts, err := diskFacts(f)
		if err != nil {
			return fmt.Errorf("reading %q: %w", f.Source, err)
		}
		if facts.Kind != "" {
			found.native[f.Path] = facts
		}
	}
	return c.noteSegmentFacts(segment, found)
}

func diskFacts(f filetree.File) (facts native.Facts, err error) {
	in, err := os.Open(f.Source)
	if err != nil {
		return native.Facts{}, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return native.Read(in, f.Size)
}
