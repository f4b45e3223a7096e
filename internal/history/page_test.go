package history

import (
	"slices"
	"strings"
	"testing"
)

const article = `# shared-utils Layer

## Version 3 (2026-01-30)
- Added response.success() and response.error() shortcuts
- Updated logging to include function name

## Version 2 (2026-01-15)
- Added validation module
- Fixed JSON serialization for datetime objects

## Version 1 (2026-01-01)
- Initial release with logging and response modules
`

// TestAddWritesThePageOfTheArticle: version by version, the page becomes the one
// that AWS's customers are told to write by hand.
func TestAddWritesThePageOfTheArticle(t *testing.T) {
	t.Parallel()
	entries := []Entry{
		{1, "2026-01-01", []string{"Initial release with logging and response modules"}},
		{2, "2026-01-15", []string{"Added validation module", "Fixed JSON serialization for datetime objects"}},
		{3, "2026-01-30", []string{"Added response.success() and response.error() shortcuts", "Updated logging to include function name"}},
	}
	page := ""
	for _, e := range entries {
		page = Add(page, "shared-utils", []Entry{e})
	}
	if page != article {
		t.Errorf("one by one:\n%s", page)
	}
	if got := Add("", "shared-utils", []Entry{entries[2], entries[0], entries[1]}); got != article {
		t.Errorf("all at once:\n%s", got)
	}
	if got := Add(article, "shared-utils", entries); got != article {
		t.Errorf("again:\n%s", got)
	}
}

func TestAddKeepsWhatPeopleWrote(t *testing.T) {
	t.Parallel()
	four := []Entry{{4, "2026-02-01", []string{"Added x 1"}}}
	for name, c := range map[string]struct{ page, want string }{
		"own words":        {"# a Layer\n\nAbout it.\n\n## Version 3\nMine, **as I like it**.\n\n\n", "# a Layer\n\nAbout it.\n\n## Version 4 (2026-02-01)\n- Added x 1\n\n## Version 3\nMine, **as I like it**.\n"},
		"only a title":     {"# a", "# a\n\n## Version 4 (2026-02-01)\n- Added x 1\n"},
		"its own entry":    {"# a Layer\n\n## version 4: mine\n", "# a Layer\n\n## version 4: mine\n"},
		"another layer":    {"# b Layer\n\n## Version 9\n- x\n\n# a Layer\n\n## Version 1\n- y\n\n# c\nz\n", "# b Layer\n\n## Version 9\n- x\n\n# a Layer\n\n## Version 4 (2026-02-01)\n- Added x 1\n\n## Version 1\n- y\n\n# c\nz\n"},
		"no such layer":    {"# Changelog\ntext\n", "# Changelog\ntext\n\n# a Layer\n\n## Version 4 (2026-02-01)\n- Added x 1\n"},
		"code":             {"# a Layer\n\n```\n## Version 9\n# b\n```\n\n## Version 1\n", "# a Layer\n\n```\n## Version 9\n# b\n```\n\n## Version 4 (2026-02-01)\n- Added x 1\n\n## Version 1\n"},
		"lines of Windows": {"# a Layer\r\n\r\n## Version 1\r\n- y\r\n", "# a Layer\r\n\r\n## Version 4 (2026-02-01)\r\n- Added x 1\r\n\r\n## Version 1\r\n- y\r\n"},
		"a gap":            {"# a Layer\n\n## Version 7\n\n## Version 2\n- y\n", "# a Layer\n\n## Version 7\n\n## Version 4 (2026-02-01)\n- Added x 1\n\n## Version 2\n- y\n"},
	} {
		if got := Add(c.page, "a", four); got != c.want {
			t.Errorf("%s: got\n%q, want\n%q", name, got, c.want)
		}
		for line := range strings.SplitSeq(strings.TrimSpace(c.page), "\n") {
			if !strings.Contains(Add(c.page, "a", four), line) {
				t.Errorf("%s: %q is lost", name, line)
			}
		}
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	if got := Missing(article, "shared-utils", []int64{1, 3, 4, 6}); !slices.Equal(got, []int64{4, 6}) {
		t.Errorf("got %d", got)
	}
	if got := Missing(article, "other", []int64{1, 2}); !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("got %d of another layer", got)
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	got := Sentences(Compare(
		map[string]string{"python:requests": "2.30.0", "python:six": "1.16.0", "files:python/shared_utils": "aa (1 file)", "nodejs:@s/a": "1.0.0", "urllib3": "2.0"},
		map[string]string{"python:requests": "2.31.0", "python:idna": "3.6", "files:python/shared_utils": "bb (2 files)", "downloads:bin/ffmpeg": "cc", "urllib3": "2.1"},
	))
	want := []string{"Added bin/ffmpeg", "Changed `python/shared_utils`", "Removed @s/a 1.0.0", "Added idna 3.6", "Updated requests from 2.30.0 to 2.31.0", "Removed six 1.16.0", "Updated urllib3 from 2.0 to 2.1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestInitial(t *testing.T) {
	t.Parallel()
	if got, want := Initial(map[string]string{"python:requests": "2.31.0", "files:python/a_b": "aa (1 file)"}), "Initial release with `python/a_b`, requests 2.31.0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Initial(nil); got != "Initial release" {
		t.Errorf("got %q of nothing", got)
	}
}

// TestOnlyAPageGetsEntries: a file with something else, which its name tells, gets none.
func TestOnlyAPageGetsEntries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       bool
	}{
		{"main.tf", "resource \"x\" \"y\" {}\n", false},
		{"app/handler.py", "# deps\nprint(1)\n", true}, // its heading is that of the layer
		{"app/handler.py", "# other\nprint(1)\n", false},
		{"package.json", "{}", false},
		{"main.tf", "", true},
		{"main.tf", "\n \n", true},
		{"main.tf", "# deps Layer\r\n\r\n## Version 1\r\n", true},
		{"CHANGELOG", "All changes.\n", true},
		{"docs/layers.MD", "# Layers\n", true},
		{"changes.markdown", "x", true},
		{"notes.txt", "x", true},
	} {
		if got := Fits(c.name, c.text, "deps"); got != c.want {
			t.Errorf("%s with %q: got %v, want %v", c.name, c.text, got, c.want)
		}
	}
}
