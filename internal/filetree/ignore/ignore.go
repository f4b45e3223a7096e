// Package ignore reads files in the form of gitignore ("PATTERN FORMAT" in
// gitignore(5)) and says what they say of a path. It reads no disk: a scan hands it
// what a file holds.
package ignore

import (
	"bufio"
	"bytes"
	"fmt"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// MaxBytes bounds an ignore file in bytes.
const MaxBytes = 1 << 20

// rule is one line of an ignore file.
type rule struct {
	pattern string // for doublestar, relative to the folder of the file
	negated bool   // takes back what an earlier line ignores
	dirOnly bool   // names directories alone
	base    bool   // is matched against the last component, at any depth
}

// Rules are the lines of one file in the form of gitignore; case counts on every
// system.
type Rules struct {
	dir   string
	rules []rule
}

// Parse reads such a file, which lies in the folder dir; "" is the root. Lines that
// git could never match match nothing here either. A class by name, such as
// [[:alpha:]], is an error.
func Parse(body []byte, dir string) (*Rules, error) {
	out := &Rules{dir: dir}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, MaxBytes)
	for n := 1; lines.Scan(); n++ {
		r, ok := parseRule(lines.Text())
		if !ok {
			continue
		}
		if strings.Contains(r.pattern, "[:") {
			return &Rules{}, fmt.Errorf("line %d holds a class by name, such as [[:alpha:]]: write it as [a-zA-Z]", n)
		}
		out.rules = append(out.rules, r)
	}
	return out, lines.Err()
}

// parseRule reads a line, false where it says nothing.
func parseRule(line string) (rule, bool) {
	line = trimSpaces(line)
	if line == "" || line[0] == '#' {
		return rule{}, false
	}
	var r rule
	if line[0] == '!' {
		r.negated, line = true, line[1:]
	}
	if rest, ok := strings.CutSuffix(line, "/"); ok {
		r.dirOnly, line = true, rest
	}
	line = normalized(line)
	r.base = !strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if line == "" || strings.Contains(line, "//") || strings.HasPrefix(line, "/") {
		return rule{}, false
	}
	if rest, ok := strings.CutSuffix(line, "/**"); ok {
		line = rest + "/**/*" // what is below the folder, not the folder
	} else if line == "**" {
		line = "**/*"
	}
	r.pattern = line
	return r, doublestar.ValidatePattern(r.pattern)
}

// trimSpaces removes the spaces at the end that no backslash keeps.
func trimSpaces(line string) string {
	trimmed := strings.TrimRight(line, " ")
	backslashes := len(trimmed) - len(strings.TrimRight(trimmed, `\`))
	if backslashes%2 == 1 && len(trimmed) < len(line) {
		return trimmed + " "
	}
	return trimmed
}

// normalized writes a pattern of gitignore in the form of doublestar: braces are
// themselves, stars in a row are ** where they are a whole component and one star
// elsewhere, and in a class a bracket at its start and a hyphen at an end are
// themselves.
func normalized(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '\\':
			b.WriteByte(c)
			if i++; i < len(pattern) {
				b.WriteByte(pattern[i])
			}
		case '*':
			start := i
			for i+1 < len(pattern) && pattern[i+1] == '*' {
				i++
			}
			b.WriteByte('*')
			if i > start && (start == 0 || pattern[start-1] == '/') && (i+1 == len(pattern) || pattern[i+1] == '/') {
				b.WriteByte('*')
			}
		case '[':
			end := classEnd(pattern, i)
			if end < 0 {
				return pattern // is no valid pattern for either
			}
			writeClass(&b, pattern[i+1:end])
			i = end
		case '{', '}':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// classEnd returns where the class ends that begins at start, or -1.
func classEnd(pattern string, start int) int {
	i := start + 1
	if i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^') {
		i++
	}
	for first := i; i < len(pattern); i++ {
		switch {
		case pattern[i] == '\\':
			i++
		case pattern[i] == ']' && i > first:
			return i
		}
	}
	return -1
}

// writeClass writes a class, given what is between its brackets.
func writeClass(b *strings.Builder, class string) {
	b.WriteByte('[')
	if class[0] == '!' || class[0] == '^' {
		b.WriteByte('^')
		class = class[1:]
	}
	for i := 0; i < len(class); i++ {
		c := class[i]
		switch {
		case c == '\\' && i+1 < len(class):
			b.WriteByte(c)
			i++
			c = class[i]
		case c == ']' || c == '[' || c == '-' && (i == 0 || i == len(class)-1):
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	b.WriteByte(']')
}

// Decide says what the lines say of a path: ignored, taken back, or nothing. The
// last line that matches counts. They say nothing of what is outside of their folder.
// Folders above the path are not looked at.
func (f *Rules) Decide(name string, isDir bool) (ignored, decided bool) {
	within := name
	if f.dir != "" {
		rest, ok := strings.CutPrefix(name, f.dir+"/")
		if !ok {
			return false, false
		}
		within = rest
	}
	for i := len(f.rules) - 1; i >= 0; i-- {
		r := &f.rules[i]
		if r.dirOnly && !isDir {
			continue
		}
		subject := within
		if r.base {
			subject = path.Base(within)
		}
		if ok, err := doublestar.Match(r.pattern, subject); ok && err == nil {
			return !r.negated, true
		}
	}
	return false, false
}
