package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Distribution is what a Python distribution in the layer says of itself.
type Distribution struct {
	// Name is normalised.
	Name string
	// Origin is that of its files.
	Origin filetree.Origin
	// Modules are its top-level modules and packages.
	Modules []string
	// Needs are the normalised names of the distributions that it declares to
	// need on some target, without extras.
	Needs []string
	// Left are those of them that were left out on purpose.
	Left []string
}

// imports judges what distributions bring and need.
func (a *auditor) imports() {
	present := map[string]bool{}
	for _, d := range a.layer.Distributions {
		present[d.Name] = true
	}
	for _, d := range a.layer.Distributions {
		if gone := a.goneModules(d); len(gone) > 0 && len(gone) == len(d.Modules) {
			a.add(one{
				check: Imports, severity: Warning, cause: "modules", origin: d.Origin,
				summary: func(*Finding) string { return fmt.Sprintf("Nothing of %q can be imported", d.Name) },
				need:    fmt.Sprintf("It names the modules %s, and none of them is in the layer.", strings.Join(gone, ", ")),
				way:     "Look at exclude and prune, or leave the distribution out.",
			})
		}
		for _, need := range d.Needs {
			if present[need] || slices.Contains(d.Left, need) || runtimeBrings(need) {
				continue
			}
			a.add(one{
				check: Imports, severity: Warning, cause: "needs " + need, origin: d.Origin,
				summary: func(*Finding) string { return fmt.Sprintf("%q needs %q, which is not there", d.Name, need) },
				need:    "It declares to need it, and the layer does not hold it.", way: fmt.Sprintf("Add %q to python.requirements, or put it into another layer of the function.", need),
			})
		}
	}
}

// runtimeBrings reports whether Lambda's Python runtimes have a distribution.
func runtimeBrings(name string) bool {
	return slices.Contains([]string{"boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3"}, name)
}

// goneModules returns the top-level modules of a distribution that no declared
// runtime finds.
func (a *auditor) goneModules(d Distribution) []string {
	var gone []string
	for _, module := range d.Modules {
		if !slices.ContainsFunc(a.layer.Targets, func(t runtimes.Target) bool { return t.Family == runtimes.Python && a.hasModule(t, module) }) {
			gone = append(gone, module)
		}
	}
	return gone
}

// hasModule reports whether a target can import a top-level name: a package, a
// module, or an extension module of any suffix.
func (a *auditor) hasModule(t runtimes.Target, module string) bool {
	roots := t.Paths
	if a.layer.Function {
		roots = []string{""}
	}
	for _, root := range roots {
		at := strings.TrimPrefix(root+"/"+module, "/")
		if a.dirs[at] || a.files[at+".py"] != nil {
			return true
		}
		for i := range a.layer.Files {
			if strings.HasPrefix(a.layer.Files[i].Path, at+".") {
				return true
			}
		}
	}
	return false
}
