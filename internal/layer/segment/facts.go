package segment

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Facts returns what is known of the files of a tree. Archives of the store are read
// once, and what was found is remembered by their digest.
func (c *Cache) Facts(ctx context.Context, tree filetree.Tree) (*Found, error) {
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
	all := &Found{Native: map[string]native.Facts{}, Sources: map[filetree.Origin]Sources{}}
	set := c.setKey(order)
	notes, known := c.set(set, len(order))
	if !known {
		notes = make([]*archiveNotes, len(order))
	}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, archive := range order {
		g.Go(func() (err error) {
			if !known {
				if notes[i], err = c.archiveFacts(ctx, archive); err != nil {
					return err
				}
			}
			tied := tie(parts[archive], notes[i])
			if len(tied.scripts) > 0 {
				read, err := readScripts(archive.Until(ctx), tied.scripts)
				if err != nil {
					return err
				}
				more := tie([]filetree.Tree{tied.scripts}, read)
				tied.paths, tied.facts = append(tied.paths, more.paths...), append(tied.facts, more.facts...)
			}
			mu.Lock()
			defer mu.Unlock()
			all.add(parts[archive][0][0].Origin, &tied, notes[i].Sources)
			return nil
		})
	}
	err := g.Wait()
	if err == nil && set != "" && !known {
		err = c.keepSet(set, notes)
	}
	slices.SortFunc(all.Described, func(x, y Described) int { return strings.Compare(x.Path, y.Path) })
	return all, err
}

// archiveFacts returns what is noted of an archive, which it reads where nothing
// is.
func (c *Cache) archiveFacts(ctx context.Context, a *filetree.Archive) (*archiveNotes, error) {
	digest, stored := c.stored(a)
	a = a.Until(ctx)
	var notes *archiveNotes
	if stored {
		notes = c.notesOf(digest)
	}
	fresh := notes == nil
	if fresh {
		var err error
		if notes, err = c.readArchive(a, stored); err != nil {
			return nil, err
		}
	}
	more, err := notes.complete(a)
	if err != nil || !stored || !fresh && !more {
		return notes, err
	}
	return notes, c.noteNative(digest, notes)
}

// stored returns the digest of an archive that lies in the store.
func (c *Cache) stored(a *filetree.Archive) (store.Digest, bool) {
	digest, err := store.ParseDigest(filepath.Base(a.Path))
	return digest, err == nil && c.store.Path(digest) == a.Path
}

// readArchive takes what is to be noted of an archive. Its sources are looked through
// where that is noted.
func (c *Cache) readArchive(a *filetree.Archive, sources bool) (*archiveNotes, error) {
	entries, _, err := filetree.FromZipLinks(a)
	if err != nil {
		return nil, err
	}
	t := taker{recorder: c.recorder(), sources: sources}
	defer c.recorders.Put(t.recorder)
	entries = slices.DeleteFunc(entries, func(e filetree.Entry) bool {
		t.see(e.Path)
		return t.kind(e.Path, e.Size) == nothing
	})
	err = filetree.ReadEntries(a, entries, func(e *filetree.Entry, in io.Reader) error { return t.read(e, t.start(e.Path, e.Size), in) })
	return t.noted(), err
}

// complete reads the files anew whose tables a stream did not keep, and reports
// whether there are such.
func (n *archiveNotes) complete(a *filetree.Archive) (more bool, err error) {
	partial := func(f nativeFile) bool { return f.Facts.Partial }
	if !slices.ContainsFunc(n.Files, partial) {
		return false, nil
	}
	entries, _, err := filetree.FromZipLinks(a)
	if err != nil {
		return false, err
	}
	for i := range n.Files {
		k := slices.IndexFunc(entries, func(e filetree.Entry) bool { return e.Header == n.Files[i].Header })
		if !partial(n.Files[i]) || k < 0 || entries[k].Size > maxWhole {
			continue
		}
		body, err := entries[k].ReadContent()
		if err != nil {
			return false, err
		}
		if n.Files[i].Facts, err = native.Read(bytes.NewReader(body), int64(len(body))); err != nil {
			return false, fmt.Errorf("reading %q: %w", entries[k].Path, err)
		}
		more = true
	}
	return more, nil
}

// maxWhole bounds a native file that is read into memory, in bytes. About one of 100
// is: it has its tables at a place that was dropped when the file was read as a stream.
const maxWhole = 256 << 20

// notesOf returns what is remembered of an archive of the store, nil where nothing is.
func (c *Cache) notesOf(archive store.Digest) *archiveNotes {
	body, _, err := c.store.GetRecord(nativeBucket, nativeKey(archive))
	if err != nil {
		return nil
	}
	notes, err := decodeNotes(string(body))
	if err != nil {
		return nil
	}
	return &notes
}

// noteNative remembers what is known of an archive of the store.
func (c *Cache) noteNative(archive store.Digest, notes *archiveNotes) error {
	return c.store.PutRecord(nativeBucket, nativeKey(archive), notes.encode())
}

// recorder returns one whose buffers may have been used before; who is done with
// it puts it back.
func (c *Cache) recorder() *native.Recorder {
	if r, ok := c.recorders.Get().(*native.Recorder); ok {
		return r
	}
	return &native.Recorder{}
}

// isPackaged reports whether what is of an origin comes out of a distribution or a
// package, whose scripts nobody runs by their paths.
func isPackaged(o filetree.Origin) bool { return o.Ecosystem == "python" || o.Ecosystem == "nodejs" }

// readScripts looks at files among the programs that no note tells of.
func readScripts(a *filetree.Archive, scripts filetree.Tree) (*archiveNotes, error) {
	t := taker{recorder: &native.Recorder{}}
	err := filetree.ReadEntries(a, scripts, func(e *filetree.Entry, in io.Reader) error { return t.read(e, t.startNative(e.Path, e.Size), in) })
	if err == nil {
		_, err = t.notes.complete(a)
	}
	return &t.notes, err
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
