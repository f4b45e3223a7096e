package modules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// EngineNotes tells which packages ask for another Node.js than the target's, and
// which optional dependencies are left out for that: one sentence for each range,
// however many packages it is of. Both maps have packages by range; node is the
// target's version.
func EngineNotes(asking, leftOut map[string][]string, node string) []string {
	var notes []string
	for _, engine := range slices.Sorted(maps.Keys(asking)) {
		packages := Sorted(asking[engine])
		ask := packages[0] + " asks"
		if len(packages) > 1 {
			ask = fmt.Sprintf("%s (%d packages) ask", Some(packages), len(packages))
		}
		notes = append(notes, fmt.Sprintf("%s for Node.js %s, and the target has %s", ask, engine, node))
	}
	for _, engine := range slices.Sorted(maps.Keys(leftOut)) {
		packages := Sorted(leftOut[engine])
		what := "an optional dependency, is"
		if len(packages) > 1 {
			what = "optional dependencies, are"
		}
		notes = append(notes, fmt.Sprintf("%s, %s left out: the target has Node.js %s, and %s wanted", Some(packages), what, node, engine))
	}
	return notes
}

// Sorted returns words in order, each once.
func Sorted(words []string) []string {
	words = slices.Sorted(slices.Values(words))
	return slices.Compact(words)
}

// Some joins words, the first ten of many.
func Some(words []string) string {
	const most = 10
	if len(words) <= most {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
}
