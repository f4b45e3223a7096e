package python

import (
	"context"
	"fmt"
)

// refusedSource returns the requirement of a distribution that has nothing but
// source distributions of which no wheel could be made, if all others fail for
// that alone.
func (s *solver) refusedSource(leaves []int) (leaf int, ok bool) {
	pkg, leaf := -1, -1
	demands := map[string]int{}
	for _, id := range leaves {
		inc := s.incs[id]
		switch inc.cause.kind {
		case causeFault:
			at := s.parent(id)
			if pkg >= 0 && pkg != at || !s.onlySources(at) {
				return 0, false
			}
			pkg = at
		case causeDependency:
			if s.hollow(id) {
				return 0, false
			}
			name := s.pkgs[inc.cause.to].name
			if demands[name]++; demands[name] > 1 {
				return 0, false
			}
		default:
			return 0, false
		}
	}
	for _, id := range leaves {
		if s.incs[id].cause.kind == causeDependency && s.incs[id].cause.to == pkg {
			leaf = id
		}
	}
	return leaf, pkg >= 0 && leaf >= 0
}

func (s *solver) onlySources(pkg int) bool {
	for _, c := range s.pkgs[pkg].project.candidates {
		if !isSdist(c.file.name) {
			return false
		}
	}
	return true
}

// refuseSource explains why no wheel is made of the best source distribution
// that a requirement allows.
func (w *world) refuseSource(ctx context.Context, d dependency, chain string) error {
	p, err := w.project(ctx, d.name)
	if err != nil {
		return err
	}
	at := max(p.match(d.spec).first(), 0)
	best := p.candidates[at]
	_, fault, err := w.dependencies(ctx, p, at, "")
	if err != nil {
		return err
	}
	return &NoWheel{
		Name: d.name, Version: best.text, Asked: d.text(), Chain: chain, Target: w.target.String(),
		Sdist: true, Reason: fault, Advice: w.sourceAdvice(d.name, best.text),
	}
}

// sourceAdvice says how a wheel is made elsewhere and given.
func (w *world) sourceAdvice(name, version string) string {
	first := "Make"
	if !w.spec.Sdists {
		first = `Set python.sdist = "pure", which makes the wheel if no code of it has to run for that. Or make`
	}
	return fmt.Sprintf(`%s the wheel once by "pip wheel --no-deps %s==%s", on Linux and on the layer's architecture if it holds native code, and give the file that this writes: `+
		`python.wheels = [{ source = "${path.module}/….whl" }].`, first, name, version)
}
