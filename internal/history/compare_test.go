package history

import (
	"maps"
	"testing"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, after, want map[string]string }{
		"first":  {nil, map[string]string{"python:idna": "3.6"}, map[string]string{"python:idna": "added 3.6"}},
		"gone":   {map[string]string{"python:idna": "3.6"}, nil, map[string]string{"python:idna": "removed 3.6"}},
		"equal":  {map[string]string{"nodejs:a": "1.0.0, 2.0.0"}, map[string]string{"nodejs:a": "1.0.0, 2.0.0"}, map[string]string{}},
		"none":   {nil, nil, map[string]string{}},
		"bare":   {map[string]string{"a.py": "", "b.py": ""}, map[string]string{"b.py": "", "c.py": ""}, map[string]string{"a.py": "removed (no version)", "c.py": "added (no version)"}},
		"upward": {map[string]string{"python:requests": "2.30.0", "python:six": "1.16.0"}, map[string]string{"python:requests": "2.31.0", "python:idna": "3.6"}, map[string]string{"python:requests": "2.30.0 → 2.31.0", "python:six": "removed 1.16.0", "python:idna": "added 3.6"}},
		"files":  {map[string]string{"files:python/a": "0123456789ab (2 files)"}, map[string]string{"files:python/a": "ba9876543210 (3 files)"}, map[string]string{"files:python/a": "0123456789ab (2 files) → ba9876543210 (3 files)"}},
	} {
		if got := Texts(Compare(c.before, c.after)); !maps.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	changes := Compare(map[string]string{"b": "1", "c": "1"}, map[string]string{"a": "1", "b": "2"})
	for i, want := range []string{"a", "b", "c"} {
		if changes[i].Name != want {
			t.Errorf("change %d is of %q, want %q", i, changes[i].Name, want)
		}
	}
}
