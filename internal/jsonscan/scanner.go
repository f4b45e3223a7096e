package jsonscan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unsafe"
)

// Scanner reads a JSON text once, forward. Strings without escapes are parts of the
// text and no copies. It is lenient where that does no harm: strings may hold control
// characters, and numbers are not checked.
type Scanner struct {
	text []byte
	pos  int
}

// NewScanner returns a scanner at the start of a text, which must not be changed from
// then on: pages reach 20 MB, and a copy costs as much as reading it.
func NewScanner(text []byte) *Scanner { return &Scanner{text: text} }

func (s *Scanner) fail(want string) error {
	return fmt.Errorf("reading JSON at byte %d: want %s: %w", s.pos, want, errJSON)
}

// Object calls member for each key of the object at the current position;
// member must consume the value.
func (s *Scanner) Object(member func(key string) error) error {
	return s.list('{', '}', "object", func() error {
		key, err := s.String()
		if err != nil {
			return err
		}
		if !s.take(':') {
			return s.fail("a colon")
		}
		return member(key)
	})
}

// Array calls element once for each element; element must consume it.
func (s *Scanner) Array(element func() error) error { return s.list('[', ']', "array", element) }

func (s *Scanner) list(opens, closes byte, kind string, element func() error) error {
	if !s.take(opens) {
		return s.fail("an " + kind)
	}
	if s.take(closes) {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if s.take(closes) {
			return nil
		}
		if !s.take(',') {
			return s.fail("a comma or the end of the " + kind)
		}
	}
}

// Peek returns the first byte of the next token, 0 at the end.
func (s *Scanner) Peek() byte {
	s.pos = skipBlanks(s.text, s.pos)
	if s.pos == len(s.text) {
		return 0
	}
	return s.text[s.pos]
}

func (s *Scanner) take(c byte) bool {
	if s.Peek() != c {
		return false
	}
	s.pos++
	return true
}

// String reads a string.
func (s *Scanner) String() (string, error) {
	if s.Peek() != '"' {
		return "", s.fail("a string")
	}
	end, err := skipString(s.text, s.pos)
	if err != nil {
		s.pos = len(s.text)
		return "", s.fail("the end of a string")
	}
	quoted := s.text[s.pos:end]
	s.pos = end
	if bytes.IndexByte(quoted, '\\') < 0 {
		inside := quoted[1 : len(quoted)-1]
		return unsafe.String(unsafe.SliceData(inside), len(inside)), nil
	}
	var value string
	if json.Unmarshal(quoted, &value) != nil {
		return "", s.fail("known escapes in a string")
	}
	return value, nil
}

// Optional reads a string, or skips any other value and returns "".
func (s *Scanner) Optional() (string, error) {
	if s.Peek() == '"' {
		return s.String()
	}
	return "", s.Skip()
}

// Number reads a whole number; any other value is skipped and 0.
func (s *Scanner) Number() (int64, error) {
	value, err := s.value()
	if err != nil {
		return 0, err
	}
	if n, err := strconv.ParseInt(string(value), 10, 64); err == nil && value[0] != '-' {
		return n, nil
	}
	return 0, nil
}

// Skip passes over one value of any kind.
func (s *Scanner) Skip() error {
	_, err := s.value()
	return err
}

// value returns the next value as it is written.
func (s *Scanner) value() ([]byte, error) {
	s.Peek()
	end, err := skipValue(s.text, s.pos)
	if err != nil {
		return nil, s.fail("a value")
	}
	start := s.pos
	s.pos = end
	return s.text[start:end], nil
}
