package layer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// TestWhatTheRunWritesIsNoInput: the cache, TF_DATA_DIR, the log and the zips of
// all packages may lie in a source, which is the same before and after.
func TestWhatTheRunWritesIsNoInput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "a.py"), "A = 1\n")
	env := map[string]string{"TF_DATA_DIR": filepath.Join(dir, "data"), "TF_LOG_PATH": filepath.Join(dir, "tf.log")}
	machine := func() *Builder {
		return NewBuilder(Options{CacheDir: filepath.Join(dir, "cache"), Getenv: func(name string) string { return env[name] }})
	}
	text := "B = 2\n"
	whole := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Files: []FileSpec{{Source: dir, Target: "python"}}, Output: filepath.Join(dir, "whole.zip")}
	other := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Files: []FileSpec{{Content: &text, Target: "python/b.py"}}, Output: filepath.Join(dir, "build", "other.zip")}
	b := machine()
	first := resolve(t, b, whole, nil)
	if first.Files[0].Count != 1 {
		t.Errorf("the source has %d files, want a.py alone", first.Files[0].Count)
	}
	build(t, b, resolve(t, b, other, nil), Output{Path: other.Output})
	build(t, b, first, Output{Path: whole.Output})
	if err := os.MkdirAll(filepath.Join(dir, "data", "providers"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "data", "providers", "terraform-provider-x"), "x")
	writeFile(t, env["TF_LOG_PATH"], "log")
	for name, b := range map[string]*Builder{"the same run": b, "the next run": machine()} {
		if again := resolve(t, b, whole, first); again.Files[0].Tree != first.Files[0].Tree {
			files, err := filetree.Scan(t.Context(), dir, filetree.ScanOptions{Skip: b.own.Skips})
			t.Errorf("%s: the source changed: %v, %v", name, files, err)
		}
		// The lock is packed as it was planned.
		build(t, b, first, Output{Path: whole.Output, Replace: true})
	}
}
