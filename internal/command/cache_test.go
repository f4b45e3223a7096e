package command

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCacheIsLookedAfter damages a blob of a cache that a build filled: verify
// finds and removes it, and clear leaves nothing.
func TestCacheIsLookedAfter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cache := filepath.Join(dir, "cache")
	spec := filepath.Join(dir, "p.json")
	if err := os.WriteFile(spec, []byte(`{"runtimes": ["python3.12"], "files": [{"content": "A = 1", "target": "python/x.py"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := run(t, "build", "-f", spec, "-o", filepath.Join(dir, "l.zip"), "--cache-dir", cache); status != 0 {
		t.Fatal(errs)
	}
	status, out, errs := run(t, "cache", "--dir", cache, "verify")
	if status != 0 || !strings.Contains(out, " 0 damaged") {
		t.Fatalf("status %d, %q, %q", status, out, errs)
	}
	damaged := ""
	err := filepath.WalkDir(filepath.Join(cache, "v1", "blobs"), func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			damaged = name
		}
		return err
	})
	if err != nil || damaged == "" {
		t.Fatalf("no blob: %v", err)
	}
	if err := os.Chmod(damaged, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(damaged, []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	if status, out, _ := run(t, "cache", "--dir", cache, "verify"); status != 1 || !strings.Contains(out, filepath.Base(damaged)) {
		t.Errorf("status %d, %q", status, out)
	}
	if _, err := os.Stat(damaged); err == nil {
		t.Error("the damaged blob is still there")
	}
	if status, out, _ := run(t, "cache", "--dir", cache, "trim", "--age", "1h"); status != 0 || !strings.Contains(out, "0 files with 0 bytes removed") {
		t.Errorf("trim: status %d, %q", status, out)
	}
	if status, _, errs := run(t, "cache", "--dir", cache, "clear"); status != 0 {
		t.Fatal(errs)
	}
	if _, out, _ := run(t, "cache", "--dir", cache, "size"); !strings.Contains(out, "\t0 files\t0 bytes") {
		t.Errorf("after clear: %q", out)
	}
}
