package internal

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	link      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fenced    = regexp.MustCompile("(?s)```.*?```")
	heading   = regexp.MustCompile(`(?m)^#+ (.*)$`)
	named     = regexp.MustCompile(`<a id="([^"]+)"`)
	notInSlug = regexp.MustCompile(`[^\w\- ]`)
)

// TestLinksOfDocumentsLead follows every link of a document to a file and, where it
// names one, to a heading of it. A page of docs/ is looked for in templates/ first,
// which it is written from.
func TestLinksOfDocumentsLead(t *testing.T) {
	t.Parallel()
	pages := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md", "examples/README.md"}
	err := filepath.WalkDir("../templates", func(name string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(name) == ".md" {
			pages = append(pages, strings.TrimPrefix(filepath.ToSlash(name), "../"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	followed := 0
	for _, page := range pages {
		for _, to := range link.FindAllStringSubmatch(prose(t, page), -1) {
			file, anchor, _ := strings.Cut(to[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			followed++
			target := page
			if file != "" {
				target = written(filepath.ToSlash(filepath.Join(filepath.Dir(page), file)))
			}
			if _, err := os.Stat("../" + target); err != nil {
				t.Errorf("%s: the link %q leads nowhere", page, to[1])
			} else if anchor != "" && !slices.Contains(anchors(t, target), anchor) {
				t.Errorf("%s: the link %q leads to no heading", page, to[1])
			}
		}
	}
	if followed < 100 {
		t.Errorf("only %d links were followed", followed)
	}
}

// written returns where a page is written: templates/ has the guides of docs/, and
// docs/ has what is generated of the schemas.
func written(target string) string {
	for _, root := range []string{"docs/", "templates/"} {
		if rest, ok := strings.CutPrefix(target, root); ok {
			if _, err := os.Stat("../templates/" + rest); err == nil {
				return "templates/" + rest
			}
			return "docs/" + rest
		}
	}
	return target
}

// prose returns a page without its code.
func prose(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile("../" + page)
	if err != nil {
		t.Fatal(err)
	}
	return fenced.ReplaceAllString(string(text), "")
}

// anchors returns the names that a page gives to places, and those that GitHub and
// the registry give to its headings.
func anchors(t *testing.T, page string) (names []string) {
	t.Helper()
	for _, h := range heading.FindAllStringSubmatch(prose(t, page), -1) {
		names = append(names, strings.ReplaceAll(notInSlug.ReplaceAllString(strings.ToLower(strings.TrimSpace(h[1])), ""), " ", "-"))
	}
	for _, a := range named.FindAllStringSubmatch(prose(t, page), -1) {
		names = append(names, a[1])
	}
	return names
}
