package placement

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
)

// maxSteps ends a placement that would take hours: a count, so that a plan and its
// apply end alike on any machine. A step is a question to a folder, a demand that is
// looked at for it, or a package that is tried or put. Real projects take ten for each
// package: gatsby's 1,853 packages took 11,121, and the worst of npm's recorded cases
// 23,613; the limit is 20 times that, and takes seconds.
const maxSteps = 500_000

// maxBlamed is how many packages a placement that was ended names.
const maxBlamed = 5

// proceed is asked before each turn, placement and seat: it ends with the context and
// with the budget.
func (r *run) proceed() error {
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	if r.steps > r.maxSteps || r.tree.ruled > maxRuled {
		return refuseLoop(r.busiest(), fmt.Sprintf("where the packages lie could not be decided in %d steps, and npm might take hours; the most often moved ones are ", maxSteps), "")
	}
	return nil
}

// busiest returns the packages that were seated or put most often.
func (r *run) busiest() []string {
	names := slices.SortedFunc(maps.Keys(r.moves), func(a, b *parcel) int {
		return cmp.Or(r.moves[b]-r.moves[a], cmp.Compare(a.label(), b.label()))
	})
	out := make([]string, 0, maxBlamed)
	for _, p := range names[:min(len(names), maxBlamed)] {
		out = append(out, p.label())
	}
	return out
}

// moved counts a package that is seated or put.
func (r *run) moved(p *parcel) {
	r.steps++
	r.moves[p]++
}
