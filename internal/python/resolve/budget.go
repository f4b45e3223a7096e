package resolve

import "context"

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
