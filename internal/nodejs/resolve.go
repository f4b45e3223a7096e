package nodejs

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/placement"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
)

// treeOptions are choices of the user about a resolution.
type treeOptions struct {
	placement.Options
	// Before is the cut-off: versions uploaded later do not exist; zero for
	// none.
	Before time.Time
	// PinsExempt keeps the cut-off from exact versions, which somebody chose.
	PinsExempt bool
	// Prefer has the versions of an earlier tree by package name: they stay
	// wherever they satisfy.
	Prefer map[string][]string
}

// resolveTree chooses versions for a project and their places in node_modules, as
// "npm install" of npm 11 does, but for a target instead of the host. An error
// of type *ResolveError says why there is no tree, with npm's code.
//
// Where npm would put something else into a layer than was asked for, resolveTree
// fails: see [placement]. It also fails when a registry wants other credentials for
// an optional package, and for folders outside of the project, whose dependencies
// npm leaves out. What is from git or an address is refused, or left out with a note
// where it is optional.
func resolveTree(ctx context.Context, reg registry.Registry, p *manifest.Project, t manifest.Target, o treeOptions) (*modules.Tree, error) {
	ctx, cancel := context.WithCancel(ctx)
	o.Target = t
	source := newManifests(ctx, reg, o)
	defer source.tasks.Wait()
	defer cancel()
	placed, err := place(ctx, source, p, o)
	if err != nil {
		return nil, err
	}
	tree := treeOf(placed)
	tree.Notes = modules.Sorted(slices.Concat(p.Notes, placed.Notes, engineNotes(placed, p, t), source.untimed(tree)))
	return tree, nil
}

// place reads ahead what the project asks for, and places all that npm would write
// into its lock: also what is for development alone or for other platforms, and what
// only optional peers lead to.
func place(ctx context.Context, source *manifests, p *manifest.Project, o treeOptions) (*placement.Tree, error) {
	source.ahead(&p.Manifest)
	for _, folder := range p.Folders {
		source.ahead(folder)
	}
	return placement.Place(ctx, source, p, o.Options)
}

// engineNotes tells which packages ask for another Node.js than the target's, and which
// of the project's own optional dependencies are left out for that. Of others nobody
// asked for them by name.
func engineNotes(placed *placement.Tree, p *manifest.Project, t manifest.Target) []string {
	asking, leftOut := map[string][]string{}, map[string][]string{}
	for _, at := range placed.Packages {
		m := at.Manifest
		engine := m.Engine("node")
		if at.On || at.Link != "" || !t.Fits(m) || manifest.EngineAdmits(engine, t.Node) {
			continue
		}
		own := func(d manifest.Dependency) bool { return at.Path == manifest.ModulesFolder+"/"+d.Name }
		switch {
		case at.IsProduction():
			asking[engine] = append(asking[engine], m.Name+"@"+m.Version)
		case at.LeftOut != placement.Installed && slices.ContainsFunc(p.OptionalDependencies, own):
			leftOut[engine] = append(leftOut[engine], m.Name+"@"+m.Version)
		}
	}
	return modules.EngineNotes(asking, leftOut, t.Node)
}

// treeOf returns what is installed of a placement.
func treeOf(placed *placement.Tree) *modules.Tree {
	tree := &modules.Tree{}
	links := map[string][]string{} // that lead to each folder on disk
	for _, p := range placed.Packages {
		if p.Link != "" && p.IsProduction() {
			links[p.Link] = append(links[p.Link], p.Path)
		}
	}
	for _, p := range placed.Packages {
		if !p.IsProduction() {
			continue
		}
		switch {
		case p.Link != "":
		case p.On:
			for _, link := range links[p.Path] {
				for _, at := range locked.FoldersOf(link, links, []string{p.Path}) {
					tree.Local = append(tree.Local, modules.Local{Path: at, Name: p.Manifest.Name, Version: p.Manifest.Version, Source: p.Path})
				}
			}
		default:
			for _, at := range locked.FoldersOf(p.Path, links, nil) {
				tree.Packages = append(tree.Packages, packageAt(at, p))
			}
		}
	}
	slices.SortFunc(tree.Packages, func(a, b modules.Package) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(tree.Local, func(a, b modules.Local) int { return strings.Compare(a.Path, b.Path) })
	return tree
}

func packageAt(at string, p placement.Package) modules.Package {
	m := p.Manifest
	out := modules.Package{
		Path: at, Name: m.Name, Version: m.Version, URL: m.Tarball, Integrity: m.TarballIntegrity(),
		Bundled: p.Tarball != "", OS: m.OS, CPU: m.CPU, Libc: m.Libc,
	}
	if out.Bundled {
		out.URL, out.Integrity = "", ""
	}
	return out
}
