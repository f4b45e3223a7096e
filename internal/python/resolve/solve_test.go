package resolve

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
)

// randomWorlds is how many small worlds the solver is checked against.
var randomWorlds = flag.Int("worlds", 600, "random worlds to check the solver against")

// smallWorld is a universe without an index.
type smallWorld struct {
	projects map[string]*index.Project
	deps     map[string][]dependency // by "name version" or "name[extra] version"
	faults   map[string]bool
	limit    map[string][]dependency
	asked    []dependency
}

func (w *smallWorld) project(_ context.Context, name string) (*index.Project, error) {
	if p, ok := w.projects[name]; ok {
		return p, nil
	}
	return &index.Project{Name: name}, nil
}

func (w *smallWorld) dependencies(_ context.Context, p *index.Project, i int, extra string) ([]dependency, string, error) {
	version := p.Candidates[i].Version.String()
	if w.faults[p.Name+" "+version] {
		return nil, "it is broken", nil
	}
	return w.deps[key(p.Name, extra, version)], "", nil
}

func (w *smallWorld) limits(name string) []dependency { return w.limit[name] }
func (w *smallWorld) expect([]dependency, bool)       {}
func (w *smallWorld) sweep(*index.Project, []int)     {}

func key(name, extra, version string) string {
	if extra != "" {
		name += "[" + extra + "]"
	}
	return name + " " + version
}

// newSmallWorld makes a world of up to seven packages.
func newSmallWorld(r *rand.Rand) *smallWorld {
	w := &smallWorld{
		projects: map[string]*index.Project{}, deps: map[string][]dependency{},
		faults: map[string]bool{}, limit: map[string][]dependency{},
	}
	names := []string{"a", "b", "c", "d", "e", "f", "g"}[:3+r.IntN(5)]
	pick := func() dependency {
		d := dependency{name: names[r.IntN(len(names))]}
		if r.IntN(5) == 0 {
			d.extras = []string{string("xy"[r.IntN(2)])}
		}
		if r.IntN(100) == 0 {
			d.name = "missing"
		}
		op := []string{"", "==", ">=", "<", "!=", "<=", ">=", ""}[r.IntN(8)]
		if op != "" {
			spec, err := pep440.ParseSpecifiers(fmt.Sprintf("%s%d", op, 1+r.IntN(5)))
			if err != nil {
				panic(err)
			}
			d.spec = spec
		}
		return d
	}
	some := func(most int) (list []dependency) {
		for range r.IntN(most + 1) {
			list = append(list, pick())
		}
		return list
	}
	for _, name := range names {
		p := &index.Project{Name: name}
		for v := 2 + r.IntN(4); v >= 1; v-- {
			version, err := pep440.Parse(fmt.Sprint(v))
			if err != nil {
				panic(err)
			}
			p.Candidates = append(p.Candidates, index.Candidate{WheelFile: &index.WheelFile{Release: &index.Release{Version: version}}})
			w.deps[key(name, "", version.String())] = some(2)
			w.deps[key(name, "x", version.String())] = some(2)
			w.deps[key(name, "y", version.String())] = some(2)
			w.faults[name+" "+version.String()] = r.IntN(30) == 0
		}
		w.projects[name] = p
		if r.IntN(8) == 0 {
			d := pick()
			d.name, d.extras = name, nil
			w.limit[name] = []dependency{d}
		}
	}
	for len(w.asked) == 0 {
		w.asked = some(4)
	}
	for i := range w.asked {
		w.asked[i].source = fmt.Sprint("line ", i)
	}
	return w
}

// closure returns what a choice of versions needs beyond itself: the first
// package without a version (and "" if there is none), and whether all that is
// needed of the chosen ones fits.
func (w *smallWorld) closure(chosen map[string]string) (open string, reached map[string]bool, ok bool) {
	reached = map[string]bool{}
	seen := map[string]bool{}
	queue := slices.Clone(w.asked)
	for len(queue) > 0 {
		d := queue[0]
		queue = queue[1:]
		reached[d.name] = true
		text, have := chosen[d.name]
		if !have {
			if open == "" {
				open = d.name
			}
			continue
		}
		v, err := pep440.Parse(text)
		if err != nil || w.faults[d.name+" "+text] || !d.spec.Match(v) {
			return "", nil, false
		}
		for _, limit := range w.limit[d.name] {
			if !limit.spec.Match(v) {
				return "", nil, false
			}
		}
		for _, extra := range append([]string{""}, d.extras...) {
			if k := key(d.name, extra, text); !seen[k] {
				seen[k] = true
				queue = append(queue, w.deps[k]...)
			}
		}
	}
	return open, reached, true
}

// possible tries every choice.
func (w *smallWorld) possible(chosen map[string]string) bool {
	open, _, ok := w.closure(chosen)
	if !ok {
		return false
	}
	if open == "" {
		return true
	}
	p, ok := w.projects[open]
	if !ok {
		return false
	}
	for _, c := range p.Candidates {
		chosen[open] = c.Version.String()
		if w.possible(chosen) {
			return true
		}
		delete(chosen, open)
	}
	return false
}

func (w *smallWorld) String() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(w.deps)) {
		fmt.Fprintf(&b, "%s:", k)
		for _, d := range w.deps[k] {
			b.WriteString(" " + d.text())
		}
		b.WriteByte('\n')
	}
	b.WriteString("asked:")
	for _, d := range w.asked {
		b.WriteString(" " + d.text())
	}
	return b.String() + fmt.Sprintf("\nlimits: %v\nfaults: %v", w.limit, w.faults)
}

// TestSolverAgainstEveryChoice compares the solver with a search through all
// choices: the same worlds have an answer, and every answer is closed,
// consistent and without a package too many.
func TestSolverAgainstEveryChoice(t *testing.T) {
	t.Parallel()
	solvable := 0
	for seed := range uint64(*randomWorlds) {
		w := newSmallWorld(rand.New(rand.NewPCG(seed, 1)))
		s := newSolver(w)
		selected, err := s.solve(t.Context(), w.asked)
		conflict := isProof(err)
		if err != nil && !conflict {
			t.Fatal(err)
		}
		want := w.possible(map[string]string{})
		if got := err == nil; got != want {
			t.Fatalf("world %d: solve() = %v, want an answer: %t\n%v", seed, err, want, w)
		}
		if conflict {
			continue
		}
		solvable++
		chosen := map[string]string{}
		for name, i := range selected {
			chosen[name] = w.projects[name].Candidates[i].Version.String()
		}
		open, reached, ok := w.closure(chosen)
		if !ok || open != "" || len(reached) != len(chosen) {
			t.Fatalf("world %d: solve() = %v: consistent %t, lacks %q, needs %v\n%v", seed, chosen, ok, open, reached, w)
		}
	}
	if solvable < *randomWorlds/5 || solvable > *randomWorlds*9/10 {
		t.Errorf("%d of %d worlds have an answer: they say little", solvable, *randomWorlds)
	}
}

// TestProofsFollowFromTheirFacts checks that the facts of every refusal leave
// no choice by themselves, and begin with the user's requirements.
func TestProofsFollowFromTheirFacts(t *testing.T) {
	t.Parallel()
	checked := 0
	for seed := range uint64(*randomWorlds) {
		w := newSmallWorld(rand.New(rand.NewPCG(seed, 1)))
		s := newSolver(w)
		_, err := s.solve(t.Context(), w.asked)
		conflict, ok := errors.AsType[*conflictError](err)
		if !ok {
			continue
		}
		leaves := s.leaves(conflict.id)
		if facts := s.facts(leaves); len(facts) == 0 || !strings.HasPrefix(facts[0], "line ") {
			t.Fatalf("world %d: the facts %q do not begin with a requirement of the user", seed, facts)
		}
		taking := map[int]bool{}
		for _, leaf := range leaves {
			for _, term := range s.incs[leaf].terms {
				taking[term.pkg] = true
			}
		}
		checked++
		order := slices.Sorted(maps.Keys(taking))
		if states := map[int]int{rootPkg: 0}; s.avoidable(leaves, order[1:], states) {
			t.Fatalf("world %d: %v avoids all of %q\n%v", seed, states, s.facts(leaves), w)
		}
	}
	if checked < *randomWorlds/10 {
		t.Errorf("only %d of %d worlds are refused: they say little", checked, *randomWorlds)
	}
}

// avoidable reports whether the packages can take states, -1 for "not selected",
// so that no leaf is violated and extras have the version of their project.
func (s *solver) avoidable(leaves, open []int, states map[int]int) bool {
	for _, leaf := range leaves {
		violated := true
		for _, t := range s.incs[leaf].terms {
			state, known := states[t.pkg]
			violated = violated && known && (state < 0 && t.set.Absent() || state >= 0 && t.set.HasCandidate(state))
		}
		if violated {
			return false
		}
	}
	for p, state := range states {
		for q, other := range states {
			extra := s.pkgs[p].extra != "" && state >= 0 && s.pkgs[p].name == s.pkgs[q].name
			if extra && state != other && (other >= 0 || s.pkgs[q].extra == "") {
				return false
			}
		}
	}
	if len(open) == 0 {
		return true
	}
	for state := -1; state < len(s.pkgs[open[0]].project.Candidates); state++ {
		states[open[0]] = state
		if s.avoidable(leaves, open[1:], states) {
			return true
		}
	}
	delete(states, open[0])
	return false
}
