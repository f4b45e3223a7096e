package resolve

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// A search ends after a count of conflicts, or of incompatibilities that were looked
// at: a count, so that a plan and its apply end alike on any machine. Of the recorded
// answers (testdata/corpus-sets.txt, real sets of up to 177 distributions and extras)
// none takes more than 1,147 conflicts and 19,358 checks: the limits are 20 times and
// 1,000 times that, as larger sets take more checks for each conflict.
const (
	maxConflicts = 23_000
	maxChecks    = 20_000_000
)

// budget is what a search has used.
type budget struct {
	conflicts, checks       int
	maxConflicts, maxChecks int
}

// exhaustedError ends a search whose budget is used up.
type exhaustedError struct{}

func (exhaustedError) Error() string { return "the search for versions takes too long" }

// proceed is asked at each step of the search: it ends with the context and with
// the budget.
func (b *budget) proceed(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if b.conflicts > b.maxConflicts || b.checks > b.maxChecks {
		return exhaustedError{}
	}
	return nil
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
