package placement

// retinue returns a slot with what is there only because of it: what demands of
// a class lead to from it, less what such a demand from outside leads to.
// Demands for the slot itself do not count, so a circle does not keep itself.
func retinue(of *slot, class func(*demand) bool) map[*slot]bool {
	set := reach([]*slot{of}, func(d *demand) bool { return d.found != of && class(d) })
	shrink(set, nil, func(d *demand) bool { return d.found != of && class(d) })
	return set
}

// reach returns the slots with all that demands of a class lead to from them.
func reach(from []*slot, class func(*demand) bool) map[*slot]bool {
	set := map[*slot]bool{}
	for _, s := range from {
		set[s] = true
	}
	for i := 0; i < len(from); i++ {
		for _, d := range from[i].demands {
			if d.found != nil && !set[d.found] && class(d) {
				set[d.found] = true
				from = append(from, d.found)
			}
		}
	}
	return set
}

// shrink drops from a set, again and again, what a demand of a class leads to
// from outside of it. Some other slots count as within the set.
func shrink(set, also map[*slot]bool, class func(*demand) bool) {
	var outside []*slot
	for s := range set {
		for _, u := range s.users {
			if !set[u.owner] && !also[u.owner] && class(u) {
				outside = append(outside, s)
				break
			}
		}
	}
	for _, s := range outside {
		delete(set, s)
	}
	for i := 0; i < len(outside); i++ {
		for _, d := range outside[i].demands {
			if d.found != nil && set[d.found] && class(d) {
				delete(set, d.found)
				outside = append(outside, d.found)
			}
		}
	}
}

// isWelcome tells whether everybody would live with one package in the place of
// another: every package that finds the old one accepts the new one. Those that only
// come with the old one do not count, nor do demands that uncounted knows.
func isWelcome(s, old *slot, uncounted func(*demand) bool) bool {
	if s.name != old.name || s.m.Name != old.m.Name {
		return false
	}
	if len(old.demands) > 0 && s.rule != old.rule {
		return false
	}
	var company map[*slot]bool
	for _, u := range old.users {
		if uncounted != nil && uncounted(u) || u.name == s.name && u.accepts(s.parcel) {
			continue
		}
		if company == nil {
			company = retinue(old, (*demand).isLeading)
		}
		if !company[u.owner] {
			return false
		}
	}
	return true
}

// party is what a demand that is no peer, or a peer of a top, brought together:
// what it finds, the head, with all that peers lead to from there.
type party struct {
	opener  *demand
	head    *slot
	members map[*slot]bool
}

func leadsToPeer(d *demand) bool { return d.isPeer() && d.isLeading() }

// parties returns the parties that a slot belongs to.
func parties(of *slot) []party {
	seen := map[*slot]bool{of: true}
	list := []*slot{of}
	add := func(s *slot) {
		if !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	var out []party
	for i := 0; i < len(list); i++ {
		s := list[i]
		for _, d := range s.demands {
			if leadsToPeer(d) {
				add(d.found)
			}
		}
		var members map[*slot]bool
		for _, u := range s.users {
			if !u.isPleased() {
				continue
			}
			if u.isPeer() && !u.owner.top {
				add(u.owner)
				continue
			}
			if members == nil {
				members = reach([]*slot{s}, leadsToPeer)
			}
			if members[of] {
				out = append(out, party{opener: u, head: s, members: members})
			}
		}
	}
	return out
}
