package glob

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// name is what stands between two slashes of a pattern.
type name struct {
	items []item
}

// item matches some characters, one after the other.
type item struct {
	kind  kind
	char  rune     // literal
	class class    // class
	parts [][]item // of a list
}

type kind byte

// A list has the kind of the character before its parenthesis, but for "?" and "*",
// which are wildcards by themselves.
const (
	literal kind = iota
	single       // ?
	star         // *
	classed      // […]
	once         // @(…)
	maybe        // ?(…)
	any0         // *(…)
	any1         // +(…)
	not          // !(…)
)

// class is what stands between brackets.
type class struct {
	negated bool
	ranges  [][2]rune
}

func (c class) has(r rune) bool {
	for _, one := range c.ranges {
		if one[0] <= r && r <= one[1] {
			return !c.negated
		}
	}
	return c.negated
}

// listKinds are the characters before the parenthesis of a list.
var listKinds = map[rune]kind{'@': once, '?': maybe, '*': any0, '+': any1, '!': not}

// reader reads the text of a name.
type reader struct {
	text []rune
	at   int
}

func parseName(text string) (*name, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("it is not UTF-8")
	}
	r := &reader{text: []rune(text)}
	items, err := r.items(0)
	return &name{items}, err
}

// items reads until the end, or in a list until what ends one of its parts.
func (r *reader) items(depth int) ([]item, error) {
	var items []item
	for r.at < len(r.text) {
		c := r.text[r.at]
		if depth > 0 && (c == '|' || c == ')') {
			return items, nil
		}
		if kind, ok := listKinds[c]; ok && r.closes() {
			if depth == maxDepth {
				return nil, errors.New("its lists, such as @(…), lie too deep in each other")
			}
			one, err := r.list(kind, depth)
			if err != nil {
				return nil, err
			}
			items = append(items, one)
			continue
		}
		one, err := r.plain()
		if err != nil {
			return nil, err
		}
		if one.kind != star || len(items) == 0 || items[len(items)-1].kind != star {
			items = append(items, one)
		}
	}
	return items, nil
}

// closes reports whether a list begins here, and ends.
func (r *reader) closes() bool {
	open := 0
	for i := r.at + 1; i < len(r.text); i++ {
		switch r.text[i] {
		case '\\':
			i++
		case '[':
			if end := classEnd(r.text, i); end > 0 {
				i = end
			}
		case '(':
			if i == r.at+1 || listKinds[r.text[i-1]] != literal {
				open++
			}
		case ')':
			if open--; open == 0 {
				return true
			}
		}
		if open == 0 {
			return false
		}
	}
	return false
}

// list reads a list, from the character before its parenthesis.
func (r *reader) list(kind kind, depth int) (item, error) {
	one := item{kind: kind}
	r.at += 2
	for {
		part, err := r.items(depth + 1)
		if err != nil {
			return item{}, err
		}
		one.parts = append(one.parts, part)
		if r.at >= len(r.text) {
			return item{}, errors.New("a list, such as @(…), has no end")
		}
		if r.at++; r.text[r.at-1] == ')' {
			return one, nil
		}
	}
}

// plain reads what is no list.
func (r *reader) plain() (item, error) {
	c := r.text[r.at]
	r.at++
	switch {
	case c == '\\' && r.at < len(r.text):
		r.at++
		return item{char: r.text[r.at-1]}, nil
	case c == '*':
		return item{kind: star}, nil
	case c == '?':
		return item{kind: single}, nil
	case c == '[':
		if end := classEnd(r.text, r.at-1); end > 0 {
			class, err := parseClass(r.text[r.at:end])
			r.at = end + 1
			return item{kind: classed, class: class}, err
		}
	}
	return item{char: c}, nil
}

// classEnd returns where the class ends that begins at start, or -1.
func classEnd(text []rune, start int) int {
	i := start + 1
	if i < len(text) && (text[i] == '!' || text[i] == '^') {
		i++
	}
	for first := i; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == ']' && i > first:
			return i
		}
	}
	return -1
}

// parseClass reads what is between brackets.
func parseClass(text []rune) (class, error) {
	var c class
	if strings.Contains(string(text), "[:") {
		return c, errors.New("it holds a class by name, such as [[:alpha:]]: write it as [a-zA-Z]")
	}
	if text[0] == '!' || text[0] == '^' {
		c.negated, text = true, text[1:]
	}
	next := func() rune {
		if text[0] == '\\' && len(text) > 1 {
			text = text[1:]
		}
		one := text[0]
		text = text[1:]
		return one
	}
	for len(text) > 0 {
		from := next()
		to := from
		if len(text) > 1 && text[0] == '-' {
			text = text[1:]
			to = next()
		}
		if from <= to {
			c.ranges = append(c.ranges, [2]rune{from, to})
		}
	}
	if len(c.ranges) == 0 {
		c.negated = false // names nothing
	}
	return c, nil
}

// matches reports whether the items stand for a whole name.
func (n *name) matches(text string, dot bool) bool {
	if text == "" && len(n.items) == 1 && n.items[0].kind == star {
		return false
	}
	s := subject{text: []rune(text)}
	s.hidden = !dot && strings.HasPrefix(text, ".")
	end := make([]bool, len(s.text)+1)
	end[len(s.text)] = true
	return s.starts(n.items, end)[0]
}

// subject is a name that is matched, from its end: places are those before each
// character, and that after the last.
type subject struct {
	text   []rune
	hidden bool // no wildcard stands for its first character, or for nothing before it
}

// starts returns from which places items lead to one of ends.
func (s *subject) starts(items []item, ends []bool) []bool {
	for i := len(items) - 1; i >= 0; i-- {
		ends = s.before(&items[i], ends)
	}
	return ends
}

// before returns from which places one item leads to one of ends.
func (s *subject) before(one *item, ends []bool) []bool {
	switch one.kind {
	case star:
		return s.anything(ends)
	case once:
		return s.parts(one, ends)
	case maybe:
		return union(s.parts(one, ends), ends)
	case any0:
		return s.repeated(one, ends)
	case any1:
		return s.parts(one, s.repeated(one, ends))
	case not:
		// What the list names is excluded together with what follows it.
		found, named := s.anything(ends), s.parts(one, ends)
		for i := range found {
			found[i] = found[i] && !named[i]
		}
		return found
	}
	found := make([]bool, len(ends))
	for i, r := range s.text {
		switch {
		case !ends[i+1]:
		case one.kind == literal:
			found[i] = r == one.char
		case i == 0 && s.hidden:
		default:
			found[i] = one.kind == single || one.class.has(r)
		}
	}
	return found
}

// anything returns the places before or at one of ends.
func (s *subject) anything(ends []bool) []bool {
	found := make([]bool, len(ends))
	reached := false
	for i := len(ends) - 1; i >= 0; i-- {
		reached = reached || ends[i]
		found[i] = reached && (i > 0 || !s.hidden)
	}
	return found
}

// parts returns from which places a part of a list leads to one of ends.
func (s *subject) parts(one *item, ends []bool) []bool {
	found := make([]bool, len(ends))
	for _, part := range one.parts {
		found = union(found, s.starts(part, ends))
	}
	return found
}

// repeated returns from which places any number of parts lead to one of ends.
func (s *subject) repeated(one *item, ends []bool) []bool {
	for {
		more := union(s.parts(one, ends), ends)
		if equal(more, ends) {
			return ends
		}
		ends = more
	}
}

func union(a, b []bool) []bool {
	all := make([]bool, len(a))
	for i := range a {
		all[i] = a[i] || b[i]
	}
	return all
}

func equal(a, b []bool) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
