package locked

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// checkLinked refuses linked folders whose dependencies nothing in the layer
// answers: their own node_modules, which answer them on disk, are not packed.
func (w *treeWriter) checkLinked() error {
	var faults []error
	for _, l := range w.tree.Local {
		p := w.folders[l.Path]
		if !p.Linked {
			continue
		}
		var unmet []string
		for _, e := range p.Edges {
			if e.Kind.Bends() {
				continue
			}
			if found := w.folders[find(w.folders, l.Path, e.Name)]; found == nil || !Answers(found, e.Name, e.Spec) {
				unmet = append(unmet, e.Name+" "+strconv.Quote(e.Spec))
			}
		}
		if len(unmet) > 0 {
			faults = append(faults, &Error{File: w.File, Entry: l.Name, Reason: fmt.Sprintf("it is the folder %q, whose dependencies %s leaves to the folder itself, and nothing in the layer answers %s. %s",
				l.Source, w.Tool.Command(), strings.Join(unmet, ", "), w.Tool.linking())})
		}
	}
	return errors.Join(faults...)
}
