// Package wheel knows what a wheel is and where it runs: names and compatibility
// tags (PEP 425, 427), the targets that they are compared with, METADATA, the lock
// that holds chosen wheels, and how their files are installed in a layer. It reads
// files and makes no request.
package wheel

import (
	"cmp"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

// NameTags is a parsed wheel file name (the "Binary distribution format"
// specification). The tag lists hold at least one tag each, in lower case.
type NameTags struct {
	Name      string // normalised
	Version   string // as written
	Parsed    pep440.Version
	Build     string // build tag, starts with a digit; "" without one
	Pythons   []string
	ABIs      []string
	Platforms []string
}

// ParseWheelName reads the name of a wheel file, without any directory. The
// error is a *SyntaxError.
func ParseWheelName(filename string) (NameTags, error) {
	stem, ok := strings.CutSuffix(filename, ".whl")
	if !ok {
		return NameTags{}, wheelError(filename, len(filename), "a wheel's name ends in .whl")
	}
	var parts [6]string
	n, rest, more := 0, stem, true
	for ; more && n < len(parts); n++ {
		parts[n], rest, more = strings.Cut(rest, "-")
	}
	if more || n < 5 {
		return NameTags{}, wheelError(filename, 0, "a wheel's name has five or six parts with - between them")
	}
	w := NameTags{Name: pep508.NormalizeName(parts[0]), Version: parts[1]}
	if !isWheelPart(parts[0]) {
		return NameTags{}, wheelError(filename, 0, "not the name of a distribution")
	}
	var err error
	if w.Parsed, err = pep440.Parse(w.Version); err != nil {
		return NameTags{}, wheelError(filename, len(parts[0])+1, "not a version")
	}
	if n == 6 {
		w.Build = parts[2]
		if w.Build == "" || !pep508.IsDigit(w.Build[0]) {
			return NameTags{}, wheelError(filename, len(parts[0])+len(parts[1])+2, "a build tag starts with a digit")
		}
	}
	if !w.setTags(parts[n-3], parts[n-2], parts[n-1]) {
		return NameTags{}, wheelError(filename, 0, "a compatibility tag is empty")
	}
	return w, nil
}

// Pure reports whether the wheel makes no claim on a platform: every platform
// tag is "any".
func (w NameTags) Pure() bool {
	return !slices.ContainsFunc(w.Platforms, func(platform string) bool { return platform != "any" })
}

// CompareBuild returns -1, 0 or +1: the order of the build tags, where none
// stands first. Of wheels with equal rank the higher build is preferred.
func (w NameTags) CompareBuild(o NameTags) int {
	wNumber, wText := splitBuild(w.Build)
	oNumber, oText := splitBuild(o.Build)
	return cmp.Or(
		cmp.Compare(min(len(w.Build), 1), min(len(o.Build), 1)),
		cmp.Compare(len(wNumber), len(oNumber)),
		cmp.Compare(wNumber, oNumber),
		cmp.Compare(wText, oText),
	)
}

// splitBuild returns the leading digits, without zeros before them, and the rest.
func splitBuild(build string) (number, text string) {
	n := 0
	for n < len(build) && pep508.IsDigit(build[n]) {
		n++
	}
	return strings.TrimLeft(build[:n], "0"), build[n:]
}

// setTags splits the compressed tag sets into one array. It reports whether no
// tag is empty.
func (w *NameTags) setTags(pythons, abis, platforms string) bool {
	sets := [3]string{pythons, abis, platforms}
	var counts [3]int
	for i, set := range sets {
		counts[i] = strings.Count(set, ".") + 1
	}
	all := make([]string, 0, counts[0]+counts[1]+counts[2])
	for _, set := range sets {
		for tag := range strings.SplitSeq(set, ".") {
			if tag == "" {
				return false
			}
			all = append(all, strings.ToLower(tag))
		}
	}
	a, b := counts[0], counts[0]+counts[1]
	w.Pythons, w.ABIs, w.Platforms = all[:a:a], all[a:b:b], all[b:]
	return true
}

// isWheelPart reports whether s may stand for a distribution's name: word
// characters and dots.
func isWheelPart(s string) bool {
	for _, r := range s {
		if r < 0x80 && !pep508.IsAlphanumeric(byte(r)) && r != '_' && r != '.' {
			return false
		}
	}
	return s != ""
}

func wheelError(filename string, offset int, reason string) error {
	return &pep508.SyntaxError{Input: filename, Offset: offset, Reason: reason}
}
