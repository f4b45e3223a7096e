// Package judge tells whether the files of a layer load on its runtimes: it gathers
// what [audit] judges by, and makes of the findings what the user hears.
package judge

import (
	"errors"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/prune"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/segment"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Layer is what is judged.
type Layer struct {
	Files filetree.Tree
	// Known is what is noted of the files.
	Known   *segment.Found
	Targets []runtimes.Target
	Layout  prune.Layout
	// Python is what was chosen of Python's distributions, nil where there are none.
	Python *python.Lock
	// LeftOut are the names of Python's distributions that the user leaves out,
	// though others need them.
	LeftOut []string
}

// Find returns what the checks find, as severe as it is by itself.
func Find(l Layer) ([]audit.Finding, error) {
	judged := audit.Layer{Files: l.Files, Facts: l.Known.Native, Targets: l.Targets, Function: l.Layout.Function}
	loads := loadedModules{layer: &l}
	judged.AtImport = loads.atImport
	judged.Distributions = l.distributions()
	reached := reachedImports{Reached: python.NewReached(l.Files, judged.Function)}
	judged.Unfound = reached.unfound
	found := audit.Judge(judged)
	return found, errors.Join(loads.err, reached.err)
}

// distributions returns what is known of Python's distributions in the layer: those
// of the lock, and those whose METADATA another input brings. What they need is what
// their METADATA says, without what the user leaves out.
func (l *Layer) distributions() []audit.Distribution {
	var all []audit.Distribution
	var left []string
	for _, name := range l.LeftOut {
		left = append(left, python.NormalizeName(name))
	}
	at := map[filetree.Origin]int{}
	if l.Python != nil {
		for _, w := range l.Python.Chosen.Wheels {
			origin := filetree.Origin{Ecosystem: "python", Name: w.Name, Version: w.Version}
			if _, twice := at[origin]; twice {
				continue // wheels of one version for several runtimes
			}
			at[origin] = len(all)
			noted := l.Known.Sources[origin]
			all = append(all, audit.Distribution{Name: w.Name, Origin: origin, Modules: noted.Modules, Imports: noted.Imports, Left: left})
		}
	}
	described, function := l.Known.Distributions(), l.Layout.Function
	for i, needs := range python.NeedsOf(described, l.Targets, function) {
		d := &l.Known.Described[i]
		if k, ok := at[d.Origin]; ok && all[k].Name == d.Name {
			all[k].Needs = append(all[k].Needs, needs...)
		} else if slices.ContainsFunc(l.Targets, func(t runtimes.Target) bool { return d.FoundBy(t, function) }) {
			all = append(all, audit.Distribution{Name: d.Name, Origin: d.Origin, Needs: needs, Left: left})
		}
	}
	return all
}

// loadedModules knows which modules are loaded when a package is imported. It
// reads sources, so it is asked only about those that lack a library.
type loadedModules struct {
	layer *Layer
	known map[filetree.Origin]map[string]bool
	err   error
}

func (m *loadedModules) atImport(name string) bool {
	i := slices.IndexFunc(m.layer.Files, func(e filetree.Entry) bool { return e.Path == name })
	if i < 0 {
		return false
	}
	origin := m.layer.Files[i].Origin
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
	for _, e := range m.layer.Files {
		if at := m.layer.Layout.Locate(e.Path); at.Python && e.Origin == origin {
			modules = append(modules, python.Module{Path: at.Within, Entry: e})
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

// reachedImports is [python.Reached] for the checks, and keeps its errors.
type reachedImports struct {
	*python.Reached
	err error
}

func (r *reachedImports) unfound(t runtimes.Target, origin filetree.Origin) []audit.Import {
	missing, err := r.Unfound(t, origin)
	r.err = errors.Join(r.err, err)
	var out []audit.Import
	for _, m := range missing {
		out = append(out, audit.Import{Module: m.Module, File: m.By, Line: m.Line})
	}
	return out
}
