package store

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestReplaceFolder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		there func(t *testing.T, name string)
	}{
		{"nothing is there", func(*testing.T, string) {}},
		{"an empty folder", func(t *testing.T, name string) { mkdir(t, name) }},
		{"a full folder", func(t *testing.T, name string) {
			mkdir(t, filepath.Join(name, "sub"))
			putFile(t, filepath.Join(name, "sub", "old"), "old")
		}},
		{"a write-protected folder", func(t *testing.T, name string) {
			sub := filepath.Join(name, "sub")
			mkdir(t, sub)
			putFile(t, filepath.Join(sub, "old"), "old")
			if runtime.GOOS != "windows" {
				if err := os.Chmod(sub, 0o500); err != nil {
					t.Fatal(err)
				}
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			made, name := filepath.Join(parent, "made"), filepath.Join(parent, "name")
			mkdir(t, made)
			putFile(t, filepath.Join(made, "new"), "new")
			c.there(t, name)
			if err := ReplaceFolder(made, name); err != nil {
				t.Fatal(err)
			}
			if body, err := os.ReadFile(filepath.Join(name, "new")); err != nil || string(body) != "new" {
				t.Errorf("got %q, %v", body, err)
			}
			left, err := os.ReadDir(parent)
			if err != nil || len(left) != 1 {
				t.Errorf("left are %v, %v", left, err)
			}
			if inside, err := os.ReadDir(name); err != nil || len(inside) != 1 {
				t.Errorf("the folder has %v, %v", inside, err)
			}
		})
	}
}

func mkdir(t *testing.T, name string) {
	t.Helper()
	if err := os.MkdirAll(name, 0o750); err != nil {
		t.Fatal(err)
	}
}

func putFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
