// Package prune finds the files of a layer or function that its code does not need:
// presets leave out tests, documents, bytecode, type stubs and source maps. Imports
// that run when a module is loaded, and what a package.json names, keep files.
package prune

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
)

// The presets of prune.
const (
	Tests      = "tests"
	Docs       = "docs"
	Bytecode   = "bytecode"
	TypeStubs  = "type_stubs"
	SourceMaps = "source_maps"
)

// Presets returns the names of the presets of prune.
func Presets() []string {
	return []string{Tests, Docs, Bytecode, TypeStubs, SourceMaps}
}

// Rules is the version of what the presets leave out. It rises with every change: a
// lock promises bytes.
const Rules = 2

// Layout is how the files lie in which presets are to find theirs.
type Layout struct {
	// Function is set for the code of a function: its root is a folder of sys.path
	// where Python runs it.
	Function, Python bool
}

// Location is where a file lies for the presets.
type Location struct {
	Python bool   // in a folder of sys.path
	Node   bool   // in a package of node_modules
	Folder string // the package's folder, if in one
	Within string // the path in that folder of sys.path or that package
}

// Locate returns where a file lies. Of a function for Python all that is in no
// package of Node.js is on sys.path.
func (l Layout) Locate(name string) Location {
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
			return Location{}
		}
		return Location{Node: true, Folder: name[:start+len(folder)], Within: within}
	}
	if within, ok := python.Within(name); ok {
		return Location{Python: true, Within: within}
	}
	return Location{Python: l.Function && l.Python, Within: name}
}

// pruner finds what the presets leave out of a tree.
type pruner struct {
	presets   map[string]bool
	tree      filetree.Tree
	locations []Location
	drop      []bool
	// folder is the folder at the top of a package of Node.js, or of sys.path,
	// that a file is dropped with, "" where it is dropped by its own name.
	folder []string
}

// Drop returns which files of the tree the presets leave out. Those that are gone
// already are passed over.
func (l Layout) Drop(tree filetree.Tree, presets []string, gone func(int) bool) ([]bool, error) {
	p := pruner{presets: map[string]bool{}, tree: tree, locations: make([]Location, len(tree)), drop: make([]bool, len(tree)), folder: make([]string, len(tree))}
	for _, name := range presets {
		p.presets[name] = true
	}
	names := map[string]bool{}
	for i := range tree {
		p.locations[i] = l.Locate(tree[i].Path)
		if !gone(i) {
			names[tree[i].Path] = true
		}
	}
	for i := range tree {
		if !gone(i) && !alwaysStays(p.locations[i]) {
			p.drop[i], p.folder[i] = p.leavesOut(i, names)
		}
	}
	return p.drop, errors.Join(p.keepImported(gone), p.keepStubs(gone), p.keepLoaded(gone))
}

// alwaysStays reports whether no preset leaves out a file: licences, the
// metadata of distributions and package.json.
func alwaysStays(at Location) bool {
	top, _, _ := strings.Cut(at.Within, "/")
	base := strings.ToUpper(path.Base(at.Within))
	licence := slices.ContainsFunc([]string{"LICENSE", "LICENCE", "NOTICE", "COPYING", "COPYRIGHT", "PATENTS", "THIRDPARTY", "THIRD-PARTY", "THIRD_PARTY"},
		func(word string) bool { return strings.HasPrefix(base, word) })
	return licence && !isCode(at.Within) ||
		at.Python && (strings.HasSuffix(top, ".dist-info") || strings.HasSuffix(top, ".egg-info")) ||
		at.Node && at.Within == "package.json"
}

func isCode(name string) bool {
	return slices.Contains([]string{".py", ".pyi", ".so", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".node", ".json", ".map"}, path.Ext(name))
}

// leavesOut reports whether a preset leaves out a file, and the folder at the top of
// its package that it goes with, "" where it goes by its own name.
func (p *pruner) leavesOut(i int, names map[string]bool) (drop bool, folder string) {
	at := p.locations[i]
	if p.leavesOutByName(at, p.tree[i].Path, names) {
		return true, ""
	}
	top, _, inFolder := strings.Cut(at.Within, "/")
	if !inFolder {
		return false, ""
	}
	switch {
	case at.Node && (top == "test" || top == "tests"):
		drop = p.presets[Tests]
	case at.Node && slices.Contains([]string{"doc", "docs", "example", "examples"}, top):
		drop = p.presets[Docs]
	case at.Python && (top == "doc" || top == "docs"):
		drop = p.presets[Docs]
	}
	if !drop {
		return false, ""
	}
	return true, top
}

// leavesOutByName reports whether a preset leaves out a file by its own name.
func (p *pruner) leavesOutByName(at Location, name string, names map[string]bool) bool {
	base := path.Base(at.Within)
	if at.Python {
		return p.presets[Tests] && inPath(at.Within, "tests") ||
			p.presets[Docs] && isPythonDoc(base) ||
			p.presets[Bytecode] && isBytecode(name, names) ||
			p.presets[TypeStubs] && path.Ext(base) == ".pyi" ||
			p.presets[SourceMaps] && isSourceMap(base)
	}
	return at.Node && (p.presets[Tests] && (inPath(at.Within, "__tests__") || isNodeTest(base)) ||
		p.presets[Docs] && (path.Ext(base) == ".md" || path.Ext(base) == ".markdown") ||
		p.presets[TypeStubs] && isTypeScriptStub(base) ||
		p.presets[SourceMaps] && isSourceMap(base))
}

func isTypeScriptStub(base string) bool {
	return strings.HasSuffix(base, ".d.ts") || strings.HasSuffix(base, ".d.mts") || strings.HasSuffix(base, ".d.cts")
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
	if !p.presets[Tests] && !p.presets[Docs] {
		return nil
	}
	var modules []python.Module
	var index []int
	var folders []string // that an import of what is dropped spells
	for i, at := range p.locations {
		if at.Python && !gone(i) {
			folder := p.folder[i]
			if inPath(at.Within, "tests") {
				folder = "tests"
			}
			if p.drop[i] && folder != "" && !slices.Contains(folders, folder) {
				folders = append(folders, folder)
			}
			modules = append(modules, python.Module{Path: at.Within, Entry: p.tree[i], Dropped: p.drop[i]})
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
	if !p.presets[TypeStubs] {
		return nil
	}
	sources := map[string]int{}
	for i, at := range p.locations {
		if at.Python && !gone(i) && path.Ext(at.Within) == ".py" {
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
	for i, at := range p.locations {
		if at.Node && p.folder[i] != "" && isCode(at.Within) && !slices.Contains(folders[at.Folder], p.folder[i]) {
			folders[at.Folder] = append(folders[at.Folder], p.folder[i])
		}
	}
	loaded := map[string]bool{}
	for i, at := range p.locations {
		if len(folders[at.Folder]) == 0 || p.drop[i] || gone(i) {
			continue
		}
		ext := path.Ext(at.Within)
		if at.Within != "package.json" && ext != ".js" && ext != ".cjs" && ext != ".mjs" {
			continue
		}
		body, err := contentOf(p.tree[i])
		if err != nil {
			return err
		}
		files := nodejs.RelativeNames(at.Within, body)
		if at.Within == "package.json" {
			files = nodejs.EntryFiles(body)
		}
		for _, file := range files {
			top, _, _ := strings.Cut(file, "/")
			loaded[at.Folder+"/"+top] = true
		}
	}
	for i, at := range p.locations {
		if p.folder[i] != "" && loaded[at.Folder+"/"+p.folder[i]] {
			p.drop[i] = false
		}
	}
	return nil
}

// maxModule bounds the source that is looked through.
const maxModule = 64 << 20

// contentOf returns the content of a module, none of what is too long for one.
func contentOf(e filetree.Entry) ([]byte, error) {
	if e.Size > maxModule {
		return nil, nil
	}
	return e.ReadContent()
}
