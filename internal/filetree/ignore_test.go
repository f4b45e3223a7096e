package filetree

import (
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree/ignore"
)

// TestIgnoreFilesAreThoseOfGit has the expectations of gitignore(5).
func TestIgnoreFilesAreThoseOfGit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ rules, files, want string }{
		"a name at any depth":          {"*.log", "a.log b/c.log d.txt", "d.txt"},
		"anchored":                     {"/a", "a b/a", "b/a"},
		"a slash within anchors":       {"b/a", "b/a c/b/a", "c/b/a"},
		"folders alone":                {"x/", "x/f y/x", "y/x"},
		"taken back":                   {"*.py\n!keep.py", "a.py keep.py d/keep.py", "d/keep.py keep.py"},
		"not below an ignored folder":  {"d/\n!d/keep.py", "d/keep.py e", "e"},
		"the contents, then one back":  {"d/*\n!d/keep.py", "d/keep.py d/x e", "d/keep.py e"},
		"last line wins":               {"!a\na", "a b", "b"},
		"** before":                    {"**/foo", "foo a/foo a/b/foo/c bar", "bar"},
		"** after is not the folder":   {"d/**\n!d/keep", "d/keep d/x", "d/keep"},
		"** between":                   {"a/**/b", "a/b a/x/b a/x/y/b b", "b"},
		"stars stay in a component":    {"/*.txt", "a.txt d/a.txt", "d/a.txt"},
		"one character":                {"a?c", "abc ac", "ac"},
		"a class":                      {"[a-c]x", "ax dx", "dx"},
		"not a class":                  {"[!a-c]x", "ax dx", "ax"},
		"a bracket in a class":         {"[]a]x", "]x ax bx", "bx"},
		"a bracket not in a class":     {"[^]a]x", "]x ax bx", "]x ax"},
		"hyphens at the ends":          {"[a-]x\n[-b]y", "ax -x bx -y by ay", "ay bx"},
		"three stars are two":          {"***/foo\na***b", "d/e/foo axb d/ab c", "c"},
		"comments and blanks":          {"# a\n\n   \nb", "a b", "a"},
		"escapes":                      {"\\#a\n\\!b", "#a !b c", "c"},
		"braces are themselves":        {"{a,b}", "a b {a,b}", "a b"},
		"spaces at the end":            {"a  \n", "a b", "b"},
		"carriage returns":             {"a\r\nb\r\n", "a b c", "c"},
		"byte order mark":              {"\xef\xbb\xbfa", "a b", "b"},
		"an unclosed class is nothing": {"[a", "a b", "a b"},
		"case counts":                  {"A", "A a", "a"},
	} {
		files := map[string]string{".layerignore": c.rules}
		for f := range strings.FieldsSeq(c.files) {
			files[f] = "x"
		}
		got, err := Scan(t.Context(), lay(t, files), ScanOptions{IgnoreFile: ".layerignore"})
		if err != nil || names(got) != c.want {
			t.Errorf("%s: got %q, %v, want %q", name, names(got), err, c.want)
		}
	}
}

func TestIgnoreFilesOfDeeperFoldersWin(t *testing.T) {
	t.Parallel()
	root := lay(t, map[string]string{
		".gitignore": "*.txt\n/top", "top": "", "sub/top": "", "sub/.gitignore": "!a.txt\n/b.md", "sub/a.txt": "", "sub/c.txt": "",
		"sub/b.md": "", "sub/deep/b.md": "", "a.txt": "", "other/a.txt": "",
	})
	files, err := Scan(t.Context(), root, ScanOptions{IgnoreFile: ".gitignore", NeedsIgnoreFile: true})
	if got, want := names(files), "sub/a.txt sub/deep/b.md sub/top"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestIgnoreFilesThatCannotBeObeyed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files  map[string]string
		reason string
	}{
		"missing":       {map[string]string{"a": ""}, "is missing"},
		"class by name": {map[string]string{".gitignore": "ok\n[[:alpha:]]*"}, "line 2"},
		"too long":      {map[string]string{".gitignore": strings.Repeat("a\n", ignore.MaxBytes)}, "1 MiB"},
	} {
		_, err := Scan(t.Context(), lay(t, c.files), ScanOptions{IgnoreFile: ".gitignore", NeedsIgnoreFile: true})
		if err == nil || !strings.Contains(err.Error(), c.reason) || !strings.Contains(err.Error(), ".gitignore") {
			t.Errorf("%s: got %v, want an error that says %q", name, err, c.reason)
		}
	}
}

// TestContentIsTakenAsItIs guards line endings, whatever the system.
func TestContentIsTakenAsItIs(t *testing.T) {
	t.Parallel()
	root := lay(t, map[string]string{"crlf": "a\r\nb\r\n", "lf": "a\nb\n", "script": "#!/bin/sh\r\n", "bom": "\xef\xbb\xbfa\x1a"})
	files, err := Scan(t.Context(), root, ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{"crlf": 6, "lf": 4, "script": 11, "bom": 5}
	for _, f := range files {
		if f.Size != want[f.Path] || f.Program != (f.Path == "script") {
			t.Errorf("%s: got %d bytes, program %t, want %d bytes", f.Path, f.Size, f.Program, want[f.Path])
		}
	}
}
