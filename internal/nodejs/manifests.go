package nodejs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// inFlight is how many documents are asked for at a time.
const inFlight = 48

// manifests answers dependencies with manifests, and asks ahead for what the
// answers will need: that changes when documents come, never what is chosen.
type manifests struct {
	ctx    context.Context
	reg    Registry
	target Target
	opts   Options

	slots chan struct{}
	tasks sync.WaitGroup

	mu     sync.Mutex
	pages  map[string]*answer[*Packument]
	picked map[string]*answer[*Manifest] // by name, NUL, spec
}

// answer is a value that one caller gets for all.
type answer[T any] struct {
	done chan struct{}
	val  T
	err  error
}

func newManifests(ctx context.Context, reg Registry, t Target, o Options) *manifests {
	return &manifests{
		ctx: ctx, reg: reg, target: t, opts: o, slots: make(chan struct{}, inFlight),
		pages: map[string]*answer[*Packument]{}, picked: map[string]*answer[*Manifest]{},
	}
}

// asRefusal returns the error of a request that can have no answer, as opposed
// to one that had none this time. A registry that wants other credentials has
// not answered: npm leaves out optional packages then, and an expired token
// would change what is in a layer.
func asRefusal(err error) (*ResolveError, bool) {
	refusal, ok := errors.AsType[*ResolveError](err)
	if ok && (refusal.Code == "E401" || refusal.Code == "E403") {
		return nil, false
	}
	return refusal, ok
}

// get returns the manifest for a dependency of a node.
func (m *manifests) get(ctx context.Context, spec Spec, name, text string) (*Manifest, error) {
	a := m.ask(spec, name, text)
	select {
	case <-a.done:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return a.val, a.err
}

// ask starts to find the manifest where nobody did, and what it needs in turn.
func (m *manifests) ask(spec Spec, name, text string) *answer[*Manifest] {
	key := name + "\x00" + text
	m.mu.Lock()
	defer m.mu.Unlock()
	if a := m.picked[key]; a != nil {
		return a
	}
	a := &answer[*Manifest]{done: make(chan struct{})}
	m.picked[key] = a
	m.tasks.Go(func() {
		defer close(a.done)
		if a.val, a.err = m.find(spec); a.err == nil {
			m.ahead(a.val)
		}
	})
	return a
}

// ahead asks for all that a manifest depends on.
func (m *manifests) ahead(found *Manifest) {
	if m.ctx.Err() != nil {
		return
	}
	ask := func(deps []Dependency, skip map[string]bool) {
		for _, d := range deps {
			if skip[d.Name] || slices.Contains(found.Bundled, d.Name) {
				continue
			}
			if spec, err := ParseSpec(d.Name, cmp.Or(d.Spec, "*")); err == nil {
				m.ask(spec, d.Name, d.Spec)
			}
		}
	}
	ask(found.Dependencies, nil)
	ask(found.OptionalDependencies, nil)
	if !m.opts.LegacyPeerDeps {
		ask(found.PeerDependencies, found.OptionalPeers)
	}
}

func (m *manifests) find(spec Spec) (*Manifest, error) {
	if spec = spec.Resolved(); !spec.FromRegistry() {
		return nil, unsupported(spec)
	}
	p, err := m.page(spec.Name)
	if err != nil {
		return nil, err
	}
	if kept := m.preferred(p, spec); kept >= 0 {
		return p.Manifest(kept)
	}
	pick := PickOptions{Node: m.target.Node, Before: m.opts.Before}
	if m.opts.PinsExempt && spec.Kind == VersionSpec {
		pick.Before = time.Time{}
	}
	i, err := Pick(p, spec, pick)
	if err != nil {
		return nil, err
	}
	return p.Manifest(i)
}

// preferred returns the place of the newest version of an earlier tree that
// spec admits, -1 where there is none.
func (m *manifests) preferred(p *Packument, spec Spec) int {
	best, found := semver.Version{}, -1
	if spec.Kind != RangeSpec {
		return found
	}
	for _, text := range m.opts.Prefer[spec.Name] {
		v, err := semver.ParseLoose(text)
		if err != nil || !spec.Range.Match(v) || found >= 0 && semver.Compare(v, best) <= 0 {
			continue
		}
		at := p.Find(text)
		if at >= 0 && (m.opts.Before.IsZero() || !p.Versions[at].Uploaded.After(m.opts.Before)) {
			best, found = v, at
		}
	}
	return found
}

// page returns a package's document.
func (m *manifests) page(name string) (*Packument, error) {
	m.mu.Lock()
	a := m.pages[name]
	if a != nil {
		m.mu.Unlock()
		<-a.done
		return a.val, a.err
	}
	a = &answer[*Packument]{done: make(chan struct{})}
	m.pages[name] = a
	m.mu.Unlock()
	defer close(a.done)
	select {
	case m.slots <- struct{}{}:
	case <-m.ctx.Done():
		a.err = context.Cause(m.ctx)
		return nil, a.err
	}
	defer func() { <-m.slots }()
	a.val, a.err = m.reg.Packument(m.ctx, name)
	return a.val, a.err
}

// unsupported refuses what no registry holds.
func unsupported(spec Spec) error {
	detail := fmt.Sprintf("it is %s, and only what a registry holds has a version and a digest to plan with; "+
		"publish it to a registry, or bring a lock file", spec.Kind)
	if spec.Kind == DirectorySpec {
		detail = "there is no such folder with a package.json within the project; only those can be packed"
	}
	return &ResolveError{Code: "EUNSUPPORTED", Name: spec.Name, Spec: spec.Raw, Detail: detail}
}

// refusedBy says whose wish an error is about.
func refusedBy(e *edge, err error) error {
	failure, ok := asRefusal(err)
	if !ok {
		return err
	}
	own := *failure
	own.Name, own.Spec, own.RequiredBy = e.name, e.spec(), e.from.label()
	return &own
}
