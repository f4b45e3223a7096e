package segment

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// nativeBucket holds what is known of the native files, sources and distributions of
// archives of the store.
const nativeBucket = "native"

// nativeKey names the record of an archive.
func nativeKey(archive store.Digest) string {
	return fmt.Sprintf("%d %s", native.Format, archive.Hex())
}

// nativeFile is what a record tells of one file: the offset of its local header
// names it, which stays when files are moved in the layer.
type nativeFile struct {
	Header int64
	Facts  native.Facts
}

// describedFile is what METADATA tells, by the offset of its local header.
type describedFile struct {
	Header int64
	python.Described
}

// archiveNotes is the record of an archive.
type archiveNotes struct {
	Files     []nativeFile
	Described []describedFile
	Sources
}

// Sources is what is noted of the sources of a wheel.
type Sources struct {
	// Modules are the modules and packages of Python at the top.
	Modules []string
	// Imports are the top-level modules that they seem to import from elsewhere
	// when they are imported: see [python.Collector].
	Imports []string
}

// encode returns the notes as a record has them: in few bytes, since a plan reads
// those of each archive.
func (n *archiveNotes) encode() []byte {
	var e native.Encoder
	e.Uint(int64(len(n.Files)))
	for i := range n.Files {
		e.Uint(n.Files[i].Header)
		e.Facts(&n.Files[i].Facts)
	}
	e.Uint(int64(len(n.Described)))
	for _, d := range n.Described {
		e.Uint(d.Header)
		e.Text(d.Name)
		e.Uint(int64(len(d.Needs)))
		for _, need := range d.Needs {
			e.Text(need.Name)
			e.Texts(need.Extras)
			e.Text(need.Marker)
		}
	}
	e.Texts(n.Modules)
	e.Texts(n.Imports)
	return e.Bytes
}

// decodeNotes reads what encode wrote.
func decodeNotes(body string) (archiveNotes, error) {
	d := native.NewDecoder(body)
	n := archiveNotes{Files: make([]nativeFile, d.Count())}
	for i := range n.Files {
		n.Files[i] = nativeFile{Header: d.Uint(), Facts: d.Facts()}
	}
	n.Described = make([]describedFile, d.Count())
	for i := range n.Described {
		one := describedFile{Header: d.Uint(), Described: python.Described{Name: d.Text()}}
		one.Needs = make([]python.DeclaredNeed, d.Count())
		for k := range one.Needs {
			one.Needs[k] = python.DeclaredNeed{Name: d.Text(), Extras: d.Texts(), Marker: d.Text()}
		}
		n.Described[i] = one
	}
	n.Modules, n.Imports = d.Texts(), d.Texts()
	return n, d.Err()
}

// Found is what is known of the files of a tree.
type Found struct {
	// Native are the facts of the native files and scripts, by layer path.
	Native map[string]native.Facts
	// Sources are what is noted of the sources of Python's distributions, by the
	// input that brings them.
	Sources map[filetree.Origin]Sources
	// Described are the distributions whose METADATA lies in the tree, by its path.
	Described []Described
}

// Described is a distribution in a layer: the path of its METADATA, and the input
// that brings it.
type Described struct {
	python.Described
	Path   string
	Origin filetree.Origin
}

// Distributions returns the distributions whose METADATA lies in the tree.
func (f *Found) Distributions() []python.Described {
	all := make([]python.Described, 0, len(f.Described))
	for i := range f.Described {
		all = append(all, f.Described[i].Described)
	}
	return all
}

// add adds what is known of the files of one archive.
func (f *Found) add(origin filetree.Origin, t *tied, noted Sources) {
	for i, path := range t.paths {
		f.Native[path] = *t.facts[i]
	}
	f.Described = append(f.Described, t.described...)
	if origin.Ecosystem != "python" {
		return
	}
	// Wheels of one version for several runtimes have one origin.
	if known, ok := f.Sources[origin]; ok {
		noted = Sources{Modules: union(known.Modules, noted.Modules), Imports: union(known.Imports, noted.Imports)}
	}
	f.Sources[origin] = noted
}

func union(x, y []string) []string {
	all := slices.Concat(x, y)
	slices.Sort(all)
	return slices.Compact(all)
}

// tied are the notes of an archive with the layer paths of what they tell of.
type tied struct {
	paths     []string // of native files
	facts     []*native.Facts
	described []Described
	// scripts are programs by their place or mode that no note tells of.
	scripts filetree.Tree
}

// tie ties notes of an archive to its entries in the layer.
func tie(parts []filetree.Tree, notes *archiveNotes) (t tied) {
	facts := make(map[int64]*native.Facts, len(notes.Files))
	for i := range notes.Files {
		facts[notes.Files[i].Header] = &notes.Files[i].Facts
	}
	described := make(map[int64]python.Described, len(notes.Described))
	for _, d := range notes.Described {
		described[d.Header] = d.Described
	}
	for _, entries := range parts {
		for k := range entries {
			e := &entries[k]
			if noted := facts[e.Header]; noted != nil {
				t.paths, t.facts = append(t.paths, e.Path), append(t.facts, noted)
			} else if d, ok := described[e.Header]; ok {
				if d.Site, ok = python.Describes(e.Path); ok {
					t.described = append(t.described, Described{Described: d, Path: e.Path, Origin: e.Origin})
				}
			} else if (runsByPath(e.Path) || e.Exec && !isPackaged(e.Origin)) && isText(e.Path) {
				t.scripts = append(t.scripts, *e)
			}
		}
	}
	return t
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
