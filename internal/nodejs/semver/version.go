// Package semver compares versions and matches ranges exactly as npm's own
// semver does, with its loose and its strict reading, and without building
// metadata, which npm disregards.
package semver

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxLength is the length of the longest version in bytes.
	maxLength = 256
	// maxNumber is the largest number in a version: JavaScript's largest exact
	// integer.
	maxNumber = 1<<53 - 1
)

// Version is a version without its building metadata. The zero value is 0.0.0.
type Version struct {
	Major, Minor, Patch uint64

	pre []identifier
}

// identifier is a part of a prerelease, between dots.
type identifier struct {
	text    string
	number  float64 // where numeric; beyond maxNumber as inexact as JavaScript's
	numeric bool
}

// Parse reads a version as Semantic Versioning 2.0.0 wants it, with an optional
// "v" before it and blanks around it.
func Parse(s string) (Version, error) { return parse(s, false) }

// ParseLoose reads a version as npm reads those of packages: "=v1.02.3beta" is
// 1.2.3-beta.
func ParseLoose(s string) (Version, error) { return parse(s, true) }

// Compare returns -1, 0 or 1 as a comes before, with or after b (Semantic
// Versioning 2.0.0, 11).
func Compare(a, b Version) int {
	if a.Major != b.Major {
		return cmp.Compare(a.Major, b.Major)
	}
	if a.Minor != b.Minor {
		return cmp.Compare(a.Minor, b.Minor)
	}
	if a.Patch != b.Patch {
		return cmp.Compare(a.Patch, b.Patch)
	}
	switch {
	case len(a.pre) == 0 && len(b.pre) == 0:
		return 0
	case len(a.pre) == 0:
		return 1
	case len(b.pre) == 0:
		return -1
	}
	return slices.CompareFunc(a.pre, b.pre, identifier.compare)
}

// IsPrerelease reports whether v is a prerelease, such as 1.0.0-rc.1.
func (v Version) IsPrerelease() bool { return len(v.pre) > 0 }

// String is the version in its canonical form, such as "1.2.3-rc.1".
func (v Version) String() string { return string(v.append(make([]byte, 0, 24))) }

func (v Version) append(b []byte) []byte {
	b = strconv.AppendUint(b, v.Major, 10)
	b = strconv.AppendUint(append(b, '.'), v.Minor, 10)
	b = strconv.AppendUint(append(b, '.'), v.Patch, 10)
	for i, id := range v.pre {
		separator := byte('.')
		if i == 0 {
			separator = '-'
		}
		b = append(append(b, separator), id.text...)
	}
	return b
}

// sameTuple reports whether v and w differ in their prerelease at most.
func (v Version) sameTuple(w Version) bool {
	return v.Major == w.Major && v.Minor == w.Minor && v.Patch == w.Patch
}

func (a identifier) compare(b identifier) int {
	switch {
	case a.numeric && b.numeric:
		return cmp.Compare(a.number, b.number)
	case a.numeric:
		return -1
	case b.numeric:
		return 1
	}
	return strings.Compare(a.text, b.text)
}

func parse(s string, loose bool) (Version, error) {
	if len(s) > maxLength {
		return Version{}, fmt.Errorf("reading a version: it is longer than %d bytes", maxLength)
	}
	text := strings.TrimFunc(s, isBlank)
	if !loose {
		text = strings.TrimPrefix(text, "v")
		if text != "" && (text[0] < '0' || text[0] > '9') {
			return Version{}, fmt.Errorf("reading version %q: it is malformed", s)
		}
	}
	p, ok := parsePartial(text, loose)
	if !ok || !p.full() {
		return Version{}, fmt.Errorf("reading version %q: it is malformed", s)
	}
	v, err := p.version()
	if err != nil {
		return Version{}, fmt.Errorf("reading version %q: %w", s, err)
	}
	return v, nil
}

// partial is a version of which parts may be missing or "x".
type partial struct {
	major, minor, patch part
	pre                 string
}

type part struct {
	number uint64 // above maxNumber for all that are
	given  bool
	wild   bool // "x", "X" or "*"
	zero   bool // exactly "0"
}

// any reports whether the part is missing or wild.
func (p part) any() bool { return !p.given || p.wild }

func (p partial) full() bool { return !p.major.any() && !p.minor.any() && !p.patch.any() }

var errTooLarge = errors.New("a number is too large")

// version returns the version that a full partial is.
func (p partial) version() (Version, error) { return p.with(p.pre) }

// with returns the version of p's numbers and another prerelease; parts that
// are not given or wild are zero.
func (p partial) with(pre string) (Version, error) {
	v := Version{p.major.number, p.minor.number, p.patch.number, parsePre(pre)}
	if max(v.Major, v.Minor, v.Patch) > maxNumber {
		return Version{}, errTooLarge
	}
	return v, nil
}

// parsePartial reads a whole string of blanks, "v" and "=", one to three parts,
// a prerelease and metadata. Loosely, numbers may begin with zeros, and a
// prerelease without its hyphen.
func parsePartial(s string, loose bool) (p partial, ok bool) {
	s = strings.TrimLeftFunc(s, func(r rune) bool { return r == 'v' || r == '=' || isBlank(r) })
	for i, target := range []*part{&p.major, &p.minor, &p.patch} {
		n := partEnd(s, loose)
		if n == 0 {
			return p, false
		}
		*target = readPart(s[:n])
		digits := s[:n]
		s = s[n:]
		if i == 2 {
			return p.finish(digits, s, loose)
		}
		if s == "" {
			return p, true
		}
		if s[0] != '.' {
			return p, false
		}
		s = s[1:]
	}
	return p, false
}

// finish reads what follows the patch. Loosely, "1.2.34.5" is 1.2.3-4.5: the
// digits of the patch are as many as let the rest be a prerelease.
func (p partial) finish(digits, rest string, loose bool) (partial, bool) {
	if p.readTail(rest, loose) {
		return p, true
	}
	if !loose || p.patch.wild {
		return p, false
	}
	whole := digits + rest
	for n := len(digits) - 1; n > 0; n-- {
		p.patch = readPart(whole[:n])
		if p.readTail(whole[n:], loose) {
			return p, true
		}
	}
	return p, false
}

// readTail reads a prerelease and metadata, if s is no more than these.
func (p *partial) readTail(s string, loose bool) bool {
	s, build, found := strings.Cut(s, "+")
	if found && !identifiers(build, true) {
		return false
	}
	if s == "" {
		p.pre = ""
		return true
	}
	if s[0] == '-' && identifiers(s[1:], loose) {
		p.pre = s[1:]
		return true
	}
	p.pre = s
	return loose && identifiers(s, true)
}

// identifiers reports whether s is a list of identifiers; zeros may lead a
// number loosely alone.
func identifiers(s string, loose bool) bool {
	for id := range strings.SplitSeq(s, ".") {
		if id == "" {
			return false
		}
		digits := true
		for i := range len(id) {
			if !isWord(id[i]) {
				return false
			}
			digits = digits && isDigit(id[i])
		}
		if !loose && digits && len(id) > 1 && id[0] == '0' {
			return false
		}
	}
	return true
}

// parsePre splits a valid prerelease.
func parsePre(s string) []identifier {
	if s == "" {
		return nil
	}
	pre := make([]identifier, 0, strings.Count(s, ".")+1)
	for text := range strings.SplitSeq(s, ".") {
		id := identifier{text: text}
		if strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' }) < 0 {
			id.numeric = true
			id.number, _ = strconv.ParseFloat(text, 64) // beyond its range infinite, as in JavaScript
			if id.number < maxNumber && text[0] == '0' {
				id.text = strconv.FormatUint(uint64(id.number), 10)
			}
		}
		pre = append(pre, id)
	}
	return pre
}

// partEnd returns how many bytes of s are a number or an x.
func partEnd(s string, loose bool) int {
	if s == "" {
		return 0
	}
	if s[0] == 'x' || s[0] == 'X' || s[0] == '*' || !loose && s[0] == '0' {
		return 1
	}
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

func readPart(s string) part {
	p := part{given: true, zero: s == "0"}
	if !isDigit(s[0]) {
		p.wild = true
		return p
	}
	for i := range len(s) {
		if p.number > maxNumber {
			return p
		}
		p.number = p.number*10 + uint64(s[i]-'0')
	}
	return p
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isWord(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-'
}

// isBlank reports whether r is white space to JavaScript.
func isBlank(r rune) bool {
	switch {
	case r == ' ' || '\t' <= r && r <= '\r':
		return true
	case r < 0x80:
		return false
	}
	return r == 0xa0 || r == 0x1680 || 0x2000 <= r && r <= 0x200a || r == 0x2028 || r == 0x2029 ||
		r == 0x202f || r == 0x205f || r == 0x3000 || r == 0xfeff
}
