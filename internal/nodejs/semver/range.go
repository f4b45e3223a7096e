package semver

import (
	"fmt"
	"slices"
	"sync"
)

// Range is a set of versions. The zero value matches none; a Range is
// immutable and may be shared.
type Range struct{ p *parsed }

// Options choose how a range is read.
type Options struct {
	// Strict refuses what npm reads loosely, as it does for "engines".
	Strict bool
	// IncludePrerelease lets a prerelease match wherever it lies between the
	// bounds.
	IncludePrerelease bool
}

// parsed is what ranges share: alternatives, each a list of comparators that
// all must hold.
type parsed struct {
	options Options
	text    string // blanks reduced
	sets    [][]comparator

	once     sync.Once
	included [][]comparator // with prereleases, made when asked for
}

// maxRange bounds a range in bytes, and with it the time that one made to hurt
// takes.
const maxRange = 16 << 10

// ParseRange reads a range loosely, as npm reads those of dependencies.
func ParseRange(s string) (Range, error) { return ParseRangeWith(s, Options{}) }

// ParseRangeWith reads a range as the options say.
func ParseRangeWith(s string, o Options) (Range, error) {
	if len(s) > maxRange {
		return Range{}, fmt.Errorf("reading a range: it is longer than %d bytes", maxRange)
	}
	text := reduce(s)
	sets, err := parseSets(text, o)
	if err != nil {
		return Range{}, fmt.Errorf("reading range %q: %w", s, err)
	}
	return Range{&parsed{options: o, text: text, sets: sets}}, nil
}

// Match reports whether v is in the range. A prerelease is only where one of
// the same numbers bounds the alternative it matches, or where the range was
// read with prereleases included.
func (r Range) Match(v Version) bool {
	if r.p == nil {
		return false
	}
	return match(r.p.sets, v, r.p.options.IncludePrerelease)
}

// MatchIncludingPrerelease reports whether v is in the range that the same text
// is with prereleases included.
func (r Range) MatchIncludingPrerelease(v Version) bool {
	if r.p == nil {
		return false
	}
	r.p.once.Do(func() {
		r.p.included = r.p.sets
		if !r.p.options.IncludePrerelease {
			// A text that was read once is read with prereleases too.
			r.p.included, _ = parseSets(r.p.text, Options{Strict: r.p.options.Strict, IncludePrerelease: true})
		}
	})
	return match(r.p.included, v, true)
}

// String is the range in comparators, such as ">=1.2.3 <2.0.0-0||3.0.0"; ""
// matches all.
func (r Range) String() string {
	if r.p == nil {
		return ""
	}
	var b []byte
	for i, set := range r.p.sets {
		if i > 0 {
			b = append(b, "||"...)
		}
		for k, c := range set {
			if k > 0 {
				b = append(b, ' ')
			}
			b = c.append(b)
		}
	}
	return string(b)
}

// operator compares a version with that of a comparator.
type operator uint8

const (
	equal operator = iota
	less
	lessEqual
	greater
	greaterEqual
)

// sign is the operator as written.
func (o operator) sign() string { return [...]string{"", "<", "<=", ">", ">="}[o] }

// comparator is a bound; any stands for no bound at all.
type comparator struct {
	version Version
	op      operator
	any     bool
}

func (c comparator) append(b []byte) []byte {
	if c.any {
		return b
	}
	return c.version.append(append(b, c.op.sign()...))
}

// none reports whether c is <0.0.0-0, which nothing matches.
func (c comparator) none() bool {
	v := c.version
	return !c.any && c.op == less && v.sameTuple(Version{}) && len(v.pre) == 1 && v.pre[0].text == "0"
}

func (c comparator) equal(d comparator) bool {
	return c.any == d.any && (c.any || c.op == d.op && c.version.sameTuple(d.version) && slices.Equal(c.version.pre, d.version.pre))
}

func (c *comparator) holds(v Version) bool {
	if c.any {
		return true
	}
	order := Compare(v, c.version)
	switch c.op {
	case less:
		return order < 0
	case lessEqual:
		return order <= 0
	case greater:
		return order > 0
	case greaterEqual:
		return order >= 0
	}
	return order == 0
}

func match(sets [][]comparator, v Version, prereleases bool) bool {
	for _, set := range sets {
		if matchAll(set, v, prereleases) {
			return true
		}
	}
	return false
}

func matchAll(set []comparator, v Version, prereleases bool) bool {
	for i := range set {
		if !set[i].holds(v) {
			return false
		}
	}
	if prereleases || len(v.pre) == 0 {
		return true
	}
	for i := range set {
		if !set[i].any && len(set[i].version.pre) > 0 && set[i].version.sameTuple(v) {
			return true
		}
	}
	return false
}
