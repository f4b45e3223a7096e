package resolve

import (
	"context"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
)

// solver searches for a selection by conflict-driven learning (PubGrub): it
// decides one package at a time, propagates what follows, and turns each
// conflict into a new incompatibility that explains it.
type solver struct {
	world universe
	pkgs  []*pkg
	byKey map[pkgKey]int
	incs  []incompatibility
	// merged finds the incompatibility of all versions of a parent that share
	// one dependency.
	merged map[mergeKey]int

	trail        []int // packages in the order of their assignments
	level        int
	contradicted []int // incompatibilities marked as contradicted, by level

	priorities priorities
	tries      map[int]int // by package
	swept      map[int]int // up to which try candidates were fetched ahead
	budget     budget
}

// pkg is a project, or one extra of it, that takes part in the resolution.
type pkg struct {
	pkgKey
	project *index.Project
	known   index.Set // the states that are still possible
	steps   []step    // how known came to be
	decided int       // candidate, or -1
	level   int       // of the decision
	incs    []int     // incompatibilities that name the package
}

type pkgKey struct{ name, extra string }

// step is one assignment: what was known of the package after it, and why.
type step struct {
	index int // in solver.trail
	level int
	cause int // incompatibility, or -1 for a decision
	known index.Set
}

// term says that a package is in one of the states of a set.
type term struct {
	pkg int
	set index.Set
}

// incompatibility is a set of terms that must not all hold.
type incompatibility struct {
	terms []term
	cause cause
	// contradictedAt is the level at which a term was found false, or -1.
	contradictedAt int
}

type causeKind int

const (
	causeRoot causeKind = iota
	causeDependency
	causeConstraint
	causeFault
	causeSameVersion
	causeConflict
)

// cause is why an incompatibility holds.
type cause struct {
	kind causeKind
	a, b int        // causeConflict: the incompatibilities it follows from
	dep  dependency // causeDependency, causeConstraint
	to   int        // causeDependency: the package depended on
	text string     // causeFault: the reason
}

type mergeKey struct {
	from, to int
	spec     string
}

const (
	rootPkg  = 0
	rootName = "" // no distribution has an empty name
)

// conflictError ends the search: the incompatibility id is the proof.
type conflictError struct{ id int }

func (e *conflictError) Error() string { return "the requirements conflict" }

func newSolver(w universe) *solver {
	s := &solver{
		world: w, byKey: map[pkgKey]int{}, merged: map[mergeKey]int{},
		priorities: newPriorities(), tries: map[int]int{}, swept: map[int]int{},
		budget: budget{maxConflicts: maxConflicts, maxChecks: maxChecks},
	}
	root := &index.Project{Name: rootName, Candidates: make([]index.Candidate, 1)}
	s.addPkg(pkgKey{}, root)
	absent := index.NewSet(1)
	absent[0] = 1
	s.derive(rootPkg, s.addIncompatibility([]term{{rootPkg, absent}}, cause{kind: causeRoot}))
	return s
}

// solve selects candidates that satisfy the requirements. It returns the
// selected candidate of each project by name, a *conflictError if there is no
// selection, an exhaustedError if the search takes too long, or the error of a
// failed fetch.
func (s *solver) solve(ctx context.Context, requirements []dependency) (map[string]int, error) {
	next := rootPkg
	for {
		if err := s.propagate(ctx, next); err != nil {
			return nil, err
		}
		s.reprioritize()
		p := s.pick()
		if p < 0 {
			return s.selection(), nil
		}
		next = p
		if s.align(p) {
			continue
		}
		if err := s.try(ctx, p, requirements); err != nil {
			return nil, err
		}
	}
}

func (s *solver) selection() map[string]int {
	selected := map[string]int{}
	for _, p := range s.pkgs[1:] {
		if p.decided >= 0 {
			selected[p.name] = p.decided
		}
	}
	return selected
}

// try decides the best candidate of p, unless its dependencies rule it out.
func (s *solver) try(ctx context.Context, p int, requirements []dependency) error {
	pk := s.pkgs[p]
	i := pk.known.First()
	s.sweep(p)
	deps, fault := requirements, ""
	if p != rootPkg {
		var err error
		if deps, fault, err = s.world.dependencies(ctx, pk.project, i, pk.extra); err != nil {
			return err
		}
	}
	only := index.NewSet(len(pk.project.Candidates))
	only.AddCandidate(i)
	if fault != "" {
		s.budget.conflicts++
		s.addIncompatibility([]term{{p, only}}, cause{kind: causeFault, text: fault})
		return nil
	}
	s.world.expect(deps, s.tries[p] < 3)
	first := len(s.incs)
	for _, d := range deps {
		if err := s.addDependency(ctx, p, only, d); err != nil {
			return err
		}
	}
	if pk.extra != "" {
		base := s.byKey[pkgKey{name: pk.name}]
		s.priorities.see(pk.name, true)
		s.addSameVersion(p, base, only)
	}
	for id := first; id < len(s.incs); id++ {
		if s.violatedBy(id, p, only) {
			s.budget.conflicts++
			s.recordConflict(p, id)
			return nil
		}
	}
	s.decide(p, i, only)
	return nil
}

// violatedBy reports whether incompatibility id would hold in all its terms if
// package p were decided.
func (s *solver) violatedBy(id, p int, only index.Set) bool {
	for _, t := range s.incs[id].terms {
		known := s.pkgs[t.pkg].known
		if t.pkg == p {
			known = only
		}
		if !known.Within(t.set) {
			return false
		}
	}
	return true
}

// sweep fetches ahead for a package that is tried again and again: as many
// further candidates as were tried so far, before they are used up.
func (s *solver) sweep(p int) {
	s.tries[p]++
	tries := s.tries[p]
	if tries < 3 || tries+2 < s.swept[p] {
		return
	}
	pk := s.pkgs[p]
	var next []int
	for i := range pk.project.Candidates {
		if pk.known.HasCandidate(i) {
			if next = append(next, i); len(next) == min(max(tries, 6), 50) {
				break
			}
		}
	}
	s.swept[p] = tries + len(next)
	s.world.sweep(pk.project, next)
}

// addDependency records that the candidates in from need d.
func (s *solver) addDependency(ctx context.Context, p int, from index.Set, d dependency) error {
	pr, err := s.world.project(ctx, d.name)
	if err != nil {
		return err
	}
	allowed := pr.Match(d.spec)
	_, pinned := d.spec.Pinned()
	s.priorities.see(d.name, pinned)
	var to []int
	for _, extra := range d.extras {
		to = append(to, s.addPkg(pkgKey{d.name, extra}, pr))
	}
	// An extra needs its project too. Saying so at once, not only after the
	// extra is decided, finds conflicts earlier.
	to = append(to, s.addPkg(pkgKey{name: d.name}, pr))
	for _, q := range to {
		s.addNeed(p, from, q, allowed, d)
	}
	return nil
}

// addNeed adds the incompatibility "a candidate of p in from, and q not in
// allowed", merged with the one of other candidates of p that need the same.
func (s *solver) addNeed(p int, from index.Set, q int, allowed index.Set, d dependency) {
	if p == q {
		if outside := from.Minus(allowed); !outside.Empty() {
			s.addIncompatibility([]term{{p, outside}}, cause{kind: causeDependency, dep: d, to: q})
		}
		return
	}
	key := mergeKey{p, q, d.spec.String()}
	if p == rootPkg {
		key.spec += " " + d.source
	}
	if old, ok := s.merged[key]; ok {
		from = from.Or(s.incs[old].terms[0].set)
		s.unwatch(old)
	}
	terms := []term{{p, from}}
	if denied := index.FullSet(len(s.pkgs[q].project.Candidates)).Minus(allowed); !allowed.Empty() {
		terms = append(terms, term{q, denied})
	}
	s.merged[key] = s.addIncompatibility(terms, cause{kind: causeDependency, dep: d, to: q})
}

// addSameVersion adds "extra in versions, and its project in others".
func (s *solver) addSameVersion(extra, base int, versions index.Set) {
	others := index.FullSet(len(s.pkgs[base].project.Candidates)).Minus(versions)
	s.addIncompatibility([]term{{extra, versions}, {base, others}}, cause{kind: causeSameVersion})
}

// align brings what is known of an extra and of its project to the same
// versions before one of them is decided, so that neither walks through
// versions the other excludes. It reports whether there was something to say.
func (s *solver) align(p int) bool {
	if p == rootPkg {
		return false
	}
	if pk := s.pkgs[p]; pk.extra != "" {
		base := s.byKey[pkgKey{name: pk.name}]
		return s.alignExtra(p, base)
	}
	said := false
	for q, pk := range s.pkgs {
		if pk.name == s.pkgs[p].name && pk.extra != "" && !pk.known.Absent() {
			said = s.alignExtra(q, p) || said
		}
	}
	return said
}

func (s *solver) alignExtra(extra, base int) bool {
	ofExtra, ofBase := s.pkgs[extra].known, s.pkgs[base].known
	if ofBase.Absent() {
		return false
	}
	said := false
	if beyond := ofExtra.Minus(ofBase); !beyond.Empty() {
		// The extra may only have versions that its project may have.
		n := len(s.pkgs[base].project.Candidates)
		denied := index.FullSet(n).Minus(ofBase)
		denied[0] &^= 1
		s.addIncompatibility([]term{{extra, denied}, {base, ofBase}}, cause{kind: causeSameVersion})
		said = true
	}
	if beyond := ofBase.Minus(ofExtra); !beyond.Empty() {
		s.addSameVersion(extra, base, ofExtra)
		said = true
	}
	return said
}

func (s *solver) addPkg(key pkgKey, pr *index.Project) int {
	if id, ok := s.byKey[key]; ok {
		return id
	}
	id := len(s.pkgs)
	s.pkgs = append(s.pkgs, &pkg{pkgKey: key, project: pr, known: index.FullSet(len(pr.Candidates)), decided: -1})
	s.byKey[key] = id
	if key.name == rootName || key.extra != "" {
		return id
	}
	for _, limit := range s.world.limits(key.name) {
		denied := index.FullSet(len(pr.Candidates)).Minus(pr.Match(limit.spec))
		denied[0] &^= 1
		if !denied.Empty() {
			s.addIncompatibility([]term{{id, denied}}, cause{kind: causeConstraint, dep: limit, to: id})
		}
	}
	return id
}

func (s *solver) addIncompatibility(terms []term, c cause) int {
	id := len(s.incs)
	s.incs = append(s.incs, incompatibility{terms: terms, cause: c, contradictedAt: -1})
	s.watch(id)
	return id
}

func (s *solver) watch(id int) {
	for _, t := range s.incs[id].terms {
		s.pkgs[t.pkg].incs = append(s.pkgs[t.pkg].incs, id)
	}
}

// unwatch takes an incompatibility out of the search; proofs may still name it.
func (s *solver) unwatch(id int) {
	for _, t := range s.incs[id].terms {
		list := s.pkgs[t.pkg].incs
		if i := slices.Index(list, id); i >= 0 {
			s.pkgs[t.pkg].incs = slices.Delete(list, i, i+1)
		}
	}
}
