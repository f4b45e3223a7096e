package nodejs

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
)

// treeOptions are choices of the user about a resolution.
type treeOptions struct {
	// LegacyPeerDeps ignores peer dependencies, as npm's --legacy-peer-deps.
	LegacyPeerDeps bool
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
// fails: when a registry wants other credentials for an optional package, when
// packages need each other in a circle of versions, which npm lays out with a
// link, and for folders outside of the project, whose dependencies npm leaves
// out. What is from git or an address is refused, or left out with a note where
// it is optional.
func resolveTree(ctx context.Context, reg registry.Registry, p *manifest.Project, t manifest.Target, o treeOptions) (*modules.Tree, error) {
	ctx, cancel := context.WithCancel(ctx)
	b, err := newBuilder(ctx, reg, p, t, o)
	if err != nil {
		cancel()
		return nil, err
	}
	defer b.source.tasks.Wait()
	defer cancel()
	if err := b.checkRootOverrides(); err != nil {
		return nil, err
	}
	if err := b.build(ctx); err != nil {
		return nil, err
	}
	setFlags(b.root)
	if err := b.dropFailed(); err != nil {
		return nil, err
	}
	if err := b.checkPlatforms(); err != nil {
		return nil, err
	}
	if err := b.checkCircles(); err != nil {
		return nil, err
	}
	return b.tree(), nil
}

func newBuilder(ctx context.Context, reg registry.Registry, p *manifest.Project, t manifest.Target, o treeOptions) (*builder, error) {
	overrides, err := newOverrides(p.Overrides)
	if err != nil {
		return nil, err
	}
	b := &builder{
		world: &world{legacyPeers: o.LegacyPeerDeps, specs: newSpecs()},
		opts:  o, target: t, source: newManifests(ctx, reg, t, o),
		seen: map[*node]bool{}, standIn: map[*node]*node{}, brought: map[*node]*node{},
	}
	b.root = b.newNode(nodeIn{name: cmp.Or(p.Name, "layer"), pkg: &p.Manifest, path: ".", overrides: overrides})
	b.root.unsetFlags()
	b.addMembers(p)
	return b, b.specs.failure
}

// checkRootOverrides refuses overrides of what the project itself asks for
// otherwise.
func (b *builder) checkRootOverrides() error {
	if b.root.overrides == nil {
		return nil
	}
	for e := range b.root.edgesOut.values() {
		if spec := e.spec(); spec != e.rawSpec {
			return &manifest.ResolveError{
				Code: "EOVERRIDE", Name: e.name, Spec: e.rawSpec, RequiredBy: "the project",
				Detail: fmt.Sprintf("the overrides ask for %q instead; write that as the dependency, or %q as the override", spec, "$"+e.name),
			}
		}
	}
	return b.specs.failure
}

// dropFailed marks optional packages that could not be had, and fails on
// others.
func (b *builder) dropFailed() error {
	for n := range b.failed.keys() {
		if !n.optional {
			return n.err
		}
		if n.root != b.root {
			continue
		}
		if refusal, ok := manifest.AsRefusal(n.err); !ok || refusal.Code == "EUNSUPPORTED" || !b.target.ForeignName(n.name) {
			b.note("the optional package is left out: %s", n.err)
		}
		for m := range optionalSet(n).keys() {
			m.inert = true
		}
	}
	return nil
}

// noteUntimed names the registries for which a cut-off means nothing.
func (b *builder) noteUntimed(t *modules.Tree) {
	if b.opts.Before.IsZero() {
		return
	}
	for _, p := range t.Packages {
		if registry, ok := b.source.untimed(p.Name); ok {
			b.note("%s gives no upload times: releases of any age are used from it", registry)
		}
	}
}

// checkCircles refuses the links with which npm ends a circle of packages that
// need each other in different versions: a layer holds none.
func (b *builder) checkCircles() error {
	for l := range b.root.inventory.links.keys() {
		if !l.inert && !l.dev && !l.extraneous && l.target != nil && l.target.parent != nil {
			return &manifest.ResolveError{
				Code: "ELOOP", Name: l.name, Spec: l.target.version(), RequiredBy: l.parent.label(),
				Detail: fmt.Sprintf("packages need each other in a circle of different versions, which npm lays out with a link to %q; a layer holds no links: settle the versions with \"overrides\"", l.realpath),
			}
		}
	}
	return nil
}

func (b *builder) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(b.notes, text) {
		b.notes = append(b.notes, text)
	}
}

// checkPlatforms marks optional packages that do not fit the target, and fails
// on others.
func (b *builder) checkPlatforms() error {
	for n := range b.root.inventory.byPath.values() {
		if !n.optional && (b.opts.Whole || !n.dev) {
			if !n.isProjectRoot() && !b.engineFits(n.pkg) {
				b.note("%s asks for Node.js %s, and the target has %s", n.label(), n.pkg.Engine("node"), b.target.Node)
			}
			if !b.opts.Force && !b.target.Fits(n.pkg) {
				return &manifest.ResolveError{
					Code: "EBADPLATFORM", Name: n.name, Spec: n.version(), RequiredBy: requiredBy(n),
					Detail: fmt.Sprintf("it is for os %q, cpu %q, libc %q, which %s is not", n.pkg.OS, n.pkg.CPU, n.pkg.Libc, b.target),
				}
			}
		}
		if n.optional && !n.inert && !(b.engineFits(n.pkg) && b.target.Fits(n.pkg)) {
			for m := range optionalSet(n).keys() {
				m.inert = true
			}
		}
	}
	return nil
}

func requiredBy(n *node) string {
	for e := range n.edgesIn.keys() {
		return e.from.label()
	}
	return ""
}

func (b *builder) engineFits(m *manifest.Manifest) bool {
	return (b.target.Node == "" || manifest.EngineAdmits(m.Engine("node"), b.target.Node)) &&
		manifest.EngineAdmits(m.Engine("npm"), manifest.NPMVersion)
}

// tree returns the answer.
func (b *builder) tree() *modules.Tree {
	t := &modules.Tree{}
	for n := range b.root.inventory.byPath.values() {
		if b.kept(n) && !n.link && n.parent != nil {
			t.Packages = append(t.Packages, b.packageOf(n))
		}
	}
	b.addLocal(t)
	b.noteUntimed(t)
	slices.SortFunc(t.Packages, func(x, y modules.Package) int { return cmp.Compare(x.Path, y.Path) })
	t.Notes = slices.Sorted(slices.Values(b.notes))
	return t
}

// kept tells whether a node is part of the answer.
func (b *builder) kept(n *node) bool {
	if n == b.root || n.inert && n.version() == "" {
		return false
	}
	return b.opts.Whole || !n.inert && !n.dev && !n.extraneous
}

func (b *builder) packageOf(n *node) modules.Package {
	m := n.pkg
	p := modules.Package{
		Path: n.path, Name: m.Name, Version: m.Version, URL: m.Tarball, Integrity: m.Integrity,
		Dev: n.dev, Optional: n.optional, DevOptional: n.devOptional, Peer: n.peer, Extraneous: n.extraneous,
		Bundled: n.inDependencyBundle(), InstallScript: m.InstallScript, OS: m.OS, CPU: m.CPU, Libc: m.Libc, Bin: m.Bin,
	}
	if p.Bundled {
		p.URL, p.Integrity = "", ""
	} else if sum, err := hex.DecodeString(m.Shasum); p.Integrity == "" && err == nil && len(sum) > 0 {
		p.Integrity = "sha1-" + base64.StdEncoding.EncodeToString(sum)
	}
	return p
}
