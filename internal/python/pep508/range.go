package pep508

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// poetryRange matches what Poetry writes behind a name: "^2.31", "~1.4".
var poetryRange = regexp.MustCompile(`^\s*([\^~])\s*(\d+(?:\.\d+)*)\s*$`)

// specifierAdvice says what to write in place of a range of another tool behind
// a name, "" where it is not known: `requests^2.31` is Poetry's.
func specifierAdvice(name, written string) string {
	if m := poetryRange.FindStringSubmatch(written); m != nil {
		return fmt.Sprintf("%q is Poetry's: write %s>=%s,<%s", m[1], name, m[2], poetryBound(m[1], m[2]))
	}
	return ""
}

// poetryBound returns the version below which "^" and "~" stay: the next of the
// first part that is not zero, or of the second part ("Dependency specification"
// in Poetry's documentation).
func poetryBound(operator, version string) string {
	parts := strings.Split(version, ".")
	at := min(1, len(parts)-1)
	if operator == "^" {
		at = 0
		for at < len(parts)-1 && strings.Trim(parts[at], "0") == "" {
			at++
		}
	}
	n, err := strconv.Atoi(parts[at])
	if err != nil {
		return version
	}
	return strings.Join(append(parts[:at:at], strconv.Itoa(n+1)), ".")
}
