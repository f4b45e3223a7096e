//go:build unix

package filetree

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func link(t *testing.T, target, at string) {
	t.Helper()
	if err := os.Symlink(target, at); err != nil {
		t.Fatal(err)
	}
}

func TestScanFollowsLinksThatStayInside(t *testing.T) {
	t.Parallel()
	root := lay(t, map[string]string{"lib/real.so.1": "content"})
	link(t, "lib/real.so.1", filepath.Join(root, "real.so"))
	link(t, "real.so", filepath.Join(root, "chain.so"))
	alias := filepath.Join(t.TempDir(), "alias")
	link(t, root, alias)
	files, err := Scan(t.Context(), alias, ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(files), "chain.so lib/real.so.1 real.so"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	for _, f := range files {
		if f.Size != 7 || f.SHA256 != files[0].SHA256 {
			t.Errorf("%s: got %d bytes, want the content of the target", f.Path, f.Size)
		}
	}
}

func TestScanRefusesByName(t *testing.T) {
	t.Parallel()
	outside := lay(t, map[string]string{"secret": "x"})
	for name, c := range map[string]struct {
		plant  func(t *testing.T, at string)
		reason string
	}{
		"link out":      {func(t *testing.T, at string) { link(t, filepath.Join(outside, "secret"), at) }, "leads out of the directory"},
		"dangling link": {func(t *testing.T, at string) { link(t, "nowhere", at) }, "leads nowhere"},
		"endless link":  {func(t *testing.T, at string) { link(t, "culprit", at) }, "leads nowhere"},
		"link to git":   {func(t *testing.T, at string) { link(t, ".git/config", at) }, `to ".git/config", which is never packed`},
		"link to state": {func(t *testing.T, at string) { link(t, "terraform.tfstate", at) }, "which is never packed"},
		"loop":          {func(t *testing.T, at string) { link(t, ".", at) }, "leads back to"},
		"fifo": {func(t *testing.T, at string) {
			if err := syscall.Mkfifo(at, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "neither a file nor a directory"},
	} {
		root := lay(t, map[string]string{"sub/file": "x", ".git/config": "x", "terraform.tfstate": "x"})
		c.plant(t, filepath.Join(root, "culprit"))
		_, err := Scan(t.Context(), root, ScanOptions{})
		var fault *PathError
		if !errors.As(err, &fault) || fault.Path != filepath.Join(root, "culprit") || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: got %v, want a PathError on culprit that says %q", name, err, c.reason)
		}
		if files, err := Scan(t.Context(), root, ScanOptions{Exclude: []string{"culprit"}}); err != nil || names(files) != "sub/file" {
			t.Errorf("%s, excluded: got %q, %v", name, names(files), err)
		}
	}
}

// TestScanEndsWhereLinksMultiply has two links to the next folder in each.
func TestScanEndsWhereLinksMultiply(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for i := range 20 {
		if err := os.Mkdir(filepath.Join(root, string(rune('a'+i))), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 19 {
		for _, name := range []string{"1", "2"} {
			link(t, "../"+string(rune('a'+i+1)), filepath.Join(root, string(rune('a'+i)), name))
		}
	}
	_, err := Scan(t.Context(), root, ScanOptions{})
	if err == nil || !strings.Contains(err.Error(), "is one of more than 16384 symbolic links to folders") {
		t.Errorf("got %v, want the limit", err)
	}
}

func TestScanRefusesNamesThatNoZipCarries(t *testing.T) {
	t.Parallel()
	for _, name := range []string{`a\b`, "a\nb", "a\xff"} {
		root := t.TempDir()
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o644); err != nil {
			continue // a file system that refuses the name has nothing to scan
		}
		var fault *PathError
		if _, err := Scan(t.Context(), root, ScanOptions{}); !errors.As(err, &fault) {
			t.Errorf("%q: got %v, want a PathError", name, err)
		}
	}
}

func TestScanEntersLinkedFolders(t *testing.T) {
	t.Parallel()
	root := lay(t, map[string]string{"lib/a.py": "a", "lib/sub/b.py": "b"})
	link(t, "lib", filepath.Join(root, "alias"))
	link(t, "../lib/sub", filepath.Join(root, "lib", "again"))
	files, err := Scan(t.Context(), root, ScanOptions{Include: []string{"**/*.py"}})
	if got, want := names(files), "alias/a.py alias/again/b.py alias/sub/b.py lib/a.py lib/again/b.py lib/sub/b.py"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	_, err = Scan(t.Context(), root, ScanOptions{RefuseLinks: true})
	var fault *PathError
	if !errors.As(err, &fault) || fault.Path != filepath.Join(root, "alias") {
		t.Errorf("links refused: got %v, want a PathError on alias", err)
	}
	if files, err := Scan(t.Context(), root, ScanOptions{RefuseLinks: true, Exclude: []string{"alias", "lib/again"}}); err != nil || names(files) != "lib/a.py lib/sub/b.py" {
		t.Errorf("links refused, excluded: got %q, %v", names(files), err)
	}
}

func TestScanNamesLoopsOfLinks(t *testing.T) {
	t.Parallel()
	for name, links := range map[string][2]string{
		"upwards":       {"..", "a/x"},
		"to each other": {"../a", "b/y"},
	} {
		root := lay(t, map[string]string{"a/f": "", "b/f": ""})
		link(t, "../b", filepath.Join(root, "a", "to-b"))
		link(t, links[0], filepath.Join(root, filepath.FromSlash(links[1])))
		_, err := Scan(t.Context(), root, ScanOptions{})
		if err == nil || !strings.Contains(err.Error(), "leads back to") {
			t.Errorf("%s: got %v, want a loop", name, err)
		}
	}
}
