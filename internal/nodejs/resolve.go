package nodejs

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/placement"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
)

// treeOptions are choices of the user about a resolution.
type treeOptions struct {
	// LegacyPeerDeps ignores peer dependencies, as npm's --legacy-peer-deps.
	LegacyPeerDeps bool
	// StrictPeerDeps refuses all conflicts of peers, as npm's --strict-peer-deps.
	StrictPeerDeps bool
	// Force accepts conflicts between peers and foreign platforms, as --force.
	Force bool
	// Before is the cut-off: versions uploaded later do not exist; zero for
	// none.
	Before time.Time
	// PinsExempt keeps the cut-off from exact versions, which somebody chose.
	PinsExempt bool
	// Prefer has the versions of an earlier tree by package name: they stay
	// wherever they satisfy.
	Prefer map[string][]string
	// Whole returns every package that npm would write into its lock: those
	// for development alone, for other platforms, and those that only optional
	// peers lead to.
	Whole bool
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
	source := newManifests(ctx, reg, t, o)
	defer source.tasks.Wait()
	defer cancel()
	placed, err := placement.Place(ctx, source, p, placement.Options{
		Target: t, LegacyPeers: o.LegacyPeerDeps, StrictPeers: o.StrictPeerDeps, Force: o.Force, OmitDevelopment: !o.Whole,
	})
	if r, ok := errors.AsType[*placement.Refusal](err); ok {
		return nil, refusal(r, t)
	}
	if err != nil {
		return nil, err
	}
	tree := treeOf(placed, o.Whole)
	said := slices.Concat(notes(placed.Notes, t), leftOut(placed, p, t), source.untimedOf(tree))
	slices.Sort(said)
	tree.Notes = slices.Compact(said)
	return tree, nil
}

// treeOf returns what is installed of a placement; whole adds what npm writes into
// its lock besides.
func treeOf(placed *placement.Tree, whole bool) *modules.Tree {
	tree := &modules.Tree{}
	folders := linkedFolders(placed.Packages)
	for _, p := range placed.Packages {
		if !whole && (p.LeftOut != placement.Installed || p.Marks.Dev || p.Marks.Extraneous) {
			continue
		}
		switch {
		case p.Link != "":
		case p.On:
			for _, at := range folders.pathsOf(p.Path, nil) {
				tree.Local = append(tree.Local, modules.Local{Path: at, Name: p.Manifest.Name, Version: p.Manifest.Version, Source: p.Path})
			}
		default:
			for _, at := range folders.pathsOf(p.Path, nil) {
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
		Path: at, Name: m.Name, Version: m.Version, URL: m.Tarball, Integrity: m.Integrity,
		Dev: p.Marks.Dev, Optional: p.Marks.Optional, DevOptional: p.Marks.DevOptional, Peer: p.Marks.Peer, Extraneous: p.Marks.Extraneous,
		Bundled: p.Tarball != "", InstallScript: m.InstallScript, OS: m.OS, CPU: m.CPU, Libc: m.Libc,
	}
	if out.Bundled {
		out.URL, out.Integrity = "", ""
	} else if sum, err := hex.DecodeString(m.Shasum); out.Integrity == "" && err == nil && len(sum) > 0 {
		out.Integrity = "sha1-" + base64.StdEncoding.EncodeToString(sum)
	}
	return out
}

// links has the links that lead to each folder on disk.
type links map[string][]string

func linkedFolders(packages []placement.Package) links {
	out := links{}
	for _, p := range packages {
		if p.On {
			out[p.Path] = nil
		}
	}
	for _, p := range packages {
		if to, ok := out[p.Link]; ok && p.LeftOut == placement.Installed && !p.Marks.Dev && !p.Marks.Extraneous {
			out[p.Link] = append(to, p.Path)
		}
	}
	return out
}

// pathsOf returns where a path of the project is in a layer, which has a folder on
// disk in the place of each link to it: "packages/a/node_modules/b" is
// "node_modules/a/node_modules/b". through are the folders that the answer is for
// already, for links that lead around.
func (l links) pathsOf(path string, through []string) []string {
	folder := ""
	for at := range l {
		if len(at) > len(folder) && (path == at || strings.HasPrefix(path, at+"/")) {
			folder = at
		}
	}
	if folder == "" {
		return []string{path}
	}
	if slices.Contains(through, folder) {
		return nil
	}
	var out []string
	for _, link := range l[folder] {
		for _, at := range l.pathsOf(link, append(slices.Clip(through), folder)) {
			out = append(out, at+path[len(folder):])
		}
	}
	return out
}

// untimedOf names the registries for which a cut-off means nothing.
func (m *manifests) untimedOf(t *modules.Tree) []string {
	if m.opts.Before.IsZero() {
		return nil
	}
	var out []string
	for _, p := range t.Packages {
		if registry, ok := m.untimed(p.Name); ok {
			out = append(out, fmt.Sprintf("%s gives no upload times: releases of any age are used from it", registry))
		}
	}
	return out
}
