package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSourcesThatArePatterns tells where a pattern belongs; a file whose name only
// looks like one is read.
func TestSourcesThatArePatterns(t *testing.T) {
	t.Parallel()
	dir := filepath.ToSlash(t.TempDir())
	if err := os.WriteFile(dir+"/[id].py", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		dir + "/*.py":     `write source = "` + dir + `" and include = ["*.py"]`,
		dir + "/a/**/b*":  `write source = "` + dir + `/a" and include = ["**/b*"]`,
		dir + "/x?/y.txt": `write source = "` + dir + `" and include = ["x?/y.txt"]`,
		"none*":           `write source = "." and include = ["none*"]`,
		"/*.nothing":      `write source = "/" and include = ["*.nothing"]`,
		dir + "/none.py":  "no such file",
		dir + "/[id].py":  "",
	} {
		_, err := Choose(t.Context(), []Spec{{Source: source, Target: "python/"}}, anyFile(), nil, nil)
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) || err != nil && !strings.Contains(want, "include") && strings.Contains(err.Error(), "include") {
			t.Errorf("%q: got %v, want %q", source, err, want)
		}
	}
}
