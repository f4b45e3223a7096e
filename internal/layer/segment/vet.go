package segment

import (
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Vet makes the checks of [filetree.Vet] of an archive that is to be kept, and notes
// what is native in it, in one pass.
func (c *Cache) Vet(ctx context.Context, a *filetree.Archive, sum store.Digest) error {
	w := nativeWatcher{recorder: c.recorder(), notes: archiveNotes{Files: []nativeFile{}}}
	defer c.recorders.Put(w.recorder)
	if err := filetree.VetWatched(a.Until(ctx), &w); err != nil {
		return err
	}
	w.notes.Imports = w.sources.imports.Outside()
	return c.noteNative(sum, w.notes)
}

// List is [filetree.ListArchive] of a file that is kept, and notes what is native in a
// zip in the same pass.
func (c *Cache) List(ctx context.Context, a *filetree.Archive, sum store.Digest, single string) (*filetree.Listing, error) {
	w := nativeWatcher{recorder: c.recorder(), notes: archiveNotes{Files: []nativeFile{}}}
	defer c.recorders.Put(w.recorder)
	listing, err := filetree.ListArchive(a.Until(ctx), single, &w)
	if err != nil || listing.Kind != filetree.ZipArchive {
		return listing, err
	}
	w.notes.Imports = w.sources.imports.Outside()
	return listing, c.noteNative(sum, w.notes)
}

// nativeWatcher takes facts of entries as they are inflated.
type nativeWatcher struct {
	recorder *native.Recorder
	notes    archiveNotes
	sources  sources
}

// Start wants all but documents and sources of other languages than Python.
func (w *nativeWatcher) Start(e *filetree.Entry) io.Writer {
	w.notes.module(e.Path)
	w.sources.see(e)
	if w.sources.wants(e) {
		return w.sources.start()
	}
	if isText(e.Path) {
		return nil
	}
	w.recorder.Reset(e.Size)
	return w.recorder
}

// Done notes what the entry is.
func (w *nativeWatcher) Done(e *filetree.Entry) error {
	if w.sources.wants(e) {
		w.sources.done(e)
		return nil
	}
	facts, err := w.recorder.Facts()
	if err == nil && facts.Kind != "" {
		w.notes.Files = append(w.notes.Files, nativeFile{Header: e.Header, Facts: facts})
	}
	return err
}

// sources gathers what Python sources import as they pass.
type sources struct {
	body    bytes.Buffer
	imports python.Collector
}

// maxSource bounds a source that is looked through, in bytes: what is longer is
// data.
const maxSource = 1 << 20

// see notes a module without a source.
func (s *sources) see(e *filetree.Entry) {
	if strings.HasSuffix(e.Path, ".so") {
		s.imports.Add(e.Path, nil)
	}
}

// wants reports whether a file is a source that is looked through. Tests are not:
// they are often half of the sources, and packages hardly ever import them.
func (s *sources) wants(e *filetree.Entry) bool {
	return strings.HasSuffix(e.Path, ".py") && e.Size <= maxSource && !strings.Contains(e.Path, "/tests/")
}

// start returns what takes a source.
func (s *sources) start() io.Writer {
	s.body.Reset()
	return &s.body
}

// done looks through what was taken.
func (s *sources) done(e *filetree.Entry) { s.imports.Add(e.Path, s.body.Bytes()) }
