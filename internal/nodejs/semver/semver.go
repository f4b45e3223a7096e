// Package semver compares versions and matches ranges as npm does, with its loose
// and its strict reading, and without building metadata, which npm disregards.
//
// A version follows Semantic Versioning 2.0.0. A range follows the grammar in
// node-semver's documentation: alternatives between "||", each either a hyphen
// range or simple ranges between blanks, all of which must hold. A simple range is
// an operator and a partial version, of which parts may be missing or "x". Each
// becomes comparators at once: a partial version has a lowest version that it
// stands for, and steps, the first versions above it, of which the operator
// chooses one.
package semver

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Version is a version without its building metadata. The zero value is 0.0.0.
type Version struct {
	Major, Minor, Patch uint64

	pre []identifier // of a prerelease
}

// identifier is a part of a prerelease: a number, or a word.
type identifier struct {
	word   string // "" for a number
	number uint64
}

func (i identifier) String() string {
	if i.word != "" {
		return i.word
	}
	return strconv.FormatUint(i.number, 10)
}

func (i identifier) compare(j identifier) int {
	switch {
	case i.word == "" && j.word == "":
		return cmp.Compare(i.number, j.number)
	case i.word == "":
		return -1
	case j.word == "":
		return 1
	}
	return strings.Compare(i.word, j.word)
}

// lowest is the prerelease that comes before all others.
var lowest = []identifier{{number: 0}}

// Compare returns -1, 0 or 1 as a comes before, with or after b (Semantic
// Versioning 2.0.0, 11).
func Compare(a, b Version) int { return a.compare(&b) }

func (v *Version) compare(w *Version) int {
	if c := v.compareNumbers(w); c != 0 {
		return c
	}
	switch {
	case len(v.pre) == 0 && len(w.pre) == 0:
		return 0
	case len(v.pre) == 0:
		return 1
	case len(w.pre) == 0:
		return -1
	}
	return slices.CompareFunc(v.pre, w.pre, identifier.compare)
}

func (v *Version) compareNumbers(w *Version) int {
	switch {
	case v.Major != w.Major:
		return cmp.Compare(v.Major, w.Major)
	case v.Minor != w.Minor:
		return cmp.Compare(v.Minor, w.Minor)
	}
	return cmp.Compare(v.Patch, w.Patch)
}

// IsPrerelease reports whether v is a prerelease, such as 1.0.0-rc.1.
func (v Version) IsPrerelease() bool { return len(v.pre) > 0 }

// String is the version in its canonical form, such as "1.2.3-rc.1".
func (v Version) String() string {
	out := make([]byte, 0, 16)
	out = strconv.AppendUint(out, v.Major, 10)
	out = strconv.AppendUint(append(out, '.'), v.Minor, 10)
	out = strconv.AppendUint(append(out, '.'), v.Patch, 10)
	for i, id := range v.pre {
		separator := byte('.')
		if i == 0 {
			separator = '-'
		}
		out = append(append(out, separator), id.String()...)
	}
	return string(out)
}

var (
	errVersion = errors.New("it is not a version")
	errRange   = errors.New("it is not a range")
)

// maxLength is how long a version may be.
const maxLength = 256

// Parse reads a version as Semantic Versioning 2.0.0 wants it, with an optional
// "v" before it and blanks around it.
func Parse(s string) (Version, error) { return parse(s, false) }

// ParseLoose reads a version as npm reads those of packages: "=v1.02.3beta" is
// 1.2.3-beta.
func ParseLoose(s string) (Version, error) { return parse(s, true) }

func parse(s string, loose bool) (Version, error) {
	text := strings.TrimFunc(s, isBlank)
	c := cursor{text: text, loose: loose}
	if loose {
		c.skip("v= \t")
	} else {
		c.accept('v')
	}
	p, ok := c.partial()
	if len(s) > maxLength || !ok || p.given < 3 || p.tooLarge || c.at < len(text) {
		return Version{}, fmt.Errorf("reading version %q: %w", s, errVersion)
	}
	return p.Version, nil
}
