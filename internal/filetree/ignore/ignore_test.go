package ignore

import (
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

func TestRulesDecideOfTheirFolderAlone(t *testing.T) {
	t.Parallel()
	rules, err := Parse([]byte("*.log\n!keep.log\nbuild/\n/top\n"), "sub")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path             string
		dir              bool
		ignored, decided bool
	}{
		{"sub/a.log", false, true, true},
		{"sub/deep/a.log", false, true, true},
		{"sub/keep.log", false, false, true},
		{"sub/build", true, true, true},
		{"sub/build", false, false, false},
		{"sub/top", false, true, true},
		{"sub/deep/top", false, false, false},
		{"a.log", false, false, false},
		{"subway/a.log", false, false, false},
	} {
		ignored, decided := rules.Decide(c.path, c.dir)
		if ignored != c.ignored || decided != c.decided {
			t.Errorf("%s, a folder %t: got ignored %t, decided %t, want %t, %t", c.path, c.dir, ignored, decided, c.ignored, c.decided)
		}
	}
}

func TestClassesByNameAreRefused(t *testing.T) {
	t.Parallel()
	for text, line := range map[string]string{"[[:alpha:]]": "line 1 ", "a\n\n!b[[:digit:]]": "line 3 "} {
		if _, err := Parse([]byte(text), ""); err == nil || !strings.HasPrefix(err.Error(), line) {
			t.Errorf("%q: got %v, want an error of %s", text, err, line)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "*.log\n!a", "/a/**/b/", "[a-", "\\", "{a,b}", "a\\ ", "**", "/**/", "[[:alpha:]]"} {
		f.Add(seed, "a/b.log")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		defer indextest.Budget(t, len(text)+len(name))()
		rules, err := Parse([]byte(text), "")
		if err != nil {
			return
		}
		if _, decided := rules.Decide(name, false); decided && len(rules.rules) == 0 {
			t.Errorf("no rule decides %q", name)
		}
	})
}
