package index

import (
	"math/bits"
	"slices"
)

// Set is a set of states of one package: bit 0 stands for "not selected", bit
// i+1 for candidate i of its project. All sets of a package have one length, so
// a term, its negation and what is known about a package are all plain sets:
// exact for every operator of PEP 440, with no range arithmetic.
type Set []uint64

// NewSet returns the empty set for a project of n candidates.
func NewSet(n int) Set { return make(Set, n/64+1) }

// FullSet returns the set of all states for a project of n candidates.
func FullSet(n int) Set {
	s := NewSet(n)
	for i := range s {
		s[i] = ^uint64(0)
	}
	if rest := uint(n+1) % 64; rest != 0 {
		s[len(s)-1] = 1<<rest - 1
	}
	return s
}

// AddCandidate adds candidate i.
func (s Set) AddCandidate(i int) { s[(i+1)/64] |= 1 << (uint(i+1) % 64) }

// HasCandidate reports whether candidate i is in the set.
func (s Set) HasCandidate(i int) bool { return s[(i+1)/64]&(1<<(uint(i+1)%64)) != 0 }

// Absent reports whether "not selected" is in the set.
func (s Set) Absent() bool { return s[0]&1 != 0 }

// And returns the states that are in both sets.
func (s Set) And(t Set) Set {
	u := make(Set, len(s))
	for i := range s {
		u[i] = s[i] & t[i]
	}
	return u
}

// Or returns the states that are in either set.
func (s Set) Or(t Set) Set {
	u := make(Set, len(s))
	for i := range s {
		u[i] = s[i] | t[i]
	}
	return u
}

// Minus returns the states of s that are not in t.
func (s Set) Minus(t Set) Set {
	u := make(Set, len(s))
	for i := range s {
		u[i] = s[i] &^ t[i]
	}
	return u
}

// Empty reports whether the set has no state.
func (s Set) Empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

// Within reports whether all states of s are in t.
func (s Set) Within(t Set) bool {
	for i := range s {
		if s[i]&^t[i] != 0 {
			return false
		}
	}
	return true
}

// Meets reports whether the sets share a state.
func (s Set) Meets(t Set) bool {
	for i := range s {
		if s[i]&t[i] != 0 {
			return true
		}
	}
	return false
}

// Equal reports whether the sets have the same states.
func (s Set) Equal(t Set) bool { return slices.Equal(s, t) }

// First returns the best candidate of the set, or -1.
func (s Set) First() int {
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

// Count returns the number of candidates in the set.
func (s Set) Count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n - int(s[0]&1)
}
