package resolve

import (
	"context"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
)

// propagate derives all that follows from a change of package start, learning
// from the conflicts on the way.
func (s *solver) propagate(ctx context.Context, start int) error {
	queue := []int{start}
	for len(queue) > 0 {
		if err := s.budget.proceed(ctx); err != nil {
			return err
		}
		p := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		conflict := -1
		incs := s.pkgs[p].incs
		s.budget.checks += len(incs)
		for k := len(incs) - 1; k >= 0 && conflict < 0; k-- {
			id := incs[k]
			if s.incs[id].contradictedAt >= 0 {
				continue
			}
			switch open := s.check(id); open {
			case allHold:
				conflict = id
			case someFalse:
				s.contradict(id)
			case severalOpen:
			default:
				s.derive(open, id)
				s.contradict(id)
				if !slices.Contains(queue, open) {
					queue = append(queue, open)
				}
			}
		}
		if conflict < 0 {
			continue
		}
		s.budget.conflicts++
		open, learned, err := s.resolve(conflict)
		if err != nil {
			return err
		}
		s.derive(open, learned)
		s.recordConflict(open, learned)
		queue = append(queue[:0], open)
	}
	return nil
}

// Answers of check beside a package.
const (
	allHold     = -1
	someFalse   = -2
	severalOpen = -3
)

// check returns the one package of the incompatibility whose term is open while
// all others hold, or how it stands otherwise.
func (s *solver) check(id int) int {
	open := allHold
	for _, t := range s.incs[id].terms {
		known := s.pkgs[t.pkg].known
		switch {
		case known.Within(t.set):
		case !known.Meets(t.set):
			return someFalse
		case open == allHold:
			open = t.pkg
		default:
			open = severalOpen
		}
	}
	return open
}

func (s *solver) contradict(id int) {
	s.incs[id].contradictedAt = s.level
	s.contradicted = append(s.contradicted, id)
}

// derive rules out the states of package p that incompatibility id forbids.
func (s *solver) derive(p, id int) {
	pk := s.pkgs[p]
	pk.known = pk.known.Minus(s.incs[id].termOf(p))
	pk.steps = append(pk.steps, step{len(s.trail), s.level, id, pk.known})
	s.trail = append(s.trail, p)
}

func (s *solver) decide(p, candidate int, only index.Set) {
	s.level++
	pk := s.pkgs[p]
	pk.decided, pk.level, pk.known = candidate, s.level, only
	pk.steps = append(pk.steps, step{len(s.trail), s.level, -1, only})
	s.trail = append(s.trail, p)
}

// backtrack undoes all assignments above a level.
func (s *solver) backtrack(level int) {
	for len(s.trail) > 0 {
		pk := s.pkgs[s.trail[len(s.trail)-1]]
		last := len(pk.steps) - 1
		if pk.steps[last].level <= level {
			break
		}
		if pk.steps[last].cause < 0 {
			pk.decided = -1
		}
		pk.steps = pk.steps[:last]
		if last > 0 {
			pk.known = pk.steps[last-1].known
		} else {
			pk.known = index.FullSet(len(pk.project.Candidates))
		}
		s.trail = s.trail[:len(s.trail)-1]
	}
	for n := len(s.contradicted); n > 0; n-- {
		id := s.contradicted[n-1]
		if s.incs[id].contradictedAt <= level {
			break
		}
		s.incs[id].contradictedAt = -1
		s.contradicted = s.contradicted[:n-1]
	}
	s.level = level
}

// resolve finds the root cause of a violated incompatibility and backtracks to
// where it is about to be violated. It returns the package that the root cause
// then tells something about, or a *conflictError.
func (s *solver) resolve(id int) (open, learned int, err error) {
	fresh := false
	for {
		terms := s.incs[id].terms
		if len(terms) == 0 || len(terms) == 1 && terms[0].pkg == rootPkg {
			return 0, 0, &conflictError{id}
		}
		p, satisfier, before := s.satisfier(id)
		if satisfier.cause < 0 || before < satisfier.level {
			s.backtrack(before)
			if fresh {
				s.watch(id)
			}
			return p, id, nil
		}
		terms = s.combine(id, satisfier.cause, p)
		s.incs = append(s.incs, incompatibility{
			terms: terms, cause: cause{kind: causeConflict, a: id, b: satisfier.cause}, contradictedAt: -1,
		})
		id, fresh = len(s.incs)-1, true
	}
}

// satisfier returns the assignment that made the last term of a violated
// incompatibility hold, its package, and the level at which the incompatibility
// would first have held without it (at least 1, the level of the root).
func (s *solver) satisfier(id int) (p int, last step, before int) {
	last.index = -1
	before = 1
	var own index.Set
	for _, t := range s.incs[id].terms {
		st := s.firstWithin(t.pkg, nil, t.set)
		if st.index > last.index {
			if last.index >= 0 {
				before = max(before, last.level)
			}
			p, last, own = t.pkg, st, t.set
		} else {
			before = max(before, st.level)
		}
	}
	if last.cause >= 0 {
		// What the assignment itself said may be only a part of why the term
		// holds: the rest was known before.
		said := index.FullSet(len(s.pkgs[p].project.Candidates)).Minus(s.incs[last.cause].termOf(p))
		if !said.Within(own) {
			before = max(before, s.firstWithin(p, said, own).level)
		}
	}
	return p, last, before
}

// firstWithin returns the first assignment of p after which what is known,
// together with also (if any), lies within want.
func (s *solver) firstWithin(p int, also, want index.Set) step {
	for _, st := range s.pkgs[p].steps {
		known := st.known
		if also != nil {
			known = known.And(also)
		}
		if known.Within(want) {
			return st
		}
	}
	// Not reached: the incompatibility is violated.
	return step{index: -1}
}

// combine applies the rule of resolution to two incompatibilities on package p.
func (s *solver) combine(id, other, p int) []term {
	a, b := s.incs[id].terms, s.incs[other].terms
	terms := make([]term, 0, len(a)+len(b))
	for _, t := range a {
		o := s.incs[other].termOf(t.pkg)
		switch {
		case t.pkg == p:
			t.set = t.set.Or(o)
			if t.set.Equal(index.FullSet(len(s.pkgs[p].project.Candidates))) {
				continue
			}
		case o != nil:
			t.set = t.set.And(o)
		}
		terms = append(terms, t)
	}
	for _, t := range b {
		if s.incs[id].termOf(t.pkg) == nil {
			terms = append(terms, t)
		}
	}
	return terms
}

// termOf returns the set of the incompatibility's term on p, or nil.
func (i *incompatibility) termOf(p int) index.Set {
	for _, t := range i.terms {
		if t.pkg == p {
			return t.set
		}
	}
	return nil
}
