package layer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/segment"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

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
	known, err := c.segments.Facts(ctx, tree)
	if err != nil {
		return nil, nil, err
	}
	judged := audit.Layer{Files: tree, Facts: known.Native, Targets: targets, Function: l.Kind == KindFunction}
	loads := loadedModules{lock: l, tree: tree}
	judged.AtImport = loads.atImport
	judged.Distributions = l.distributions(known, targets, o)
	reached := reachedImports{Reached: python.NewReached(tree, judged.Function)}
	judged.Unfound = reached.unfound
	found := Weigh(audit.Judge(judged), o.Audits)
	if err := errors.Join(loads.err, reached.err); err != nil {
		return nil, nil, err
	}
	warnings, err := told(found)
	return found, warnings, err
}

// distributions returns what is known of Python's distributions in the layer: those
// of the lock, and those whose METADATA another input brings. What they need is what
// their METADATA says, without what the user leaves out.
func (l *Lock) distributions(known *segment.Found, targets []runtimes.Target, o Output) []audit.Distribution {
	var all []audit.Distribution
	var left []string
	for _, name := range o.LeftOut {
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
			noted := known.Sources[origin]
			all = append(all, audit.Distribution{Name: w.Name, Origin: origin, Modules: noted.Modules, Imports: noted.Imports, Left: left})
		}
	}
	described, function := describedIn(known), l.Kind == KindFunction
	for i, needs := range python.NeedsOf(described, targets, function) {
		d := &known.Described[i]
		if k, ok := at[d.Origin]; ok && all[k].Name == d.Name {
			all[k].Needs = append(all[k].Needs, needs...)
		} else if slices.ContainsFunc(targets, func(t runtimes.Target) bool { return d.FoundBy(t, function) }) {
			all = append(all, audit.Distribution{Name: d.Name, Origin: d.Origin, Needs: needs, Left: left})
		}
	}
	return all
}

// describedIn returns the distributions whose METADATA lies in a layer.
func describedIn(known *segment.Found) []python.Described {
	all := make([]python.Described, 0, len(known.Described))
	for i := range known.Described {
		all = append(all, known.Described[i].Described)
	}
	return all
}

// Weigh applies the severities that the user chose to findings, by the names of their
// checks. Notes stay notes.
func Weigh(found []Finding, chosen map[string]Severity) []Finding {
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
			faults = append(faults, &fault.Error{At: at, Summary: f.Summary, Detail: detail + fmt.Sprintf("\nIf the layer works anyway, set checks = { %s = \"warning\" }.", f.Check)})
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
		if at := m.lock.layout().Locate(e.Path); at.Python && e.Origin == origin {
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

// assertImports looks for what the user asserts to be importable. The architecture
// makes no difference to that.
func (l *Lock) assertImports(tree filetree.Tree, o Output) error {
	s := Spec{Runtimes: l.Runtimes, Architectures: l.Architectures[:min(1, len(l.Architectures))]}
	pythons, err := s.targets(runtimes.Python)
	if err != nil {
		return err
	}
	nodes, err := s.targets(runtimes.NodeJS)
	if err != nil {
		return err
	}
	function := l.Kind == KindFunction
	return errors.Join(python.AssertImports(o.PythonImports, pythons, tree, function), nodejs.AssertImports(o.NodeImports, nodes, tree, function))
}
