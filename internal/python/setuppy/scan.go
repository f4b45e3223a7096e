package setuppy

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

type kind uint8

const (
	endOfFile kind = iota
	newline
	indent
	dedent
	name
	number
	text // a string literal, its value in token.text
	operator
	odd // what this package does not read, such as an f-string
)

// token is a word of Python ("Lexical analysis" in the language reference).
type token struct {
	kind kind
	text string
	line int
}

// maxDepth caps brackets, blocks and calls within each other.
const maxDepth = 100

// scanner splits a script into tokens.
type scanner struct {
	s       string
	i       int
	line    int
	depth   int   // of brackets
	indents []int // of the open blocks
	out     []token
}

// scan returns the tokens of a script, with the ends of logical lines and
// blocks among them. The error is a *Refusal.
func scan(script string) ([]token, error) {
	s := scanner{s: strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(script), line: 1, indents: []int{0}}
	for s.i < len(s.s) {
		if err := s.logicalLine(); err != nil {
			return nil, err
		}
	}
	if s.depth > 0 {
		return nil, refuse(s.line, "a bracket is not closed")
	}
	s.end()
	for range s.indents[1:] {
		s.add(dedent, "")
	}
	s.add(endOfFile, "")
	return s.out, nil
}

func (s *scanner) add(k kind, value string) { s.out = append(s.out, token{k, value, s.line}) }

// end closes a logical line that holds something.
func (s *scanner) end() {
	if n := len(s.out); n > 0 && s.out[n-1].kind != newline && s.out[n-1].kind != indent && s.out[n-1].kind != dedent {
		s.add(newline, "")
	}
}

// logicalLine reads white space at the start of a line and all tokens up to
// the end of the statement.
func (s *scanner) logicalLine() error {
	column, start := 0, s.i
	for ; s.i < len(s.s) && strings.IndexByte(" \t\f", s.s[s.i]) >= 0; s.i++ {
		if column++; s.s[s.i] == '\t' {
			column = (column + 7) / 8 * 8
		}
	}
	if s.i == len(s.s) || s.s[s.i] == '\n' || s.s[s.i] == '#' {
		s.skipLine()
		return nil
	}
	if strings.Contains(s.s[start:s.i], "\f") {
		return refuse(s.line, "its indentation cannot be read")
	}
	if err := s.block(column); err != nil {
		return err
	}
	for s.i < len(s.s) {
		if s.s[s.i] == '\n' && s.depth == 0 {
			s.end()
			s.i++
			s.line++
			return nil
		}
		if err := s.token(); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) block(column int) error {
	top := s.indents[len(s.indents)-1]
	if column > top {
		if len(s.indents) > maxDepth {
			return refuse(s.line, "its blocks are too deep")
		}
		s.indents = append(s.indents, column)
		s.add(indent, "")
	}
	for column < s.indents[len(s.indents)-1] {
		s.indents = s.indents[:len(s.indents)-1]
		s.add(dedent, "")
	}
	if column != s.indents[len(s.indents)-1] {
		return refuse(s.line, "its indentation cannot be read")
	}
	return nil
}

func (s *scanner) skipLine() {
	for s.i < len(s.s) && s.s[s.i] != '\n' {
		s.i++
	}
	if s.i < len(s.s) {
		s.i++
		s.line++
	}
}

// operators with more than one character, longest first.
var operators = []string{"**=", "//=", "...", "->", ":=", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "%=", "**", "//"}

func (s *scanner) token() error {
	c := s.s[s.i]
	switch {
	case c == '\n':
		s.i++
		s.line++
	case strings.IndexByte(" \t\f", c) >= 0:
		s.i++
	case c == '#':
		for s.i < len(s.s) && s.s[s.i] != '\n' {
			s.i++
		}
	case c == '\\' && strings.HasPrefix(s.s[s.i:], "\\\n"):
		s.i += 2
		s.line++
	case c == '"' || c == '\'':
		return s.literal("")
	case isLetter(c):
		start := s.i
		for s.i < len(s.s) && (isLetter(s.s[s.i]) || isDigit(s.s[s.i])) {
			s.i++
		}
		word := s.s[start:s.i]
		if s.i < len(s.s) && (s.s[s.i] == '"' || s.s[s.i] == '\'') && len(word) <= 2 && strings.Trim(word, "rRbBuUfF") == "" {
			return s.literal(strings.ToLower(word))
		}
		s.add(name, word)
	case isDigit(c):
		start := s.i
		for s.i < len(s.s) && (isLetter(s.s[s.i]) || isDigit(s.s[s.i]) || s.s[s.i] == '.') {
			s.i++
		}
		s.add(number, s.s[start:s.i])
	default:
		return s.operator()
	}
	return nil
}

func (s *scanner) operator() error {
	for _, op := range operators {
		if strings.HasPrefix(s.s[s.i:], op) {
			s.add(operator, op)
			s.i += len(op)
			return nil
		}
	}
	c := s.s[s.i]
	switch {
	case strings.IndexByte("([{", c) >= 0:
		if s.depth++; s.depth > maxDepth {
			return refuse(s.line, "its brackets are too deep")
		}
	case strings.IndexByte(")]}", c) >= 0:
		if s.depth--; s.depth < 0 {
			return refuse(s.line, "a bracket is closed that was not opened")
		}
	case c >= utf8.RuneSelf || c < ' ':
		return refuse(s.line, "it holds the character %q outside of a text", c)
	}
	s.add(operator, string(c))
	s.i++
	return nil
}

// literal reads a string literal behind its prefix.
func (s *scanner) literal(prefix string) error {
	quote := s.s[s.i : s.i+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(s.s[s.i:], triple) {
		quote = triple
	}
	line := s.line
	s.i += len(quote)
	start := s.i
	for !strings.HasPrefix(s.s[s.i:], quote) {
		if s.i >= len(s.s) || len(quote) == 1 && s.s[s.i] == '\n' {
			return refuse(line, "a text is not closed")
		}
		if s.s[s.i] == '\\' && s.i+1 < len(s.s) {
			s.i++
		}
		if s.s[s.i] == '\n' {
			s.line++
		}
		s.i++
	}
	value, k := s.s[start:s.i], text
	s.i += len(quote)
	switch {
	case strings.ContainsAny(prefix, "fb"):
		k = odd
	case !strings.Contains(prefix, "r"):
		var ok bool
		if value, ok = unescape(value); !ok {
			k = odd
		}
	}
	s.out = append(s.out, token{k, value, line})
	return nil
}

// unescape resolves the escapes of a string literal. It knows none that names
// a character.
func unescape(s string) (string, bool) {
	if !strings.Contains(s, "\\") {
		return s, true
	}
	const simple, meaning = "\n\\'\"abfnrtv", "\x00\\'\"\a\b\f\n\r\t\v"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[i]]
		switch at := strings.IndexByte(simple, s[i]); {
		case s[i] == '\n':
		case at > 0:
			b.WriteByte(meaning[at])
		case digits > 0:
			if i+digits >= len(s) {
				return "", false
			}
			n, err := strconv.ParseUint(s[i+1:i+1+digits], 16, 32)
			if err != nil || !utf8.ValidRune(rune(n)) {
				return "", false
			}
			b.WriteRune(rune(n))
			i += digits
		case s[i] == 'N' || isDigit(s[i]):
			return "", false
		default:
			b.WriteByte('\\')
			b.WriteByte(s[i])
		}
	}
	return b.String(), true
}

func isLetter(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
