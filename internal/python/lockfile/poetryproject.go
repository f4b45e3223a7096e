package lockfile

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// poetryProject is the part of a pyproject.toml that a poetry.lock before 2.1
// cannot be read without. A dependency is a version, a table, or a list of
// tables.
type poetryProject struct {
	Tool struct {
		Poetry struct {
			Main   map[string]any      `toml:"dependencies"`
			Dev    map[string]any      `toml:"dev-dependencies"`
			Extras map[string][]string `toml:"extras"`
			Group  map[string]struct {
				Dependencies map[string]any `toml:"dependencies"`
			} `toml:"group"`
		} `toml:"poetry"`
	} `toml:"tool"`
}

// poetryNeed is one form of a dependency.
type poetryNeed struct {
	name, versions            string
	python, platform, markers string // conditions; "" for none
	extras                    []string
	optional                  bool
}

// poetryWalk tells the packages of a lock before 2.1 by following what the project
// needs.
func (r *lockReader) poetryWalk(l *poetryLock) (func(wheel.Target) ([]*lockEntry, error), error) {
	b, err := filetree.ReadDocument(filepath.Join(r.dir, "pyproject.toml"))
	if err != nil {
		return nil, r.fault("", "locks of Poetry 1 do not tell what the project itself needs, and the pyproject.toml beside it cannot be read: put it there, or lock with Poetry 2")
	}
	var p poetryProject
	if err := r.toml(jsonscan.TrimBOM(b), &p); err != nil {
		return nil, fmt.Errorf("reading the pyproject.toml beside: %w", err)
	}
	poetry := &p.Tool.Poetry
	if poetry.Main == nil {
		return nil, r.fault("", "the pyproject.toml beside it has no tool.poetry.dependencies: lock with Poetry 2")
	}
	groups := map[string]map[string]any{}
	if poetry.Dev != nil {
		groups["dev"] = poetry.Dev
	}
	for name, group := range poetry.Group {
		groups[pep508.NormalizeName(name)] = group.Dependencies
	}
	delete(groups, poetryMain)
	if err := r.offers("group", slices.Collect(maps.Keys(groups)), slices.Collect(maps.Keys(poetry.Extras))); err != nil {
		return nil, err
	}
	roots, optional := []map[string]any{poetry.Main}, []string(nil)
	for _, group := range r.Groups {
		roots = append(roots, groups[group])
	}
	for _, extra := range r.Extras {
		added, _ := named(poetry.Extras, extra)
		optional = append(optional, normalizeAll(added)...)
	}
	return func(t wheel.Target) ([]*lockEntry, error) {
		if err := r.admits("", l.Metadata.Python, pep440.ParsePoetryRange, t); err != nil {
			return nil, err
		}
		w := &poetryWalker{lockReader: r, lock: l, env: t.Env(), minor: t.Minor, roots: roots, optional: optional}
		return w.entries(t)
	}, nil
}

// poetryWalker follows the dependencies that hold on one target.
type poetryWalker struct {
	*lockReader
	lock     *poetryLock
	env      pep508.Env
	minor    int // of the target's Python
	roots    []map[string]any
	optional []string                   // names that the wanted extras add to the project
	limits   map[string]map[string]bool // ranges by name, of the last round
}

// entries returns what is reached. Where the lock holds several versions of a
// package, the one is meant that everybody who needs it admits; who needs it
// depends on the versions in turn, so that rounds follow until nothing changes.
func (w *poetryWalker) entries(t wheel.Target) (entries []*lockEntry, err error) {
	for range 50 {
		reached, limits, err := w.walk()
		if err != nil {
			return nil, err
		}
		if !maps.EqualFunc(limits, w.limits, maps.Equal) {
			w.limits = limits
			continue
		}
		for _, i := range slices.Sorted(maps.Keys(reached)) {
			p := &w.lock.Packages[i]
			if ok, err := w.admitted(p); !ok {
				if err == nil {
					err = w.fault(p.title(), "no version of it in the lock file fits all that need it on %s: lock again", t)
				}
				return entries, err
			}
			e := w.poetryEntry(p)
			e.extras = slices.Collect(maps.Keys(reached[i].extras))
			e.requires = slices.Collect(maps.Keys(reached[i].needs))
			entries = append(entries, e)
		}
		return entries, nil
	}
	return nil, w.fault("", "which of its versions are meant on %s cannot be told: lock with Poetry 2", t)
}

// admitted reports whether the ranges of the last round hold for a package. One
// without a rival in the lock is taken as it is.
func (w *poetryWalker) admitted(p *poetryPackage) (bool, error) {
	rivals := 0
	for i := range w.lock.Packages {
		if w.lock.Packages[i].Name == p.Name {
			rivals++
		}
	}
	if rivals == 1 {
		return true, nil
	}
	v, err := pep440.Parse(p.Version)
	if err != nil {
		return false, w.fault(p.title(), "its version cannot be read: %v", err)
	}
	for text := range w.limits[p.Name] {
		ranges, err := pep440.ParsePoetryRange(text)
		if err != nil {
			return false, w.fault(p.title(), "the range %q of it cannot be read: %v", text, err)
		}
		if !slices.ContainsFunc(ranges, func(s pep440.Specifiers) bool { return s.Match(v) }) {
			return false, nil
		}
	}
	return true, nil
}

// walk returns the packages that the roots need and the ranges in which they do.
func (w *poetryWalker) walk() (map[int]*lockNode, map[string]map[string]bool, error) {
	g, limits := newLockGraph(), map[string]map[string]bool{}
	for _, root := range w.roots {
		all, err := w.needs("the project", root, w.Extras)
		if err != nil {
			return nil, nil, err
		}
		all = slices.DeleteFunc(all, func(d poetryNeed) bool { return d.optional && !slices.Contains(w.optional, d.name) })
		if err := w.follow(g, "the project", all, limits, map[string]bool{}); err != nil {
			return nil, nil, err
		}
	}
	for n := 0; n < len(g.queue); n++ {
		at := g.queue[n]
		p := &w.lock.Packages[at.index]
		var extras []string
		if at.extra != "" {
			extras = []string{at.extra}
		}
		all, err := w.needs(p.title(), p.Dependencies, extras)
		if err != nil {
			return nil, nil, err
		}
		all = slices.DeleteFunc(all, func(d poetryNeed) bool { return d.optional && !p.adds(at.extra, d.name) })
		if err := w.follow(g, p.title(), all, limits, g.nodes[at.index].needs); err != nil {
			return nil, nil, err
		}
	}
	return g.nodes, limits, nil
}

// follow reaches what dependencies mean, and adds their ranges to limits and
// their names to needs.
func (w *poetryWalker) follow(g *lockGraph, from string, deps []poetryNeed, limits map[string]map[string]bool, needs map[string]bool) error {
	for _, d := range deps {
		i, err := w.pick(from, d.name)
		if err != nil {
			return err
		}
		if i < 0 {
			continue
		}
		if limits[d.name] == nil {
			limits[d.name] = map[string]bool{}
		}
		limits[d.name][d.versions] = true
		g.need(needs, d.name, i, d.extras)
	}
	return nil
}

// adds reports whether an extra of a package asks for a distribution.
func (p *poetryPackage) adds(extra, name string) bool {
	texts, _ := named(p.Extras, extra)
	for _, text := range texts {
		q := pep508.Parser{S: text}
		if pep508.NormalizeName(q.Identifier()) == name {
			return true
		}
	}
	return false
}

// pick returns the newest package of a name that the last round's ranges admit,
// else the newest, and -1 for what Poetry never locks.
func (w *poetryWalker) pick(from, name string) (int, error) {
	best, bestFits := -1, false
	for i := range w.lock.Packages {
		p := &w.lock.Packages[i]
		if p.Name != name {
			continue
		}
		ok, err := w.admitted(p)
		if err != nil {
			return -1, err
		}
		if best < 0 || ok && !bestFits || ok == bestFits && newer(p.Version, w.lock.Packages[best].Version) {
			best, bestFits = i, ok
		}
	}
	if best < 0 && name != "setuptools" && name != "pip" && name != "wheel" {
		return -1, w.fault(from, "it needs %q, and the lock file holds no such package: lock again", name)
	}
	return best, nil
}

func newer(a, b string) bool {
	v, errV := pep440.Parse(a)
	w, errW := pep440.Parse(b)
	return errV == nil && errW == nil && v.Compare(w) > 0
}

// needs returns the dependencies whose conditions hold, by name.
func (w *poetryWalker) needs(from string, deps map[string]any, extras []string) ([]poetryNeed, error) {
	var all []poetryNeed
	for _, key := range slices.Sorted(maps.Keys(deps)) {
		if key == "python" {
			continue
		}
		forms, ok := deps[key].([]any)
		if !ok {
			forms = []any{deps[key]}
		}
		for _, form := range forms {
			d, ok := readPoetryNeed(pep508.NormalizeName(key), form)
			if !ok {
				return nil, w.fault(from, "what it needs of %q is neither a version nor a table", key)
			}
			holds, err := w.need(from, d, extras)
			if err != nil {
				return nil, err
			}
			if holds {
				all = append(all, d)
			}
		}
	}
	return all, nil
}

// need reports whether the conditions of a dependency hold.
func (w *poetryWalker) need(from string, d poetryNeed, extras []string) (bool, error) {
	if d.platform != "" && d.platform != w.env.SysPlatform {
		return false, nil
	}
	if d.python != "" {
		ranges, err := pep440.ParsePoetryRange(d.python)
		if err != nil {
			return false, w.fault(from, "the range %q of Python for %q cannot be read: %v", d.python, d.name, err)
		}
		if !admitsMinor(ranges, w.minor) {
			return false, nil
		}
	}
	return w.holds(from+" needs "+d.name, d.markers, w.env, extras)
}

func readPoetryNeed(name string, form any) (poetryNeed, bool) {
	d := poetryNeed{name: name, versions: "*"}
	if text, ok := form.(string); ok {
		d.versions = text
		return d, true
	}
	table, ok := form.(map[string]any)
	if !ok {
		return d, false
	}
	text := func(key, otherwise string) string {
		if s, ok := table[key].(string); ok {
			return s
		}
		return otherwise
	}
	d.versions, d.python = text("version", "*"), text("python", "")
	d.platform, d.markers = text("platform", ""), text("markers", "")
	d.optional, _ = table["optional"].(bool)
	if extras, ok := table["extras"].([]any); ok {
		for _, extra := range extras {
			if s, ok := extra.(string); ok {
				d.extras = append(d.extras, s)
			}
		}
	}
	return d, true
}
