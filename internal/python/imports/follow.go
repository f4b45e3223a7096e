package imports

import (
	"bytes"
	"slices"
	"strings"
)

// Missing is something that an import needs and that is not there.
type Missing struct {
	// Module is the dotted name that cannot be imported, or of which Name is not
	// a part.
	Module string
	// Name is set where a module is there and has nothing of that name.
	Name string
	// By is the file that imports it, at its path in the layer, and Line the line
	// of the statement, from 1; "" and 0 where the assertion itself names it.
	By   string
	Line int
	// Making is the class or function that imports it only when it is called.
	Making string
}

// Top is the top-level module of what is missing.
func (m *Missing) Top() string { return top(m.Module) }

// maxMissing bounds what is reported of one assertion.
const maxMissing = 10

// walk follows the imports of modules.
type walk struct {
	*World
	imports func(*module) []Statement // that are followed
	seen    map[string]bool
	queue   []*module
	missing []Missing
	err     error
}

// Assert returns what is missing when a module is imported, with all that it
// imports at the top in turn. What is asserted is a dotted name: of a module, or
// of a class or function of one, for which what calling it imports counts too.
// A *Missing tells of each module once.
func (w *World) Assert(name string) ([]Missing, error) {
	f := &walk{World: w, seen: map[string]bool{}, imports: always}
	if !w.Outside(top(name)) || w.modules[top(name)] != nil {
		f.assert(name)
		f.run()
	}
	return f.missing, f.err
}

// Reached returns what is missing when the packages and modules at the top of some
// files are imported.
func (w *World) Reached(files func(path string) bool) ([]Missing, error) {
	f := w.reach(files, always)
	return f.missing, f.err
}

// Loaded returns the paths of the files that are loaded then, and may be others. What
// is imported within "if", "with" and loops counts here.
func (w *World) Loaded(files func(path string) bool) (map[string]bool, error) {
	f := w.reach(files, mostly)
	loaded := map[string]bool{}
	for _, m := range f.queue {
		if m.entry != nil {
			loaded[m.entry.Path] = true
		}
	}
	return loaded, f.err
}

// reach follows what importing the packages and modules at the top of some files loads.
func (w *World) reach(files func(path string) bool, imports func(*module) []Statement) *walk {
	f := &walk{World: w, seen: map[string]bool{}, imports: imports}
	for _, m := range w.modules {
		if m.entry != nil && files(m.entry.Path) && isRoot(m.name, m.isPackage(), func(above string) bool { return w.modules[above] != nil && w.modules[above].entry != nil }) {
			f.enter(m)
		}
	}
	slices.SortFunc(f.queue, func(a, b *module) int { return strings.Compare(a.name, b.name) })
	f.run()
	return f
}

// isRoot reports whether a module is what code outside imports first: one at the
// top, or a package in folders without an __init__.py. Tests and examples are none,
// nor is what a name with an underscore hides in such a folder.
func isRoot(name string, isPackage bool, isModule func(string) bool) bool {
	above := parent(name)
	if above != "" && (!isPackage || strings.HasPrefix(name[len(above)+1:], "_")) {
		return false
	}
	for ; above != ""; above = parent(above) {
		if isModule(above) {
			return false
		}
	}
	return !aside[top(name)]
}

// aside are folders at the top of distributions that are not what they are for.
var aside = map[string]bool{
	"test": true, "tests": true, "testing": true, "example": true, "examples": true, "doc": true, "docs": true, "benchmark": true,
	"benchmarks": true, "setup": true, "conftest": true, "scripts": true, "bin": true, "tools": true, "samples": true,
}

// always and mostly return the imports of a module that is read which Top and likely
// tell of.
func always(m *module) []Statement { return m.imports }
func mostly(m *module) []Statement { return likely(m.source) }

// run follows all that was entered.
func (f *walk) run() {
	for n := 0; n < len(f.queue) && f.err == nil; n++ {
		m := f.queue[n]
		if f.err = f.load(m); f.err != nil {
			return
		}
		for _, s := range f.imports(m) {
			f.statement(m, s, "")
		}
	}
}

// enter notes that a module is loaded, with the packages above it.
func (f *walk) enter(m *module) {
	for name := m.name; name != ""; name = parent(name) {
		if above := f.modules[name]; above != nil && !f.seen[name] {
			f.seen[name] = true
			f.queue = append(f.queue, above)
		}
	}
}

// miss notes what is missing, once for each module.
func (f *walk) miss(m Missing) {
	known := slices.ContainsFunc(f.missing, func(k Missing) bool { return k.Top() == m.Top() && (k.Module == m.Module || f.modules[m.Top()] == nil) })
	if !known && len(f.missing) < maxMissing {
		f.missing = append(f.missing, m)
	}
}

// statement follows an import of a module.
func (f *walk) statement(in *module, s Statement, making string) {
	name, ok := in.absolute(s.Module)
	if !ok {
		return
	}
	at := Missing{By: in.entry.Path, Line: s.Line, Making: making}
	m := f.need(name, at)
	if m == nil {
		return
	}
	for _, n := range s.Names {
		sub := name + "." + n.Name
		if below := f.modules[sub]; below != nil {
			f.enter(below)
		} else if m.entry == nil && n.Name != "*" {
			at.Module = sub
			f.miss(at)
		}
	}
}

// need follows a dotted name that is imported, and returns its module if it is in
// the layer.
func (f *walk) need(name string, at Missing) *module {
	m := f.modules[top(name)]
	if m == nil {
		if !f.Outside(top(name)) && !f.vendored(name) {
			at.Module = name
			f.miss(at)
		}
		return nil
	}
	f.enter(m)
	for i := len(m.name); i < len(name); {
		next := len(name)
		if dot := strings.IndexByte(name[i+1:], '.'); dot >= 0 {
			next = i + 1 + dot
		}
		below := f.modules[name[:next]]
		if below == nil {
			made, err := f.dynamic(m)
			if f.err = err; err == nil && !made && !f.Outside(top(name)) {
				at.Module = name[:next]
				f.miss(at)
			}
			return nil
		}
		m, i = below, next
		f.enter(m)
	}
	return m
}

// vendored reports whether a module of a name lies deeper in the layer, where
// something that is loaded changes sys.path, as setuptools does for setuptools/_vendor.
func (f *walk) vendored(name string) bool {
	for _, m := range f.queue {
		if f.load(m) != nil || !bytes.Contains(m.source, []byte("sys.path")) {
			continue
		}
		for below := range f.modules {
			if strings.Contains(below+".", "."+top(name)+".") {
				return true
			}
		}
	}
	return false
}
