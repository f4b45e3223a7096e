// Package imports reads which modules JavaScript sources load, without running them,
// and follows them through the files of a layer as Node.js would.
//
// A module counts where it is loaded whenever its source is: by an import or export
// statement, or by a call of require outside of blocks and conditions.
package imports

import (
	"bytes"
	"strings"
)

// Load is a module that a source loads.
type Load struct {
	// Name is what the source writes, such as "./lib" or "lodash/fp".
	Name string
	// Line is where, from 1.
	Line int
	// ESM is set for import and export statements.
	ESM bool
}

// Top returns the modules that are loaded whenever a source is.
func Top(source []byte) []Load {
	s := scanner{text: source, line: 1, fresh: true}
	s.run()
	return s.found
}

// scanner passes over a source token by token.
type scanner struct {
	text  []byte
	at    int
	line  int
	found []Load

	depth int // of braces, parens that matter are in calls
	// fresh is set before the first token of a statement; conditional where the
	// statement may not evaluate what follows.
	fresh, conditional bool
	esm                string // import or export, if the statement begins so
	word               string // the word before, "" after other tokens
	last               byte   // the last character that counts
	require            bool   // the token before is require, and ( follows
}

// conditions are words after which a part of a statement may not run, or not now.
var conditions = map[string]bool{
	"if": true, "else": true, "for": true, "while": true, "do": true, "try": true, "catch": true, "finally": true, "switch": true, "case": true,
	"function": true, "async": true, "class": true, "return": true, "with": true,
}

func (s *scanner) run() {
	for s.at < len(s.text) {
		c := s.text[s.at]
		switch {
		case c == '\n':
			s.newline()
		case c == ' ' || c == '\t' || c == '\r':
			s.at++
		case c == '/' && s.comment():
		case c == '"' || c == '\'':
			s.str(c)
		case c == '`':
			s.template()
		case c == '/' && s.regex():
		case isWord(c):
			s.name()
		default:
			s.sign(c)
		}
	}
}

// newline ends a statement where the next line cannot go on with it.
func (s *scanner) newline() {
	s.at++
	s.line++
	open := strings.ContainsRune("&|?:=,(+-.*[<>!%^~", rune(s.last)) || s.conditional && (s.last == ')' || s.word == "else" || s.word == "do")
	if s.depth == 0 && s.esm == "" && !open {
		s.begin()
	}
}

func (s *scanner) begin() {
	s.fresh, s.conditional, s.esm, s.word, s.require = true, false, "", "", false
}

// comment passes over a comment, if one begins here.
func (s *scanner) comment() bool {
	rest := s.text[s.at:]
	end := "\n"
	switch {
	case bytes.HasPrefix(rest, []byte("/*")):
		end = "*/"
	case !bytes.HasPrefix(rest, []byte("//")):
		return false
	}
	i := bytes.Index(rest[2:], []byte(end))
	switch {
	case i < 0:
		s.at = len(s.text)
	case end == "\n":
		s.at += 2 + i
	default:
		s.line += bytes.Count(rest[:2+i], []byte("\n"))
		s.at += 4 + i
	}
	return true
}

// str reads a string, which may name a module.
func (s *scanner) str(quote byte) {
	start := s.at + 1
	for s.at++; s.at < len(s.text) && s.text[s.at] != quote && s.text[s.at] != '\n'; s.at++ {
		if s.text[s.at] == '\\' {
			s.at++
		}
	}
	name := ""
	if start <= s.at && s.at <= len(s.text) {
		name = string(s.text[start:s.at])
	}
	s.at = min(len(s.text), s.at+1)
	if s.depth == 0 && name != "" && !strings.Contains(name, `\`) {
		switch {
		case s.esm != "" && (s.word == "from" || s.esm == "import" && s.word == "import"):
			s.found = append(s.found, Load{name, s.line, true})
		case s.require && !s.conditional && s.closes():
			s.found = append(s.found, Load{name, s.line, false})
		}
	}
	s.token('"')
}

// closes reports whether a parenthesis follows.
func (s *scanner) closes() bool {
	return bytes.HasPrefix(bytes.TrimLeft(s.text[s.at:min(len(s.text), s.at+64)], " \t\r\n"), []byte(")"))
}

// template passes over a template, with the expressions in it.
func (s *scanner) template() {
	for s.at++; s.at < len(s.text) && s.text[s.at] != '`'; s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case '\n':
			s.line++
		case '$':
			if s.at+1 < len(s.text) && s.text[s.at+1] == '{' {
				s.expression()
			}
		}
	}
	s.at = min(len(s.text), s.at+1)
	s.token('"')
}

// expression passes over "${…}" in a template.
func (s *scanner) expression() {
	depth := 0
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return
			}
		case '\n':
			s.line++
		case '`':
			s.template()
			s.at--
		}
	}
}

// regex passes over a regular expression, if a slash begins one here: after an
// operator, or a word that cannot end an expression.
func (s *scanner) regex() bool {
	switch {
	case s.word == "return" || s.word == "typeof" || s.word == "case" || s.word == "in" || s.word == "of" || s.word == "void" || s.word == "throw":
	case s.last != 0 && !strings.ContainsRune("(,=:[!&|?{};+-*%<>~^", rune(s.last)):
		return false
	}
	class := false
	for i := s.at + 1; i < len(s.text) && s.text[i] != '\n'; i++ {
		switch c := s.text[i]; {
		case c == '\\':
			i++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			s.at = i + 1
			s.token('"')
			return true
		}
	}
	return false
}

// name reads a word.
func (s *scanner) name() {
	start := s.at
	for s.at < len(s.text) && isWord(s.text[s.at]) {
		s.at++
	}
	word := string(s.text[start:s.at])
	fresh, member := s.fresh, s.last == '.'
	s.token('a')
	if member {
		return
	}
	if s.word = word; s.depth > 0 {
		return
	}
	if fresh && (word == "import" || word == "export") {
		s.esm = word
	}
	s.conditional = s.conditional || conditions[word]
}

// sign reads a character that is no word.
func (s *scanner) sign(c byte) {
	word := s.word
	s.at++
	member := s.last
	s.token(c)
	switch c {
	case '{':
		s.depth++
	case '}':
		s.depth = max(0, s.depth-1)
	case ';':
		if s.depth == 0 {
			s.begin()
		}
	case '?', '&', '|':
		s.conditional = s.conditional || s.depth == 0
	case '>':
		s.conditional = s.conditional || s.depth == 0 && member == '='
	case '(':
		s.require = word == "require"
		if s.esm == "import" && word == "import" {
			s.esm = "" // a call, which may run at any time
			s.conditional = true
		}
	case '.':
		if s.esm == "import" && word == "import" {
			s.esm = ""
		}
	}
}

// token notes that a token was read.
func (s *scanner) token(last byte) { s.fresh, s.word, s.require, s.last = false, "", false, last }

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}
