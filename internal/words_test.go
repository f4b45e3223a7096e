package internal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// struck are phrases that readers stumbled over, and what to write.
var struck = []struct {
	pattern *regexp.Regexp
	write   string
}{
	{regexp.MustCompile(`(?i)\bwho(m)?ever\b`), `"anyone who", or name the code`},
	{regexp.MustCompile(`(?i)\bof old([.,;:)]|$)`), `"former", "earlier"`},
	{regexp.MustCompile(`(?i)\bh[eo]ld(s|ing)? \S+( \S+){0,4} against\b|\bheld against\b`), `"compared with"`},
	{regexp.MustCompile(`(?i)\bin spite of\b`), `"although", "anyway"`},
	{regexp.MustCompile(`(?i)\bgoes before\b`), `"is found first"`},
	{regexp.MustCompile(`(?i)\blikewise\b|\bthereby\b|\bwhereof\b|\bthereof\b`), `a sentence of its own`},
	{regexp.MustCompile(`(?i)\bdo(es)? alike\b|\bstays? all the same\b`), `"so does", "is kept"`},
	{regexp.MustCompile(`(?i)\b(has|have|finds?|lists?)\b[^.;:]{1,40} no more([.,;:)]|$)`), `"no longer"`},
}

// struckForUsers are phrases that no user may read: in guides, attribute texts
// and messages.
var struckForUsers = []struct {
	pattern *regexp.Regexp
	write   string
}{
	{regexp.MustCompile(`(?i)\b(is|are|was|were) told\b|\btold by\b`), `"the message says", "is named", "is detected by"`},
	{regexp.MustCompile(`(\b(it|which|that|file|path)|%q|%s|]) (is|are) no [A-Za-z]+`), `"is not a …"`},
	{regexp.MustCompile(`(?i)\bobey(ed|s)?\b`), `"is used as it is", "is ignored"`},
	{regexp.MustCompile(`(?i)\bha(s|ve) no place\b`), `"has no effect"`},
	{regexp.MustCompile(`(?i)\b(to|too) be warned of\b|\b(is|are) warned of\b`), `"you get a warning"`},
	{regexp.MustCompile(`(?i)\bwith difficulties\b|\bkeeps off\b|\bcosts a warning\b`), `what happens`},
	{regexp.MustCompile(`(?i)\btaken over and\b`), `"adopted"`},
}

// ordinary are words that "no" belongs to in ordinary English.
var ordinary = regexp.MustCompile(`no (longer|more|other|such|need|way|difference|one)\b`)

// TestWords keeps struck phrases out of the code's comments and of all that users
// read.
func TestWords(t *testing.T) {
	t.Parallel()
	files := 0
	for _, root := range []string{".", "../templates", "../examples", "../README.md", "../CONTRIBUTING.md", "../SECURITY.md"} {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			slashed := filepath.ToSlash(name)
			switch room, _, _ := strings.Cut(slashed, "/"); {
			case slices.Contains(testRooms, room) || strings.Contains(slashed, "/testdata/"):
			case strings.HasSuffix(name, "_test.go"):
			case filepath.Ext(name) == ".go":
				files++
				checkGoWords(t, name)
			case filepath.Ext(name) == ".md" || filepath.Ext(name) == ".tf":
				files++
				checkPageWords(t, name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 300 {
		t.Errorf("only %d files were read", files)
	}
}

// checkGoWords reads the comments and the texts of a file of code.
func checkGoWords(t *testing.T, name string) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range file.Comments {
		text := strings.Join(strings.Fields(group.Text()), " ")
		for _, s := range struck {
			if found := s.pattern.FindString(text); found != "" {
				t.Errorf("%s: a comment says %q: write %s", set.Position(group.Pos()), found, s.write)
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
			checkWords(t, set.Position(text.Pos()).String(), text.Value)
		}
		return true
	})
}

// checkPageWords reads a page line by line.
func checkPageWords(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		checkWords(t, name, line)
	}
}

func checkWords(t *testing.T, where, text string) {
	t.Helper()
	for found, write := range struckIn(text) {
		t.Errorf("%s: %q: write %s", where, found, write)
	}
}

// struckIn returns the struck phrases of a text for users, and what to write.
func struckIn(text string) map[string]string {
	found := map[string]string{}
	for _, s := range struck {
		for _, phrase := range s.pattern.FindAllString(text, -1) {
			found[phrase] = s.write
		}
	}
	for _, s := range struckForUsers {
		for _, phrase := range s.pattern.FindAllString(text, -1) {
			if !ordinary.MatchString(phrase) {
				found[phrase] = s.write
			}
		}
	}
	return found
}

// TestStruckPhrasesAreFound holds the patterns to what they are for.
func TestStruckPhrasesAreFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"Whoever reads it":                             true,
		"the engines are held against the runtime":     true,
		"checkSize holds the layer against the limit":  true,
		"the index lists the file no more.":            true,
		"fetch no more than ten files":                 false,
		`"%q is no SHA-256"`:                           true,
		"it is no longer there":                        false,
		"a lock file is obeyed":                        true,
		"There is no wheel":                            false,
		"compare the layer with the limit":             false,
		"the version that was adopted and not deleted": false,
	} {
		if found := struckIn(text); len(found) > 0 != want {
			t.Errorf("%q: found %v, want any: %t", text, found, want)
		}
	}
}
