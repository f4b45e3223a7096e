package resolve

import (
	"cmp"
	"context"
	"maps"
	"slices"

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
	if d, ok := s.sole(leaves); ok {
		if err := w.refuseSole(ctx, s, d, leaves); err != nil {
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
