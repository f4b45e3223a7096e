package placement

import (
	"slices"
	"testing"
)

func TestNamesAreSortedAsNPMDoes(t *testing.T) {
	t.Parallel()
	names := []string{"zoo", "Ant", "ant", "@a/b", "a_b", "a-b", "ab", "a.b", "a10", "a9", "node_modules/a/b", "node_modules/a-b"}
	slices.SortFunc(names, compareNames)
	want := []string{"@a/b", "a_b", "a-b", "a.b", "a10", "a9", "ab", "ant", "Ant", "node_modules/a-b", "node_modules/a/b", "zoo"}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}
