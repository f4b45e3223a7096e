package pep440

import (
	"fmt"
	"slices"
	"strings"
)

// ParsePoetryRange reads a version constraint in Poetry's notation: PEP 440 with
// ^, ~, wildcards, and alternatives between ||. A version is in the range if any
// of the results matches it.
func ParsePoetryRange(text string) ([]Specifiers, error) {
	var ranges []Specifiers
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "||", "|"), "|") {
		var clauses []string
		for _, clause := range splitClauses(part) {
			plain, err := plainClause(clause)
			if err != nil {
				return nil, err
			}
			if plain != "" {
				clauses = append(clauses, plain)
			}
		}
		spec, err := ParseSpecifiers(strings.Join(clauses, ","))
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, spec)
	}
	return ranges, nil
}

// splitClauses splits at commas and white space, but not behind an operator.
func splitClauses(text string) []string {
	var clauses []string
	for _, word := range strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' }) {
		last := len(clauses) - 1
		if last >= 0 && strings.Trim(clauses[last], "<>=!~^") == "" {
			clauses[last] += word
			continue
		}
		clauses = append(clauses, word)
	}
	return clauses
}

// plainClause turns one clause into PEP 440, "" for any version.
func plainClause(clause string) (string, error) {
	if clause == "*" {
		return "", nil
	}
	caret, isCaret := strings.CutPrefix(clause, "^")
	tilde, isTilde := strings.CutPrefix(clause, "~")
	switch {
	case isCaret:
		return bumped(caret, true)
	case isTilde && !strings.HasPrefix(tilde, "="):
		return bumped(tilde, false)
	case strings.IndexAny(clause, "<>=!~") == 0:
		if strings.HasPrefix(clause, "=") && !strings.HasPrefix(clause, "==") {
			return "=" + clause, nil
		}
		return clause, nil
	}
	return "==" + clause, nil
}

// bumped returns the range of "^version", or of "~version": from the version to
// the next that changes its first part that is not 0, or its second part.
func bumped(version string, caret bool) (string, error) {
	v, err := Parse(version)
	if err != nil {
		return "", fmt.Errorf("reading the version %q: %w", version, err)
	}
	release := v.Release()
	at := min(1, len(release)-1)
	if caret {
		at = slices.IndexFunc(release, func(n int64) bool { return n != 0 })
		if at < 0 {
			at = len(release) - 1
		}
	}
	parts := make([]string, 0, at+1)
	for i, n := range release[:at+1] {
		if i == at {
			n++
		}
		parts = append(parts, fmt.Sprint(n))
	}
	return ">=" + version + ",<" + strings.Join(parts, "."), nil
}
