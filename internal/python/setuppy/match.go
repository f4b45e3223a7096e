package setuppy

import "strings"

// Match is Python's fnmatch.fnmatchcase: * and ? match every character, a
// slash too, and [seq] or [!seq] one of a set. It works on bytes.
func Match(pattern, s string) bool {
	star, mark := -1, 0 // the last *, and what it does not cover yet
	i, j := 0, 0
	for j < len(s) {
		if i < len(pattern) && pattern[i] == '*' {
			star, mark = i, j
			i++
			continue
		}
		if n, ok := matchOne(pattern[i:], s[j]); ok {
			i += n
			j++
			continue
		}
		if star < 0 {
			return false
		}
		mark++
		i, j = star+1, mark
	}
	return strings.Trim(pattern[i:], "*") == ""
}

// matchOne matches one character against the front of a pattern, and returns
// how much of that it took.
func matchOne(pattern string, c byte) (int, bool) {
	switch {
	case pattern == "":
		return 0, false
	case pattern[0] == '?':
		return 1, true
	case pattern[0] == '[':
		start := 1
		if strings.HasPrefix(pattern[1:], "!") {
			start++
		}
		// A bracket at once is one of the set.
		if from := start + 1; from < len(pattern) {
			if end := strings.IndexByte(pattern[from:], ']'); end >= 0 {
				return from + end + 1, inSet(pattern[start:from+end], c) != (start == 2)
			}
		}
	}
	return 1, pattern[0] == c
}

func inSet(set string, c byte) bool {
	for i := 0; i < len(set); i++ {
		if i+2 < len(set) && set[i+1] == '-' {
			if set[i] <= c && c <= set[i+2] {
				return true
			}
			i += 2
			continue
		}
		if set[i] == c {
			return true
		}
	}
	return false
}
