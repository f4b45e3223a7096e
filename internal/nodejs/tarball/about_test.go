package tarball

import (
	"reflect"
	"testing"
)

func TestReadAbout(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]About{
		`{"name": "a", "version": "1.0.0", "description": "x", "license": "MIT"}`:                              {Name: "a", Version: "1.0.0", Description: "x", License: "MIT"},
		`{"license": {"type": "ISC"}, "licenses": [{"type": "MIT"}]}`:                                          {License: "ISC"},
		`{"licenses": [{"type": "MIT"}, "Apache-2.0", {"type": "MIT"}]}`:                                       {License: "MIT OR Apache-2.0"},
		`{"dependencies": {"b": "1", "a": 2}, "optionalDependencies": {"c": "1"}, "peerDependencies": null}`:   {Needs: []string{"a", "b", "c"}},
		`{"dependencies": {"b": "1"}, "peerDependencies": {"b": "1"}, "devDependencies": {"d": "1"}}`:          {Needs: []string{"b"}},
		"\ufeff" + `{"name": 7, "version": null, "license": false, "dependencies": ["a"], "description": "x"}`: {Description: "x"},
	} {
		if got, err := ReadAbout([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "[]", "{"} {
		if got, err := ReadAbout([]byte(text)); err == nil {
			t.Errorf("ReadAbout(%q) = %+v, want an error", text, got)
		}
	}
}
