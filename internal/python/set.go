package python

import (
	"math/bits"
	"slices"
)

// set is a set of states of one package: bit 0 stands for "not selected", bit
// i+1 for candidate i of its project. All sets of a package have one length, so
// a term, its negation and what is known about a package are all plain sets:
// exact for every operator of PEP 440, with no range arithmetic.
type set []uint64

// newSet returns the empty set for a project of n candidates.
func newSet(n int) set { return make(set, n/64+1) }

// fullSet returns the set of all states for a project of n candidates.
func fullSet(n int) set {
	s := newSet(n)
	for i := range s {
		s[i] = ^uint64(0)
	}
	if rest := uint(n+1) % 64; rest != 0 {
		s[len(s)-1] = 1<<rest - 1
	}
	return s
}

func (s set) addCandidate(i int)      { s[(i+1)/64] |= 1 << (uint(i+1) % 64) }
func (s set) hasCandidate(i int) bool { return s[(i+1)/64]&(1<<(uint(i+1)%64)) != 0 }

// absent reports whether "not selected" is in the set.
func (s set) absent() bool { return s[0]&1 != 0 }

func (s set) and(t set) set {
	u := make(set, len(s))
	for i := range s {
		u[i] = s[i] & t[i]
	}
	return u
}

func (s set) or(t set) set {
	u := make(set, len(s))
	for i := range s {
		u[i] = s[i] | t[i]
	}
	return u
}

func (s set) minus(t set) set {
	u := make(set, len(s))
	for i := range s {
		u[i] = s[i] &^ t[i]
	}
	return u
}

func (s set) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

func (s set) within(t set) bool {
	for i := range s {
		if s[i]&^t[i] != 0 {
			return false
		}
	}
	return true
}

func (s set) meets(t set) bool {
	for i := range s {
		if s[i]&t[i] != 0 {
			return true
		}
	}
	return false
}

func (s set) equal(t set) bool { return slices.Equal(s, t) }

// first returns the best candidate of the set, or -1.
func (s set) first() int {
	for i, w := range s {
		if i == 0 {
			w &^= 1
		}
		if w != 0 {
			return i*64 + bits.TrailingZeros64(w) - 1
		}
	}
	return -1
}

// count returns the number of candidates in the set.
func (s set) count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n - int(s[0]&1)
}
