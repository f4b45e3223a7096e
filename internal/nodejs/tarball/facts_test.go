package tarball

import (
	"slices"
	"testing"
)

func TestFactsOfScripts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		packageJSON       string
		scripts, optional []string
		noGyp             bool
	}{
		{`{"scripts": {"test": "x", "prepare": "x"}}`, nil, nil, false},
		{`{"scripts": {"postinstall": "x", "install": " ", "preinstall": "y"}}`, []string{"preinstall", "postinstall"}, nil, false},
		{`{"scripts": ["install"], "optionalDependencies": {"b": "1", "a": "1"}}`, nil, []string{"a", "b"}, false},
		{"\xef\xbb\xbf" + `{"scripts": {"install": "x"}, "gypfile": false}`, []string{"install"}, nil, true},
	} {
		got, err := ReadFacts([]byte(c.packageJSON))
		if err != nil || !slices.Equal(got.Scripts, c.scripts) || !slices.Equal(got.Optional, c.optional) || got.NoGyp != c.noGyp {
			t.Errorf("%s: got %+v, %v", c.packageJSON, got, err)
		}
	}
	for _, text := range []string{"", "[]", "{"} {
		if got, err := ReadFacts([]byte(text)); err == nil {
			t.Errorf("ReadFacts(%q) = %+v, want an error", text, got)
		}
	}
}
