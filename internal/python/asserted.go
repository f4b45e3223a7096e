package python

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/imports"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// AssertImports looks for modules, classes and functions that every target must be
// able to import from files at their layer paths, or from the code of a function. Only
// the sources are read that they lead to, and nothing is run. What is missing is a
// *fault.Error for each.
func AssertImports(names []string, targets []runtimes.Target, files filetree.Tree, function bool) error {
	if len(names) == 0 {
		return nil
	}
	if len(targets) == 0 {
		return &fault.Error{At: fault.At("python", "imports"), Summary: "No Python runtime", Detail: "python.imports names modules that the runtimes must find, and none of the runtimes is one of Python."}
	}
	a := assertion{tree: files, targets: targets}
	for _, t := range targets {
		a.worlds = append(a.worlds, worldOf(t, files, function))
	}
	var faults []error
	for i, name := range names {
		found, err := a.assert(fault.At("python", "imports").Index(i), name)
		if err != nil {
			return err
		}
		faults = append(faults, found...)
	}
	return errors.Join(faults...)
}

// assertion tells what is missing on the runtimes of a layer.
type assertion struct {
	tree    filetree.Tree
	targets []runtimes.Target
	worlds  []*imports.World
}

// assert tells what is missing for one name, once for all runtimes that lack it.
func (a *assertion) assert(at fault.Path, name string) ([]error, error) {
	all, on, err := fault.Once(len(a.worlds), func(i int) ([]imports.Missing, error) { return a.worlds[i].Assert(name) })
	if err != nil {
		return nil, err
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

func (a *assertion) tell(at fault.Path, name string, m imports.Missing, on []int) (*fault.Error, error) {
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
		detail = fmt.Sprintf("%sThe package %q is there without it on %s. Check whether exclude or prune removes it, or use another version. ", how, top, runs)
		return &fault.Error{At: at, Summary: summary, Detail: strings.TrimSpace(detail)}, nil
	}
	if last := runtimes.LastWithModule(top); last > 0 {
		detail = fmt.Sprintf("%sPython has it up to 3.%d. It is gone from %s. Use a newer version of what imports it, or the runtime python3.%d.", how, last, runs, last)
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
			if metadata, err = a.tree[k].ReadContent(); err != nil {
				return "", err
			}
		}
	}
	b := wheel.WhoBrings(module, metadata, wheel.TargetFor(a.targets[0]))
	if b.Extra != "" {
		return fmt.Sprintf("An extra brings it: require %q in place of the distribution alone.", b.Extra), nil
	}
	return fmt.Sprintf("Require the distribution that brings it, such as %q, or bring the module by files.", b.Distribution), nil
}

// Reached follows what distributions import when they are imported. It reads sources,
// so it is asked only about those that seem to lack something.
type Reached struct {
	files    filetree.Tree
	function bool
	worlds   map[string]*imports.World
	origins  map[string]filetree.Origin
	loaded   map[reachedFrom]map[string]bool
}

// reachedFrom is where following begins: a runtime and an origin.
type reachedFrom struct {
	id     string
	origin filetree.Origin
}

// NewReached returns what is reached in files at their layer paths, or in the code of a
// function.
func NewReached(files filetree.Tree, function bool) *Reached {
	return &Reached{files: files, function: function, worlds: map[string]*imports.World{}, loaded: map[reachedFrom]map[string]bool{}}
}

// Unfound returns what a target lacks of the imports of the packages and modules that
// an origin brings.
func (r *Reached) Unfound(t runtimes.Target, origin filetree.Origin) ([]Unfound, error) {
	return r.world(t).Reached(func(path string) bool { return r.origins[path] == origin })
}

// Loads reports whether a target loads a file when it imports the packages and modules
// that the origin of the file brings.
func (r *Reached) Loads(t runtimes.Target, path string) (bool, error) {
	w := r.world(t)
	from := reachedFrom{t.ID, r.origins[path]}
	loaded, known := r.loaded[from]
	if !known {
		var err error
		if loaded, err = w.Loaded(func(path string) bool { return r.origins[path] == from.origin }); err != nil {
			return false, err
		}
		r.loaded[from] = loaded
	}
	return loaded[path], nil
}

func (r *Reached) world(t runtimes.Target) *imports.World {
	if r.origins == nil {
		r.origins = make(map[string]filetree.Origin, len(r.files))
		for i := range r.files {
			r.origins[r.files[i].Path] = r.files[i].Origin
		}
	}
	if r.worlds[t.ID] == nil {
		r.worlds[t.ID] = worldOf(t, r.files, r.function)
	}
	return r.worlds[t.ID]
}

// worldOf returns what a runtime imports of a layer, or of the code of a function,
// which Lambda imports from its root.
func worldOf(t runtimes.Target, files filetree.Tree, function bool) *imports.World {
	folders := t.Paths
	if function {
		folders = []string{""}
	}
	return imports.NewWorld(t.Runtime, files, folders, (*filetree.Entry).ReadContent)
}
