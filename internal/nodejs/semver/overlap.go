package semver

// Intersects reports whether npm holds that a version could be in both ranges, read
// with the options of a.
func Intersects(a, b Range) bool {
	for _, x := range a.alternatives {
		if !x.isPossible(a.prereleases) {
			continue
		}
		for _, y := range b.alternatives {
			if y.isPossible(a.prereleases) && x.overlaps(y, a.prereleases) {
				return true
			}
		}
	}
	return false
}

// isPossible tells whether the comparators do not exclude each other.
func (a alternative) isPossible(prereleases bool) bool {
	for i, c := range a {
		for _, d := range a[i+1:] {
			if !c.overlaps(d, prereleases) {
				return false
			}
		}
	}
	return true
}

func (a alternative) overlaps(b alternative, prereleases bool) bool {
	for _, c := range a {
		// What holds every version holds a prerelease only if these are included.
		if len(b) == 0 && c.op == equal && !b.holds(&c.Version, prereleases) {
			return false
		}
		for _, d := range b {
			if !c.overlaps(d, prereleases) {
				return false
			}
		}
	}
	return true
}

func (c comparator) isBelow() bool { return c.op == less || c.op == lessEqual }

func (c comparator) isAbove() bool { return c.op == greater || c.op == greaterEqual }

// isEmpty tells whether no version that counts meets the comparator.
func (c comparator) isEmpty(prereleases bool) bool {
	if c.same(nothing) {
		return true
	}
	return !prereleases && c.op == less && c.compareNumbers(&Version{}) == 0
}

// overlaps tells whether some version meets both.
func (c comparator) overlaps(d comparator, prereleases bool) bool {
	switch {
	case c.op == equal:
		return alternative{d}.holds(&c.Version, prereleases)
	case d.op == equal:
		return alternative{c}.holds(&d.Version, prereleases)
	case c.isEmpty(prereleases) || d.isEmpty(prereleases):
		return false
	case c.isAbove() && d.isAbove(), c.isBelow() && d.isBelow():
		return true
	}
	if c.isBelow() {
		c, d = d, c
	}
	n := Compare(c.Version, d.Version)
	return n < 0 || n == 0 && c.op == greaterEqual && d.op == lessEqual
}
