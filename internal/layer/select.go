package layer

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/prune"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
)

// What a package is built for: a layer, or the code of a function, whose files
// lie at its root and not where a layer has them.
const (
	KindLayer    = "layer"
	KindFunction = "function"
)

// PruneLock is what the lock holds of prune.
type PruneLock struct {
	// Rules is the version of what the presets leave out.
	Rules   int      `json:"rules"`
	Presets []string `json:"presets"`
}

func (p *PruneLock) presets() []string {
	if p == nil {
		return nil
	}
	return p.Presets
}

// Presets returns the names of the presets of prune.
func Presets() []string { return prune.Presets() }

// spec is as much of the Spec that the lock was made of as a build needs.
func (l *Lock) spec() Spec {
	return Spec{Runtimes: l.Runtimes, Architectures: l.Architectures, Exclude: l.Exclude, Keep: l.Keep}
}

// layout is how the files lie for the presets.
func (l *Lock) layout() prune.Layout {
	isPython := func(id string) bool { return strings.HasPrefix(id, "python") }
	return prune.Layout{Function: l.Kind == KindFunction, Python: slices.ContainsFunc(l.Runtimes, isPython)}
}

// noun is what messages call the result.
func (l *Lock) noun() string {
	if l.Kind == KindFunction {
		return "function"
	}
	return "layer"
}

// checkSelection finds what can be known wrong of the arguments that choose
// among the files of the whole layer.
func (s Spec) checkSelection() error {
	if s.Kind != "" && s.Kind != KindLayer && s.Kind != KindFunction {
		return &fault.Error{At: fault.At("kind"), Summary: fmt.Sprintf("Unknown kind %q", s.Kind), Detail: `Write "layer" or "function".`}
	}
	for i, name := range s.Prune {
		if !slices.Contains(prune.Presets(), name) {
			return &fault.Error{
				At: fault.At("prune").Index(i), Summary: fmt.Sprintf("Unknown preset %q", name),
				Detail: fmt.Sprintf("prune knows %s. Globs are written in exclude.", strings.Join(prune.Presets(), ", ")),
			}
		}
	}
	for _, of := range []struct {
		attribute string
		patterns  []string
	}{{"exclude", s.Exclude}, {"keep", s.Keep}, {"executables", s.Executables}} {
		for i, p := range of.patterns {
			if err := filetree.CheckPattern(p); err != nil {
				return fault.Tie(fault.At(of.attribute).Index(i), fmt.Sprintf("Malformed pattern %q", p), err)
			}
		}
	}
	return nil
}

// lockSelection writes them to the lock; the order of presets means nothing.
func (s Spec) lockSelection(l *Lock) {
	if s.Kind == KindFunction {
		l.Kind = KindFunction
	}
	l.Exclude, l.Keep, l.Executables = slices.Clone(s.Exclude), slices.Clone(s.Keep), slices.Clone(s.Executables)
	if len(s.Prune) > 0 {
		presets := slices.Sorted(slices.Values(s.Prune))
		l.Prune = &PruneLock{Rules: prune.Rules, Presets: slices.Compact(presets)}
	}
}

// excluded reports whether exclude leaves out the layer path.
func (s Spec) excluded(name string) bool {
	return filetree.Match(s.Exclude, name) && !filetree.Match(s.Keep, name)
}

// excluded is that of the Spec which the lock was made of.
func (l *Lock) excluded(name string) bool {
	return filetree.Match(l.Exclude, name) && !filetree.Match(l.Keep, name)
}

// placed returns where a file goes that an ecosystem has in a layer. In a
// function's code what Python imports lies at the root, and node_modules too.
func (s Spec) placed(name string) string {
	if s.Kind != KindFunction {
		return name
	}
	return functionPath(name)
}

func functionPath(name string) string {
	if within, ok := python.Within(name); ok {
		return within
	}
	if rest, ok := strings.CutPrefix(name, "nodejs/"); ok {
		if at := strings.Index(rest, "node_modules/"); at >= 0 {
			return rest[at:]
		}
	}
	return name
}

// moved returns the tree of an ecosystem as the code of a function has it, or
// as it is. What runtimes have in folders of their own cannot lie in one.
func (l *Lock) moved(tree filetree.Tree) (filetree.Tree, error) {
	if l.Kind != KindFunction {
		return tree, nil
	}
	for i := range tree {
		to := functionPath(tree[i].Path)
		if own := strings.HasPrefix(tree[i].Path, "python/lib/python3.") && to != strings.TrimPrefix(tree[i].Path, "python/") ||
			strings.HasPrefix(tree[i].Path, "nodejs/node") && !strings.HasPrefix(tree[i].Path, "nodejs/node_modules/"); own {
			return nil, &fault.Error{
				At: fault.At("runtimes"), Summary: "One function cannot hold the files of several runtimes",
				Detail: fmt.Sprintf("%q differs between the runtimes. A function has one runtime: write one package for each, such as by for_each.", path.Base(to)),
			}
		}
		tree[i].Path = to
	}
	return tree, nil
}

// thin returns the tree without what exclude and prune leave out and keep does
// not hold, the executables marked, and tells of patterns that matched nothing.
func (l *Lock) thin(tree filetree.Tree) (filetree.Tree, []Warning, error) {
	if len(l.Exclude) == 0 && l.Prune == nil && len(l.Executables) == 0 {
		return tree, nil, nil
	}
	exclude, keep, executables := newUse("exclude", l.Exclude), newUse("keep", l.Keep), newUse("executables", l.Executables)
	out := make([]bool, len(tree))
	kept := make([]bool, len(tree))
	for i := range tree {
		kept[i] = keep.match(tree[i].Path)
		out[i] = exclude.match(tree[i].Path) && !kept[i]
	}
	if l.Prune != nil {
		pruned, err := l.layout().Drop(tree, l.Prune.presets(), func(i int) bool { return out[i] })
		if err != nil {
			return nil, nil, err
		}
		for i := range tree {
			out[i] = out[i] || pruned[i] && !kept[i]
		}
	}
	rest := make(filetree.Tree, 0, len(tree))
	for i := range tree {
		if out[i] {
			continue
		}
		e := tree[i]
		e.Exec = executables.match(e.Path) || e.Exec
		rest = append(rest, e)
	}
	var warnings []Warning
	for _, u := range []*use{exclude, keep, executables} {
		warnings = append(warnings, u.unused()...)
	}
	return rest, warnings, nil
}

// use is a list of patterns, and which of them matched something.
type use struct {
	attribute string
	patterns  []string
	used      []bool
}

func newUse(attribute string, patterns []string) *use {
	return &use{attribute: attribute, patterns: patterns, used: make([]bool, len(patterns))}
}

func (u *use) match(name string) bool {
	if !filetree.Match(u.patterns, name) {
		return false
	}
	for i, p := range u.patterns {
		u.used[i] = u.used[i] || filetree.Match([]string{p}, name)
	}
	return true
}

func (u *use) unused() []Warning {
	var warnings []Warning
	for i, p := range u.patterns {
		if !u.used[i] {
			warnings = append(warnings, Warning{
				At: fault.At(u.attribute).Index(i), Summary: fmt.Sprintf("The pattern %q matches nothing", p),
				Detail: "No file of the package has such a path. A pattern is held against the whole path: \"**/name\" matches at any depth, \"name\" at the top alone.",
			})
		}
	}
	return warnings
}
