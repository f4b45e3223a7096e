package main

import (
	"reflect"
	"testing"
)

func TestCircles(t *testing.T) {
	t.Parallel()
	got := circles(map[string][]string{
		"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, // a circle of three
		"d": {"e"}, "e": {"d"}, // and of two
		"f": {"a", "d"}, "g": nil, // and none
	})
	want := [][]string{{"d", "e"}, {"a", "b", "c"}, {"f"}, {"g"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
