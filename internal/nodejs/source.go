package nodejs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/lockfile"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/placement"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// inFlight is how many documents are asked for at a time.
const inFlight = 48

// manifests answers dependencies with manifests, and asks ahead for what the
// answers will need: that changes when documents come, never what is chosen.
type manifests struct {
	ctx  context.Context
	reg  registry.Registry
	opts treeOptions

	slots chan struct{}
	tasks sync.WaitGroup

	mu     sync.Mutex
	pages  map[string]func() (*registry.Packument, error)
	picked map[string]func() (*manifest.Manifest, error) // by name, NUL, spec
}

func newManifests(ctx context.Context, reg registry.Registry, o treeOptions) *manifests {
	return &manifests{
		ctx: ctx, reg: reg, opts: o, slots: make(chan struct{}, inFlight),
		pages: map[string]func() (*registry.Packument, error){}, picked: map[string]func() (*manifest.Manifest, error){},
	}
}

// Choose implements [placement.Source].
func (m *manifests) Choose(_ context.Context, spec manifest.Spec) (*manifest.Manifest, error) {
	return m.ask(spec)()
}

// Open implements [placement.Source].
func (m *manifests) Open(ctx context.Context, of *manifest.Manifest) (placement.Contents, error) {
	packages, shrinkwrap, err := m.reg.Bundle(ctx, of)
	if err != nil {
		return placement.Contents{}, err
	}
	c := placement.Contents{Packages: packages}
	if len(shrinkwrap) == 0 {
		return c, nil
	}
	if c.Shrinkwrap, err = lockfile.ReadShrinkwrap(shrinkwrap); err != nil {
		return c, fmt.Errorf("in the tarball of %s@%s: %w", of.Name, of.Version, err)
	}
	for _, x := range c.Shrinkwrap {
		x.Tarball = m.reg.Locate(x.Name, x.Version, x.Tarball)
	}
	return c, nil
}

// ask starts to find the manifest where nobody did, and what it needs in turn. What it
// returns waits for the answer.
func (m *manifests) ask(spec manifest.Spec) func() (*manifest.Manifest, error) {
	key := spec.Name + "\x00" + spec.Raw
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.picked[key] == nil {
		find := sync.OnceValues(func() (*manifest.Manifest, error) {
			found, err := m.find(spec)
			if err == nil {
				m.ahead(found)
			}
			return found, err
		})
		m.picked[key] = find
		m.tasks.Go(func() { _, _ = find() })
	}
	return m.picked[key]
}

// ahead asks for all that a manifest depends on.
func (m *manifests) ahead(found *manifest.Manifest) {
	if m.ctx.Err() != nil {
		return
	}
	ask := func(deps []manifest.Dependency, skip map[string]bool) {
		for _, d := range deps {
			if skip[d.Name] || slices.Contains(found.Bundled, d.Name) {
				continue
			}
			if spec, err := manifest.ParseSpec(d.Name, d.Spec); err == nil {
				m.ask(spec)
			}
		}
	}
	ask(found.Dependencies, nil)
	ask(found.OptionalDependencies, nil)
	ask(found.DevDependencies, nil)
	if !m.opts.LegacyPeers {
		ask(found.PeerDependencies, found.OptionalPeers)
	}
}

func (m *manifests) find(spec manifest.Spec) (*manifest.Manifest, error) {
	if spec = spec.Resolved(); !spec.FromRegistry() {
		return nil, unsupported(spec)
	}
	p, err := m.page(spec.Name)
	if err != nil {
		return nil, err
	}
	kept := m.preferred(p, spec)
	if kept >= 0 && m.runs(p, kept) {
		return p.Manifest(m.ctx, kept)
	}
	pick := registry.PickOptions{Node: m.opts.Target.Node, Before: m.opts.Before}
	if m.opts.PinsExempt && spec.Kind == manifest.VersionSpec {
		pick.Before = time.Time{}
	}
	i, err := registry.Pick(p, spec, pick)
	if kept >= 0 && (err != nil || !m.runs(p, i)) {
		return p.Manifest(m.ctx, kept)
	}
	if err != nil {
		return nil, err
	}
	return p.Manifest(m.ctx, i)
}

// preferred returns the place of the newest version of an earlier tree that
// spec admits, of those that run on the target if there are some; -1 where
// there is none. The earlier tree may have been for several targets.
func (m *manifests) preferred(p *registry.Packument, spec manifest.Spec) int {
	best, found, runs := semver.Version{}, -1, false
	if spec.Kind != manifest.RangeSpec {
		return found
	}
	for _, text := range m.opts.Prefer[spec.Name] {
		v, err := semver.ParseLoose(text)
		at := p.Find(text)
		if err != nil || at < 0 || !spec.Range.Match(v) || !m.opts.Before.IsZero() && p.Versions[at].Uploaded.After(m.opts.Before) {
			continue
		}
		r := m.runs(p, at)
		if found < 0 || r && !runs || r == runs && semver.Compare(v, best) > 0 {
			best, found, runs = v, at, r
		}
	}
	return found
}

// runs tells whether a version's engines admit the target.
func (m *manifests) runs(p *registry.Packument, at int) bool {
	return m.opts.Target.Node == "" || manifest.EngineAdmits(p.Versions[at].Engines, m.opts.Target.Node)
}

// untimed names the registries of a tree's packages for which a cut-off means nothing.
func (m *manifests) untimed(t *modules.Tree) []string {
	var out []string
	for _, p := range t.Packages {
		m.mu.Lock()
		page := m.pages[p.Name]
		m.mu.Unlock()
		if page == nil || p.Bundled || m.opts.Before.IsZero() {
			continue
		}
		if document, err := page(); err == nil && !document.Timed {
			out = append(out, cmp.Or(document.Registry, "the registry")+" gives no upload times: releases of any age are used from it")
		}
	}
	return out
}

// page returns a package's document.
func (m *manifests) page(name string) (*registry.Packument, error) {
	m.mu.Lock()
	page := m.pages[name]
	if page == nil {
		page = sync.OnceValues(func() (*registry.Packument, error) {
			select {
			case m.slots <- struct{}{}:
			case <-m.ctx.Done():
				return nil, context.Cause(m.ctx)
			}
			defer func() { <-m.slots }()
			return m.reg.Packument(m.ctx, name)
		})
		m.pages[name] = page
	}
	m.mu.Unlock()
	return page()
}

// unsupported refuses what no registry holds.
func unsupported(spec manifest.Spec) error {
	detail := fmt.Sprintf("it is %s, and only what a registry holds has a version and a digest to plan with; "+
		"publish it to a registry, or depend on the address of an archive (https://….tgz) and bring the lock file", spec.Kind)
	switch spec.Kind {
	case manifest.WorkspaceSpec, manifest.LinkSpec, manifest.OtherSpec:
		detail = "npm does not know this form, and pnpm and Yarn do: name their lock file (pnpm-lock.yaml, yarn.lock) in nodejs.lock_file, in place of package_json or dependencies, or write a range such as ^1.2.3"
	case manifest.RemoteSpec:
		detail = "it is an address, and only a lock file has a digest for that: name the lock file of the project in nodejs.lock_file, or publish the archive to a registry"
	case manifest.DirectorySpec:
		detail = "there is no such folder with a package.json within the project; only those can be packed"
	}
	return &manifest.ResolveError{Code: "EUNSUPPORTED", Name: spec.Name, Spec: spec.Raw, Detail: detail}
}
