package internal

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTroubleshootingHasEveryTitle holds the table of the guide complete.
func TestTroubleshootingHasEveryTitle(t *testing.T) {
	t.Parallel()
	all, lost := collectTitles(t)
	for _, place := range lost {
		t.Errorf("%s: write the title so that the test can follow it", place)
	}
	if len(all) < 150 {
		t.Errorf("the code has only %d titles", len(all))
	}
	page, err := os.ReadFile("../templates/guides/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| (.+?) \| `).FindAllStringSubmatch(string(page[bytes.Index(page, []byte("## Every error")):]), -1) {
		rows[row[1]] = row[1] != "title" && row[1] != "begins with"
	}
	for _, begins := range commandErrors(t) {
		all[begins] = "internal/command"
	}
	for _, title := range slices.Sorted(maps.Keys(all)) {
		if !rows[title] {
			t.Errorf("%s: templates/guides/troubleshooting.md has no row for %q: add it to a table, with its cause and what to do", all[title], title)
		}
	}
	for row, isTitle := range rows {
		if isTitle && all[row] == "" {
			t.Errorf("the troubleshooting guide has a row for %q, which no code says", row)
		}
	}
}

// commandErrors returns how the errors of the command line begin.
func commandErrors(t *testing.T) (all []string) {
	t.Helper()
	names, err := filepath.Glob("command/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || called(call) != "Errorf" && called(call) != "New" {
				return true
			}
			if text, ok := call.Args[0].(*ast.BasicLit); ok {
				begins, _, _ := strings.Cut(strings.Trim(text.Value, "\"`"), ": ")
				begins, _, _ = strings.Cut(begins, " %")
				if begins != "there are findings" { // says nothing: the findings were printed
					all = append(all, begins)
				}
			}
			return true
		})
	}
	return all
}
