package locked

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// checkLinked refuses linked folders whose dependencies nothing in the layer
// answers: their own node_modules, which answer them on disk, are not packed.
func (w *treeWriter) checkLinked() error {
	at := map[string]*Package{}
	for _, p := range w.tree.Packages {
		at[p.Path] = &Package{Name: p.Name, Version: p.Version}
	}
	for _, p := range w.tree.Local {
		at[p.Path] = &Package{Name: p.Name, Version: p.Version, Local: p.Source}
	}
	var faults []error
	for _, l := range w.tree.Local {
		p := w.linked[l.Path]
		if p == nil {
			continue
		}
		var unmet []string
		for _, e := range p.Edges {
			if e.Kind.Bends() {
				continue
			}
			if found := lookUp(at, l.Path, e.Name); found == nil || !Answers(found, e.Name, e.Spec) {
				unmet = append(unmet, e.Name+" "+strconv.Quote(e.Spec))
			}
		}
		if len(unmet) > 0 {
			faults = append(faults, &Error{File: w.File, Entry: l.Name, Reason: fmt.Sprintf("it is the folder %q, whose dependencies %s leaves to the folder itself, and nothing in the layer answers %s. %s",
				l.Source, w.Tool.command(), strings.Join(unmet, ", "), w.Tool.linking())})
		}
	}
	return errors.Join(faults...)
}

// lookUp returns what Node.js finds under a name from a path, nil for nothing.
func lookUp(at map[string]*Package, from, name string) *Package {
	for _, level := range slices.Backward(levels(from)) {
		if p := at[path.Join(level, manifest.ModulesFolder, name)]; p != nil {
			return p
		}
	}
	return nil
}
