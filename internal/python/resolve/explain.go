package resolve

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// explain turns the proof that there is no selection into an error: about one
// distribution that cannot be had, where that is all there is to it, else an
// *Unsat.
func (s *solver) explain(ctx context.Context, id int, w *world) error {
	leaves := s.leaves(id)
	if leaf, ok := s.culprit(leaves); ok {
		d := s.incs[leaf].cause.dep
		p, err := w.Page(d.name).Wait(ctx)
		if err != nil {
			return err
		}
		return w.refuse(p, d, s.chain(leaf, leaves))
	}
	if demands := s.sole(leaves); len(demands) > 0 {
		if err := w.refuseSole(ctx, s, demands, leaves); err != nil {
			return err
		}
	}
	e := &wheel.Unsat{Target: w.target.String()}
	for _, leaf := range leaves {
		for _, t := range s.incs[leaf].terms {
			if t.pkg != rootPkg {
				e.Names = append(e.Names, s.pkgs[t.pkg].name)
			}
		}
	}
	slices.Sort(e.Names)
	e.Names = slices.Compact(e.Names)
	e.Facts = s.facts(leaves)
	return e
}

const (
	// lastLearned is how many of the last conflicts are looked through for the
	// one that is reported.
	lastLearned = 500
	// maxBlamed is how many distributions are named.
	maxBlamed = 5
)

// surrender tells how far a search came: the distributions that conflicted most
// often, and the conflict that follows from the fewest facts.
func (s *solver) surrender(target string) error {
	e := &wheel.Undecided{Target: target, Conflicts: s.budget.conflicts}
	counts := map[string]int{}
	for _, by := range []map[int]int{s.priorities.affected, s.priorities.culprits} {
		for p, n := range by {
			if p != rootPkg {
				counts[s.pkgs[p].name] += n
			}
		}
	}
	e.Names = slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b))
	})
	e.Names = e.Names[:min(len(e.Names), maxBlamed)]
	var shortest []int
	for id, seen := len(s.incs)-1, 0; id >= 0 && seen < lastLearned; id-- {
		if s.incs[id].cause.kind != causeConflict {
			continue
		}
		seen++
		if leaves := s.leaves(id); shortest == nil || len(leaves) < len(shortest) {
			shortest = leaves
		}
	}
	e.Facts = s.facts(shortest)
	return e
}

// refuseSole explains why no version of the one distribution answers all that
// is asked of it, where versions do and none of them has a wheel that fits. nil
// where that is not the cause.
func (w *world) refuseSole(ctx context.Context, s *solver, demands, leaves []int) error {
	var all dependency
	chain := ""
	for _, id := range demands {
		inc := s.incs[id]
		if inc.cause.kind == causeConstraint {
			all.spec = all.spec.And(inc.cause.dep.spec)
			continue
		}
		if chain == "" {
			all.name, all.extras, all.source = inc.cause.dep.name, inc.cause.dep.extras, inc.cause.dep.source
			chain = s.chain(id, leaves)
		} else {
			chain += ", and " + s.state(id)
		}
		all.spec = all.spec.And(inc.cause.dep.spec)
	}
	for _, id := range demands {
		if s.incs[id].cause.kind == causeConstraint {
			chain += ", and " + s.state(id)
		}
	}
	if all.name == "" {
		return nil
	}
	p, err := w.project(ctx, all.name)
	if err != nil {
		return err
	}
	answers := p.Match(all.spec)
	if answers.First() < 0 {
		given := w.policyOn(p.Page).StandIn != ""
		if p.Page.Absent() || !given && newestMatch(w.surveyPage(p.Page), all.spec) == nil {
			return nil
		}
		return w.refuse(p.Page, all, chain)
	}
	for i, c := range p.Candidates {
		if answers.HasCandidate(i) && !sdist.Is(c.File.Filename) {
			return nil
		}
	}
	return w.refuseSource(ctx, p, answers.First(), all, chain)
}

// refuseSource explains why no wheel is made of the best source distribution
// that a requirement allows.
func (w *world) refuseSource(ctx context.Context, p *index.Project, at int, d dependency, chain string) error {
	best := p.Candidates[at]
	_, fault, err := w.dependencies(ctx, p, at, "")
	if err != nil {
		return err
	}
	e := &wheel.NoWheel{
		Name: d.name, Version: best.Text, Asked: d.text(), Chain: chain, Target: w.target.String(),
		Reason: fault, Files: []wheel.Rejected{{Filename: best.File.Filename, Misfit: wheel.FromSource}},
	}
	all := w.surveyPage(p.Page)
	for _, s := range all {
		if s.Key == best.Key {
			e.Advice = w.advice(d.name, all, s)
		}
	}
	return e
}
