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
	// Imports are the top-level modules that these seem to import from elsewhere.
	Imports []string
	// Needs are the normalised names of the distributions that it declares to
	// need on some target.
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
				need:    fmt.Sprintf("Its metadata list the modules %s, and none of them is in the layer.", strings.Join(gone, ", ")),
				way:     "Check whether exclude or prune removes them, or leave the distribution out.",
			})
		}
		a.unfoundImports(d)
		for _, need := range d.Needs {
			if present[need] || slices.Contains(d.Left, need) || runtimes.BringsDistribution(need) {
				continue
			}
			a.add(one{
				check: Imports, severity: Warning, cause: "needs " + need + " by " + d.Name, origin: d.Origin,
				summary: func(*Finding) string { return fmt.Sprintf("%q needs %q, which is not there", d.Name, need) },
				need:    "Its metadata require it, and the layer does not have it.", way: fmt.Sprintf("Add %q to python.requirements, or put it into another layer of the function.", need),
			})
		}
	}
}

// goneModules returns the top-level modules of a distribution that no declared
// runtime finds.
func (a *auditor) goneModules(d Distribution) []string {
	var gone []string
	for _, module := range d.Modules {
		found := slices.ContainsFunc(a.layer.Targets, func(t runtimes.Target) bool { return t.Family == runtimes.Python && a.tops(t)[module] })
		if !found {
			gone = append(gone, module)
		}
	}
	return gone
}

// tops returns the top-level names that a target can import: packages, modules,
// and extension modules of any suffix.
func (a *auditor) tops(t runtimes.Target) map[string]bool {
	if known := a.modules[t.ID]; known != nil {
		return known
	}
	tops := map[string]bool{}
	roots := t.Paths
	if a.layer.Function {
		roots = []string{""}
	}
	for _, root := range roots {
		last := ""
		for _, r := range a.files.runs {
			if r.dir == root {
				for i := r.from; i < r.to; i++ {
					top, _, _ := strings.Cut(base(a.layer.Files[i].Path), ".")
					tops[top] = true
				}
				continue
			}
			within, ok := strings.CutPrefix(r.dir, root)
			if ok && root != "" {
				within, ok = strings.CutPrefix(within, "/")
			}
			if top := topFolder(within); ok && top != last {
				tops[top], last = true, top
			}
		}
	}
	a.modules[t.ID] = tops
	return tops
}

// unfoundImports tells of modules that a distribution imports and that neither the
// layer nor the runtime has. Another layer may bring them, so it is a note; what the
// standard library has lost, no layer brings by itself.
func (a *auditor) unfoundImports(d Distribution) {
	for _, t := range a.layer.Targets {
		minor, ok := t.PythonMinor()
		if !ok || t.Architecture != a.layer.Targets[0].Architecture || a.layer.Unfound == nil {
			continue
		}
		has := func(module string) bool {
			return a.tops(t)[module] || runtimes.HasStandardModule(minor, module) || t.BringsModule(module) || module == "distutils" && a.tops(t)["setuptools"]
		}
		if !slices.ContainsFunc(d.Imports, func(module string) bool { return !has(module) }) {
			continue
		}
		for _, m := range a.layer.Unfound(t, d.Origin) {
			top, _, _ := strings.Cut(m.Module, ".")
			if has(top) {
				continue
			}
			o := one{
				check: Imports, severity: Note, cause: "import " + top, file: m.File, origin: d.Origin, target: t.String(),
				summary: func(*Finding) string { return fmt.Sprintf("%q imports %q, which is not there", d.Name, top) },
				need:    fmt.Sprintf("%q imports %q in line %d whenever it is loaded.", m.File, m.Module, m.Line), has: "Neither this layer nor " + targetsHere + " has it.",
				way: "If functions import that part of the distribution, add the module to this layer or to another one.",
			}
			if last := runtimes.LastWithModule(top); last > 0 && last < minor {
				o.severity = Warning
				o.has = fmt.Sprintf("Python has it up to 3.%d. It is gone from %s.", last, targetsHere)
				o.way = fmt.Sprintf("Use a newer version of %q, or a runtime up to python3.%d.", d.Name, last)
			}
			a.add(o)
		}
	}
}
