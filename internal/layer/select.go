package layer

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/inspect"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/prune"
)

// layout is how the files lie for the presets.
func (l *Lock) layout() prune.Layout {
	isPython := func(id string) bool { return strings.HasPrefix(id, "python") }
	return prune.Layout{Function: l.Kind == KindFunction, Python: slices.ContainsFunc(l.Runtimes, isPython)}
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

// checkArchives refuses a layer that is too large by the sizes of its wheels alone,
// where nothing of them is left out.
func (l *Lock) checkArchives(o Output) error {
	if l.Python == nil || len(l.Exclude) > 0 || l.Prune != nil || !o.Want.IsZero() {
		return nil
	}
	return inspect.CheckArchives(l.Python.Sizes(), o.Size)
}

// moved returns the tree of an ecosystem as the code of a function has it, or
// as it is. What runtimes have in folders of their own cannot lie in one.
func (l *Lock) moved(tree filetree.Tree) (filetree.Tree, error) {
	if l.Kind != KindFunction {
		return tree, nil
	}
	for i := range tree {
		from, to := tree[i].Path, functionPath(tree[i].Path)
		if ofOnePython(from, to) || ofOneNode(from) {
			return nil, &fault.Error{
				At: fault.At("runtimes"), Summary: "One function cannot hold the files of several runtimes",
				Detail: fmt.Sprintf("%q differs between the runtimes. A function has one runtime: write one package for each, such as by for_each.", path.Base(to)),
			}
		}
		tree[i].Path = to
	}
	return tree, nil
}

// ofOnePython reports whether a file lies in the site-packages of one version of
// Python, such as "python/lib/python3.12/site-packages/a.py": what lies beside them, in
// "python/lib/python3.12", is a package called lib.
func ofOnePython(from, to string) bool {
	return strings.HasPrefix(from, "python/lib/python3.") && to != strings.TrimPrefix(from, "python/")
}

// ofOneNode reports whether a file lies in the folder of one version of Node.js, such as
// "nodejs/node22/node_modules/a.js".
func ofOneNode(from string) bool {
	return strings.HasPrefix(from, "nodejs/node") && !strings.HasPrefix(from, "nodejs/node_modules/")
}

// thin returns the tree without what exclude and prune leave out and keep does
// not hold, the executables marked, and tells of patterns that matched nothing.
func (l *Lock) thin(tree filetree.Tree) (filetree.Tree, []fault.Warning, error) {
	if len(l.Exclude) == 0 && l.Prune == nil && len(l.Executables) == 0 {
		return tree, nil, nil
	}
	out := make([]bool, len(tree))
	kept := make([]bool, len(tree))
	for i := range tree {
		kept[i] = filetree.Match(l.Keep, tree[i].Path)
		out[i] = !kept[i] && filetree.Match(l.Exclude, tree[i].Path)
	}
	if l.Prune != nil {
		pruned, err := l.layout().Drop(tree, l.Prune.Presets, func(i int) bool { return out[i] })
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
		e.Exec = e.Exec || filetree.Match(l.Executables, e.Path)
		rest = append(rest, e)
	}
	return rest, slices.Concat(unused("exclude", l.Exclude, tree), unused("keep", l.Keep, tree), unused("executables", l.Executables, rest)), nil
}

// unused tells of patterns that match no file.
func unused(attribute string, patterns []string, tree filetree.Tree) []fault.Warning {
	var warnings []fault.Warning
	for i, p := range patterns {
		if !slices.ContainsFunc(tree, func(e filetree.Entry) bool { return filetree.Match([]string{p}, e.Path) }) {
			warnings = append(warnings, fault.Warning{
				At: fault.At(attribute).Index(i), Summary: fmt.Sprintf("The pattern %q matches nothing", p),
				Detail: "No file of the package has such a path. A pattern is compared with the whole path: \"**/name\" matches at any depth, \"name\" at the top alone.",
			})
		}
	}
	return warnings
}
