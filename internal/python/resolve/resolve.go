// Package resolve chooses versions. Its files need each other in one direction, those
// of the solver apart: spec.go is what is asked for; the solver (solve.go,
// propagate.go, priority.go) is PubGrub over the small interface of universe.go, and
// knows no target and no network; world.go is that interface over a catalog and a
// target; proof.go says the solver's proof in words; survey.go tells what a page has, and
// explain.go puts both together where there is no answer; collect.go locks one.
package resolve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

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

// oldestFirst orders targets so that the one with the least choice chooses
// first and the others can follow it.
func oldestFirst(targets []wheel.Target) []wheel.Target {
	return slices.SortedStableFunc(slices.Values(targets), func(a, b wheel.Target) int {
		return cmp.Or(cmp.Compare(a.Glibc, b.Glibc), cmp.Compare(a.Minor, b.Minor), cmp.Compare(b.Arch, a.Arch))
	})
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
	if conflict, ok := errors.AsType[*conflictError](err); ok {
		return s.explain(ctx, conflict.id, w)
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
	w := &world{
		Catalog: r.catalog, spec: r.spec, target: t, env: t.Env(), tags: t.Tags(),
		exempt: map[string]map[string]bool{}, prefer: map[string]map[string]int{},
		expected: map[string]bool{}, faults: map[string]string{}, refused: map[string]int{},
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
