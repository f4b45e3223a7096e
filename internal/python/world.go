package python

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
)

// world is the universe of one target: the catalog seen through its policy.
type world struct {
	*catalog
	spec   *Spec
	target Target
	env    Env
	tags   *Tags
	python pep440.Version
	// exempt are versions that no cut-off hides, prefer those tried first, by
	// name and version key.
	exempt map[string]map[string]bool
	prefer map[string]map[string]int

	mu       sync.Mutex
	projects map[string]*future[*project]
	expected map[string]bool

	// sources are the source distributions that the solver asked about, by
	// digest, and what is wrong with them; refused is how many of a project
	// were of no use. Of the solver alone.
	sources map[string]string
	refused map[string]int
}

func (w *world) project(ctx context.Context, name string) (*project, error) {
	return w.startProject(name).wait(ctx)
}

func (w *world) startProject(name string) *future[*project] {
	pages := w.page(name)
	w.mu.Lock()
	defer w.mu.Unlock()
	if f, ok := w.projects[name]; ok {
		return f
	}
	f := &future[*project]{done: make(chan struct{})}
	w.projects[name] = f
	w.tasks.Go(func() {
		defer close(f.done)
		p, err := pages.wait(w.ctx)
		if err != nil {
			f.err = err
			return
		}
		pl := w.policyOn(p)
		f.value, f.err = newProject(p, pl), w.checkHashes(p, pl)
	})
	return f
}

// policyOn returns the rules for the files of a page.
func (w *world) policyOn(p *page) *policy {
	pl := w.policy(p.name)
	for i := range p.wheels {
		f := &p.wheels[i]
		if !f.standIn() {
			continue
		}
		if _, ok := pl.rank(f); ok {
			pl.standIn = f.link.Source
			break
		}
	}
	return pl
}

// policy returns the rules for the files of a name.
func (w *world) policy(name string) *policy {
	pl := newPolicy(w.tags, w.python)
	pl.cutOff, pl.cutText = w.spec.ExcludeNewer, w.spec.ExcludeNewer.UTC().Format("2006-01-02T15:04:05")
	pl.datedOnly, pl.allPre, pl.sdists = !w.spec.PinsExempt, w.spec.Prereleases, w.spec.Sdists
	pl.leftOut = slices.Contains(w.spec.LeftOut, name)
	pl.exempt, pl.prefer, pl.pins = w.exempt[name], w.prefer[name], map[string]bool{}
	for _, in := range slices.Concat(w.spec.Requirements, w.spec.Constraints) {
		if in.Requirement.Name != name || !in.Requirement.Marker.Eval(w.env, "") {
			continue
		}
		if key, ok := pinnedKey(in.Requirement.Specifiers); ok {
			pl.pins[key] = true
		}
		if len(in.Hashes) > 0 {
			pl.hashes = append(pl.hashes, in.Hashes)
		}
	}
	return pl
}

func pinnedKey(s pep440.Specifiers) (string, bool) {
	text, ok := s.Pinned()
	if !ok {
		return "", false
	}
	v, err := pep440.Parse(text)
	if err != nil {
		return "", false
	}
	return v.Key(), true
}

func (w *world) limits(name string) []dependency {
	var limits []dependency
	for _, in := range w.spec.Constraints {
		if in.Requirement.Name == name && in.Requirement.Marker.Eval(w.env, "") {
			limits = append(limits, dependency{name: name, spec: in.Requirement.Specifiers, source: source(in)})
		}
	}
	return limits
}

// requirements returns the direct requirements whose markers hold.
func (w *world) requirements() []dependency {
	var deps []dependency
	for _, in := range w.spec.Requirements {
		r := in.Requirement
		if r.Marker.Eval(w.env, "") {
			deps = append(deps, dependency{name: r.Name, extras: r.Extras, spec: r.Specifiers, source: source(in)})
		}
	}
	return deps
}

// source names the place of a direct requirement.
func source(in Input) string { return cmp.Or(in.Source, "the configuration") }

func (w *world) dependencies(ctx context.Context, p *project, i int, extra string) ([]dependency, string, error) {
	c := p.candidates[i]
	left := slices.Contains(w.spec.LeftOut, p.name)
	if !left && w.tooMany(c) {
		return nil, "it has only a source distribution, and newer ones could not be used", nil
	}
	m, err := w.metadata(p.page, c.file).wait(ctx)
	if err != nil {
		return nil, "", err
	}
	deps, fault := w.evaluate(m, extra)
	if left && fault != "" {
		return nil, "", nil // it is not packed: what it would need is nothing
	}
	w.count(c, fault)
	return deps, fault, nil
}

// evaluate returns the requirements of a wheel on the target: its own, or those
// that only the extra adds.
func (w *world) evaluate(m *wheelMetadata, extra string) ([]dependency, string) {
	if m.fault != "" {
		return nil, m.fault
	}
	if !m.RequiresPython.Match(w.python) {
		return nil, "it requires Python " + m.RequiresPython.String()
	}
	var deps []dependency
	for _, r := range m.RequiresDist {
		always := r.Marker.Eval(w.env, "")
		if extra == "" && !always || extra != "" && (always || !r.Marker.Eval(w.env, extra)) {
			continue
		}
		if r.URL != "" && !w.spec.given(r.Name) && !slices.Contains(w.spec.LeftOut, r.Name) {
			return nil, "it needs " + r.Name + " from an address of its own, not from an index"
		}
		deps = append(deps, dependency{name: r.Name, extras: r.Extras, spec: r.Specifiers})
	}
	return deps, ""
}

// expect fetches ahead: the pages, the metadata of the best version that each
// requirement allows, and what that needs in turn. All of it is a guess, whose
// failures are nothing until the solver asks for the same.
func (w *world) expect(deps []dependency, deep bool) {
	for _, d := range deps {
		f := w.startProject(d.name)
		if !deep {
			continue
		}
		for _, extra := range append([]string{""}, d.extras...) {
			key := d.name + "[" + extra + "]" + d.spec.String()
			w.mu.Lock()
			seen := w.expected[key]
			w.expected[key] = true
			w.mu.Unlock()
			if !seen {
				w.tasks.Go(func() { w.guess(f, d, extra) })
			}
		}
	}
}

func (w *world) guess(f *future[*project], d dependency, extra string) {
	p, err := f.wait(w.ctx)
	if err != nil {
		return
	}
	best := p.match(d.spec)
	for _, limit := range w.limits(d.name) {
		best = best.and(p.match(limit.spec))
	}
	i := best.first()
	if i < 0 {
		return
	}
	m, err := w.metadata(p.page, p.candidates[i].file).wait(w.ctx)
	if err != nil {
		return
	}
	if deps, fault := w.evaluate(m, extra); fault == "" {
		w.expect(deps, true)
	}
}

func (w *world) sweep(p *project, candidates []int) {
	for _, i := range candidates {
		if f := p.candidates[i].file; !sdist.Is(f.name) {
			w.metadata(p.page, f)
		}
	}
}
