package resolve

import (
	"context"
	"slices"
	"sync"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// world is the universe of one target: the catalog seen through its policy.
type world struct {
	*index.Catalog
	spec   *Spec
	target wheel.Target
	env    pep508.Env
	tags   *wheel.Tags
	// exempt are versions that no cut-off hides, prefer those tried first, by
	// name and version key.
	exempt map[string]map[string]bool
	prefer map[string]map[string]int

	projects index.Futures[*index.Project]

	mu       sync.Mutex
	expected map[string]bool

	// What became of the source distributions that the solver asked about: what is
	// wrong with each, "" for nothing, by digest, and how many were of no use, by
	// project.
	faults  map[string]string
	refused map[string]int
}

// maxRefused is how many source distributions of one project a resolution looks
// at in vain: each has to be fetched.
const maxRefused = 3

// preferNext has a version of a name tried after those that were preferred before.
// Where pins are exempt from the cut-off, so is this version.
func (w *world) preferNext(name, key string) {
	if w.prefer[name] == nil {
		w.prefer[name] = map[string]int{}
	}
	if _, ok := w.prefer[name][key]; !ok {
		w.prefer[name][key] = len(w.prefer[name])
	}
	if w.spec.PinsExempt {
		w.exemptVersion(name, key)
	}
}

// exemptVersion takes a version of a name out of the cut-off.
func (w *world) exemptVersion(name, key string) {
	if w.exempt[name] == nil {
		w.exempt[name] = map[string]bool{}
	}
	w.exempt[name][key] = true
}

func (w *world) project(ctx context.Context, name string) (*index.Project, error) {
	return w.startProject(name).Wait(ctx)
}

func (w *world) startProject(name string) *index.Future[*index.Project] {
	page := w.Page(name)
	return w.projects.Ask(w.Catalog, name, func(ctx context.Context) (*index.Project, error) {
		p, err := page.Wait(ctx)
		if err != nil {
			return nil, err
		}
		pl := w.policyOn(p)
		return index.NewProject(p, pl), w.spec.checkHashes(p, pl, w.target)
	})
}

// policyOn returns the rules for the files of a page.
func (w *world) policyOn(p *index.Page) *index.Policy {
	pl := w.policy(p.Name)
	for i := range p.Wheels {
		f := &p.Wheels[i]
		if !f.StandIn {
			continue
		}
		if _, ok := pl.Rank(f); ok {
			pl.StandIn = f.Source
			break
		}
	}
	return pl
}

// policy returns the rules for the files of a name.
func (w *world) policy(name string) *index.Policy {
	pl := index.NewPolicy(w.tags)
	pl.CutOff, pl.CutText = w.spec.ExcludeNewer, w.spec.ExcludeNewer.UTC().Format("2006-01-02T15:04:05")
	pl.DatedOnly, pl.AllPre, pl.Sdists = !w.spec.PinsExempt, w.spec.Prereleases, w.spec.Sdists
	pl.LeftOut = slices.Contains(w.spec.LeftOut, name)
	pl.Exempt, pl.Prefer, pl.Pins = w.exempt[name], w.prefer[name], map[string]bool{}
	for _, in := range slices.Concat(w.spec.Requirements, w.spec.Constraints) {
		if in.Requirement.Name != name || !in.Requirement.Marker.Eval(w.env, "") {
			continue
		}
		if key, ok := pinnedKey(in.Requirement.Specifiers); ok {
			pl.Pins[key] = true
		}
		if len(in.Hashes) > 0 {
			pl.Hashes = append(pl.Hashes, in.Hashes)
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

func (w *world) dependencies(ctx context.Context, p *index.Project, i int, extra string) ([]dependency, string, error) {
	c := p.Candidates[i]
	left := slices.Contains(w.spec.LeftOut, p.Name)
	_, known := w.faults[c.SHA256]
	news := sdist.Is(c.Filename) && !known
	if news && !left && w.refused[p.Name] >= maxRefused {
		return nil, "it has only a source distribution, and newer ones could not be used", nil
	}
	m, err := w.Metadata(p.Page, c.File).Wait(ctx)
	if err != nil {
		return nil, "", err
	}
	deps, fault := w.evaluate(m, extra)
	if left && fault != "" {
		return nil, "", nil // it is not packed: what it would need is nothing
	}
	if news {
		if w.faults[c.SHA256] = fault; fault != "" {
			w.refused[p.Name]++
		}
	}
	return deps, fault, nil
}

// evaluate returns the requirements of a wheel on the target: its own, or those
// that only the extra adds.
func (w *world) evaluate(m *index.WheelMetadata, extra string) ([]dependency, string) {
	if m.Fault != "" {
		return nil, m.Fault
	}
	if !w.target.AdmitsSome(m.RequiresPython) { // the index told before, where it does
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
				w.Tasks.Go(func() { w.guess(f, d, extra) })
			}
		}
	}
}

func (w *world) guess(f *index.Future[*index.Project], d dependency, extra string) {
	p, err := f.Wait(w.Ctx)
	if err != nil {
		return
	}
	best := p.Match(d.spec)
	for _, limit := range w.limits(d.name) {
		best = best.And(p.Match(limit.spec))
	}
	i := best.First()
	if i < 0 {
		return
	}
	m, err := w.Metadata(p.Page, p.Candidates[i].File).Wait(w.Ctx)
	if err != nil {
		return
	}
	if deps, fault := w.evaluate(m, extra); fault == "" {
		w.expect(deps, true)
	}
}

func (w *world) sweep(p *index.Project, candidates []int) {
	for _, i := range candidates {
		if f := p.Candidates[i].File; !sdist.Is(f.Filename) {
			w.Metadata(p.Page, f)
		}
	}
}
