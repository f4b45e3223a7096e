// Package jsontext scans JSON without reflection: pages of large projects hold
// thousands of files, of which a few members count.
package jsontext

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

var errJSON = errors.New("not valid JSON")

// Scanner reads JSON text once, forward, without reflection: index pages
// reach megabytes and most of their values are skipped. Strings without escapes
// are substrings of the text. It is lenient where nothing hangs on it: control
// characters may stand in strings, and numbers are not checked.
type Scanner struct {
	Text string
	pos  int
}

func (s *Scanner) fail(want string) error {
	return fmt.Errorf("reading JSON at byte %d: want %s: %w", s.pos, want, errJSON)
}

// Object calls member for each key of the object at the current position;
// member must consume the value.
func (s *Scanner) Object(member func(key string) error) error {
	if !s.take('{') {
		return s.fail("an object")
	}
	if s.take('}') {
		return nil
	}
	for {
		key, err := s.String()
		if err != nil {
			return err
		}
		if !s.take(':') {
			return s.fail("a colon")
		}
		if err := member(key); err != nil {
			return err
		}
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return s.fail("a comma or the end of the object")
		}
	}
}

// Array calls element once for each element; element must consume it.
func (s *Scanner) Array(element func() error) error {
	if !s.take('[') {
		return s.fail("an array")
	}
	if s.take(']') {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if s.take(']') {
			return nil
		}
		if !s.take(',') {
			return s.fail("a comma or the end of the array")
		}
	}
}

// Peek returns the first byte of the next token, 0 at the end.
func (s *Scanner) Peek() byte {
	for s.pos < len(s.Text) {
		switch c := s.Text[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

func (s *Scanner) take(c byte) bool {
	if s.Peek() != c {
		return false
	}
	s.pos++
	return true
}

func (s *Scanner) String() (string, error) {
	if !s.take('"') {
		return "", s.fail("a string")
	}
	end := strings.IndexByte(s.Text[s.pos:], '"')
	if end < 0 {
		s.pos = len(s.Text)
		return "", s.fail("the end of a string")
	}
	value := s.Text[s.pos : s.pos+end]
	if escape := strings.IndexByte(value, '\\'); escape >= 0 {
		start := s.pos
		s.pos += escape
		return s.escaped(start)
	}
	s.pos += end + 1
	return value, nil
}

// escaped finishes a string in which an escape stands at the current position.
func (s *Scanner) escaped(start int) (string, error) {
	var out strings.Builder
	out.WriteString(s.Text[start:s.pos])
	for s.pos < len(s.Text) {
		c := s.Text[s.pos]
		s.pos++
		switch {
		case c == '"':
			return out.String(), nil
		case c != '\\':
			out.WriteByte(c)
		default:
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			out.WriteRune(r)
		}
	}
	return "", s.fail("the end of a string")
}

func (s *Scanner) escape() (rune, error) {
	if s.pos >= len(s.Text) {
		return 0, s.fail("an escape")
	}
	c := s.Text[s.pos]
	s.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		high, err := s.hex4()
		if err != nil || high < 0xd800 || high > 0xdfff {
			return high, err
		}
		if high < 0xdc00 && strings.HasPrefix(s.Text[s.pos:], `\u`) {
			s.pos += 2
			low, err := s.hex4()
			if err != nil {
				return 0, err
			}
			if low >= 0xdc00 && low <= 0xdfff {
				return (high-0xd800)<<10 + (low - 0xdc00) + 0x10000, nil
			}
		}
		return utf8.RuneError, nil
	}
	return 0, s.fail("a known escape")
}

func (s *Scanner) hex4() (rune, error) {
	if s.pos+4 > len(s.Text) {
		return 0, s.fail("four hexadecimal digits")
	}
	n, err := strconv.ParseUint(s.Text[s.pos:s.pos+4], 16, 16)
	if err != nil {
		return 0, s.fail("four hexadecimal digits")
	}
	s.pos += 4
	return rune(n), nil
}

// Optional reads a string, or skips any other value and returns "".
func (s *Scanner) Optional() (string, error) {
	if s.Peek() == '"' {
		return s.String()
	}
	return "", s.Skip()
}

// Number reads a whole number of bytes; any other value is skipped and 0.
func (s *Scanner) Number() (int64, error) {
	c := s.Peek()
	start := s.pos
	if err := s.Skip(); err != nil {
		return 0, err
	}
	if c < '0' || c > '9' {
		return 0, nil
	}
	if n, err := strconv.ParseInt(s.Text[start:s.pos], 10, 64); err == nil {
		return n, nil
	}
	return 0, nil
}

// Skip passes over one value of any kind. Nesting is counted, not recursed
// into, so that no page can exhaust the stack.
func (s *Scanner) Skip() error {
	depth := 0
	for {
		switch c := s.Peek(); c {
		case 0:
			return s.fail("a value")
		case '{', '[':
			depth++
			s.pos++
		case '}', ']':
			if depth--; depth < 0 {
				return s.fail("a value")
			}
			s.pos++
		case '"':
			if _, err := s.String(); err != nil {
				return err
			}
		case ',', ':':
			if depth == 0 {
				return s.fail("a value")
			}
			s.pos++
			continue
		default:
			if err := s.word(); err != nil {
				return err
			}
		}
		if depth == 0 {
			return nil
		}
	}
}

// word passes over a number, true, false or null.
func (s *Scanner) word() error {
	start := s.pos
	for s.pos < len(s.Text) && strings.IndexByte(" \t\r\n,:]}[{\"", s.Text[s.pos]) < 0 {
		s.pos++
	}
	if s.pos == start {
		return s.fail("a value")
	}
	return nil
}
