package segment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// nativeBucket holds what is known of the native files of archives of the store.
const nativeBucket = "native"

// nativeKey names the record of an archive.
func nativeKey(archive store.Digest) string {
	return fmt.Sprintf("%d %s", native.Format, archive.Hex())
}

// nativeFile is what a record tells of one file: the offset of its local header
// names it, which stays when files are moved in the layer.
type nativeFile struct {
	Header int64        `json:"h"`
	Facts  native.Facts `json:"f"`
}

// archiveNotes is the record of an archive.
type archiveNotes struct {
	Files []nativeFile `json:"files"`
	Sources
}

// Sources is what is noted of the sources of a wheel.
type Sources struct {
	// Modules are the modules and packages of Python at the top.
	Modules []string `json:"modules,omitempty"`
	// Imports are the top-level modules that they seem to import from elsewhere
	// when they are imported: see [python.Collector].
	Imports []string `json:"imports,omitempty"`
}

// maxModules bounds the modules that are noted of an archive.
const maxModules = 64

// module notes what an entry tells of the modules at the top.
func (n *Sources) module(name string) {
	if module, ok := topModule(name); ok && len(n.Modules) < maxModules && !slices.Contains(n.Modules, module) {
		n.Modules = append(n.Modules, module)
	}
}

// topModule returns the module or package at the top of a wheel that a file is
// part of.
func topModule(name string) (string, bool) {
	top, within, deep := strings.Cut(name, "/")
	if deep && strings.HasSuffix(top, ".data") {
		scheme, rest, _ := strings.Cut(within, "/")
		if scheme != "purelib" && scheme != "platlib" {
			return "", false
		}
		top, _, deep = strings.Cut(rest, "/")
	}
	if ext := filepath.Ext(name); ext != ".py" && ext != ".so" {
		return "", false
	}
	if !deep {
		top, _, _ = strings.Cut(top, ".")
	}
	return top, top != "" && !strings.ContainsAny(top, "-. ")
}

// Facts returns the facts of the native files and scripts of a tree, by
// layer path, and what is noted of the sources of Python's distributions, by origin.
// Archives of the store are read once, and what was found is remembered by their
// digest.
func (c *Cache) Facts(ctx context.Context, tree filetree.Tree) (map[string]native.Facts, map[filetree.Origin]Sources, error) {
	parts := map[*filetree.Archive][]filetree.Tree{} // what follows each other in the tree
	var order []*filetree.Archive
	for from, i := 0, 0; i < len(tree); i++ {
		if a := tree[i].Archive; i+1 == len(tree) || tree[i+1].Archive != a {
			if parts[a] == nil {
				order = append(order, a)
			}
			parts[a] = append(parts[a], tree[from:i+1])
			from = i + 1
		}
	}
	all, modules := make(map[string]native.Facts), map[filetree.Origin]Sources{}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, archive := range order {
		g.Go(func() error {
			known, err := c.archiveFacts(ctx, archive)
			if err != nil {
				return err
			}
			found, err := tiedFacts(archive.Until(ctx), parts[archive], known.Files)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(all, found)
			if origin := parts[archive][0][0].Origin; origin.Ecosystem == "python" {
				modules[origin] = known.Sources
			}
			return nil
		})
	}
	return all, modules, g.Wait()
}

// archiveFacts returns what is noted of an archive, which it reads where nothing
// is.
func (c *Cache) archiveFacts(ctx context.Context, a *filetree.Archive) (archiveNotes, error) {
	digest, err := store.ParseDigest(filepath.Base(a.Path))
	stored := err == nil && c.store.Path(digest) == a.Path
	a = a.Until(ctx)
	if stored {
		if body, _, err := c.store.GetRecord(nativeBucket, nativeKey(digest)); err == nil {
			var known archiveNotes
			if json.Unmarshal(body, &known) == nil {
				return c.completed(a, digest, known)
			}
		}
	}
	entries, _, err := filetree.FromZipLinks(a)
	if err != nil {
		return archiveNotes{}, err
	}
	notes := archiveNotes{Files: []nativeFile{}}
	var sources sources
	for i := range entries {
		notes.module(entries[i].Path)
		sources.see(&entries[i])
	}
	entries = slices.DeleteFunc(entries, func(e filetree.Entry) bool { return isText(e.Path) && !(stored && sources.wants(&e)) })
	r := c.recorder()
	defer c.recorders.Put(r)
	err = filetree.ReadEntries(a, entries, func(e *filetree.Entry, in io.Reader) error {
		if sources.wants(e) {
			if _, err := io.Copy(sources.start(), in); err != nil {
				return err
			}
			sources.done(e)
			return nil
		}
		facts, err := readFacts(r, e, in)
		if err == nil && facts.Kind != "" {
			notes.Files = append(notes.Files, nativeFile{Header: e.Header, Facts: facts})
		}
		return err
	})
	notes.Imports = sources.imports.Outside()
	if err != nil || !stored {
		return notes, err
	}
	return notes, c.noteNative(digest, notes)
}

// completed reads the files anew whose tables a stream did not keep, and notes
// them.
func (c *Cache) completed(a *filetree.Archive, digest store.Digest, notes archiveNotes) (archiveNotes, error) {
	known := notes.Files
	if !slices.ContainsFunc(known, func(n nativeFile) bool { return n.Facts.Partial }) {
		return notes, nil
	}
	entries, _, err := filetree.FromZipLinks(a)
	if err != nil {
		return archiveNotes{}, err
	}
	read := false
	for i := range known {
		k := slices.IndexFunc(entries, func(e filetree.Entry) bool { return e.Header == known[i].Header })
		if !known[i].Facts.Partial || k < 0 || entries[k].Size > maxWhole {
			continue
		}
		if known[i].Facts, err = wholeFacts(&entries[k]); err != nil {
			return archiveNotes{}, err
		}
		read = true
	}
	if !read {
		return notes, nil
	}
	return notes, c.noteNative(digest, notes)
}

// noteNative remembers what is native in an archive of the store.
func (c *Cache) noteNative(archive store.Digest, notes archiveNotes) error {
	body, err := json.Marshal(notes)
	if err != nil {
		return fmt.Errorf("encoding what is native in an archive: %w", err)
	}
	return c.store.PutRecord(nativeBucket, nativeKey(archive), body)
}

// recorder returns one whose buffers may have been used before; who is done with
// it puts it back.
func (c *Cache) recorder() *native.Recorder {
	if r, ok := c.recorders.Get().(*native.Recorder); ok {
		return r
	}
	return &native.Recorder{}
}

// isText knows by their names the files that are not looked into: sources and
// documents, which are most of the files of a layer. Scripts among the programs
// are looked at when a layer is judged.
func isText(name string) bool {
	return slices.Contains([]string{
		".py", ".pyi", ".pyc", ".pyx", ".pxd", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".map", ".json", ".md", ".txt", ".rst",
		".html", ".css", ".h", ".hpp", ".c", ".cpp", ".xml", ".yml", ".yaml", ".toml", ".svg", ".csv",
	}, strings.ToLower(filepath.Ext(name)))
}

// readFacts reads as much of a file as tells what it is. Where a stream let go of
// tables that are needed, they are read from the whole file.
func readFacts(r *native.Recorder, e *filetree.Entry, in io.Reader) (native.Facts, error) {
	head, err := filetree.ReadHead(in)
	if err != nil || native.KindOf(head) == "" {
		return native.Facts{}, err
	}
	r.Reset(e.Size)
	if _, err := r.Write(head); err != nil {
		return native.Facts{}, err
	}
	if _, err := io.Copy(r, in); err != nil {
		return native.Facts{}, err
	}
	facts, err := r.Facts()
	if err == nil && facts.Partial && e.Size <= maxWhole {
		facts, err = wholeFacts(e)
	}
	if err != nil {
		return native.Facts{}, fmt.Errorf("reading %q: %w", e.Path, err)
	}
	return facts, nil
}

// maxWhole bounds a file that is held in memory, where its tables lie so that a
// stream does not keep them: one of 100 files is so.
const maxWhole = 256 << 20

func wholeFacts(e *filetree.Entry) (native.Facts, error) {
	body, err := e.ReadContent()
	if err != nil {
		return native.Facts{}, err
	}
	return native.Read(bytes.NewReader(body), int64(len(body)))
}

// isPackaged reports whether what is of an origin comes out of a distribution or a
// package, whose scripts nobody runs by their paths.
func isPackaged(o filetree.Origin) bool { return o.Ecosystem == "python" || o.Ecosystem == "nodejs" }

// tiedFacts ties notes of an archive to its entries in the layer, and looks at
// those among the programs that no note tells of.
func tiedFacts(a *filetree.Archive, parts []filetree.Tree, notes []nativeFile) (map[string]native.Facts, error) {
	at := make(map[int64]*native.Facts, len(notes))
	for i := range notes {
		at[notes[i].Header] = &notes[i].Facts
	}
	found := map[string]native.Facts{}
	var scripts filetree.Tree
	for _, entries := range parts {
		for i := range entries {
			e := &entries[i]
			if facts := at[e.Header]; facts != nil {
				found[e.Path] = *facts
			} else if (runsByPath(e.Path) || e.Exec && !isPackaged(e.Origin)) && isText(e.Path) {
				scripts = append(scripts, *e)
			}
		}
	}
	if len(scripts) == 0 {
		return found, nil
	}
	var r native.Recorder
	err := filetree.ReadEntries(a, scripts, func(e *filetree.Entry, in io.Reader) error {
		facts, err := readFacts(&r, e, in)
		if err == nil && facts.Kind != "" {
			found[e.Path] = facts
		}
		return err
	})
	return found, err
}

// watched packs files into a segment, and takes facts of them on their way.
type watched struct {
	*layerzip.Streamer
	recorder *native.Recorder
	found    map[string]native.Facts
}

// Add packs a file.
func (p *watched) Add(ctx context.Context, path string, exec bool, size int64, content io.Reader) error {
	delete(p.found, path)
	if isText(path) {
		return p.Streamer.Add(ctx, path, exec, size, content)
	}
	p.recorder.Reset(size)
	if err := p.Streamer.Add(ctx, path, exec, size, io.TeeReader(content, p.recorder)); err != nil {
		return err
	}
	facts, err := p.recorder.Facts()
	if err == nil && facts.Kind != "" {
		p.found[path] = facts
	}
	return err
}

// noteSegmentFacts notes what was found on the way into a segment, by where it
// lies in that.
func (c *Cache) noteSegmentFacts(segment store.Digest, found map[string]native.Facts) error {
	notes := archiveNotes{Files: []nativeFile{}}
	if len(found) > 0 {
		files, err := c.Files(segment, filetree.Origin{})
		if err != nil {
			return err
		}
		for _, e := range files {
			if facts, ok := found[e.Path]; ok {
				notes.Files = append(notes.Files, nativeFile{Header: e.Header, Facts: facts})
			}
		}
	}
	return c.noteNative(segment, notes)
}

// noteFileFacts notes what is native in the segment of files on disk, from the
// files themselves.
func (c *Cache) noteFileFacts(segment store.Digest, files []filetree.File) error {
	found := map[string]native.Facts{}
	for _, f := range files {
		if isText(f.Path) || f.Size == 0 {
			continue
		}
		facts, err := diskFacts(f)
		if err != nil {
			return fmt.Errorf("reading %q: %w", f.Source, err)
		}
		if facts.Kind != "" {
			found[f.Path] = facts
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

// runsByPath reports whether a program at this layer path is run by Lambda or
// found on PATH.
func runsByPath(p string) bool {
	return strings.HasPrefix(p, "bin/") || strings.HasPrefix(p, "extensions/")
}

// IsRun reports whether a file with the ELF magic or "#!" is one to be run: all of
// them, except libraries and objects by their names. Mode bits of the host are never
// used: a checkout on Windows has none.
func IsRun(p string) bool {
	if runsByPath(p) {
		return true
	}
	name := path.Base(p)
	return !strings.Contains(name, ".so.") && !slices.Contains([]string{".so", ".node", ".o", ".a"}, path.Ext(name))
}
