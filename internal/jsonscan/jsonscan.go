// Package jsonscan reads JSON texts of which little is needed, without reflection:
// pages of indexes and documents of registries reach megabytes. A [Scanner] goes
// forward through a text; [EachMember], [Members] and [EachElement] hand out values as
// they are written, which may be read again. Objects keep the order of their members.
//
// Values that nobody asks for are checked for their brackets and strings alone.
package jsonscan

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
)

var errJSON = errors.New("it is not well-formed JSON")

// maxDepth is how deep arrays and objects may be nested.
const maxDepth = 1000

// Member is one of an object's, its value as written.
type Member struct {
	Key   string
	Value []byte
}

// EachMember calls visit for each member of an object in the document's order,
// duplicates included. What is no object has none.
func EachMember(object []byte, visit func(key string, value []byte) error) error {
	if FirstByte(object) != '{' {
		return nil
	}
	s := Scanner{text: object}
	return s.Object(func(key string) error {
		value, err := s.value()
		if err != nil {
			return err
		}
		return visit(strings.Clone(key), value) // a key may be kept, and the document not
	})
}

// Members returns the members of an object in the order of JavaScript: those
// whose key is an array index first, by number; of a key that comes again the
// first place and the last value.
func Members(object []byte) ([]Member, error) {
	var list []Member
	at := map[string]int{}
	indexes := 0
	err := EachMember(object, func(key string, value []byte) error {
		if i, again := at[key]; again {
			list[i].Value = value
			return nil
		}
		at[key] = len(list)
		list = append(list, Member{key, value})
		if _, ok := arrayIndex(key); ok {
			indexes++
		}
		return nil
	})
	if err != nil || indexes == 0 {
		return list, err
	}
	return indexesFirst(list), nil
}

// EachElement calls visit for each element of an array. What is no array has
// none.
func EachElement(array []byte, visit func(value []byte) error) error {
	if FirstByte(array) != '[' {
		return nil
	}
	s := Scanner{text: array}
	return s.Array(func() error {
		value, err := s.value()
		if err != nil {
			return err
		}
		return visit(value)
	})
}

// String decodes a string.
func String(value []byte) (string, error) {
	if len(value) >= 2 && value[0] == '"' && isPlainText(value[1:len(value)-1]) {
		return string(value[1 : len(value)-1]), nil
	}
	var s string
	if len(value) == 0 || value[0] != '"' || json.Unmarshal(value, &s) != nil {
		return "", errJSON
	}
	return s, nil
}

// Text is the string that a value is, "" for anything else.
func Text(value []byte) string {
	s, err := String(value)
	if err != nil {
		return ""
	}
	return s
}

// Truthy reports whether JavaScript takes the value for true.
func Truthy(value []byte) bool {
	switch string(value) {
	case "", "null", "false", `""`, "0", "-0":
		return false
	}
	return true
}

// isPlainText reports whether a string's inside stands for itself.
func isPlainText(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			return false
		}
	}
	return true
}

// FirstByte returns the first byte of a value, which tells its kind: '{' of an
// object, '[' of an array, '"' of a string; 0 where there is none.
func FirstByte(value []byte) byte {
	if i := skipBlanks(value, 0); i < len(value) {
		return value[i]
	}
	return 0
}

func skipBlanks(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skipString returns where the string that begins at i ends.
func skipString(b []byte, i int) (int, error) {
	for at := i + 1; ; {
		n := bytes.IndexByte(b[at:], '"')
		if n < 0 {
			return 0, errJSON
		}
		at += n
		slashes := at
		for b[slashes-1] == '\\' {
			slashes--
		}
		at++
		if (at-1-slashes)%2 == 0 {
			return at, nil
		}
	}
}

// skipValue returns where the value that begins at i ends.
func skipValue(b []byte, i int) (int, error) {
	if i == len(b) {
		return 0, errJSON
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		return skipNested(b, i)
	}
	start := i
	for i < len(b) && (b[i] >= 'a' && b[i] <= 'z' || b[i] >= '0' && b[i] <= '9' || b[i] == '-' || b[i] == '+' || b[i] == '.' || b[i] == 'E') {
		i++
	}
	if i == start {
		return 0, errJSON
	}
	return i, nil
}

// skipNested skips an array or object by its brackets.
func skipNested(b []byte, i int) (int, error) {
	var open [maxDepth]byte
	depth := 0
	for i < len(b) {
		switch c := b[i]; c {
		case '"':
			end, err := skipString(b, i)
			if err != nil {
				return 0, err
			}
			i = end
			continue
		case '{', '[':
			if depth == maxDepth {
				return 0, errJSON
			}
			open[depth] = c + 2 // the bracket that closes it
			depth++
		case '}', ']':
			if depth--; open[depth] != c {
				return 0, errJSON
			}
			if depth == 0 {
				return i + 1, nil
			}
		}
		i++
	}
	return 0, errJSON
}

// arrayIndex reports whether a key is an array index of JavaScript.
func arrayIndex(key string) (uint64, bool) {
	if key == "" || len(key) > 10 || key[0] < '0' || key[0] > '9' || key[0] == '0' && len(key) > 1 {
		return 0, false
	}
	n, err := strconv.ParseUint(key, 10, 32)
	return n, err == nil && n < 1<<32-1
}

func indexesFirst(list []Member) []Member {
	place := func(m Member) uint64 {
		if n, ok := arrayIndex(m.Key); ok {
			return n
		}
		return math.MaxUint64
	}
	slices.SortStableFunc(list, func(a, b Member) int { return cmp.Compare(place(a), place(b)) })
	return list
}

// TrimBOM drops a byte order mark, which editors on Windows leave.
func TrimBOM(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) }
