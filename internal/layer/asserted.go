package layer

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// assertImports looks for what the user asserts to be importable. Only the sources
// are read that the imports lead to, and nothing is run.
func (l *Lock) assertImports(tree filetree.Tree, o Output) error {
	targets, err := Spec{Runtimes: l.Runtimes, Architectures: l.Architectures[:min(1, len(l.Architectures))]}.targets(runtimes.Python)
	if err != nil || len(o.PythonImports) == 0 {
		return err
	}
	if len(targets) == 0 {
		return &fault.Error{At: fault.At("python", "imports"), Summary: "No Python runtime", Detail: "python.imports names modules that the runtimes must find, and none of the runtimes is one of Python."}
	}
	a := assertion{tree: tree, targets: targets}
	for _, t := range targets {
		a.worlds = append(a.worlds, worldOf(t, tree, l.Kind == KindFunction))
	}
	var faults []error
	for i, name := range o.PythonImports {
		found, err := a.python(fault.At("python", "imports").Index(i), name)
		if err != nil {
			return err
		}
		faults = append(faults, found...)
	}
	return errors.Join(faults...)
}

// contentOf reads a file of a layer whole.
func contentOf(e *filetree.Entry) (body []byte, err error) {
	in, err := e.OpenContent()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if body, err = io.ReadAll(in); err != nil {
		return nil, fmt.Errorf("reading %q: %w", e.Path, err)
	}
	return body, nil
}

// assertion tells what is missing on the runtimes of a layer.
type assertion struct {
	tree    filetree.Tree
	targets []runtimes.Target
	worlds  []*python.World
}

// python tells what is missing for one name, once for all runtimes that lack it.
func (a *assertion) python(at fault.Path, name string) ([]error, error) {
	var all []python.Unfound
	on := map[python.Unfound][]int{}
	for i, w := range a.worlds {
		missing, err := w.Assert(name)
		if err != nil {
			return nil, err
		}
		for _, m := range missing {
			if on[m] == nil {
				all = append(all, m)
			}
			on[m] = append(on[m], i)
		}
	}
	var faults []error
	for _, m := range all {
		told, err := a.tell(at, name, m, on[m])
		if err != nil {
			return nil, err
		}
		faults = append(faults, told)
	}
	return faults, nil
}

func (a *assertion) tell(at fault.Path, name string, m python.Unfound, on []int) (*fault.Error, error) {
	var ids []string
	for _, i := range on {
		ids = append(ids, a.targets[i].ID)
	}
	runs := strings.Join(ids, ", ")
	if m.Name != "" {
		return &fault.Error{
			At: at, Summary: fmt.Sprintf("%q has no %q", m.Module, m.Name),
			Detail: fmt.Sprintf("Importing %s on %s fails: the sources of %s name no %s. Write a name that it has, or the module alone.", name, runs, m.Module, m.Name),
		}, nil
	}
	verb, how := "imported", ""
	if m.Making != "" {
		verb = "used"
	}
	summary := fmt.Sprintf("%q cannot be %s: there is no module %q", name, verb, m.Module)
	if m.By != "" {
		how = fmt.Sprintf("%q imports it in line %d", m.By, m.Line)
		if m.Making != "" {
			how += fmt.Sprintf(", whenever %s is called", m.Making)
		}
		how += ". "
	}
	top := m.Top()
	detail := fmt.Sprintf("%sNeither this layer nor %s has it, nor the standard library. ", how, runs)
	if slices.ContainsFunc(on, func(i int) bool { return a.worlds[i].Has(top) }) {
		detail = fmt.Sprintf("%sThe package %q is there without it on %s. Look at exclude and prune, or take another version. ", how, top, runs)
		return &fault.Error{At: at, Summary: summary, Detail: strings.TrimSpace(detail)}, nil
	}
	if last := runtimes.LastWithModule(top); last > 0 {
		detail = fmt.Sprintf("%sPython has it up to 3.%d. It is gone from %s. Take a newer version of what imports it, or the runtime python3.%d.", how, last, runs, last)
		if top == "distutils" {
			detail += " The distribution \"setuptools\" brings it, too."
		}
		return &fault.Error{At: at, Summary: summary, Detail: detail}, nil
	}
	way, err := a.wayOut(m.Module, m.By)
	if err != nil {
		return nil, err
	}
	return &fault.Error{At: at, Summary: summary, Detail: detail + way}, nil
}

// wayOut says what brings a module that a file of the layer imports.
func (a *assertion) wayOut(module, by string) (string, error) {
	var metadata []byte
	if i := slices.IndexFunc(a.tree, func(e filetree.Entry) bool { return by != "" && e.Path == by }); i >= 0 {
		origin := a.tree[i].Origin
		k := slices.IndexFunc(a.tree, func(e filetree.Entry) bool {
			return origin.Ecosystem == "python" && e.Origin == origin && strings.HasSuffix(e.Path, ".dist-info/METADATA")
		})
		if k >= 0 {
			var err error
			if metadata, err = contentOf(&a.tree[k]); err != nil {
				return "", err
			}
		}
	}
	b := python.WhoBrings(module, metadata, a.targets[0])
	if b.Extra != "" {
		return fmt.Sprintf("An extra brings it: require %q in place of the distribution alone.", b.Extra), nil
	}
	return fmt.Sprintf("Require the distribution that brings it, such as %q, or bring the module by files.", b.Distribution), nil
}

// reachedImports follows what distributions import when they are imported. It reads
// sources, so it is asked only about those that seem to lack something.
type reachedImports struct {
	tree     filetree.Tree
	function bool
	worlds   map[string]*python.World
	origins  map[string]filetree.Origin
	err      error
}

func (r *reachedImports) unfound(t runtimes.Target, origin filetree.Origin) []audit.Import {
	if r.worlds == nil {
		r.worlds, r.origins = map[string]*python.World{}, map[string]filetree.Origin{}
		for i := range r.tree {
			r.origins[r.tree[i].Path] = r.tree[i].Origin
		}
	}
	if r.worlds[t.ID] == nil {
		r.worlds[t.ID] = worldOf(t, r.tree, r.function)
	}
	missing, err := r.worlds[t.ID].Reached(func(path string) bool { return r.origins[path] == origin })
	r.err = errors.Join(r.err, err)
	var out []audit.Import
	for _, m := range missing {
		out = append(out, audit.Import{Module: m.Module, File: m.By, Line: m.Line})
	}
	return out
}

// worldOf returns what a runtime imports of a layer, or of the code of a function.
func worldOf(t runtimes.Target, tree filetree.Tree, function bool) *python.World {
	folders := t.Paths
	if function {
		folders = []string{""}
	}
	return python.NewWorld(t.Runtime, tree, folders, contentOf)
}
