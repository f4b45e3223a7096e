package fault

import (
	"errors"
	"maps"
	"slices"
	"testing"
)

// TestOnce keeps the order of the first answers, and all places of each.
func TestOnce(t *testing.T) {
	t.Parallel()
	answers := [][]string{{"b", "a"}, nil, {"c", "b"}}
	all, at, err := Once(len(answers), func(i int) ([]string, error) { return answers[i], nil })
	if err != nil || !slices.Equal(all, []string{"b", "a", "c"}) {
		t.Errorf("got %q, %v", all, err)
	}
	want := map[string][]int{"a": {0}, "b": {0, 2}, "c": {2}}
	if !maps.EqualFunc(at, want, slices.Equal) {
		t.Errorf("got %v, want %v", at, want)
	}
	bad := errors.New("unreadable")
	if _, _, err := Once(2, func(i int) ([]string, error) { return []string{"a"}, []error{nil, bad}[i] }); !errors.Is(err, bad) {
		t.Errorf("got %v, want the error of the second place", err)
	}
}
