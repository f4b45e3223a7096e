package resolve

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
)

const (
	// exactFacts is how many facts a message lists one by one; more are
	// summed up, package by package.
	exactFacts = 8
	// maxFacts is how many it lists at all.
	maxFacts = 16
)

// leaves returns the incompatibilities that a proof starts from, those of the
// user's requirements first, then in the order in which they were found.
func (s *solver) leaves(id int) []int {
	seen := map[int]bool{}
	var leaves []int
	queue := []int{id}
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		if seen[id] {
			continue
		}
		seen[id] = true
		switch c := s.incs[id].cause; c.kind {
		case causeConflict:
			queue = append(queue, c.a, c.b)
		case causeRoot, causeSameVersion:
		default:
			leaves = append(leaves, id)
		}
	}
	slices.SortFunc(leaves, func(a, b int) int {
		return cmp.Or(cmp.Compare(s.parent(a), s.parent(b)), cmp.Compare(a, b))
	})
	return leaves
}

// parent returns the package that a leaf speaks of.
func (s *solver) parent(leaf int) int { return s.incs[leaf].terms[0].pkg }

// hollow reports whether a leaf is a requirement that nothing can answer.
func (s *solver) hollow(leaf int) bool {
	inc := s.incs[leaf]
	return inc.cause.kind == causeDependency && len(inc.terms) == 1 && s.parent(leaf) != inc.cause.to
}

// culprit returns the requirement that makes all others fail by having no
// answer at all, if there is one such distribution and no other conflict.
func (s *solver) culprit(leaves []int) (int, bool) {
	found := -1
	demands := map[string]int{}
	for _, leaf := range leaves {
		inc := s.incs[leaf]
		switch {
		case s.hollow(leaf):
			if found >= 0 && s.incs[found].cause.dep.name != inc.cause.dep.name {
				return 0, false
			}
			if found < 0 || s.newer(leaf, found) {
				found = leaf
			}
		case inc.cause.kind != causeDependency:
			return 0, false
		default:
			demands[s.pkgs[inc.cause.to].name]++
			if demands[s.pkgs[inc.cause.to].name] > 1 {
				return 0, false
			}
		}
	}
	return found, found >= 0
}

// newer reports whether leaf a speaks of a better version of the same package
// than leaf b.
func (s *solver) newer(a, b int) bool {
	x, y := s.incs[a].terms[0], s.incs[b].terms[0]
	return x.pkg == y.pkg && x.set.First() < y.set.First()
}

// chain tells who asks for what a leaf asks for, up to the user.
func (s *solver) chain(leaf int, leaves []int) string {
	var b strings.Builder
	b.WriteString("it is")
	for range len(leaves) {
		inc := s.incs[leaf]
		t := inc.terms[0]
		if t.pkg == rootPkg {
			fmt.Fprintf(&b, " asked for in %s (%q)", inc.cause.dep.source, inc.cause.dep.text())
			break
		}
		fmt.Fprintf(&b, " needed by %s (%q)", s.one(t), inc.cause.dep.text())
		next := slices.IndexFunc(leaves, func(l int) bool {
			return !s.hollow(l) && s.incs[l].cause.kind == causeDependency && s.incs[l].cause.to == t.pkg
		})
		if next < 0 {
			break
		}
		b.WriteString(", which is")
		leaf = leaves[next]
	}
	return b.String()
}

// one names the best version of a term.
func (s *solver) one(t term) string {
	p := s.pkgs[t.pkg]
	i := t.set.First()
	if i < 0 {
		return p.label()
	}
	return p.label() + " " + p.project.Candidates[i].Version.String()
}

// facts says the leaves of a proof in words.
func (s *solver) facts(leaves []int) []string {
	facts := make([]string, 0, len(leaves))
	for _, leaf := range leaves {
		facts = append(facts, s.state(leaf))
	}
	if len(facts) > exactFacts {
		facts = s.summary(leaves)
	}
	if more := len(facts) - maxFacts; more > 0 {
		facts = append(facts[:maxFacts], fmt.Sprintf("… and %d facts like these", more))
	}
	return facts
}

// summary says what the leaves on one package and one dependency of it have in
// common: all their versions together need one of the versions that any needs.
func (s *solver) summary(leaves []int) []string {
	type group struct {
		from, to int
		kind     causeKind
		hollow   bool
	}
	members := map[group][]int{}
	var order []group
	for _, leaf := range leaves {
		c := s.incs[leaf].cause
		g := group{s.parent(leaf), c.to, c.kind, s.hollow(leaf)}
		if g.from == rootPkg || g.from == g.to || c.kind == causeConstraint {
			g.to = -1 - leaf // said by itself, as the user's own words
		}
		if members[g] == nil {
			order = append(order, g)
		}
		members[g] = append(members[g], leaf)
	}
	var facts []string
	for _, g := range order {
		list := members[g]
		if len(list) == 1 {
			facts = append(facts, s.state(list[0]))
			continue
		}
		from := term{g.from, index.NewSet(len(s.pkgs[g.from].project.Candidates))}
		for _, leaf := range list {
			from.set = from.set.Or(s.incs[leaf].terms[0].set)
		}
		switch {
		case g.kind == causeFault:
			facts = append(facts, fmt.Sprintf("%s cannot be used, for %d reasons such as: %s", s.describe(from), len(list), s.incs[list[0]].cause.text))
		case g.hollow:
			facts = append(facts, fmt.Sprintf("%s needs versions of %s that no index has or that do not run there", s.describe(from), s.pkgs[g.to].label()))
		default:
			to := term{g.to, index.NewSet(len(s.pkgs[g.to].project.Candidates))}
			for _, leaf := range list {
				to.set = to.set.Or(s.negate(s.incs[leaf].terms[1]).set)
			}
			facts = append(facts, fmt.Sprintf("%s needs %s (%d different ranges)", s.describe(from), s.describe(to), len(list)))
		}
	}
	return facts
}

// state says a leaf in words.
func (s *solver) state(leaf int) string {
	inc := s.incs[leaf]
	switch c := inc.cause; c.kind {
	case causeConstraint:
		return c.dep.source + " limits " + c.dep.text()
	case causeFault:
		return s.describe(inc.terms[0]) + " cannot be used: " + c.text
	default:
		return s.stateNeed(inc)
	}
}

func (s *solver) stateNeed(inc incompatibility) string {
	d := inc.cause.dep
	fact := d.source + " asks for " + d.text()
	if inc.terms[0].pkg != rootPkg {
		fact = s.describe(inc.terms[0]) + " needs " + d.text()
	}
	if len(inc.terms) == 1 && inc.terms[0].pkg != inc.cause.to {
		if p := s.pkgs[inc.cause.to].project; p.Page != nil && p.Page.Absent() {
			return fact + ", which no index has"
		}
		fact += ", of which no version with a fitting wheel exists"
	}
	return fact
}

func (s *solver) negate(t term) term {
	return term{t.pkg, index.FullSet(len(s.pkgs[t.pkg].project.Candidates)).Minus(t.set)}
}

// describe names a package and the versions of a set, as runs of neighbours.
func (s *solver) describe(t term) string {
	p := s.pkgs[t.pkg]
	n, all := t.set.Count(), len(p.project.Candidates)
	if n == all && n > 1 {
		return "every usable version of " + p.label()
	}
	order := make([]int, all)
	for i := range order {
		order[i] = i
	}
	version := func(i int) pep440.Version { return p.project.Candidates[i].Version }
	slices.SortFunc(order, func(a, b int) int { return version(a).Compare(version(b)) })
	var runs []string
	for i := 0; i < all; i++ {
		if !t.set.HasCandidate(order[i]) {
			continue
		}
		from := i
		for i+1 < all && t.set.HasCandidate(order[i+1]) {
			i++
		}
		run := version(order[from]).String()
		if i > from {
			run += " to " + version(order[i]).String()
		}
		runs = append(runs, run)
	}
	if len(runs) > 3 {
		runs = []string{runs[0], "…", runs[len(runs)-1], fmt.Sprintf("(%d versions)", n)}
		return p.label() + " " + strings.Join(runs, " ")
	}
	return p.label() + " " + strings.Join(runs, ", ")
}

// label is the name of a package with its extra.
func (p *pkg) label() string {
	if p.extra == "" {
		return p.name
	}
	return p.name + "[" + p.extra + "]"
}

// sole returns what a proof asks of the one distribution that it is about, the
// dependencies on it and the constraints of it in their order: all its leaves say
// that, why versions of it cannot be used, or who needs those who ask, each once. It
// returns nothing where the proof is about more.
func (s *solver) sole(leaves []int) (demands []int) {
	pkg, ok := s.subject(leaves)
	if !ok {
		return nil
	}
	seen := map[int]bool{}
	for _, id := range leaves {
		inc := s.incs[id]
		switch {
		case inc.cause.kind == causeFault:
		case inc.cause.kind == causeConstraint:
			demands = append(demands, id)
		case inc.cause.to == pkg:
			// Two versions of one parent may ask for different things.
			if parent := s.parent(id); parent != rootPkg && seen[parent] {
				return nil
			}
			seen[s.parent(id)] = true
			demands = append(demands, id)
		case s.hollow(id):
			return nil
		}
	}
	return demands
}

// subject returns the one package that leaves are about: faults and constraints are of
// it, and none but it is asked for by two of them.
func (s *solver) subject(leaves []int) (pkg int, ok bool) {
	asked := map[int]bool{}
	for _, id := range leaves {
		var of int
		switch inc := s.incs[id]; {
		case inc.cause.kind == causeFault || inc.cause.kind == causeConstraint:
			of = s.parent(id)
		case inc.cause.kind == causeDependency && asked[inc.cause.to]:
			of = inc.cause.to
		case inc.cause.kind == causeDependency:
			asked[inc.cause.to] = true
			continue
		default:
			continue
		}
		if ok && of != pkg {
			return 0, false
		}
		pkg, ok = of, true
	}
	return pkg, ok
}
