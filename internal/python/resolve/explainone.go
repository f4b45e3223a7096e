package resolve

import (
	"context"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// refuseSole explains why no version of the one distribution answers all that
// is asked of it, where versions do and none of them has a wheel that fits. nil
// where that is not the cause.
func (w *world) refuseSole(ctx context.Context, s *solver, d demands, leaves []int) error {
	var all dependency
	chain := ""
	for _, id := range d.leaves {
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
	for _, id := range d.leaves {
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
		Sdist: true, Reason: fault, Files: []wheel.Rejected{{Filename: best.File.Filename, Misfit: wheel.FromSource}},
	}
	all := w.surveyPage(p.Page)
	for _, s := range all {
		if s.Key == best.Key {
			e.Advice = w.advice(d.name, all, s)
		}
	}
	return e
}
