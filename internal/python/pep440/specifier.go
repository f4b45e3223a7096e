package pep440

import (
	"fmt"
	"slices"
	"strings"
)

// Specifiers is a comma separated set of clauses: a version matches when it
// matches every clause. The zero value has no clause and matches every version.
type Specifiers struct {
	clauses []clause
}

// clause is one operator with its right side.
type clause struct {
	op       string
	wildcard bool    // == or != with .* behind the version
	version  Version // unset for ===
	text     string  // right side of ===, as written
}

const (
	opArbitrary  = "==="
	opCompatible = "~="
	opEqual      = "=="
	opNotEqual   = "!="
	opAtMost     = "<="
	opAtLeast    = ">="
	opBelow      = "<"
	opAbove      = ">"
)

// ParseSpecifiers reads a set such as ">=1.2,!=1.3.*". The empty set is legal.
// It mends spellings that old metadata holds: no comma between two clauses, a
// comma too many, and a useless .* behind an ordered comparison (">=1.0.*"). The
// error is a *SyntaxError.
func ParseSpecifiers(s string) (Specifiers, error) {
	var set Specifiers
	i := 0
	for {
		i = skip(s, i, spaces+",")
		if i == len(s) {
			return set, nil
		}
		op, reason := operatorAt(s[i:])
		if reason != "" {
			return Specifiers{}, &SyntaxError{Input: s, Offset: i, Reason: reason}
		}
		start := skip(s, i+len(op), spaces)
		i = clauseEnd(s, start, op)
		c, at, reason := newClause(op, s[start:i], true)
		if reason != "" {
			return Specifiers{}, &SyntaxError{Input: s, Offset: start + at, Reason: reason}
		}
		set.clauses = append(set.clauses, c)
	}
}

// ParseClause reads one clause of an operator and a version, and mends nothing.
// The error is a *SyntaxError.
func ParseClause(op, version string) (Specifiers, error) {
	if parsed, reason := operatorAt(op); reason != "" || parsed != op {
		return Specifiers{}, &SyntaxError{Input: op + version, Reason: "not a version operator"}
	}
	c, at, reason := newClause(op, strings.Trim(version, spaces), false)
	if reason != "" {
		return Specifiers{}, &SyntaxError{Input: op + version, Offset: len(op) + at, Reason: reason}
	}
	return Specifiers{clauses: []clause{c}}, nil
}

// Match reports whether v matches every clause. Whether pre-releases are
// welcome is the caller's question: here they are versions as any other.
func (s Specifiers) Match(v Version) bool {
	for i := range s.clauses {
		if !s.clauses[i].match(&v) {
			return false
		}
	}
	return true
}

// AdmitsMinor reports whether a patch version of Python 3.minor, such as 3.12.4, is in
// the set of versions of Python.
func (s Specifiers) AdmitsMinor(minor int) bool {
	for patch := range 100 {
		v, err := Parse(fmt.Sprintf("3.%d.%d", minor, patch))
		if err == nil && s.Match(v) {
			return true
		}
	}
	return false
}

// MatchButFor reports whether v is in the set, or is only left out by name: a clause
// such as "!=3.9.0".
func (s Specifiers) MatchButFor(v Version) bool {
	for i := range s.clauses {
		c := &s.clauses[i]
		if named := c.op == opNotEqual && !c.wildcard; !named && !c.match(&v) {
			return false
		}
	}
	return true
}

// Sorted returns the set with each clause once, in the order of their texts.
func (s Specifiers) Sorted() Specifiers {
	text := func(c clause) string { return Specifiers{clauses: []clause{c}}.String() }
	clauses := slices.Clone(s.clauses)
	slices.SortFunc(clauses, func(a, b clause) int { return strings.Compare(text(a), text(b)) })
	return Specifiers{clauses: slices.CompactFunc(clauses, func(a, b clause) bool { return text(a) == text(b) })}
}

// String returns the clauses in the order written, normalised, with commas and
// no spaces between them.
func (s Specifiers) String() string {
	var b strings.Builder
	for i, c := range s.clauses {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(c.op)
		if c.op == opArbitrary {
			b.WriteString(c.text)
			continue
		}
		b.WriteString(c.version.String())
		if c.wildcard {
			b.WriteString(".*")
		}
	}
	return b.String()
}

// And returns the set of the clauses of both.
func (s Specifiers) And(t Specifiers) Specifiers {
	return Specifiers{clauses: slices.Concat(s.clauses, t.clauses)}
}

// Empty reports whether there is no clause.
func (s Specifiers) Empty() bool { return len(s.clauses) == 0 }

// Pinned returns the version of the first clause that allows only one: == with
// a whole version, or ===.
func (s Specifiers) Pinned() (string, bool) {
	for _, c := range s.clauses {
		switch {
		case c.op == opArbitrary:
			return c.text, true
		case c.op == opEqual && !c.wildcard:
			return c.version.String(), true
		}
	}
	return "", false
}

// NamesPrerelease reports whether some clause that lets versions in names a
// pre-release, as in ">=2.0rc1".
func (s Specifiers) NamesPrerelease() bool {
	return slices.ContainsFunc(s.clauses, func(c clause) bool {
		switch {
		case c.op == opNotEqual || c.wildcard:
			return false
		case c.op == opArbitrary:
			v, err := Parse(c.text)
			return err == nil && v.IsPrerelease()
		}
		return c.version.IsPrerelease()
	})
}

// operatorAt returns the operator that s starts with, or the reason why there is
// none. It tries the longest first: == is the start of ===.
func operatorAt(s string) (op, reason string) {
	for _, op := range []string{opArbitrary, opCompatible, opEqual, opNotEqual, opAtMost, opAtLeast, opBelow, opAbove} {
		if strings.HasPrefix(s, op) {
			return op, ""
		}
	}
	switch {
	case strings.HasPrefix(s, "=>") || strings.HasPrefix(s, "=<"):
		return "", "not an operator: write " + s[1:2] + "="
	case strings.HasPrefix(s, "="):
		return "", "a single = is not an operator: write =="
	case s != "" && isDigit(s[0]):
		return "", "an operator is missing before the version, such as == or >="
	}
	return "", "expected one of == != <= >= < > ~= ==="
}

// clauseEnd returns where the version ends that starts at i: at white space, a
// comma, or the operator of a clause that lacks its comma.
func clauseEnd(s string, i int, op string) int {
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == ',' || strings.IndexByte(spaces, c) >= 0:
			return i
		case op == opArbitrary:
		case c == '<' || c == '>' || c == '=' || c == '~':
			return i
		case c == '!' && i+1 < len(s) && s[i+1] == '=':
			return i
		}
	}
	return i
}

// newClause returns the clause, or a reason and the offset of its culprit in text.
func newClause(op, text string, mend bool) (c clause, at int, reason string) {
	c = clause{op: op}
	if op == opArbitrary {
		c.text = text
		if text == "" || strings.ContainsAny(text, spaces+";)") {
			return c, 0, "=== needs a version"
		}
		return c, 0, ""
	}
	number, wildcard := strings.CutSuffix(text, ".*")
	exact := op == opEqual || op == opNotEqual
	if wildcard && !exact && (!mend || op == opCompatible) {
		return c, len(number), ".* goes only with == and !="
	}
	c.wildcard = wildcard && exact
	sc := scanner{s: number, end: len(number)}
	c.version, reason = sc.version()
	switch v := &c.version; {
	case reason != "":
		return c, sc.i, reason
	case sc.i < sc.end:
		return c, sc.i, "not part of a version"
	case wildcard && (v.IsPrerelease() || v.post != noPost || v.local != ""):
		return c, len(number), ".* goes only behind a plain release"
	case v.local != "" && !exact:
		return c, strings.IndexByte(number, '+'), "a local version label goes only with == and !="
	case op == opCompatible && len(v.release) < 2:
		return c, 0, "~= needs two numbers, such as ~=1.4"
	}
	return c, 0, ""
}

func skip(s string, i int, chars string) int {
	for i < len(s) && strings.IndexByte(chars, s[i]) >= 0 {
		i++
	}
	return i
}

func (c *clause) match(v *Version) bool {
	w := &c.version
	switch c.op {
	case opAtLeast:
		return comparePublic(v, w) >= 0
	case opAtMost:
		return comparePublic(v, w) <= 0
	case opBelow:
		return c.below(v)
	case opAbove:
		return c.above(v)
	case opEqual:
		return c.equal(v)
	case opNotEqual:
		return !c.equal(v)
	case opCompatible:
		return comparePublic(v, w) >= 0 && hasPrefix(v, w, len(w.release)-1)
	}
	return strings.EqualFold(v.String(), c.text)
}

// equal ignores the label of v unless the clause names one.
func (c *clause) equal(v *Version) bool {
	if c.wildcard {
		return hasPrefix(v, &c.version, len(c.version.release))
	}
	return comparePublic(v, &c.version) == 0 && (c.version.local == "" || v.local == c.version.local)
}

// below leaves out the pre-releases of the bound, unless the bound is one.
func (c *clause) below(v *Version) bool {
	w := c.version
	if !w.IsPrerelease() {
		w.dev = 0
		if w.post == noPost {
			w.phase = phaseDev
		}
	}
	return comparePublic(v, &w) < 0
}

// above leaves out the post-releases of the bound, unless the bound is one, and
// its local versions.
func (c *clause) above(v *Version) bool {
	w := &c.version
	if comparePublic(v, w) <= 0 {
		return false
	}
	if w.post != noPost || w.dev != noDev || v.post == noPost {
		return true
	}
	return v.epoch != w.epoch || v.phase != w.phase || v.pre != w.pre || compareRelease(v.release, w.release) != 0
}

// hasPrefix reports whether v, padded by zeros, starts with n numbers of w.
func hasPrefix(v, w *Version, n int) bool {
	if v.epoch != w.epoch {
		return false
	}
	for i := range n {
		if at(v.release, i) != w.release[i] {
			return false
		}
	}
	return true
}
