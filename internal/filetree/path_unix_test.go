//go:build unix

package filetree

import (
	"os"
	"path/filepath"
	"testing"
)

// TestOutsideFollowsLinks has a project and a folder beside it, and links both ways.
func TestOutsideFollowsLinks(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"app/inner", "other/sub", "otherwise"} {
		if err := os.MkdirAll(at(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{
		"app/out": "../other", "app/deep": at("other/sub"), "app/in": "inner", "back": "app/inner", "app/nowhere": "missing", "alias": "app",
	} {
		if err := os.Symlink(target, at(name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, allowed, want string }{
		{"app", "", ""},
		{"app/inner", "", ""},
		{"app/in", "", ""},
		{"app/missing/x", "", ""},
		{"app/nowhere", "", ""},
		{"alias/inner", "", ""},
		{"back", "", ""},
		{"app/out", "", "other"},
		{"app/out/sub", "", "other/sub"},
		{"app/deep", "", "other/sub"},
		{"app/deep", "other", ""},
		{"app/out", "app/out", ""},
		{"other", "", "other"},
		{"otherwise", "other", "otherwise"},
		{"app/../other/sub", "other/sub", ""},
	} {
		want := c.want
		if want != "" {
			want = at(want)
		}
		var allowed []string
		if c.allowed != "" {
			allowed = []string{at(c.allowed)}
		}
		if got := Outside(at("app"), allowed, at(c.name)); got != want {
			t.Errorf("Outside(app, %q, %q) = %q, want %q", c.allowed, c.name, got, want)
		}
	}
}
