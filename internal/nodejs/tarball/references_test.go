package tarball

import (
	"slices"
	"testing"
)

func TestEntryFiles(t *testing.T) {
	t.Parallel()
	for manifest, want := range map[string][]string{
		`{"main": "./lib/index.js", "scripts": {"test": "node test/run.js"}, "files": ["docs"]}`:  {"lib/index.js"},
		`{"exports": {".": {"import": ["./a.mjs", null]}, "./x": "./test/x.js"}, "bin": "doc/b"}`: {"a.mjs", "doc/b", "test/x.js", "x"},
		`{"bin": {"run": "./test/../bin/run"}, "browser": {"./test/node.js": false}}`:             {"bin/run", "test/node.js"},
		`{"main": 7}`: nil,
		`not JSON`:    nil,
	} {
		if got := EntryFiles([]byte(manifest)); !slices.Equal(got, want) {
			t.Errorf("EntryFiles(%s) = %q, want %q", manifest, got, want)
		}
	}
}

func TestRelativeNames(t *testing.T) {
	t.Parallel()
	source := "const a = require('../test/a'); import b from \"./b.js\"; import(`../../x`); 'lodash'; './unclosed"
	want := []string{"test/a", "lib/b.js", "../x"}
	if got := RelativeNames("lib/m.js", []byte(source)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
