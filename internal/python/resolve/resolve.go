// Package resolve chooses versions. The solver (solve.go, propagate.go,
// priority.go) is PubGrub over the small interface universe, and knows neither
// indexes nor wheels; world.go is that interface over an index and a target;
// survey.go and the explain files say why there is no answer.
package resolve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Spec is what to resolve.
type Spec struct {
	// Targets are what the wheels must run on. Each is resolved by itself; the
	// versions agree where that is possible.
	Targets []wheel.Target
	// Requirements and Constraints are as pip and uv mean them: a constraint
	// limits a distribution that is needed, and does not ask for it.
	Requirements []pep508.Input
	Constraints  []pep508.Input
	// Indexes are asked in this order; the first that has a name serves all of
	// it. Empty: DefaultIndex, unless NoIndex is set.
	Indexes []index.Index
	NoIndex bool
	// Given are wheels that stand in for all other files of their projects, on
	// the targets that they run on. They ask for nothing by themselves.
	Given []wheel.GivenWheel
	// Linked are wheels, and LinkPages addresses of pages with links to wheels,
	// beside those of the indexes. A name that an index claims has none of them.
	Linked    []wheel.GivenWheel
	LinkPages []string
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
	// LeftOut are normalised names of distributions that are not packed. They
	// bound the versions of others, and need no wheel that fits.
	LeftOut []string
	// Dropped are those of LeftOut that a requirement names by an address, which
	// TakeDirect takes out of Requirements.
	Dropped []string
	// Sdists makes wheels of source distributions, where a version has no wheel
	// at all and no code has to be run for it.
	Sdists bool
}

// Resolve chooses wheels. It is a pure function of the spec and of what the
// indexes hold. Errors that tell of the requirements, not of the network, are
// *Unsat, *Undecided, *NoWheel, *NoVersion, *Missing, *NoDigest and *DirectURL.
//
// Everything it started has ended when it returns.
func Resolve(ctx context.Context, c *fetch.Client, s Spec) (*wheel.Lock, error) {
	for _, in := range slices.Concat(s.Requirements, s.Constraints) {
		if in.Requirement.URL != "" {
			return nil, unusable(in, "write versions instead")
		}
	}
	cat, err := index.NewCatalog(ctx, c, s.sources())
	if err != nil {
		return nil, err
	}
	defer cat.Close()

	r := &resolution{spec: &s, catalog: cat, lock: &wheel.Lock{Wheels: []wheel.Wheel{}}, pins: map[string][]string{}}
	for _, t := range oldestFirst(s.Targets) {
		if err := r.resolve(ctx, t); err != nil {
			return nil, err
		}
	}
	r.lock.Notes = append(r.lock.Notes, r.lock.Unused(s.Given)...)
	return r.lock.Sort(), nil
}

// sources are the indexes and wheels of the spec.
func (s *Spec) sources() *index.Sources {
	return &index.Sources{
		Targets: s.Targets, Indexes: s.Indexes, NoIndex: s.NoIndex, Given: s.Given, Linked: s.Linked, LinkPages: s.LinkPages, Store: s.Store,
	}
}

// oldestFirst orders targets so that the one with the least choice chooses
// first and the others can follow it.
func oldestFirst(targets []wheel.Target) []wheel.Target {
	return slices.SortedStableFunc(slices.Values(targets), func(a, b wheel.Target) int {
		return cmp.Or(cmp.Compare(a.Glibc, b.Glibc), cmp.Compare(a.Minor, b.Minor), cmp.Compare(b.Arch, a.Arch))
	})
}

// resolution gathers the answers for the targets.
type resolution struct {
	spec    *Spec
	catalog *index.Catalog
	lock    *wheel.Lock
	pins    map[string][]string // version keys that earlier targets chose, by name
}

func (r *resolution) resolve(ctx context.Context, t wheel.Target) error {
	w, err := r.world(ctx, t)
	if err != nil {
		return err
	}
	deps := w.requirements()
	w.expect(deps, true)
	s := newSolver(w)
	selected, err := s.solve(ctx, deps)
	if id, ok := isConflict(err); ok {
		return s.explain(ctx, id, w)
	}
	if _, ok := errors.AsType[exhaustedError](err); ok {
		return s.surrender(t.String())
	}
	if hash, ok := errors.AsType[*HashError](err); ok {
		return hash
	}
	if err != nil {
		return fmt.Errorf("resolving for %s: %w", t, err)
	}
	return r.collect(ctx, w, s, selected)
}

func (r *resolution) world(ctx context.Context, t wheel.Target) (*world, error) {
	python, err := pep440.Parse(t.Env().PythonFullVersion)
	if err != nil {
		return nil, fmt.Errorf("reading the Python version of %s: %w", t, err)
	}
	w := &world{
		Catalog: r.catalog, spec: r.spec, target: t, env: t.Env(), tags: t.Tags(), python: python,
		exempt: map[string]map[string]bool{}, prefer: map[string]map[string]int{},
		projects: map[string]*index.Future[*index.Project]{}, expected: map[string]bool{},
		sources: map[string]string{}, refused: map[string]int{},
	}
	for name, keys := range r.pins {
		for _, key := range keys {
			w.preferNext(name, key)
		}
	}
	for name, text := range r.spec.Prefer {
		if v, err := pep440.Parse(text); err == nil {
			w.preferNext(pep508.NormalizeName(name), v.Key())
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
