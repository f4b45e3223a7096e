package python

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Spec is what to resolve.
type Spec struct {
	// Targets are what the wheels must run on. Each is resolved by itself; the
	// versions agree where that is possible.
	Targets []Target
	// Requirements and Constraints are as pip and uv mean them: a constraint
	// limits a distribution that is needed, and does not ask for it.
	Requirements []Input
	Constraints  []Input
	// Indexes are asked in this order; the first that has a name serves all of
	// it. Empty: DefaultIndex.
	Indexes []Index
	// ExcludeNewer hides files uploaded at this moment or later; zero hides
	// nothing. Files without upload time are hidden too, unless PinsExempt.
	ExcludeNewer time.Time
	// PinsExempt shows exact pins, what they pin in turn, and the versions of
	// Prefer whatever their upload time.
	PinsExempt bool
	// Prefer maps names to versions that are tried first where they fit: those
	// of the lock that this resolution replaces.
	Prefer map[string]string
	// Store keeps metadata that was read out of wheels by ranges, for the next
	// resolution; nil keeps nothing.
	Store *store.Store
	// Prereleases makes pre-releases versions as any other. Otherwise they are
	// used only where nothing stable is left.
	Prereleases bool
}

// Wheel is one locked wheel.
type Wheel struct {
	Name     string // normalised
	Version  string // as the file name spells it
	Filename string
	URL      string // without credentials
	SHA256   store.Digest
	Size     int64    // bytes; 0 where the index gives none
	Requires []string // names, normalised and sorted, over all targets
	Extras   []string // that are asked for, normalised and sorted
	Pure     bool     // runs on every platform
	Targets  []string // that it serves, as Target.String, sorted
}

// serves reports whether the wheel is for a target.
func (w Wheel) serves(t Target) bool { return slices.Contains(w.Targets, t.String()) }

// Lock is the answer to a Spec: for each target a set of wheels that is closed
// under their requirements.
type Lock struct {
	Wheels []Wheel // sorted by name, then file name
	// Notes are sentences for the user on what is not as the newest version
	// would have it.
	Notes []string
}

// Resolve chooses wheels. It is a pure function of the spec and of what the
// indexes hold. Errors that tell of the requirements, not of the network, are
// *Unsat, *NoWheel, *NoVersion, *Missing, *NoDigest and *DirectURL.
//
// Everything it started has ended when it returns.
func Resolve(ctx context.Context, c *fetch.Client, s Spec) (*Lock, error) {
	for _, in := range slices.Concat(s.Requirements, s.Constraints) {
		if in.Requirement.URL != "" {
			return nil, &DirectURL{Requirement: in.Requirement.Name, Source: in.Source}
		}
	}
	cat, err := newCatalog(c, &s)
	if err != nil {
		return nil, err
	}
	background, cancel := context.WithCancel(ctx)
	cat.ctx = background
	defer cat.tasks.Wait()
	defer cancel()

	r := &resolution{spec: &s, catalog: cat, lock: &Lock{Wheels: []Wheel{}}, pins: map[string][]string{}}
	for _, t := range oldestFirst(s.Targets) {
		if err := r.resolve(ctx, t); err != nil {
			return nil, err
		}
	}
	return r.finish(), nil
}

func newCatalog(c *fetch.Client, s *Spec) (*catalog, error) {
	indexes := s.Indexes
	if len(indexes) == 0 {
		indexes = []Index{{URL: DefaultIndex}}
	}
	cat := &catalog{
		client: c, records: s.Store, pages: map[string]*future[*page]{}, metas: map[string]*future[*wheelMetadata]{},
	}
	for _, x := range indexes {
		address, err := c.Login(x.URL)
		if err != nil {
			return nil, fmt.Errorf("reading the index address %q: %w", fetch.Redact(x.URL), err)
		}
		cat.indexes = append(cat.indexes, Index{URL: address, Packages: x.Packages})
	}
	return cat, nil
}

// oldestFirst orders targets so that the one with the least choice chooses
// first and the others can follow it.
func oldestFirst(targets []Target) []Target {
	return slices.SortedStableFunc(slices.Values(targets), func(a, b Target) int {
		return cmp.Or(cmp.Compare(a.Glibc, b.Glibc), cmp.Compare(a.Minor, b.Minor), cmp.Compare(b.Arch, a.Arch))
	})
}

// resolution gathers the answers for the targets.
type resolution struct {
	spec    *Spec
	catalog *catalog
	lock    *Lock
	pins    map[string][]string // version keys that earlier targets chose, by name
}

func (r *resolution) resolve(ctx context.Context, t Target) error {
	w, err := r.world(ctx, t)
	if err != nil {
		return err
	}
	deps := w.requirements()
	w.expect(deps)
	s := newSolver(w)
	selected, err := s.solve(ctx, deps)
	if id, ok := isConflict(err); ok {
		return s.explain(ctx, id, w)
	}
	if err != nil {
		return fmt.Errorf("resolving for %s: %w", t, err)
	}
	return r.collect(ctx, w, s, selected)
}

func (r *resolution) world(ctx context.Context, t Target) (*world, error) {
	python, err := pep440.Parse(t.Env().PythonFullVersion)
	if err != nil {
		return nil, fmt.Errorf("reading the Python version of %s: %w", t, err)
	}
	w := &world{
		catalog: r.catalog, spec: r.spec, target: t, env: t.Env(), tags: t.Tags(), python: python,
		exempt: map[string]map[string]bool{}, prefer: map[string]map[string]int{},
		projects: map[string]*future[*project]{}, expected: map[string]bool{},
	}
	for name, keys := range r.pins {
		for _, key := range keys {
			w.preferNext(name, key)
		}
	}
	for name, text := range r.spec.Prefer {
		if v, err := pep440.Parse(text); err == nil {
			w.preferNext(NormalizeName(name), v.Key())
		}
	}
	if r.spec.PinsExempt && !r.spec.ExcludeNewer.IsZero() {
		if err := w.exemptPins(ctx); err != nil {
			return nil, fmt.Errorf("resolving for %s: %w", t, err)
		}
	}
	return w, nil
}

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

func (w *world) exemptVersion(name, key string) {
	if w.exempt[name] == nil {
		w.exempt[name] = map[string]bool{}
	}
	w.exempt[name][key] = true
}

// exemptPins takes exact pins out of the cut-off, and what a version that only
// its pin shows pins in turn: it could not be installed otherwise.
func (w *world) exemptPins(ctx context.Context) error {
	queue := w.requirements()
	for _, in := range w.spec.Constraints {
		queue = append(queue, w.limits(in.Requirement.Name)...)
	}
	queue = slices.DeleteFunc(queue, func(d dependency) bool { _, ok := pinnedKey(d.spec); return !ok })
	for _, d := range queue {
		w.page(d.name)
	}
	for len(queue) > 0 {
		d := queue[0]
		queue = queue[1:]
		key, _ := pinnedKey(d.spec)
		if w.exempt[d.name][key] {
			continue
		}
		w.exemptVersion(d.name, key)
		p, err := w.page(d.name).wait(ctx)
		if err != nil {
			return err
		}
		if !w.tooNew(p, key) {
			continue
		}
		further, err := w.needsOf(ctx, p, key, d.extras)
		if err != nil {
			return err
		}
		queue = append(queue, further...)
	}
	return nil
}

// tooNew reports whether the cut-off hides a wheel of a version.
func (w *world) tooNew(p *page, key string) bool {
	pl := w.policy(p.name)
	pl.exempt = nil
	return slices.ContainsFunc(p.wheels, func(f wheelFile) bool {
		return f.key == key && pl.withheld(f.file, key) == tooNew
	})
}

// needsOf returns the exact pins among the requirements of one version.
func (w *world) needsOf(ctx context.Context, p *page, key string, extras []string) ([]dependency, error) {
	pr := newProject(p, w.policy(p.name))
	i := slices.IndexFunc(pr.candidates, func(c candidate) bool { return c.key == key })
	if i < 0 {
		return nil, nil
	}
	var needs []dependency
	for _, extra := range append([]string{""}, extras...) {
		deps, _, err := w.dependencies(ctx, pr, i, extra)
		if err != nil {
			return nil, err
		}
		for _, d := range deps {
			if _, ok := pinnedKey(d.spec); ok {
				needs = append(needs, d)
			}
		}
	}
	return needs, nil
}

// collect turns a selection into wheels of the lock.
func (r *resolution) collect(ctx context.Context, w *world, s *solver, selected map[string]int) error {
	extras := map[string][]string{}
	for _, p := range s.pkgs[1:] {
		if p.decided >= 0 && p.extra != "" {
			extras[p.name] = append(extras[p.name], p.extra)
		}
	}
	wanted := map[string][]pep440.Specifiers{}
	for _, d := range w.requirements() {
		wanted[d.name] = append(wanted[d.name], d.spec)
	}
	names := make([]string, 0, len(selected))
	for name := range selected {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		pr, err := w.project(ctx, name)
		if err != nil {
			return err
		}
		var requires []string
		for _, extra := range append([]string{""}, extras[name]...) {
			deps, _, err := w.dependencies(ctx, pr, selected[name], extra)
			if err != nil {
				return err
			}
			for _, d := range deps {
				requires = append(requires, d.name)
				wanted[d.name] = append(wanted[d.name], d.spec)
			}
		}
		if err := r.add(w, pr, selected[name], requires, extras[name]); err != nil {
			return err
		}
	}
	for _, name := range names {
		pr, err := w.project(ctx, name)
		if err != nil {
			return err
		}
		r.lock.Notes = append(r.lock.Notes, w.notes(pr, selected[name], wanted[name])...)
	}
	return nil
}

// add locks one wheel, or adds the target to what another target locked.
func (r *resolution) add(w *world, pr *project, i int, requires, extras []string) error {
	c := pr.candidates[i]
	digest, err := store.ParseDigest(c.file.sha256)
	if err != nil {
		return &NoDigest{Name: pr.name, Version: c.text, Filename: c.file.name, Index: pr.page.index}
	}
	address, err := pr.page.address(c.file)
	if err != nil {
		return err
	}
	if !slices.Contains(r.pins[pr.name], c.key) {
		r.pins[pr.name] = append(r.pins[pr.name], c.key)
	}
	at := slices.IndexFunc(r.lock.Wheels, func(l Wheel) bool { return l.Filename == c.file.name && l.SHA256 == digest })
	if at < 0 {
		at = len(r.lock.Wheels)
		r.lock.Wheels = append(r.lock.Wheels, Wheel{
			Name: pr.name, Version: c.text, Filename: c.file.name, URL: address,
			SHA256: digest, Size: c.file.size, Pure: c.Pure(),
		})
	}
	l := &r.lock.Wheels[at]
	l.Requires = union(l.Requires, requires, pr.name)
	l.Extras = union(l.Extras, extras, "")
	l.Targets = append(l.Targets, w.target.String())
	return nil
}

// union merges names into a sorted list without doubles and without one name.
func union(list, more []string, without string) []string {
	list = slices.DeleteFunc(append(list, more...), func(s string) bool { return s == without })
	slices.Sort(list)
	return slices.Compact(list)
}

func (r *resolution) finish() *Lock {
	slices.SortFunc(r.lock.Wheels, func(a, b Wheel) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Filename, b.Filename))
	})
	for i := range r.lock.Wheels {
		slices.Sort(r.lock.Wheels[i].Targets)
	}
	slices.Sort(r.lock.Notes)
	r.lock.Notes = slices.Compact(r.lock.Notes)
	return r.lock
}
