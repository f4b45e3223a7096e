package filetree

import "testing"

// TestLiteralsNameOnePath takes names with the characters that patterns know.
func TestLiteralsNameOnePath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"a/b.py": "a/b.py", "[id].js": "[[]id].js", "a*": "a[*]", "x?": "x[?]", "{a,b}/c": "[{]a,b[}]/c", "}{": "[}][{]", "!a/!b": "{!}a/!b", "a]^-b": "a]^-b",
	} {
		got := Literal(path)
		if got != want {
			t.Errorf("Literal(%q) = %q, want %q", path, got, want)
		}
		if err := CheckPattern(got); err != nil {
			t.Errorf("Literal(%q): %v", path, err)
		}
		if !Match([]string{got}, path) {
			t.Errorf("%q does not match %q", got, path)
		}
	}
	if Match([]string{"[[]id].js"}, "i.js") || Match([]string{"[{]a,b[}]/c"}, "a/c") || Match([]string{"a[*]"}, "ab") {
		t.Error("a literal matches another path")
	}
}
