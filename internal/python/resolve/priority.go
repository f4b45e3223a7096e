package resolve

// The order of decisions is that of uv, so that the two agree where several
// selections are valid: exact pins first, then packages that keep failing, then
// the rest in the order in which they were first seen, and last the packages
// that keep making others fail.
type priorityClass int

const (
	conflictLate priorityClass = iota + 1
	conflictEarly
	singleton
)

// conflictThreshold is the number of conflicts after which a package moves.
const conflictThreshold = 5

type priority struct {
	class priorityClass // 0: none of the named ones
	index int           // order of first sight, by name
}

type priorities struct {
	byName             map[string]*priority
	affected, culprits map[int]int // conflicts by package
	early, late        []int       // packages that reached the threshold
}

func newPriorities() priorities {
	return priorities{byName: map[string]*priority{}, affected: map[int]int{}, culprits: map[int]int{}}
}

// see notes a requirement on a name; pinned says that it names one version.
func (ps *priorities) see(name string, pinned bool) {
	pr := ps.get(name)
	if pinned {
		pr.class = singleton
	}
}

func (ps *priorities) get(name string) *priority {
	pr, ok := ps.byName[name]
	if !ok {
		pr = &priority{index: len(ps.byName)}
		ps.byName[name] = pr
	}
	return pr
}

// recordConflict counts a conflict for the package that could not be as it was
// and for those that were in its way.
func (s *solver) recordConflict(affected, id int) {
	ps := &s.priorities
	foreign := false
	for _, t := range s.incs[id].terms {
		if s.pkgs[t.pkg].name == s.pkgs[affected].name {
			continue // a package and its extras only hand a conflict on
		}
		foreign = true
		if ps.culprits[t.pkg]++; ps.culprits[t.pkg] == conflictThreshold {
			ps.late = append(ps.late, t.pkg)
		}
	}
	if !foreign {
		return
	}
	if ps.affected[affected]++; ps.affected[affected] == conflictThreshold {
		ps.early = append(ps.early, affected)
	}
}

// reprioritize moves the packages that reached the threshold. A culprit is
// undone, so that what it is in the way of is decided before it.
func (s *solver) reprioritize() {
	ps := &s.priorities
	for _, p := range ps.early {
		if p != rootPkg {
			ps.get(s.pkgs[p].name).class = conflictEarly
		}
	}
	for _, p := range ps.late {
		if p == rootPkg {
			continue
		}
		pr := ps.get(s.pkgs[p].name)
		if pr.class == conflictEarly || pr.class == conflictLate {
			continue
		}
		pr.class = conflictLate
		if s.pkgs[p].decided >= 0 {
			s.backtrack(s.pkgs[p].level - 1)
		}
	}
	ps.early, ps.late = nil, nil
}

// pick returns the undecided package to decide next, or -1 if none is needed.
func (s *solver) pick() int {
	best := -1
	var top priority
	for p, pk := range s.pkgs {
		if pk.decided >= 0 || pk.known.Absent() {
			continue
		}
		if p == rootPkg {
			return p
		}
		pr := *s.priorities.get(pk.name)
		if best < 0 || pr.class > top.class || pr.class == top.class && pr.index < top.index {
			best, top = p, pr
		}
	}
	return best
}
