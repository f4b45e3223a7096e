package segment

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// taker takes what is noted of files as they pass, one after another. As a
// [filetree.Watcher] it takes those of an archive that is kept.
type taker struct {
	recorder *native.Recorder
	// sources is set where what the sources of Python import is noted, too.
	sources bool
	imports python.Collector

	path  string // of the file that passes
	as    kind
	body  head
	notes archiveNotes
}

// kind is what a file is looked at for.
type kind int

const (
	nothing      kind = iota
	source            // what it imports
	description       // what it says of a distribution
	nativeOrNone      // whether it is native, and what it says then
)

// see notes what an entry of an archive tells by its path.
func (t *taker) see(path string) {
	t.notes.module(path)
	if strings.HasSuffix(path, ".so") {
		t.imports.Add(path, nil) // a module without a source
	}
}

// kind tells what a file is looked at for. Sources of tests are often half of all, and
// packages hardly ever import them.
func (t *taker) kind(path string, size int64) kind {
	small := size <= maxSource
	switch _, describes := python.Describes(path); {
	case small && describes:
		return description
	case small && t.sources && strings.HasSuffix(path, ".py") && !strings.Contains(path, "/tests/"):
		return source
	case isText(path):
		return nothing
	}
	return nativeOrNone
}

// start returns what takes the content of a file; nil where it is not looked at.
func (t *taker) start(path string, size int64) io.Writer {
	t.path, t.as = path, t.kind(path, size)
	switch t.as {
	case nothing:
		return nil
	case nativeOrNone:
		return t.startNative(path, size)
	}
	t.body.bytes, t.body.most = t.body.bytes[:0], maxHead
	if t.as == description || strings.HasSuffix(path, "/__init__.py") {
		t.body.most = maxSource
	}
	return &t.body
}

// startNative is start of a file that is native or not looked at.
func (t *taker) startNative(path string, size int64) io.Writer {
	t.path, t.as = path, nativeOrNone
	t.recorder.Reset(size)
	return t.recorder
}

// done notes what the file is that has passed, whose content began at header.
func (t *taker) done(header int64) error {
	switch t.as {
	case nothing:
	case source:
		t.imports.Add(t.path, t.body.bytes)
	case description:
		if d, ok := python.Describe(t.body.bytes); ok {
			t.notes.Described = append(t.notes.Described, describedFile{Header: header, Described: d})
		}
	case nativeOrNone:
		facts, err := t.recorder.Facts()
		if err != nil {
			return fmt.Errorf("reading %q: %w", t.path, err)
		}
		if facts.Kind != "" {
			t.notes.Files = append(t.notes.Files, nativeFile{Header: header, Facts: facts})
		}
	}
	return nil
}

// read takes an entry from its content, after start: of what is not native the first
// bytes alone.
func (t *taker) read(e *filetree.Entry, to io.Writer, content io.Reader) error {
	head, err := filetree.ReadHead(content)
	if err != nil || t.as == nativeOrNone && native.KindOf(head) == "" {
		return err
	}
	if _, err := io.Copy(to, io.MultiReader(bytes.NewReader(head), content)); err != nil {
		return err
	}
	return t.done(e.Header)
}

// noted returns what was noted of an archive.
func (t *taker) noted() *archiveNotes {
	t.notes.Imports = t.imports.Outside()
	return &t.notes
}

// Start returns what takes the content of an entry.
func (t *taker) Start(e *filetree.Entry) io.Writer {
	t.see(e.Path)
	return t.start(e.Path, e.Size)
}

// Done notes what the entry is.
func (t *taker) Done(e *filetree.Entry) error { return t.done(e.Header) }

// isText knows by their names the files that are not looked into: sources and
// documents, which are most of the files of a layer. Scripts among the programs
// are looked at when a layer is judged.
func isText(name string) bool {
	return slices.Contains([]string{
		".py", ".pyi", ".pyc", ".pyx", ".pxd", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".map", ".json", ".md", ".txt", ".rst",
		".html", ".css", ".h", ".hpp", ".c", ".cpp", ".xml", ".yml", ".yaml", ".toml", ".svg", ".csv",
	}, strings.ToLower(filepath.Ext(name)))
}

const (
	// maxSource bounds a source that is looked through, in bytes: what is longer is
	// data.
	maxSource = 1 << 20
	// maxHead bounds what is kept of a source, in bytes: its imports stand in the first
	// of them. What stands for a package, or describes a distribution, is kept whole.
	maxHead = 16 << 10
)

// head keeps the first bytes of what is written to it.
type head struct {
	bytes []byte
	most  int
}

// Write never fails.
func (h *head) Write(b []byte) (int, error) {
	h.bytes = append(h.bytes, b[:min(len(b), h.most-len(h.bytes))]...)
	return len(b), nil
}

// watched packs files into a segment, and takes what is noted of them on their way, by
// their numbers.
type watched struct {
	*layerzip.Streamer
	taker

	files int64
	last  map[string]int64 // the number of the last file at a path, which counts
}

// Add packs a file.
func (w *watched) Add(ctx context.Context, path string, exec bool, size int64, content io.Reader) error {
	if to := w.start(path, size); to != nil {
		content = io.TeeReader(content, to)
	}
	if err := w.Streamer.Add(ctx, path, exec, size, content); err != nil {
		return err
	}
	return w.added(path)
}

// addFile packs a file of the disk, at its path.
func (w *watched) addFile(ctx context.Context, f filetree.File) error {
	if err := w.AddFile(ctx, f, w.start(f.Path, f.Size)); err != nil {
		return err
	}
	return w.added(f.Path)
}

func (w *watched) added(path string) error {
	w.files++
	w.last[path] = w.files
	return w.done(w.files)
}

// found returns what was noted of the files of the segment, by where they lie in it.
func (w *watched) found(c *Cache, segment store.Digest) (*archiveNotes, error) {
	var notes archiveNotes
	if len(w.notes.Files)+len(w.notes.Described) == 0 {
		return &notes, nil
	}
	files, err := c.Files(segment, filetree.Origin{})
	if err != nil {
		return nil, err
	}
	at := make(map[int64]int64, len(files)) // headers by numbers
	for i := range files {
		at[w.last[files[i].Path]] = files[i].Header
	}
	for _, n := range w.notes.Files {
		if header, ok := at[n.Header]; ok {
			notes.Files = append(notes.Files, nativeFile{header, n.Facts})
		}
	}
	for _, n := range w.notes.Described {
		if header, ok := at[n.Header]; ok {
			notes.Described = append(notes.Described, describedFile{header, n.Described})
		}
	}
	return &notes, nil
}
