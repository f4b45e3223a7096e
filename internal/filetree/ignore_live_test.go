//go:build live

package filetree

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestIgnoreFilesAgreeWithGit holds random ignore files against what git lists
// in the same folders.
func TestIgnoreFilesAgreeWithGit(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	pattern := func() string {
		var parts []string
		for range 1 + random.IntN(3) {
			parts = append(parts, pick("a", "b", "c", "*", "?", "**", "a*", "*.x", "[ab]", "[!a]", "[^b]", "a.x", "{a,b}", `\a`, "a**b", "***", "[]a]", "[^]b]", "[a-]", "[-b]", `[\]a]`, "[[]"))
		}
		return pick("", "", "!") + pick("", "", "/") + strings.Join(parts, "/") + pick("", "", "/", "/**", " ")
	}
	ignores := 0
	for round := range 150 {
		root := t.TempDir()
		for range 25 {
			var parts []string
			for range 1 + random.IntN(3) {
				parts = append(parts, pick("a", "b", "c", "ab", "a.x", "{a,b}", "]", "[", "-"))
			}
			name := filepath.Join(root, filepath.Join(parts...))
			if os.MkdirAll(filepath.Dir(name), 0o755) == nil {
				_ = os.WriteFile(name, []byte("x"), 0o644) // a folder may have the name
			}
		}
		for _, dir := range []string{"", "a", "b"} {
			var text strings.Builder
			for range random.IntN(4) {
				text.WriteString(pattern() + "\n")
			}
			if info, err := os.Stat(filepath.Join(root, dir)); err == nil && info.IsDir() {
				if err := os.WriteFile(filepath.Join(root, dir, ".gitignore"), []byte(text.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		files, err := Scan(t.Context(), root, ScanOptions{IgnoreFile: ".gitignore"})
		if err != nil {
			t.Fatal(err)
		}
		all, err := Scan(t.Context(), root, ScanOptions{Exclude: []string{"**/.gitignore"}})
		if err != nil {
			t.Fatal(err)
		}
		ignores += len(all) - len(files)
		if want := gitFiles(t, root); names(files) != want {
			text, _ := os.ReadFile(filepath.Join(root, ".gitignore"))
			t.Errorf("round %d, rules %q: got %q\nwant %q", round, text, names(files), want)
		}
	}
	if ignores < 300 {
		t.Errorf("%d files were ignored in all, too few to tell anything", ignores)
	}
}

// gitFiles lists what git would add, without ignore files.
func gitFiles(t *testing.T, root string) string {
	t.Helper()
	git := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %v: %v", args, err)
		}
		return string(out)
	}
	git("init", "-q")
	listed := strings.Split(strings.TrimSuffix(git("ls-files", "-z", "--others", "--exclude-per-directory=.gitignore"), "\x00"), "\x00")
	listed = slices.DeleteFunc(listed, func(name string) bool { return filepath.Base(name) == ".gitignore" || name == "" })
	slices.Sort(listed)
	return strings.Join(listed, " ")
}
