package lockfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWrongKindsOfLocks: a file in the wrong argument tells where it belongs.
func TestWrongKindsOfLocks(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"package.json": "write it in nodejs.package_json, or run npm install --package-lock-only",
		"bun.lock":     "locks of Bun are not read",
		"uv.lock":      "write it in python.lock_file",
	} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(`{"name": "a"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(file, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}
