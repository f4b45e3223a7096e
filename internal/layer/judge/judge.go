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
	judged.Distributions = l.distributions()
	reached := reachedImports{Reached: python.NewReached(l.Files, judged.Function)}
	judged.Unfound, judged.AtImport = reached.unfound, reached.loads
	return audit.Judge(judged), reached.err
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

func (r *reachedImports) loads(t runtimes.Target, path string) bool {
	loads, err := r.Loads(t, path)
	r.err = errors.Join(r.err, err)
	return loads
}
