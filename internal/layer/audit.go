package layer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Finding is what a check found: see [audit.Finding].
type Finding = audit.Finding

// Audits returns the names of the checks that [audit.Judge] makes.
func Audits() []string {
	var names []string
	for _, c := range audit.Checks() {
		names = append(names, string(c))
	}
	return names
}

// audit judges the files of the layer. Findings of a check that is off are left
// out, those of the others become what the user made of them: all of them errors,
// or warnings at most. Notes stay notes.
func (c *cache) audit(ctx context.Context, l *Lock, tree filetree.Tree, o Output) ([]Finding, []Warning, error) {
	var targets []runtimes.Target
	for _, id := range l.Runtimes {
		r, err := runtimes.Lookup(id)
		if err != nil {
			return nil, nil, err
		}
		for _, a := range l.Architectures {
			targets = append(targets, runtimes.Target{Runtime: r, Architecture: a})
		}
	}
	facts, err := c.nativeFacts(ctx, tree)
	if err != nil {
		return nil, nil, err
	}
	judged := audit.Layer{Files: tree, Facts: facts, Targets: targets, Function: l.Kind == KindFunction}
	loads := loadedModules{lock: l, tree: tree}
	judged.AtImport = loads.atImport
	found := weigh(audit.Judge(judged), o.Audits)
	if loads.err != nil {
		return nil, nil, loads.err
	}
	warnings, err := told(found)
	return found, warnings, err
}

// weigh applies the severities that the user chose.
func weigh(found []Finding, chosen map[string]Severity) []Finding {
	var out []Finding
	for _, f := range found {
		switch chosen[string(f.Check)] {
		case SeverityOff:
			continue
		case SeverityWarning:
			if f.Severity == audit.Error {
				f.Severity = audit.Warning
			}
		case SeverityError:
			if f.Severity == audit.Warning {
				f.Severity = audit.Error
			}
		}
		out = append(out, f)
	}
	return out
}

// told makes warnings and errors of findings, at the input that brings the
// files. Notes are not told.
func told(found []Finding) ([]Warning, error) {
	var warnings []Warning
	var faults []error
	for i := range found {
		f := &found[i]
		at, detail := inputOf(f.Origin), f.Text()
		if who := f.Origin.String(); who != "" {
			detail += "\n" + who + " brings it."
		}
		if runs := f.Runtimes(); len(runs) > 0 {
			detail += " It concerns " + strings.Join(runs, ", ") + "."
		}
		switch f.Severity {
		case audit.Error:
			faults = append(faults, &fault.Error{At: at, Summary: f.Summary, Detail: detail + fmt.Sprintf("\nIf the layer works in spite of it, set checks = { %s = \"warning\" }.", f.Check)})
		case audit.Warning:
			warnings = append(warnings, Warning{At: at, Summary: f.Summary, Detail: detail})
		}
	}
	return warnings, errors.Join(faults...)
}

// inputOf returns the argument that brings what is of an origin.
func inputOf(o filetree.Origin) fault.Path {
	switch {
	case o.Ecosystem == "":
		return fault.Path{}
	case o.Ecosystem == "python" || o.Ecosystem == "nodejs":
		return fault.At(o.Ecosystem)
	}
	return fault.At(o.Ecosystem).Index(o.Element)
}

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

// nativeFacts returns the facts of the native files and scripts of a tree, by
// layer path. Archives of the store are read once, and what was found is
// remembered by their digest.
func (c *cache) nativeFacts(ctx context.Context, tree filetree.Tree) (map[string]native.Facts, error) {
	parts := map[*filetree.Archive]filetree.Tree{}
	var order []*filetree.Archive
	for _, e := range tree {
		if parts[e.Archive] == nil {
			order = append(order, e.Archive)
		}
		parts[e.Archive] = append(parts[e.Archive], e)
	}
	all := make(map[string]native.Facts)
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, archive := range order {
		g.Go(func() error {
			known, err := c.archiveFacts(ctx, archive)
			if err != nil {
				return err
			}
			found, err := factsOf(archive, parts[archive], known)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for name, facts := range found {
				all[name] = facts
			}
			return nil
		})
	}
	return all, g.Wait()
}

// archiveFacts returns what is noted of an archive, which it reads where nothing
// is.
func (c *cache) archiveFacts(ctx context.Context, a *filetree.Archive) ([]nativeFile, error) {
	digest, err := store.ParseDigest(filepath.Base(a.Path))
	stored := err == nil && c.store.Path(digest) == a.Path
	if stored {
		if body, _, err := c.store.GetRecord(nativeBucket, nativeKey(digest)); err == nil {
			var known []nativeFile
			if json.Unmarshal(body, &known) == nil {
				return known, nil
			}
		}
	}
	entries, _, err := filetree.FromZipLinks(a)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e filetree.Entry) bool { return isText(e.Path) })
	notes := []nativeFile{}
	var r native.Recorder
	err = filetree.ReadEntries(a, entries, func(e *filetree.Entry, in io.Reader) error {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		facts, err := readFacts(&r, e, in)
		if err == nil && facts.Kind != "" {
			notes = append(notes, nativeFile{Header: e.Header, Facts: facts})
		}
		return err
	})
	if err != nil || !stored {
		return notes, err
	}
	body, err := json.Marshal(notes)
	if err != nil {
		return nil, fmt.Errorf("encoding what is native in %q: %w", a.Name, err)
	}
	return notes, c.store.PutRecord(nativeBucket, nativeKey(digest), body)
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
	r.Reset()
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

func wholeFacts(e *filetree.Entry) (facts native.Facts, err error) {
	in, err := e.OpenContent()
	if err != nil {
		return native.Facts{}, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	body, err := io.ReadAll(in)
	if err != nil {
		return native.Facts{}, err
	}
	return native.Read(bytes.NewReader(body), int64(len(body)))
}

// factsOf ties notes of an archive to its entries in the layer, and looks at
// those among the programs that no note tells of.
func factsOf(a *filetree.Archive, entries filetree.Tree, notes []nativeFile) (map[string]native.Facts, error) {
	at := make(map[int64]*native.Facts, len(notes))
	for i := range notes {
		at[notes[i].Header] = &notes[i].Facts
	}
	found := map[string]native.Facts{}
	var scripts filetree.Tree
	for _, e := range entries {
		if facts := at[e.Header]; facts != nil {
			found[e.Path] = *facts
		} else if isText(e.Path) && (runsByPath(e.Path) || e.Exec) {
			scripts = append(scripts, e)
		}
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

// loadedModules knows which modules are loaded when a package is imported. It
// reads sources, so it is asked only about those that lack a library.
type loadedModules struct {
	lock  *Lock
	tree  filetree.Tree
	known map[filetree.Origin]map[string]bool
	err   error
}

func (m *loadedModules) atImport(name string) bool {
	i := slices.IndexFunc(m.tree, func(e filetree.Entry) bool { return e.Path == name })
	if i < 0 {
		return false
	}
	origin := m.tree[i].Origin
	if m.known == nil {
		m.known = map[filetree.Origin]map[string]bool{}
	}
	if m.known[origin] == nil {
		m.known[origin] = m.load(origin)
	}
	return m.known[origin][name]
}

// load follows the imports of the packages that an origin brings.
func (m *loadedModules) load(origin filetree.Origin) map[string]bool {
	var modules []python.Module
	for _, e := range m.tree {
		if at := m.lock.locate(e.Path); at.python && e.Origin == origin {
			modules = append(modules, python.Module{Path: at.within, Entry: e})
		}
	}
	loaded := map[string]bool{}
	if err := python.LoadedWithPackages(modules); err != nil {
		m.err = errors.Join(m.err, err)
		return loaded
	}
	for _, module := range modules {
		loaded[module.Entry.Path] = !module.Dropped
	}
	return loaded
}
