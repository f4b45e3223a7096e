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
	set := c.newSet(order)
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, archive := range order {
		g.Go(func() error {
			known := set.of(archive)
			if known == nil {
				var err error
				if known, err = c.archiveFacts(ctx, archive); err != nil {
					return err
				}
			}
			tied := tie(parts[archive], known)
			read, err := readScripts(archive.Until(ctx), tied.scripts)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			all.add(parts[archive][0][0].Origin, &tied, read, known.Sources)
			set.note(archive, known)
			return nil
		})
	}
	err := g.Wait()
	if err == nil {
		err = c.keepSet(set)
	}
	slices.SortFunc(all.Described, func(x, y Described) int { return strings.Compare(x.Path, y.Path) })
	return all, err
}

// archiveFacts returns what is noted of an archive, which it reads where nothing
// is.
func (c *Cache) archiveFacts(ctx context.Context, a *filetree.Archive) (*archiveNotes, error) {
	digest, err := store.ParseDigest(filepath.Base(a.Path))
	stored := err == nil && c.store.Path(digest) == a.Path
	a = a.Until(ctx)
	if stored {
		if body, _, err := c.store.GetRecord(nativeBucket, nativeKey(digest)); err == nil {
			if known, err := decodeNotes(string(body)); err == nil {
				return &known, c.completed(a, digest, &known)
			}
		}
	}
	entries, _, err := filetree.FromZipLinks(a)
	if err != nil {
		return nil, err
	}
	var notes archiveNotes
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
			if _, err := io.Copy(sources.start(e), in); err != nil {
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
	sources.note(&notes)
	if err != nil || !stored {
		return &notes, err
	}
	return &notes, c.noteNative(digest, &notes)
}

// completed reads the files anew whose tables a stream did not keep, and notes
// them.
func (c *Cache) completed(a *filetree.Archive, digest store.Digest, notes *archiveNotes) error {
	known := notes.Files
	if !slices.ContainsFunc(known, func(n nativeFile) bool { return n.Facts.Partial }) {
		return nil
	}
	entries, _, err := filetree.FromZipLinks(a)
	if err != nil {
		return err
	}
	read := false
	for i := range known {
		k := slices.IndexFunc(entries, func(e filetree.Entry) bool { return e.Header == known[i].Header })
		if !known[i].Facts.Partial || k < 0 || entries[k].Size > maxWhole {
			continue
		}
		if known[i].Facts, err = wholeFacts(&entries[k]); err != nil {
			return err
		}
		read = true
	}
	if !read {
		return nil
	}
	return c.noteNative(digest, notes)
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

// readScripts looks at files among the programs that no note tells of.
func readScripts(a *filetree.Archive, scripts filetree.Tree) (map[string]native.Facts, error) {
	if len(scripts) == 0 {
		return nil, nil
	}
	found := map[string]native.Facts{}
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
