package filetree

import (
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// The time that matching takes grows with these in a power or worse.
const (
	maxPattern   = 1000 // bytes
	maxCrossings = 12   // of "**"
	maxChoices   = 256  // ways through the braces of a pattern
)

// choices returns how many ways lead through the braces of a pattern: "{a,b}/{c,d}"
// has four. It stops counting above maxChoices.
func choices(p string) int {
	all, here := 1, []int{}
	for _, c := range p {
		switch {
		case c == '{':
			here = append(here, 1)
		case c == ',' && len(here) > 0:
			here[len(here)-1]++
		case c == '}' && len(here) > 0:
			if all *= here[len(here)-1]; all > maxChoices {
				return all
			}
			here = here[:len(here)-1]
		}
	}
	return all
}

// CheckPattern returns a *PathError if p is no pattern that [Match] could obey.
func CheckPattern(p string) error {
	reason := ""
	switch {
	case p == "":
		reason = "is empty"
	case strings.Contains(p, `\`):
		reason = "holds a backslash; separate with /, and take a special character literally in brackets, as [[]"
	case strings.HasPrefix(p, "/"):
		reason = "is absolute; patterns are relative"
	case strings.HasPrefix(p, "!"):
		reason = "starts with !, but patterns cannot be negated"
	case !doublestar.ValidatePattern(p):
		reason = "is not a valid pattern"
	case len(p) > maxPattern || strings.Count(p, "**") > maxCrossings || choices(p) > maxChoices:
		reason = fmt.Sprintf("asks for too much: a pattern may have %d bytes, ** %d times, and %d ways through its braces", maxPattern, maxCrossings, maxChoices)
	}
	for part := range strings.SplitSeq(p, "/") {
		if part == "." || part == ".." {
			reason = `holds "` + part + `"`
		}
	}
	if reason != "" {
		return &PathError{Path: p, Reason: reason}
	}
	return nil
}

// Literal returns the pattern that names a path, and what lies below it, alone.
func Literal(path string) string {
	special := strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]", "{", "[{]", "}", "[}]")
	if rest, ok := strings.CutPrefix(path, "!"); ok {
		return "{!}" + special.Replace(rest)
	}
	return special.Replace(path)
}

// Match reports whether one of the patterns names path or a directory above it.
// A pattern is matched against the whole path: * and ? stay within a component,
// ** stands for any number of components, {a,b} for either, [a-z] for a class;
// "tests" is the one at the top, "**/tests" all of them. A trailing slash is
// ignored. Patterns that [CheckPattern] refuses match nothing.
func Match(patterns []string, path string) bool {
	for _, p := range patterns {
		p = strings.TrimSuffix(p, "/")
		for end := 0; end < len(path); end++ {
			next := strings.IndexByte(path[end:], '/')
			if next < 0 {
				break
			}
			end += next
			if matchOne(p, path[:end]) {
				return true
			}
		}
		if matchOne(p, path) {
			return true
		}
	}
	return false
}

// MatchPath reports whether the pattern names the whole path, not a directory
// above it.
func MatchPath(pattern, path string) bool { return matchOne(strings.TrimSuffix(pattern, "/"), path) }

func matchOne(pattern, path string) bool {
	ok, err := doublestar.Match(pattern, path)
	return ok && err == nil
}
