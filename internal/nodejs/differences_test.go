package nodejs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDifferencesAreShown holds testdata/differences.md: each intended
// difference from npm names a test that there is.
func TestDifferencesAreShown(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("testdata/differences.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, pattern := range []string{"*_test.go", "*/*_test.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	var code strings.Builder
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(body)
	}
	rows := 0
	for line := range strings.Lines(string(table)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 || strings.HasPrefix(cells[0], "---") || strings.TrimSpace(cells[0]) == "case" {
			continue
		}
		rows++
		shown := strings.TrimSpace(cells[3])
		if !regexp.MustCompile(`^Test\w+$`).MatchString(shown) || !strings.Contains(code.String(), "func "+shown+"(t *testing.T)") {
			t.Errorf("the row %q is shown by %q, which is not a test", strings.TrimSpace(cells[0]), shown)
		}
	}
	if rows < 16 {
		t.Errorf("got %d rows, want 16", rows)
	}
}
