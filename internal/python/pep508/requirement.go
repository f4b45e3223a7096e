// Package pep508 reads requirements: dependency specifiers and their markers (PEP
// 508), names (PEP 503), and files in pip's requirements format. It knows nothing
// of indexes and wheels. A marker is evaluated against an Env, which says what
// Python runs where.
package pep508

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// Requirement is one dependency specifier (PEP 508).
type Requirement struct {
	Name       string   // normalised
	Extras     []string // normalised, sorted, no doubles
	Specifiers pep440.Specifiers
	URL        string  // of a direct reference "name @ url", else ""
	Marker     *Marker // nil: no condition
}

// SyntaxError tells where and why a requirement, a marker, a wheel file name, a
// METADATA file or a requirements file is not legal.
type SyntaxError struct {
	Source string // place of Input, such as "requirements.txt:12"; "" where the caller knows it
	Input  string // the text that was parsed
	Offset int    // byte offset of the culprit in Input
	Reason string
}

func (e *SyntaxError) Error() string {
	var b strings.Builder
	if e.Source != "" {
		b.WriteString(e.Source)
		b.WriteString(": ")
	}
	shown := secret.Redact(e.Input)
	fmt.Fprintf(&b, "parsing %q: %s", shown, e.Reason)
	switch {
	case e.Offset >= len(e.Input) && e.Input != "":
		b.WriteString(", at the end")
	case e.Offset > 0:
		// A place within a password is not shown.
		if rest := secret.Redact(e.Input[e.Offset:]); strings.HasSuffix(shown, rest) {
			fmt.Fprintf(&b, ", at %q", rest)
		}
	}
	return b.String()
}

// NormalizeName returns the form in which names of distributions and extras are
// compared (PEP 503): lower case, every run of "-", "_" and "." one "-".
func NormalizeName(s string) string {
	if isNormalName(s) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case !isNameSeparator(c):
			b = append(b, lower(c))
		case i == 0 || !isNameSeparator(s[i-1]):
			b = append(b, '-')
		}
	}
	return string(b)
}

// ParseRequirement reads one requirement such as
// `requests[socks]>=2,<3; python_version < "3.12"`. The error is a *SyntaxError.
func ParseRequirement(s string) (Requirement, error) {
	p := Parser{S: s}
	r, err := p.requirement()
	if err != nil {
		return Requirement{}, err
	}
	return r, nil
}

// String returns the requirement in one canonical spelling.
func (r Requirement) String() string {
	var b strings.Builder
	b.WriteString(r.Name)
	if len(r.Extras) > 0 {
		b.WriteString("[" + strings.Join(r.Extras, ",") + "]")
	}
	if r.URL != "" {
		b.WriteString(" @ " + r.URL)
	}
	b.WriteString(r.Specifiers.String())
	if r.Marker != nil {
		if r.URL != "" {
			b.WriteByte(' ')
		}
		b.WriteString("; " + r.Marker.String())
	}
	return b.String()
}

// Parser reads requirements and markers by recursive descent.
type Parser struct {
	S     string
	i     int
	depth int // of parentheses around marker expressions
}

func (p *Parser) requirement() (r Requirement, err error) {
	p.space()
	name := p.Identifier()
	if name == "" {
		return r, p.fail("expected the name of a distribution")
	}
	r.Name = NormalizeName(name)
	p.space()
	if r.Extras, err = p.extras(); err != nil {
		return r, err
	}
	p.space()
	if p.eat("@") {
		p.space()
		start := p.i
		for p.i < len(p.S) && !isSpace(p.S[p.i]) {
			p.i++
		}
		if r.URL = p.S[start:p.i]; r.URL == "" {
			return r, p.fail("expected a URL after @")
		}
	} else if r.Specifiers, err = p.specifiers(); err != nil {
		return r, err
	}
	p.space()
	if p.eat(";") {
		if r.Marker, err = p.marker(); err != nil {
			return r, err
		}
	}
	if p.i < len(p.S) {
		return r, p.fail("expected a semicolon or the end")
	}
	return r, nil
}

func (p *Parser) extras() ([]string, error) {
	if !p.eat("[") {
		return nil, nil
	}
	var extras []string
	for {
		p.space()
		if len(extras) == 0 && p.eat("]") {
			return nil, nil
		}
		extra := p.Identifier()
		if extra == "" {
			return nil, p.fail("expected the name of an extra")
		}
		extras = append(extras, NormalizeName(extra))
		p.space()
		if p.eat("]") {
			slices.Sort(extras)
			return slices.Compact(extras), nil
		}
		if !p.eat(",") {
			return nil, p.fail("expected a comma or ] after an extra")
		}
	}
}

// specifiers reads up to the semicolon, or what stands in parentheses.
func (p *Parser) specifiers() (pep440.Specifiers, error) {
	inside, end := p.eat("("), len(p.S)
	stop := ";"
	if inside {
		stop = ")"
	}
	if n := strings.Index(p.S[p.i:], stop); n >= 0 {
		end = p.i + n
	} else if inside {
		p.i = end
		return pep440.Specifiers{}, p.fail("the closing ) is missing")
	}
	set, err := pep440.ParseSpecifiers(p.S[p.i:end])
	if syntax, ok := errors.AsType[*pep440.SyntaxError](err); ok {
		reason := cmp.Or(specifierAdvice(strings.TrimSpace(p.S[:p.i]), p.S[p.i:end]), syntax.Reason)
		p.i += syntax.Offset
		return set, p.fail(reason)
	}
	p.i = end
	p.eat(")")
	return set, nil
}

// poetryRange matches what Poetry writes behind a name: "^2.31", "~1.4".
var poetryRange = regexp.MustCompile(`^\s*([\^~])\s*(\d+(?:\.\d+)*)\s*$`)

// specifierAdvice says what to write in place of a range of another tool behind
// a name, "" where it is not known: `requests^2.31` is Poetry's.
func specifierAdvice(name, written string) string {
	m := poetryRange.FindStringSubmatch(written)
	if m == nil {
		return ""
	}
	ranges, err := pep440.ParsePoetryRange(m[1] + m[2])
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%q is Poetry's: write %s%s", m[1], name, ranges[0])
}

// Identifier reads the name of a distribution or an extra, "" when none stands
// here: letters and digits at both ends, also "-", "_" and "." between.
func (p *Parser) Identifier() string {
	end := p.i
	for i := p.i; i < len(p.S); i++ {
		c := p.S[i]
		if IsAlphanumeric(c) {
			end = i + 1
		} else if i == p.i || !isNameSeparator(c) {
			break
		}
	}
	name := p.S[p.i:end]
	p.i = end
	return name
}

func (p *Parser) space() {
	for p.i < len(p.S) && isSpace(p.S[p.i]) {
		p.i++
	}
}

func (p *Parser) eat(token string) bool {
	if !strings.HasPrefix(p.S[p.i:], token) {
		return false
	}
	p.i += len(token)
	return true
}

func (p *Parser) fail(reason string) error {
	return &SyntaxError{Input: p.S, Offset: p.i, Reason: reason}
}

func isNormalName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'A' <= c && c <= 'Z' || c == '_' || c == '.':
			return false
		case c == '-' && i > 0 && s[i-1] == '-':
			return false
		}
	}
	return true
}

func isNameSeparator(c byte) bool { return c == '-' || c == '_' || c == '.' }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// IsDigit reports whether c is a digit of ASCII.
func IsDigit(c byte) bool { return '0' <= c && c <= '9' }

// IsAlphanumeric reports whether c is a letter or a digit of ASCII.
func IsAlphanumeric(c byte) bool {
	return IsDigit(c) || 'a' <= lower(c) && lower(c) <= 'z'
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Spaces is the white space that ends the name of a header field.
const Spaces = " \t\r\n"
