//go:build unix

package locked

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLinksOutOfTheProject has a folder and an archive in the project that are links
// to others outside of it: package.json asks for them, but nobody sees where they lead.
func TestLinksOutOfTheProject(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"app/real", "private"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "key.tgz"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"inner": "../private", "same": "real", "lib.tgz": "../key.tgz"} {
		if err := os.Symlink(target, filepath.Join(dir, "app", name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, graph, allowed, want string }{
		{"a folder", ": l@1\nl@1 linked=inner:", "", "private"},
		{"a folder that is allowed", ": l@1\nl@1 linked=inner:", "private", ""},
		{"a folder within", ": l@1\nl@1 linked=same:", "", ""},
		{"an archive", ": l@1\nl@1 linked=lib.tgz:", "", "key.tgz"},
		{"a folder that only the lock names", ": l@1\nl@1 planted=inner:", "", "private"},
	} {
		for _, tool := range []Tool{NPM, Yarn1, Pnpm} {
			g := graphOf(t, tool, c.graph)
			g.Dir, g.AllowOutside = filepath.Join(dir, "app"), nil
			if c.allowed != "" {
				g.AllowOutside = []string{filepath.Join(dir, c.allowed)}
			}
			_, err := TreeFor(t.Context(), silent{t}, g, lambda)
			if c.want == "" {
				if err != nil {
					t.Errorf("%s of %v: %v", c.name, tool, err)
				}
				continue
			}
			want := `it lies outside of the project, at "` + filepath.Join(dir, c.want) + `"`
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s of %v: got %v, want %q in it", c.name, tool, err, want)
			}
		}
	}
}
