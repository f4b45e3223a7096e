package resolve

import (
	"context"
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// demands are all that the leaves of a proof ask of one distribution.
type demands struct {
	pkg    int
	leaves []int // dependencies on it and constraints of it, in their order
}

// sole returns the one distribution that a proof is about: all its leaves say
// what is asked of it, why versions of it cannot be used, or who needs those who
// ask, each once.
func (s *solver) sole(leaves []int) (demands, bool) {
	pkg := -1
	about := func(p int) bool {
		if pkg < 0 {
			pkg = p
		}
		return pkg == p
	}
	asked := map[int]int{}
	for _, id := range leaves {
		switch inc := s.incs[id]; inc.cause.kind {
		case causeFault, causeConstraint:
			if !about(s.parent(id)) {
				return demands{}, false
			}
		case causeDependency:
			if asked[inc.cause.to]++; asked[inc.cause.to] > 1 && !about(inc.cause.to) {
				return demands{}, false
			}
		}
	}
	d := demands{pkg: pkg}
	seen := map[int]bool{}
	for _, id := range leaves {
		inc := s.incs[id]
		switch {
		case inc.cause.kind == causeFault:
		case inc.cause.kind == causeConstraint:
			d.leaves = append(d.leaves, id)
		case inc.cause.to == pkg:
			// Two versions of one parent may ask for different things.
			if parent := s.parent(id); parent != rootPkg && seen[parent] {
				return demands{}, false
			}
			seen[s.parent(id)] = true
			d.leaves = append(d.leaves, id)
		case s.hollow(id):
			return demands{}, false
		}
	}
	return d, pkg > rootPkg && len(d.leaves) > 0
}

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

// sourceAdvice says how a wheel is made elsewhere and given.
func (w *world) sourceAdvice(name, version string) string {
	first := "Make"
	if !w.spec.Sdists {
		first = `Set python.sdist = "pure", which makes the wheel if that is possible without running its code. Or make`
	}
	return fmt.Sprintf(`%s the wheel once by "pip wheel --no-deps %s==%s", on Linux and on the layer's architecture if it holds native code, and give the file that this writes: `+
		`python.wheels = [{ source = "${path.module}/….whl" }].`, first, name, version)
}
