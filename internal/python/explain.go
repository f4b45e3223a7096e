package python

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
)

// maxFacts is how many facts a message lists before it turns to the proof, and
// maxSteps how many steps of a proof it shows.
const (
	maxFacts = 8
	maxSteps = 24
)

// explain turns the proof that there is no selection into an error: about one
// distribution that cannot be had, where that is all there is to it, else an
// *Unsat.
func (s *solver) explain(ctx context.Context, id int, w *world) error {
	leaves := s.leaves(id)
	if leaf, ok := s.culprit(leaves); ok {
		d := s.incs[leaf].cause.dep
		p, err := w.page(d.name).wait(ctx)
		if err != nil {
			return err
		}
		return w.refuse(p, d, s.chain(leaf, leaves))
	}
	e := &Unsat{Target: w.target.String()}
	for _, leaf := range leaves {
		for _, t := range s.incs[leaf].terms {
			if t.pkg != rootPkg {
				e.Names = append(e.Names, s.pkgs[t.pkg].name)
			}
		}
	}
	slices.Sort(e.Names)
	e.Names = slices.Compact(e.Names)
	e.Facts = s.facts(leaves)
	if len(e.Facts) > maxFacts {
		e.Facts, e.Steps = s.steps(id), true
	}
	return e
}

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
	return x.pkg == y.pkg && x.set.first() < y.set.first()
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
	i := t.set.first()
	if i < 0 {
		return p.label()
	}
	return p.label() + " " + p.project.candidates[i].version.String()
}

func (s *solver) facts(leaves []int) []string {
	var facts []string
	for _, leaf := range leaves {
		if fact := s.state(leaf); !slices.Contains(facts, fact) {
			facts = append(facts, fact)
		}
	}
	return facts
}

// steps narrates a proof, conclusions after what they follow from.
func (s *solver) steps(id int) []string {
	var steps []string
	told := map[int]int{}
	var tell func(id int)
	tell = func(id int) {
		c := s.incs[id].cause
		if c.kind != causeConflict || told[id] > 0 {
			return
		}
		tell(c.a)
		tell(c.b)
		var reasons []string
		for _, from := range []int{c.a, c.b} {
			switch kind := s.incs[from].cause.kind; {
			case kind == causeConflict && told[from] == len(steps):
				reasons = append(reasons, "of that")
			case kind == causeConflict:
				reasons = append(reasons, fmt.Sprintf("of step %d", told[from]))
			case kind != causeSameVersion && kind != causeRoot:
				reasons = append(reasons, s.state(from))
			}
		}
		slices.Sort(reasons)
		step := s.state(id)
		if len(reasons) > 0 {
			step = "because " + strings.Join(reasons, ", and ") + ": " + step
		}
		steps = append(steps, step)
		told[id] = len(steps)
	}
	tell(id)
	for i := range steps {
		steps[i] = fmt.Sprintf("%d. %s", i+1, steps[i])
	}
	if cut := len(steps) - maxSteps; cut > 0 {
		steps = append(append(steps[:maxSteps/2:maxSteps/2], fmt.Sprintf("… %d more steps …", cut)), steps[len(steps)-maxSteps/2:]...)
	}
	return steps
}

// state says an incompatibility in words.
func (s *solver) state(id int) string {
	inc := s.incs[id]
	switch c := inc.cause; c.kind {
	case causeDependency:
		return s.stateNeed(inc)
	case causeConstraint:
		return fmt.Sprintf("%s limits %s", c.dep.source, c.dep.text())
	case causeFault:
		return fmt.Sprintf("%s cannot be used: %s", s.describe(inc.terms[0]), c.text)
	}
	var have []term // selected in a set
	var lack []term // not selected in a set
	for _, t := range inc.terms {
		switch {
		case t.pkg == rootPkg:
		case t.set.absent():
			lack = append(lack, s.negate(t))
		default:
			have = append(have, t)
		}
	}
	switch {
	case len(have) == 0 && len(lack) == 0:
		return "the requirements cannot be met together"
	case len(lack) == 0 && len(have) == 1:
		return s.describe(have[0]) + " cannot be used"
	case len(lack) == 0:
		return s.describeAll(have, " and ") + " do not go together"
	case len(have) == 0:
		return s.describeAll(lack, " or ") + " is needed"
	}
	return s.describeAll(have, " with ") + " needs " + s.describeAll(lack, " or ")
}

func (s *solver) stateNeed(inc incompatibility) string {
	d := inc.cause.dep
	fact := d.source + " asks for " + d.text()
	if inc.terms[0].pkg != rootPkg {
		fact = s.describe(inc.terms[0]) + " needs " + d.text()
	}
	if len(inc.terms) == 1 && inc.terms[0].pkg != inc.cause.to {
		if p := s.pkgs[inc.cause.to].project; p.page != nil && p.page.index == "" {
			return fact + ", which no index has"
		}
		fact += ", of which no version with a fitting wheel exists"
	}
	return fact
}

func (s *solver) negate(t term) term {
	return term{t.pkg, fullSet(len(s.pkgs[t.pkg].project.candidates)).minus(t.set)}
}

func (s *solver) describeAll(terms []term, glue string) string {
	var texts []string
	for _, t := range terms {
		texts = append(texts, s.describe(t))
	}
	return strings.Join(texts, glue)
}

// describe names a package and the versions of a set, as runs of neighbours.
func (s *solver) describe(t term) string {
	p := s.pkgs[t.pkg]
	n, all := t.set.count(), len(p.project.candidates)
	if n == all && n > 1 {
		return "every usable version of " + p.label()
	}
	order := make([]int, all)
	for i := range order {
		order[i] = i
	}
	version := func(i int) pep440.Version { return p.project.candidates[i].version }
	slices.SortFunc(order, func(a, b int) int { return version(a).Compare(version(b)) })
	var runs []string
	for i := 0; i < all; i++ {
		if !t.set.hasCandidate(order[i]) {
			continue
		}
		from := i
		for i+1 < all && t.set.hasCandidate(order[i+1]) {
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

// text is the requirement as a requirements file has it.
func (d dependency) text() string {
	text := d.name
	if len(d.extras) > 0 {
		text += "[" + strings.Join(d.extras, ",") + "]"
	}
	return text + d.spec.String()
}
