package imports

import (
	"path"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// World is what one runtime of Node.js can load: the files of a layer, its own
// modules, and what it brings besides.
type World struct {
	runtime runtimes.Runtime
	roots   []string // folders of packages, as NODE_PATH has them
	files   map[string]*filetree.Entry
	dirs    map[string]bool
	read    func(*filetree.Entry) ([]byte, error)
}

// NewWorld returns what a runtime can load of files, whose packages lie in some
// folders. read returns the content of a file.
func NewWorld(r runtimes.Runtime, files filetree.Tree, folders []string, read func(*filetree.Entry) ([]byte, error)) *World {
	w := &World{runtime: r, roots: folders, files: make(map[string]*filetree.Entry, len(files)), dirs: map[string]bool{}, read: read}
	for i := range files {
		e := &files[i]
		w.files[e.Path] = e
		for dir := path.Dir(e.Path); dir != "." && !w.dirs[dir]; dir = path.Dir(dir) {
			w.dirs[dir] = true
		}
	}
	return w
}

// Missing is a module that is loaded and that is not there.
type Missing struct {
	// Module is its name, as the source writes it.
	Module string
	// Package is the package that it would be of, "" for a file.
	Package string
	// There is set where the package is there and has no such entry.
	There bool
	// By is the layer path of the source that loads it, and Line the line; "" and 0
	// where the assertion itself names it.
	By   string
	Line int
}

// maxMissing bounds what is told of one assertion, maxSource what is read of a
// source, in bytes: what is longer is bundled, and loads little.
const (
	maxMissing = 10
	maxSource  = 4 << 20
)

// Assert returns what is missing when a module is loaded by its name, such as
// "axios" or "lodash/fp", with all that it loads in turn.
func (w *World) Assert(name string) ([]Missing, error) {
	f := &walk{World: w, seen: map[string]bool{}}
	f.load(Missing{Module: name}, "", false)
	for n := 0; n < len(f.queue) && f.err == nil; n++ {
		f.source(f.queue[n])
	}
	return f.missing, f.err
}

type walk struct {
	*World
	seen    map[string]bool
	queue   []string
	missing []Missing
	err     error
}

// source follows what a source loads.
func (f *walk) source(file string) {
	e := f.files[file]
	switch path.Ext(file) {
	case ".json", ".node", ".wasm":
		return
	}
	if e.Size > maxSource {
		return
	}
	body, err := f.read(e)
	if err != nil {
		f.err = err
		return
	}
	for _, l := range Top(body) {
		f.load(Missing{Module: l.Name, By: file, Line: l.Line}, path.Dir(file), l.ESM)
	}
}

// load follows a name that is loaded from a folder; "" is the code of a function.
func (f *walk) load(m Missing, from string, esm bool) {
	if strings.HasPrefix(m.Module, "#") || strings.Contains(m.Module, "://") || strings.HasPrefix(m.Module, "data:") || runtimes.HasNodeModule(m.Module) {
		return
	}
	file, ok := "", false
	if strings.HasPrefix(m.Module, "./") || strings.HasPrefix(m.Module, "../") || m.Module == "." || m.Module == ".." {
		file, ok = f.file(path.Join(from, m.Module))
	} else if strings.HasPrefix(m.Module, "/") {
		return
	} else {
		name, subpath := split(m.Module)
		m.Package = name
		for _, folder := range f.folders(from, name) {
			m.There = true
			if file, ok = f.entry(folder, subpath, esm); ok || f.err != nil {
				break
			}
		}
		if !m.There && f.runtime.BringsPackage(name) {
			return
		}
	}
	if ok && !f.seen[file] {
		f.seen[file] = true
		f.queue = append(f.queue, file)
	}
	if !ok && len(f.missing) < maxMissing && f.err == nil {
		f.missing = append(f.missing, m)
	}
}

// split cuts a name into that of the package and the subpath in it, such as "." or
// "./fp".
func split(name string) (string, string) {
	parts := strings.SplitN(name, "/", 3)
	n := 1
	if strings.HasPrefix(name, "@") && len(parts) > 1 {
		n = 2
	}
	pkg := strings.Join(parts[:n], "/")
	if rest := strings.TrimPrefix(name[len(pkg):], "/"); rest != "" {
		return pkg, "./" + rest
	}
	return pkg, "."
}

// folders returns where a package of a name lies, as it is looked for from a folder:
// in node_modules of that and of those above, then in those of NODE_PATH.
func (f *walk) folders(from, name string) []string {
	var found []string
	for dir := from; dir != "" && dir != "."; dir = path.Dir(dir) {
		if path.Base(dir) != "node_modules" && f.dirs[path.Join(dir, "node_modules", name)] {
			found = append(found, path.Join(dir, "node_modules", name))
		}
	}
	for _, root := range f.roots {
		if f.dirs[path.Join(root, name)] {
			found = append(found, path.Join(root, name))
		}
	}
	return found
}

// The conditions under which entries are chosen. What can be imported alone counts
// for require, too: Node.js 22 loads it so, and a handler may import it.
var (
	forRequire = []string{"node", "require", "module-sync", "default"}
	forImport  = []string{"node", "import", "module-sync", "default"}
)

// entry returns the file that a subpath of a package means.
func (f *walk) entry(folder, subpath string, esm bool) (string, bool) {
	m, err := f.manifest(folder)
	if err != nil {
		f.err = err
		return "", false
	}
	if m.exports != nil {
		order := [][]string{forRequire, forImport}
		if esm {
			order = [][]string{forImport, forRequire}
		}
		for _, conditions := range order {
			if file, ok := m.exported(subpath, conditions); ok {
				file = path.Join(folder, file)
				return file, f.files[file] != nil
			}
		}
		return "", false
	}
	if subpath != "." {
		return f.file(path.Join(folder, subpath))
	}
	return f.main(folder, m)
}

// file returns the file that a path means, as require completes it.
func (f *walk) file(name string) (string, bool) {
	if file, ok := f.completed(name, "", ".js", ".json", ".node"); ok || !f.dirs[name] {
		return file, ok
	}
	m, err := f.manifest(name)
	if err != nil {
		f.err = err
		return "", false
	}
	return f.main(name, m)
}

// manifest reads the package.json of a folder; one that is too long is as if absent.
func (w *World) manifest(folder string) (manifest, error) {
	e := w.files[path.Join(folder, "package.json")]
	if e == nil || e.Size > maxSource {
		return manifest{}, nil
	}
	body, err := w.read(e)
	return readManifest(body), err
}

// main returns the file that "main" leads to, or else the index of the folder.
func (w *World) main(folder string, m manifest) (string, bool) {
	if m.main != "" {
		if file, ok := w.completed(path.Join(folder, m.main), "", ".js", ".json", ".node", "/index.js", "/index.json", "/index.node"); ok {
			return file, true
		}
	}
	return w.completed(folder, "/index.js", "/index.json", "/index.node")
}

// completed returns the first file that a path means with one of the endings.
func (w *World) completed(name string, endings ...string) (string, bool) {
	for _, ending := range endings {
		if file := path.Clean(name + ending); w.files[file] != nil {
			return file, true
		}
	}
	return "", false
}
