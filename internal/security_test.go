package internal

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// testName matches the name of a test or a fuzz target in a document.
var testName = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`")

// TestTestsOfTheDocumentsExist keeps the tests that SECURITY.md and
// ARCHITECTURE.md name from being renamed without them.
func TestTestsOfTheDocumentsExist(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		code.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, document := range []string{"../SECURITY.md", "../ARCHITECTURE.md", "../CONTRIBUTING.md"} {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range testName.FindAllStringSubmatch(string(text), -1) {
			named++
			if !strings.Contains(code.String(), "func "+match[1]+"(") {
				t.Errorf("%s names %s, which is not a test", document, match[1])
			}
		}
	}
	if named < 40 {
		t.Errorf("the documents name only %d tests", named)
	}
}
