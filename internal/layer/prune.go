package layer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
)

// The presets of prune.
const (
	PruneTests      = "tests"
	PruneDocs       = "docs"
	PruneBytecode   = "bytecode"
	PruneTypeStubs  = "type_stubs"
	PruneSourceMaps = "source_maps"
)

// Presets returns the names of the presets of prune.
func Presets() []string {
	return []string{PruneTests, PruneDocs, PruneBytecode, PruneTypeStubs, PruneSourceMaps}
}

// pruneRules is the version of what the presets leave out. It rises with every
// change: a lock promises bytes.
const pruneRules = 1

// place is where a file lies for the presets.
type place struct {
	python bool   // in a folder of sys.path
	node   bool   // in a package of node_modules
	folder string // the package's folder, if in one
	within string // the path in that folder of sys.path or that package
}

// locate returns where a file lies. Of a function for Python all that is in no
// package of Node.js is on sys.path.
func (l *Lock) locate(name string) place {
	const modules = "node_modules/"
	if at := strings.LastIndex("/"+name, "/"+modules); at >= 0 {
		start := at + len(modules)
		folder, within, ok := strings.Cut(name[start:], "/")
		if ok && strings.HasPrefix(folder, "@") {
			var scoped string
			scoped, within, ok = strings.Cut(within, "/")
			folder += "/" + scoped
		}
		if !ok || strings.HasPrefix(folder, ".") {
			return place{}
		}
		return place{node: true, folder: name[:start+len(folder)], within: within}
	}
	if within, ok := python.Within(name); ok {
		return place{python: true, within: within}
	}
	return place{python: l.Kind == KindFunction && l.hasPython(), within: name}
}

// hasPython reports whether one of the runtimes runs Python.
func (l *Lock) hasPython() bool {
	return slices.ContainsFunc(l.Runtimes, func(id string) bool { return strings.HasPrefix(id, "python") })
}

// pruner finds what the presets leave out of a tree.
type pruner struct {
	presets map[string]bool
	tree    filetree.Tree
	places  []place
	drop    []bool
	// folder is the folder at the top of a package of Node.js, or of sys.path,
	// that a file is dropped with, "" where it is dropped by its own name.
	folder []string
}

// prune returns which files of the tree the presets leave out. Those that are
// gone already are passed over.
func (l *Lock) prune(tree filetree.Tree, gone func(int) bool) ([]bool, error) {
	p := pruner{presets: map[string]bool{}, tree: tree, places: make([]place, len(tree)), drop: make([]bool, len(tree)), folder: make([]string, len(tree))}
	for _, name := range l.Prune.presets() {
		p.presets[name] = true
	}
	names := map[string]bool{}
	for i := range tree {
		p.places[i] = l.locate(tree[i].Path)
		if !gone(i) {
			names[tree[i].Path] = true
		}
	}
	for i := range tree {
		if !gone(i) && !alwaysStays(p.places[i]) {
			p.judge(i, names)
		}
	}
	return p.drop, errors.Join(p.keepImported(gone), p.keepStubs(gone), p.keepLoaded(gone))
}

// alwaysStays reports whether no preset leaves out a file: licences, the
// metadata of distributions and package.json.
func alwaysStays(at place) bool {
	top, _, _ := strings.Cut(at.within, "/")
	base := strings.ToUpper(path.Base(at.within))
	licence := slices.ContainsFunc([]string{"LICENSE", "LICENCE", "NOTICE", "COPYING", "COPYRIGHT", "PATENTS", "THIRDPARTY", "THIRD-PARTY", "THIRD_PARTY"},
		func(word string) bool { return strings.HasPrefix(base, word) })
	return licence && !isCode(at.within) ||
		at.python && (strings.HasSuffix(top, ".dist-info") || strings.HasSuffix(top, ".egg-info")) ||
		at.node && at.within == "package.json"
}

func isCode(name string) bool {
	return slices.Contains([]string{".py", ".pyi", ".so", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".node", ".json", ".map"}, path.Ext(name))
}

func (p *pruner) judge(i int, names map[string]bool) {
	at := p.places[i]
	top, _, inFolder := strings.Cut(at.within, "/")
	base := path.Base(at.within)
	switch {
	case p.presets[PruneTests] && at.python && inPath(at.within, "tests"),
		p.presets[PruneTests] && at.node && (inPath(at.within, "__tests__") || isNodeTest(base)),
		p.presets[PruneDocs] && at.python && isPythonDoc(base),
		p.presets[PruneDocs] && at.node && (path.Ext(base) == ".md" || path.Ext(base) == ".markdown"),
		p.presets[PruneBytecode] && at.python && isBytecode(p.tree[i].Path, names),
		p.presets[PruneTypeStubs] && at.python && path.Ext(base) == ".pyi",
		p.presets[PruneTypeStubs] && at.node && (strings.HasSuffix(base, ".d.ts") || strings.HasSuffix(base, ".d.mts") || strings.HasSuffix(base, ".d.cts")),
		p.presets[PruneSourceMaps] && (at.node || at.python) && isSourceMap(base):
		p.drop[i] = true
	case !inFolder:
	case p.presets[PruneTests] && at.node && (top == "test" || top == "tests"),
		p.presets[PruneDocs] && at.node && slices.Contains([]string{"doc", "docs", "example", "examples"}, top),
		p.presets[PruneDocs] && at.python && (top == "doc" || top == "docs"):
		p.drop[i], p.folder[i] = true, top
	}
}

// inPath reports whether one of the folders above a file has the name.
func inPath(name, folder string) bool {
	return strings.HasPrefix(name, folder+"/") || strings.Contains(name, "/"+folder+"/")
}

func isNodeTest(base string) bool {
	stem, ext := strings.TrimSuffix(base, path.Ext(base)), path.Ext(base)
	return strings.HasSuffix(stem, ".test") && (ext == ".js" || ext == ".cjs" || ext == ".mjs")
}

// isPythonDoc knows documents by name: other files of these kinds may be data,
// as the descriptions of scikit-learn's data sets are.
func isPythonDoc(base string) bool {
	ext := path.Ext(base)
	switch strings.ToUpper(strings.TrimSuffix(base, ext)) {
	case "README", "CHANGELOG", "CHANGES", "HISTORY", "NEWS", "CONTRIBUTING", "CODE_OF_CONDUCT", "SECURITY":
		return ext == "" || ext == ".md" || ext == ".rst" || ext == ".txt"
	}
	return false
}

// isBytecode reports whether Python can do without a file of bytecode: it is a
// cache, or its source lies beside it.
func isBytecode(name string, names map[string]bool) bool {
	ext := path.Ext(name)
	return inPath(name, "__pycache__") || (ext == ".pyc" || ext == ".pyo") && names[strings.TrimSuffix(name, ext)+".py"]
}

func isSourceMap(base string) bool {
	stem, ok := strings.CutSuffix(base, ".map")
	return ok && slices.Contains([]string{".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".css"}, path.Ext(stem))
}

// keepImported takes back modules of Python that other code needs.
func (p *pruner) keepImported(gone func(int) bool) error {
	if !p.presets[PruneTests] && !p.presets[PruneDocs] {
		return nil
	}
	var modules []python.Module
	var index []int
	var folders []string // that an import of what is dropped spells
	for i, at := range p.places {
		if at.python && !gone(i) {
			folder := p.folder[i]
			if inPath(at.within, "tests") {
				folder = "tests"
			}
			if p.drop[i] && folder != "" && !slices.Contains(folders, folder) {
				folders = append(folders, folder)
			}
			modules = append(modules, python.Module{Path: at.within, Entry: p.tree[i], Dropped: p.drop[i]})
			index = append(index, i)
		}
	}
	if err := python.KeepImported(modules, folders); err != nil {
		return fmt.Errorf("looking for imports of what prune leaves out: %w", err)
	}
	for k, m := range modules {
		p.drop[index[k]] = m.Dropped
	}
	return nil
}

// keepStubs takes back the stubs that modules read when they are loaded: those
// of lazy_loader's attach_stub, as scikit-image has them.
func (p *pruner) keepStubs(gone func(int) bool) error {
	if !p.presets[PruneTypeStubs] {
		return nil
	}
	sources := map[string]int{}
	for i, at := range p.places {
		if at.python && !gone(i) && path.Ext(at.within) == ".py" {
			sources[p.tree[i].Path] = i
		}
	}
	for i := range p.tree {
		source, ok := sources[strings.TrimSuffix(p.tree[i].Path, "i")]
		if !ok || !p.drop[i] || path.Ext(p.tree[i].Path) != ".pyi" {
			continue
		}
		body, err := contentOf(p.tree[source])
		if err != nil {
			return err
		}
		p.drop[i] = !bytes.Contains(body, []byte("attach_stub"))
	}
	return nil
}

// keepLoaded takes back folders at the top of packages of Node.js that the
// package.json, or a module that stays, names.
func (p *pruner) keepLoaded(gone func(int) bool) error {
	folders := map[string][]string{} // with code, by package
	for i, at := range p.places {
		if at.node && p.folder[i] != "" && isCode(at.within) && !slices.Contains(folders[at.folder], p.folder[i]) {
			folders[at.folder] = append(folders[at.folder], p.folder[i])
		}
	}
	loaded := map[string]bool{}
	for i, at := range p.places {
		if len(folders[at.folder]) == 0 || p.drop[i] || gone(i) {
			continue
		}
		ext := path.Ext(at.within)
		if at.within != "package.json" && ext != ".js" && ext != ".cjs" && ext != ".mjs" {
			continue
		}
		body, err := contentOf(p.tree[i])
		if err != nil {
			return err
		}
		files := nodejs.RelativeNames(at.within, body)
		if at.within == "package.json" {
			files = nodejs.EntryFiles(body)
		}
		for _, file := range files {
			top, _, _ := strings.Cut(file, "/")
			loaded[at.folder+"/"+top] = true
		}
	}
	for i, at := range p.places {
		if p.folder[i] != "" && loaded[at.folder+"/"+p.folder[i]] {
			p.drop[i] = false
		}
	}
	return nil
}

// maxModule bounds the source that is looked through.
const maxModule = 64 << 20

// contentOf returns the content of a module, none of what is too long for one.
func contentOf(e filetree.Entry) (body []byte, err error) {
	if e.Size > maxModule {
		return nil, nil
	}
	in, err := e.OpenContent()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if body, err = io.ReadAll(in); err != nil {
		return nil, fmt.Errorf("reading %q: %w", e.Path, err)
	}
	return body, nil
}
