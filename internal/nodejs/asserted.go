package nodejs

import (
	"errors"
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/imports"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// AssertImports looks for modules that every target must be able to load from files at
// their layer paths, or from the code of a function. Only the sources are read that
// they lead to, and nothing is run. What is missing is a *fault.Error for each.
func AssertImports(names []string, targets []runtimes.Target, files filetree.Tree, function bool) error {
	if len(names) == 0 {
		return nil
	}
	if len(targets) == 0 {
		return &fault.Error{At: fault.At("nodejs", "imports"), Summary: "No Node.js runtime", Detail: "nodejs.imports names modules that the runtimes must find, and none of the runtimes is one of Node.js."}
	}
	var worlds []*imports.World
	for _, t := range targets {
		folders := t.Paths
		if function {
			folders = []string{"node_modules"}
		}
		worlds = append(worlds, imports.NewWorld(t.Runtime, files, folders, (*filetree.Entry).ReadContent))
	}
	var faults []error
	for i, name := range names {
		all, on, err := fault.Once(len(worlds), func(k int) ([]imports.Missing, error) { return worlds[k].Assert(name) })
		if err != nil {
			return err
		}
		for _, m := range all {
			var ids []string
			for _, k := range on[m] {
				ids = append(ids, targets[k].ID)
			}
			faults = append(faults, tellMissing(fault.At("nodejs", "imports").Index(i), name, m, strings.Join(ids, ", ")))
		}
	}
	return errors.Join(faults...)
}

// tellMissing says what is missing for a module that is asserted.
func tellMissing(at fault.Path, name string, m imports.Missing, runs string) *fault.Error {
	how := ""
	if m.By != "" {
		how = fmt.Sprintf("%q loads it in line %d. ", m.By, m.Line)
	}
	f := &fault.Error{At: at, Summary: fmt.Sprintf("%q cannot be loaded: there is no module %q", name, m.Module)}
	switch {
	case m.Package == "":
		f.Detail = how + fmt.Sprintf("The file is not in the layer on %s. Check whether exclude or prune removes it, or use another version of the package.", runs)
	case m.There:
		f.Detail = how + fmt.Sprintf("The package %q is there on %s, but its package.json leads to no such file. Write another name, or check whether exclude or prune removes it.", m.Package, runs)
	default:
		f.Detail = how + fmt.Sprintf("Neither this layer nor %s has the package %q. Add it to nodejs.dependencies, or bring it by files.", runs, m.Package)
	}
	return f
}
