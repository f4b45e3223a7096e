package internal

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestWorkflowsAreAsTheDocumentsSay compares the versions of the CLI that CI tests
// with those that the FAQ names, and holds every action to a commit.
func TestWorkflowsAreAsTheDocumentsSay(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	pinned := regexp.MustCompile(`^[a-z0-9./_-]+@[0-9a-f]{40} # v\d`)
	versions := regexp.MustCompile(`(?m)^        (?:terraform|opentofu): \[(.*)\]$`)
	faq, err := os.ReadFile("../templates/guides/faq.md")
	if err != nil {
		t.Fatal(err)
	}
	uses, tested := 0, 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if _, action, ok := strings.Cut(line, "uses: "); ok {
				uses++
				if !pinned.MatchString(action) {
					t.Errorf("%s: %q is not held to a commit", name, strings.TrimSpace(action))
				}
			}
		}
		for _, list := range versions.FindAllStringSubmatch(string(text), -1) {
			for version := range strings.SplitSeq(list[1], ", ") {
				tested++
				if version = strings.Trim(version, `"`); !regexp.MustCompile(`\b` + regexp.QuoteMeta(version) + `\b`).Match(faq) {
					t.Errorf("%s tests on %s, and the FAQ does not name it", name, version)
				}
			}
		}
	}
	if uses < 10 || tested < 5 {
		t.Errorf("%d actions and %d versions were found", uses, tested)
	}
}
