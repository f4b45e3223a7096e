package imports

import (
	"bytes"
	"path"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// World is what one runtime can import: the files of a layer, its standard
// library, and what it brings besides.
type World struct {
	runtime runtimes.Runtime
	minor   int
	modules map[string]*module
	read    func(*filetree.Entry) ([]byte, error)
}

// module is a module or a package. A folder without an __init__.py is a package
// without an entry (a namespace package, PEP 420).
type module struct {
	name    string
	entry   *filetree.Entry
	within  string // path below the folder of sys.path
	rank    int    // the order of folders, and of the kinds in one
	source  []byte
	imports []Statement
	known   bool
}

// maxSource bounds the source that is read, in bytes: what is longer was not
// written by hand, and imports little.
const maxSource = 8 << 20

// NewWorld returns what a runtime can import of files that lie in some folders
// of sys.path, relative to the root of the files; "" is the root itself. read
// returns the content of a file.
func NewWorld(r runtimes.Runtime, files filetree.Tree, folders []string, read func(*filetree.Entry) ([]byte, error)) *World {
	w := &World{runtime: r, modules: map[string]*module{}, read: read}
	w.minor, _ = r.PythonMinor()
	for i := range files {
		e := &files[i]
		for rank, folder := range folders {
			within, ok := below(e.Path, folder)
			if !ok || folder == "python" && strings.HasPrefix(within, "lib/python3.") {
				continue
			}
			w.add(e, within, rank)
		}
	}
	return w
}

func below(name, folder string) (string, bool) {
	if folder == "" {
		return name, true
	}
	if len(name) > len(folder) && name[len(folder)] == '/' && strings.HasPrefix(name, folder) {
		return name[len(folder)+1:], true
	}
	return "", false
}

// add adds a file, with the folders that it is in.
func (w *World) add(e *filetree.Entry, within string, rank int) {
	name, kind, ok := w.moduleOf(within)
	if !ok {
		return
	}
	rank = rank*4 + kind
	if known := w.modules[name]; known == nil || known.entry == nil || rank < known.rank {
		w.modules[name] = &module{name: name, entry: e, within: within, rank: rank}
	}
	for above := parent(name); above != "" && w.modules[above] == nil; above = parent(above) {
		w.modules[above] = &module{name: above}
	}
}

// moduleOf returns the dotted name of the module that a file is, and the order of
// its kind: packages before extension modules before sources.
func (w *World) moduleOf(within string) (string, int, bool) {
	dir, file := path.Split(within)
	stem, suffix, _ := strings.Cut(file, ".")
	kind := 2
	switch {
	case suffix == "py" || suffix == "pyc":
	case suffix == "so" || suffix == "abi3.so" || strings.HasPrefix(suffix, w.suffix()) && strings.HasSuffix(suffix, ".so"):
		kind = 1
	default:
		return "", 0, false
	}
	if strings.ContainsAny(dir, ". ") || stem == "" {
		return "", 0, false // metadata, and what no statement can name
	}
	if stem == "__init__" {
		return strings.ReplaceAll(strings.TrimSuffix(dir, "/"), "/", "."), 0, dir != ""
	}
	return strings.ReplaceAll(dir+stem, "/", "."), kind, true
}

func (w *World) suffix() string { return "cpython-3" + strconv.Itoa(w.minor) + "-" }

func parent(name string) string { return name[:max(0, strings.LastIndexByte(name, '.'))] }

func top(name string) string {
	first, _, _ := strings.Cut(name, ".")
	return first
}

// Has reports whether a top-level module is in the layer or comes with the
// runtime. setuptools brings distutils to where Python has none.
func (w *World) Has(name string) bool {
	return w.modules[name] != nil || w.Outside(name)
}

// Outside reports whether the runtime brings a top-level module.
func (w *World) Outside(name string) bool {
	return runtimes.HasStandardModule(w.minor, name) || w.runtime.BringsModule(name) || name == "distutils" && w.modules["setuptools"] != nil
}

// isSource reports whether the module's statements can be read.
func (m *module) isSource() bool { return m.entry != nil && strings.HasSuffix(m.within, ".py") }

// isPackage reports whether a module can hold others.
func (m *module) isPackage() bool {
	return m.within == "" || strings.HasPrefix(path.Base(m.within), "__init__.")
}

// load reads the statements of a module.
func (w *World) load(m *module) error {
	if m.known || !m.isSource() || m.entry.Size > maxSource {
		return nil
	}
	m.known = true
	body, err := w.read(m.entry)
	if err != nil {
		return err
	}
	m.source, m.imports = body, Top(body)
	return nil
}

// dynamic reports whether a module makes names or modules while it runs, so that
// what it holds cannot be read off its files.
func (w *World) dynamic(m *module) (bool, error) {
	if m.entry == nil {
		return false, nil
	}
	if !m.isSource() || m.entry.Size > maxSource {
		return true, nil
	}
	if err := w.load(m); err != nil {
		return false, err
	}
	for _, word := range []string{"sys.modules", "__path__", "extend_path", "__getattr__", "declare_namespace", "meta_path", "import *", "globals()", "__class__ ="} {
		if bytes.Contains(m.source, []byte(word)) {
			return true, nil
		}
	}
	return false, nil
}

// absolute resolves the dots of a relative import in a module.
func (m *module) absolute(from string) (string, bool) {
	name := strings.TrimLeft(from, ".")
	dots := len(from) - len(name)
	if dots == 0 {
		return name, name != ""
	}
	base := m.name
	if !m.isPackage() {
		base = parent(base)
	}
	for range dots - 1 {
		base = parent(base)
	}
	return strings.Trim(base+"."+name, "."), base != ""
}
