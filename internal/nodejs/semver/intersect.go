package semver

// Intersects reports whether npm holds that a version could be in both ranges,
// read with the options of a.
func Intersects(a, b Range) bool {
	if a.p == nil || b.p == nil {
		return false
	}
	prereleases := a.p.options.IncludePrerelease
	for _, setA := range a.p.sets {
		if !satisfiable(setA, prereleases) {
			continue
		}
		for _, setB := range b.p.sets {
			if satisfiable(setB, prereleases) && allMeet(setA, setB, prereleases) {
				return true
			}
		}
	}
	return false
}

// satisfiable reports whether every two comparators meet.
func satisfiable(set []comparator, prereleases bool) bool {
	for i := range set {
		if !allMeet(set[i:i+1], set[i+1:], prereleases) {
			return false
		}
	}
	return true
}

func allMeet(a, b []comparator, prereleases bool) bool {
	for i := range a {
		for k := range b {
			if !a[i].meets(&b[k], prereleases) {
				return false
			}
		}
	}
	return true
}

func (c *comparator) meets(d *comparator, prereleases bool) bool {
	if c.any || d.any {
		return c.meetsAny(prereleases)
	}
	switch {
	case c.op == equal:
		return matchAll([]comparator{*d}, c.version, prereleases)
	case d.op == equal:
		return matchAll([]comparator{*c}, d.version, prereleases)
	case c.bottom(prereleases) || d.bottom(prereleases):
		return false
	case c.op >= greater == (d.op >= greater):
		return true
	}
	order := Compare(c.version, d.version)
	if order == 0 {
		return c.inclusive() && d.inclusive()
	}
	return order < 0 == (c.op >= greater)
}

// meetsAny is meets where one of the two is no bound at all. To npm a single
// prerelease does not meet it, as "" does not match that.
func (c *comparator) meetsAny(prereleases bool) bool {
	return c.any || c.op != equal || prereleases || !c.version.IsPrerelease()
}

func (c *comparator) inclusive() bool { return c.op == lessEqual || c.op == greaterEqual }

// bottom reports whether nothing is below the upper bound c; for npm without
// prereleases, below any prerelease of 0.0.0 either.
func (c *comparator) bottom(prereleases bool) bool {
	if prereleases {
		return c.none()
	}
	return c.op == less && c.version.sameTuple(Version{})
}
