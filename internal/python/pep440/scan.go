package pep440

import (
	"slices"
	"strings"
)

// spaces is the white space that may stand around versions and operators.
const spaces = " \t\n\r\f\v"

// maxDigits keeps every number within an int64.
const maxDigits = 18

// scanner reads one version from s[i:end].
type scanner struct {
	s      string
	i, end int
}

// version reads the longest version at i. It returns the reason why there is
// none, "" when there is one; i stands behind the version or at the culprit.
func (sc *scanner) version() (Version, string) {
	v := Version{phase: phaseFinal, post: noPost, dev: noDev}
	sc.word("v")
	if reason := sc.release(&v); reason != "" || sc.i == sc.end {
		return v, reason
	}
	if reason := sc.pre(&v); reason != "" {
		return v, reason
	}
	if reason := sc.postAndDev(&v); reason != "" {
		return v, reason
	}
	if v.phase == phaseFinal && v.post == noPost && v.dev != noDev {
		v.phase = phaseDev
	}
	return v, sc.local(&v)
}

// release reads the epoch and the release.
func (sc *scanner) release(v *Version) string {
	var buf [8]int64
	release := buf[:0]
	for {
		n, reason := sc.number()
		if reason != "" {
			return reason
		}
		if len(release) == 0 && v.epoch == 0 && sc.at(0) == '!' && isDigit(sc.at(1)) {
			v.epoch = n
			sc.i++
			if n, reason = sc.number(); reason != "" {
				return reason
			}
		}
		release = append(release, n)
		if sc.at(0) != '.' || !isDigit(sc.at(1)) {
			v.release = slices.Clone(release)
			return ""
		}
		sc.i++
	}
}

// phases are the words of pre-releases, those first that others begin.
var phases = []struct {
	word string
	phase
}{
	{"alpha", phaseAlpha}, {"a", phaseAlpha}, {"beta", phaseBeta}, {"b", phaseBeta},
	{"preview", phaseCandidate}, {"pre", phaseCandidate}, {"c", phaseCandidate}, {"rc", phaseCandidate},
}

func (sc *scanner) pre(v *Version) (reason string) {
	for _, p := range phases {
		if found := sc.segment(p.word, &v.pre, &reason); found {
			v.phase = p.phase
			break
		}
	}
	return reason
}

func (sc *scanner) postAndDev(v *Version) (reason string) {
	if sc.at(0) == '-' && isDigit(sc.at(1)) {
		sc.i++
		v.post, reason = sc.number()
	} else if !sc.segment("post", &v.post, &reason) && !sc.segment("rev", &v.post, &reason) {
		sc.segment("r", &v.post, &reason)
	}
	if reason == "" {
		sc.segment("dev", &v.dev, &reason)
	}
	return reason
}

// local reads a label and normalises it: lower case, dots between segments, no
// zeros before a number.
func (sc *scanner) local(v *Version) string {
	if sc.at(0) != '+' {
		return ""
	}
	var b strings.Builder
	for {
		sc.i++
		start := sc.i
		for isAlphanumeric(sc.at(0)) {
			sc.i++
		}
		segment := strings.ToLower(sc.s[start:sc.i])
		if segment == "" {
			return "a letter or a digit is missing in the local version label"
		}
		if allDigits(segment) {
			segment = strings.TrimLeft(segment[:len(segment)-1], "0") + segment[len(segment)-1:]
		}
		b.WriteString(segment)
		if !isSeparator(sc.at(0)) || !isAlphanumeric(sc.at(1)) {
			v.local = b.String()
			return ""
		}
		b.WriteByte('.')
	}
}

// segment reads a word, with a separator before it, behind it or not, and the number
// that may follow: 0 without one. It reports whether the word is there.
func (sc *scanner) segment(word string, n *int64, reason *string) bool {
	start := sc.i
	sc.separator()
	if !sc.word(word) {
		sc.i = start
		return false
	}
	sc.separator()
	if *n = 0; isDigit(sc.at(0)) {
		*n, *reason = sc.number()
	}
	return true
}

func (sc *scanner) number() (int64, string) {
	start := sc.i
	if !isDigit(sc.at(0)) {
		return 0, "a version starts with a number"
	}
	for sc.at(0) == '0' {
		sc.i++
	}
	first := sc.i
	var n int64
	for isDigit(sc.at(0)) {
		if sc.i-first == maxDigits {
			sc.i = start
			return 0, "a number has more than 18 digits"
		}
		n = 10*n + int64(sc.s[sc.i]-'0')
		sc.i++
	}
	return n, ""
}

func (sc *scanner) separator() {
	if isSeparator(sc.at(0)) {
		sc.i++
	}
}

// word steps over w, which is in lower case, in any case.
func (sc *scanner) word(w string) bool {
	if sc.end-sc.i < len(w) {
		return false
	}
	for i := range len(w) {
		if sc.s[sc.i+i]|0x20 != w[i] {
			return false
		}
	}
	sc.i += len(w)
	return true
}

// at returns the byte n places on, 0 behind the end.
func (sc *scanner) at(n int) byte {
	if sc.i+n < sc.end {
		return sc.s[sc.i+n]
	}
	return 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isSeparator(c byte) bool { return c == '.' || c == '-' || c == '_' }

func isAlphanumeric(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z'
}
