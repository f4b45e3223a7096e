package semver

import (
	"fmt"
	"slices"
	"strings"
)

// Options choose how a range is read.
type Options struct {
	// Strict refuses what npm reads loosely, as it does for "engines".
	Strict bool
	// IncludePrerelease lets a prerelease match wherever it lies between the
	// bounds.
	IncludePrerelease bool
}

// Range is a set of versions. The zero value matches none; a Range is immutable
// and may be shared.
type Range struct {
	prereleases  bool // match wherever they lie between the bounds
	alternatives []alternative
}

// alternative is what all must hold; an empty one holds every version.
type alternative []comparator

type operator byte

const (
	equal operator = iota
	less
	lessEqual
	greater
	greaterEqual
)

func (o operator) String() string {
	return [...]string{"", "<", "<=", ">", ">="}[o]
}

// comparator is a bound.
type comparator struct {
	op operator
	Version
}

// nothing is the bound that no version meets.
var nothing = comparator{less, Version{pre: lowest}}

func (c comparator) String() string { return c.op.String() + c.Version.String() }

func (c comparator) same(d comparator) bool {
	return c.op == d.op && c.compareNumbers(&d.Version) == 0 && slices.Equal(c.pre, d.pre)
}

func (c *comparator) holds(v *Version) bool {
	n := v.compare(&c.Version)
	switch c.op {
	case less:
		return n < 0
	case lessEqual:
		return n <= 0
	case greater:
		return n > 0
	case greaterEqual:
		return n >= 0
	}
	return n == 0
}

// ParseRange reads a range loosely, as npm reads those of dependencies.
func ParseRange(s string) (Range, error) { return ParseRangeWith(s, Options{}) }

// ParseRangeWith reads a range as the options say.
func ParseRangeWith(s string, o Options) (Range, error) {
	r := Range{prereleases: o.IncludePrerelease}
	for rest, more := s, true; more; {
		var text string
		text, rest, more = strings.Cut(rest, "||")
		a, ok, err := readAlternative(text, o)
		if err != nil || slices.ContainsFunc(a, comparator.isTooLarge) {
			return Range{}, fmt.Errorf("reading range %q: %w", s, errRange)
		}
		if ok {
			r.alternatives = append(r.alternatives, a.tidy(o))
		}
	}
	if len(r.alternatives) == 0 {
		return Range{}, fmt.Errorf("reading range %q: %w", s, errRange)
	}
	r.simplify()
	return r, nil
}

// simplify drops alternatives that no version meets where there are others, and
// all others where one holds every version.
func (r *Range) simplify() {
	if len(r.alternatives) == 1 {
		return
	}
	first := r.alternatives[0]
	r.alternatives = slices.DeleteFunc(r.alternatives, alternative.isNothing)
	if len(r.alternatives) == 0 {
		r.alternatives = []alternative{first}
	}
	for _, a := range r.alternatives {
		if len(r.alternatives) > 1 && len(a) == 0 {
			r.alternatives = []alternative{a}
			return
		}
	}
}

func (a alternative) isNothing() bool { return len(a) == 1 && a[0].same(nothing) }

// String is the range in comparators, such as ">=1.2.3 <2.0.0-0||3.0.0"; "" matches
// all.
func (r Range) String() string {
	var out strings.Builder
	for i, a := range r.alternatives {
		if i > 0 {
			out.WriteString("||")
		}
		for j, c := range a {
			if j > 0 {
				out.WriteByte(' ')
			}
			out.WriteString(c.String())
		}
	}
	return out.String()
}

// Match reports whether v is in the range. A prerelease is only where one of the
// same numbers bounds the alternative it matches, or where the range was read with
// prereleases included.
func (r Range) Match(v Version) bool {
	for _, a := range r.alternatives {
		if a.holds(&v, r.prereleases) {
			return true
		}
	}
	return false
}

func (a alternative) holds(v *Version, prereleases bool) bool {
	named := len(v.pre) == 0 || prereleases
	for i := range a {
		c := &a[i]
		if !c.holds(v) {
			return false
		}
		named = named || len(c.pre) > 0 && c.compareNumbers(v) == 0
	}
	return named
}
