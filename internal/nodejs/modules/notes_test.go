package modules

import (
	"fmt"
	"slices"
	"testing"
)

func TestEngineNotesAreOneForARange(t *testing.T) {
	t.Parallel()
	asking := map[string][]string{">=22": {"b@1", "a@1", "b@1"}, ">=30": {"c@2"}}
	leftOut := map[string][]string{">=40": {"o@1", "n@1"}, "^50": {"p@1"}}
	want := []string{
		"a@1, b@1 (2 packages) ask for Node.js >=22, and the target has 20.1.0",
		"c@2 asks for Node.js >=30, and the target has 20.1.0",
		"n@1, o@1, optional dependencies, are left out: the target has Node.js 20.1.0, and >=40 wanted",
		"p@1, an optional dependency, is left out: the target has Node.js 20.1.0, and ^50 wanted",
	}
	if got := EngineNotes(asking, leftOut, "20.1.0"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSomeNamesTen(t *testing.T) {
	t.Parallel()
	var words []string
	for i := range 12 {
		words = append(words, fmt.Sprint(i))
	}
	if got := Some(words); got != "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more" {
		t.Errorf("got %q", got)
	}
	if got := Some(words[:2]); got != "0, 1" {
		t.Errorf("got %q", got)
	}
}
