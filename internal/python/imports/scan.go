// Package imports reads which modules Python sources import, without running
// them, and follows them through the files of a layer.
//
// An import counts where it runs whenever its module is loaded: at the top of a
// module or in the body of a class, not in a function, and not within "if",
// "try", "with" or a loop, where code does without it, or on some systems alone.
package imports

import (
	"bytes"
	"slices"
	"strings"
)

// Statement is an import statement that runs whenever its block does.
type Statement struct {
	// Module is what follows "import" or "from", with the dots of a relative
	// import.
	Module string
	// Names are what "from" takes, with the names that they get; nil for "import".
	Names []Name
	// Line is that of the statement, from 1.
	Line int
}

// Name is a name that "from" takes.
type Name struct {
	Name string
	// As is what it is called in the module.
	As string
}

// line is a logical line: a statement, or the head of a block. Text has no
// comments, and nothing within strings; it may go over several lines.
type line struct {
	number, indent int
	text           []byte
	// blocks are the heads of the blocks that the line is in.
	blocks []block
}

type block struct {
	indent int
	kind   kind
	name   string
}

type kind int

const (
	other    kind = iota // if, with, for, while, match
	class                // class
	function             // def
	perhaps              // try with its except and else, and "if" with TYPE_CHECKING or __name__
)

// within reports whether the line is in blocks of just these names.
func (l *line) within(names ...string) bool {
	if len(l.blocks) != len(names) {
		return false
	}
	for i, b := range l.blocks {
		if b.kind != class && b.kind != function || b.name != names[i] {
			return false
		}
	}
	return true
}

// only reports whether the line is in no block but those of some kinds.
func (l *line) only(kinds ...kind) bool {
	return !slices.ContainsFunc(l.blocks, func(b block) bool { return !slices.Contains(kinds, b.kind) })
}

// Top returns the imports that run whenever a module is loaded.
func Top(source []byte) []Statement { return within(source, class) }

// likely returns the imports that run when a module is loaded as it mostly is: those
// of Top, and those within "if", "with" and loops. Code does without what it imports
// within "try".
func likely(source []byte) []Statement { return within(source, class, other) }

// within returns the imports that are in no block but those of some kinds.
func within(source []byte, kinds ...kind) []Statement {
	var out []Statement
	lines(source, func(l *line) {
		if l.only(kinds...) {
			out = append(out, statements(l)...)
		}
	})
	return out
}

// lines yields the logical lines of a source, as its blocks begin by
// indentation (section 2.1 of the Python language reference).
func lines(source []byte, yield func(*line)) {
	s := scanner{source: source, number: 1}
	var blocks []block
	var closed block // that ended last
	for s.at < len(s.source) {
		l := s.next()
		if len(l.text) == 0 {
			continue
		}
		for len(blocks) > 0 && blocks[len(blocks)-1].indent >= l.indent {
			closed = blocks[len(blocks)-1]
			blocks = blocks[:len(blocks)-1]
		}
		l.blocks = blocks
		yield(&l)
		if b, ok := opens(&l, closed); ok {
			blocks = append(blocks, b)
		}
	}
}

// opens reports whether a line is the head of a block; before is the block that ended
// last.
func opens(l *line, before block) (block, bool) {
	text := bytes.TrimSpace(l.text)
	if len(text) == 0 || text[len(text)-1] != ':' {
		return block{}, false
	}
	word, rest := cutWord(text)
	if word == "async" {
		word, rest = cutWord(bytes.TrimLeft(rest, " \t"))
	}
	name, _ := cutWord(bytes.TrimLeft(rest, " \t"))
	switch word {
	case "def":
		return block{l.indent, function, name}, true
	case "class":
		return block{l.indent, class, name}, true
	case "try", "except":
		return block{l.indent, perhaps, word}, true
	case "if", "elif":
		if bytes.Contains(text, []byte("TYPE_CHECKING")) || bytes.Contains(text, []byte("__name__")) {
			return block{l.indent, perhaps, word}, true
		}
	case "else":
		if before.indent == l.indent && before.name == "except" {
			return block{l.indent, perhaps, word}, true
		}
	}
	return block{l.indent, other, ""}, true
}

// cutWord cuts a name off the front.
func cutWord(text []byte) (string, []byte) {
	i := 0
	for i < len(text) && isName(text[i]) {
		i++
	}
	return string(text[:i]), text[i:]
}

func isName(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}

// scanner cuts a source into logical lines.
type scanner struct {
	source []byte
	at     int
	number int
	text   []byte
}

// next reads a logical line. That of a blank line or comment has no text.
func (s *scanner) next() line {
	l := line{number: s.number}
	s.text = s.text[:0]
	for s.at < len(s.source) && (s.source[s.at] == ' ' || s.source[s.at] == '\t' || s.source[s.at] == '\f') {
		if s.source[s.at] == '\t' {
			l.indent += 7 - l.indent%8
		}
		l.indent++
		s.at++
	}
	depth := 0
	for s.at < len(s.source) {
		c := s.source[s.at]
		switch c {
		case '\n':
			s.at++
			s.number++
			if depth == 0 {
				l.text = s.text
				return l
			}
			s.text = append(s.text, ' ')
			continue
		case '\\':
			if n := s.newline(s.at + 1); n > 0 {
				s.at += 1 + n
				s.number++
				s.text = append(s.text, ' ')
				continue
			}
		case '#':
			if i := bytes.IndexByte(s.source[s.at:], '\n'); i >= 0 {
				s.at += i
			} else {
				s.at = len(s.source)
			}
			continue
		case '"', '\'':
			s.quoted(c)
			s.text = append(s.text, '"', '"')
			continue
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth = max(0, depth-1)
		case '\r':
			s.at++
			continue
		}
		s.text = append(s.text, c)
		s.at++
	}
	l.text = s.text
	return l
}

// newline returns the length of the newline at an offset, or 0.
func (s *scanner) newline(at int) int {
	if at < len(s.source) && s.source[at] == '\n' {
		return 1
	}
	if at+1 < len(s.source) && s.source[at] == '\r' && s.source[at+1] == '\n' {
		return 2
	}
	return 0
}

// quoted passes over a string. One that is not closed on its line ends there.
func (s *scanner) quoted(quote byte) {
	triple := bytes.HasPrefix(s.source[s.at:], []byte{quote, quote, quote})
	s.at++
	if triple {
		s.at += 2
	}
	for s.at < len(s.source) {
		c := s.source[s.at]
		switch {
		case c == '\\':
			// Raw strings keep the backslash, and do not end behind it either.
			if s.at+1 < len(s.source) && s.source[s.at+1] == '\n' {
				s.number++
			}
			s.at = min(len(s.source), s.at+2)
			continue
		case c == '\n':
			if !triple {
				return
			}
			s.number++
		case c == quote && !triple:
			s.at++
			return
		case c == quote && bytes.HasPrefix(s.source[s.at:], []byte{quote, quote, quote}):
			s.at += 3
			return
		}
		s.at++
	}
}

// statements reads the imports of a line, which may hold several.
func statements(l *line) []Statement {
	if !bytes.Contains(l.text, []byte("import")) {
		return nil
	}
	var out []Statement
	r := words{text: string(l.text)}
	for r.text != "" {
		switch r.word() {
		case "import":
			for {
				name := r.name()
				if name.Name == "" {
					break
				}
				out = append(out, Statement{Module: name.Name, Line: l.number})
				if !r.skip(',') {
					break
				}
			}
		case "from":
			if module := r.dotted(); module != "" && r.word() == "import" {
				out = append(out, Statement{Module: module, Names: r.names(), Line: l.number})
			}
		}
		_, r.text, _ = strings.Cut(r.text, ";")
	}
	return out
}

// words reads the words of a statement.
type words struct{ text string }

// skip passes over spaces, and over a character if it follows.
func (r *words) skip(c byte) bool {
	r.text = strings.TrimLeft(r.text, " \t\f")
	if r.text == "" || r.text[0] != c {
		return false
	}
	r.text = strings.TrimLeft(r.text[1:], " \t\f")
	return true
}

// take reads what follows at once: a name, with dots or without.
func (r *words) take(dots bool) string {
	i := 0
	for i < len(r.text) && (isName(r.text[i]) || dots && r.text[i] == '.') {
		i++
	}
	word := r.text[:i]
	r.text = r.text[i:]
	return word
}

// word reads a name without dots, or nothing.
func (r *words) word() string {
	r.skip(0)
	return r.take(false)
}

// dotted reads a dotted name, with dots before it or alone. Spaces may lie around
// the dots.
func (r *words) dotted() string {
	r.skip(0)
	before := r.text
	name := r.take(true)
	// "from .import x" is written without a space, and "from .. a import x" with one.
	if rest, ok := strings.CutSuffix(name, "import"); ok && strings.Trim(rest, ".") == "" && rest != "" {
		r.text = before[len(rest):]
		return rest
	}
	for name != "" && (name[len(name)-1] == '.' || strings.HasPrefix(strings.TrimLeft(r.text, " \t"), ".")) {
		before = r.text
		r.skip(0)
		part := r.take(true)
		if part == "" || part == "import" {
			r.text = before
			break
		}
		name += part
	}
	return name
}

// name reads "a.b as c" or "*"; its Name is "" where there is none.
func (r *words) name() Name {
	if r.skip('*') {
		return Name{"*", "*"}
	}
	name := r.dotted()
	if name == "" || name[0] == '.' {
		return Name{}
	}
	n := Name{name, name}
	if rest := strings.TrimLeft(r.text, " \t\f"); len(rest) > 2 && rest[:2] == "as" && !isName(rest[2]) {
		r.text = rest[2:]
		n.As = r.word()
	}
	return n
}

// names reads "a, b as c" in parentheses or not.
func (r *words) names() []Name {
	r.skip('(')
	var out []Name
	for {
		n := r.name()
		if n.Name == "" {
			return out
		}
		if out == nil {
			out = make([]Name, 0, 1+strings.Count(r.text, ","))
		}
		out = append(out, n)
		if !r.skip(',') {
			return out
		}
	}
}
