package glob

import (
	"regexp"
	"strconv"
	"strings"
)

// sequence is what stands between the braces of {1..9}, {09..1..2} or {a..e}.
var sequence = regexp.MustCompile(`^(?:(-?\d{1,9})\.\.(-?\d{1,9})|([a-zA-Z])\.\.([a-zA-Z]))(?:\.\.(-?\d{1,9}))?$`)

// expand returns the patterns that a pattern with braces stands for, as a shell would
// write them; false where they are too many. Braces with neither a comma nor a
// sequence in them are themselves.
func expand(pattern string) ([]string, bool) {
	done := []string{""}
	for pattern != "" {
		open, end := braces(pattern)
		if open < 0 {
			return product(done, []string{pattern})
		}
		inner := pattern[open+1 : end]
		options, ok := expandInner(inner)
		if !ok {
			return nil, false
		}
		if done, ok = product(done, []string{pattern[:open]}); !ok {
			return nil, false
		}
		if done, ok = product(done, options); !ok {
			return nil, false
		}
		pattern = pattern[end+1:]
	}
	return done, true
}

// braces returns where the first braces with their end are, or -1.
func braces(pattern string) (open, end int) {
	var opened []int
	first := [2]int{-1, -1}
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			i++
		case '{':
			opened = append(opened, i)
		case '}':
			if len(opened) == 0 {
				continue
			}
			last := opened[len(opened)-1]
			opened = opened[:len(opened)-1]
			if first[0] < 0 || last < first[0] {
				first = [2]int{last, i}
			}
		}
		if len(opened) == 0 && first[0] >= 0 {
			break
		}
	}
	return first[0], first[1]
}

// expandInner returns what the text between braces stands for.
func expandInner(inner string) ([]string, bool) {
	if m := sequence.FindStringSubmatch(inner); m != nil {
		return expandSequence(m)
	}
	parts := commas(inner)
	if len(parts) == 1 {
		within, ok := expand(inner)
		for i, one := range within {
			within[i] = "{" + one + "}"
		}
		return within, ok
	}
	var all []string
	for _, part := range parts {
		within, ok := expand(part)
		if all = append(all, within...); !ok || len(all) > maxChoices {
			return nil, false
		}
	}
	return all, true
}

// commas splits at the commas outside of inner braces.
func commas(text string) []string {
	var parts []string
	start, depth := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, text[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, text[start:])
}

// expandSequence returns the members of a sequence, given its groups.
func expandSequence(m []string) ([]string, bool) {
	number := m[1] != ""
	value := func(n, letter string) int {
		if number {
			v, _ := strconv.Atoi(n)
			return v
		}
		return int(letter[0])
	}
	from, to := value(m[1], m[3]), value(m[2], m[4])
	step, _ := strconv.Atoi(m[5])
	step = max(step, -step, 1)
	if max(from-to, to-from)/step >= maxChoices {
		return nil, false
	}
	if to < from {
		step = -step
	}
	width := 0
	if padded(m[1]) || padded(m[2]) {
		width = max(len(m[1]), len(m[2]))
	}
	var all []string
	for v := from; step > 0 && v <= to || step < 0 && v >= to; v += step {
		switch {
		case !number:
			all = append(all, string(rune(v)))
		case v < 0:
			digits := strconv.Itoa(-v)
			all = append(all, "-"+strings.Repeat("0", max(0, width-1-len(digits)))+digits)
		default:
			digits := strconv.Itoa(v)
			all = append(all, strings.Repeat("0", max(0, width-len(digits)))+digits)
		}
	}
	return all, true
}

// padded reports whether a number of a sequence begins with a zero that counts.
func padded(number string) bool {
	digits := strings.TrimPrefix(number, "-")
	return len(digits) > 1 && digits[0] == '0'
}

// product returns each text before with each of those after.
func product(before, after []string) ([]string, bool) {
	if len(before)*len(after) > maxChoices {
		return nil, false
	}
	all, size := make([]string, 0, len(before)*len(after)), 0
	for _, a := range before {
		for _, b := range after {
			all = append(all, a+b)
			if size += len(a) + len(b); size > maxExpanded {
				return nil, false
			}
		}
	}
	return all, true
}
