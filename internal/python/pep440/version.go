// Package pep440 implements the version scheme of Python distributions:
// versions, their order, sets of specifiers over them, and ranges in the notation of Poetry, as PEP 440 and the
// "Version specifiers" page of the Python packaging specifications define them.
package pep440

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Version is one parsed version. Versions are equal when Compare returns 0, so
// 1.0 and 1.0.0 are: use Compare or Key, never ==. The zero Version is not a
// version; only Parse makes them.
type Version struct {
	epoch   int64
	release []int64
	phase   phase
	pre     int64  // number of the alpha, beta or candidate; 0 without one
	post    int64  // -1 without one
	dev     int64  // math.MaxInt64 without one
	local   string // normalised, without the plus sign
}

// phase orders the stages that lead to one release. A developmental release
// with neither a pre- nor a post-release stands before the first alpha.
type phase uint8

const (
	phaseDev phase = iota
	phaseAlpha
	phaseBeta
	phaseCandidate
	phaseFinal
)

const noPost, noDev = -1, math.MaxInt64

// SyntaxError tells why a version or a specifier is not legal.
type SyntaxError struct {
	Input  string // the whole text that was parsed
	Offset int    // byte offset of the culprit in Input
	Reason string
}

func (e *SyntaxError) Error() string {
	if e.Offset <= 0 || e.Offset >= len(e.Input) {
		return fmt.Sprintf("parsing %q: %s", e.Input, e.Reason)
	}
	return fmt.Sprintf("parsing %q: %s, at %q", e.Input, e.Reason, e.Input[e.Offset:])
}

// Parse reads a version in any spelling that PEP 440 allows, with white space
// around it. Numbers of the public part may have up to 18 digits. The error is
// a *SyntaxError.
func Parse(s string) (Version, error) {
	sc := scanner{s: s, end: len(strings.TrimRight(s, spaces))}
	sc.i = len(s) - len(strings.TrimLeft(s, spaces))
	v, reason := sc.version()
	if reason == "" && sc.i < sc.end {
		reason = "not part of a version"
	}
	if reason != "" {
		return Version{}, &SyntaxError{Input: s, Offset: sc.i, Reason: reason}
	}
	return v, nil
}

// String returns the normalised form. It keeps the zeros at the end of the
// release, so equal versions may have different forms.
func (v Version) String() string { return v.format(v.release) }

// Key returns a string that is the same for equal versions, and only for them.
func (v Version) Key() string {
	n := len(v.release)
	for n > 1 && v.release[n-1] == 0 {
		n--
	}
	return v.format(v.release[:n])
}

// Compare returns -1, 0 or +1: the order of PEP 440.
func (v Version) Compare(w Version) int {
	if c := comparePublic(&v, &w); c != 0 {
		return c
	}
	return compareLocal(v.local, w.local)
}

// IsPrerelease reports whether v is an alpha, a beta, a release candidate or a
// developmental release.
func (v Version) IsPrerelease() bool { return v.phase != phaseFinal || v.dev != noDev }

// Release returns the numbers of the release segment, as written.
func (v Version) Release() []int64 { return slices.Clone(v.release) }

// Local returns the normalised local version label without its plus sign, ""
// without one.
func (v Version) Local() string { return v.local }

// Public returns v without its local version label.
func (v Version) Public() Version {
	v.local = ""
	return v
}

func (v *Version) format(release []int64) string {
	b := make([]byte, 0, 24)
	if v.epoch != 0 {
		b = append(strconv.AppendInt(b, v.epoch, 10), '!')
	}
	for i, n := range release {
		if i > 0 {
			b = append(b, '.')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	switch v.phase {
	case phaseAlpha:
		b = strconv.AppendInt(append(b, 'a'), v.pre, 10)
	case phaseBeta:
		b = strconv.AppendInt(append(b, 'b'), v.pre, 10)
	case phaseCandidate:
		b = strconv.AppendInt(append(b, "rc"...), v.pre, 10)
	}
	if v.post != noPost {
		b = strconv.AppendInt(append(b, ".post"...), v.post, 10)
	}
	if v.dev != noDev {
		b = strconv.AppendInt(append(b, ".dev"...), v.dev, 10)
	}
	if v.local != "" {
		b = append(append(b, '+'), v.local...)
	}
	return string(b)
}

// comparePublic is Compare without the local labels.
func comparePublic(v, w *Version) int {
	if c := cmp.Compare(v.epoch, w.epoch); c != 0 {
		return c
	}
	if c := compareRelease(v.release, w.release); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(v.phase, w.phase),
		cmp.Compare(v.pre, w.pre),
		cmp.Compare(v.post, w.post),
		cmp.Compare(v.dev, w.dev),
	)
}

// compareRelease compares with the shorter release padded by zeros.
func compareRelease(a, b []int64) int {
	for i := range max(len(a), len(b)) {
		if c := cmp.Compare(at(a, i), at(b, i)); c != 0 {
			return c
		}
	}
	return 0
}

func at(release []int64, i int) int64 {
	if i < len(release) {
		return release[i]
	}
	return 0
}

// compareLocal compares normalised labels segment by segment: numbers stand
// after words, and a label after its own prefix.
func compareLocal(a, b string) int {
	for a != "" && b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, ".")
		y, b, _ = strings.Cut(b, ".")
		if c := compareSegment(x, y); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

func compareSegment(x, y string) int {
	xNumber, yNumber := allDigits(x), allDigits(y)
	switch {
	case xNumber && yNumber:
		return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
	case xNumber:
		return 1
	case yNumber:
		return -1
	}
	return cmp.Compare(x, y)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}
