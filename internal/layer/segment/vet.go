package segment

import (
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
	w := nativeWatcher{recorder: c.recorder()}
	defer c.recorders.Put(w.recorder)
	if err := filetree.VetWatched(a.Until(ctx), &w); err != nil {
		return err
	}
	w.sources.note(&w.notes)
	return c.noteNative(sum, &w.notes)
}

// List is [filetree.ListArchive] of a file that is kept, and notes what is native in a
// zip in the same pass.
func (c *Cache) List(ctx context.Context, a *filetree.Archive, sum store.Digest, single string) (*filetree.Listing, error) {
	w := nativeWatcher{recorder: c.recorder()}
	defer c.recorders.Put(w.recorder)
	listing, err := filetree.ListArchive(a.Until(ctx), single, &w)
	if err != nil || listing.Kind != filetree.ZipArchive {
		return listing, err
	}
	w.sources.note(&w.notes)
	return listing, c.noteNative(sum, &w.notes)
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
		return w.sources.start(e)
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

// sources gathers what Python's sources import and what distributions say of
// themselves, as they pass.
type sources struct {
	body      head
	imports   python.Collector
	described []describedFile
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

// wants reports whether a file is looked through: what describes a distribution, and
// sources but those of tests, which are often half of all, and packages hardly ever
// import them.
func (s *sources) wants(e *filetree.Entry) bool {
	if e.Size > maxSource {
		return false
	}
	return strings.HasSuffix(e.Path, ".py") && !strings.Contains(e.Path, "/tests/") || describes(e.Path)
}

// describes reports whether a file says what a distribution is.
func describes(name string) bool {
	_, ok := python.Describes(name)
	return ok
}

// maxHead bounds what is kept of a source, in bytes: its imports stand in the first of
// them. What stands for a package, or describes a distribution, is kept whole.
const maxHead = 16 << 10

// start returns what takes a source.
func (s *sources) start(e *filetree.Entry) io.Writer {
	s.body.bytes, s.body.most = s.body.bytes[:0], maxHead
	if strings.HasSuffix(e.Path, "/__init__.py") || describes(e.Path) {
		s.body.most = maxSource
	}
	return &s.body
}

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

// done looks through what was taken.
func (s *sources) done(e *filetree.Entry) {
	if !describes(e.Path) {
		s.imports.Add(e.Path, s.body.bytes)
	} else if d, ok := python.Describe(s.body.bytes); ok {
		s.described = append(s.described, describedFile{Header: e.Header, Described: d})
	}
}

// note notes what was found in all.
func (s *sources) note(to *archiveNotes) {
	to.Imports, to.Described = s.imports.Outside(), s.described
}
