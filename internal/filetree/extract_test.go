package filetree

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

const symlinkMode = 0o120777

// archiveIn writes a zip of the entries to a file.
func archiveIn(t *testing.T, entries ...raw) *Archive {
	t.Helper()
	name := filepath.Join(t.TempDir(), "layer.zip")
	if err := os.WriteFile(name, makeZip(t, entries...), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := FileArchive("layer.zip", name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestExtractWritesTheFilesOfLayers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := archiveIn(t, raw{name: "python/a.py", data: "A = 1", deflate: true}, raw{name: "python/b.py", data: "B = 1"},
		raw{name: "bin/tool", data: "#!/bin/sh\n"}, raw{name: "lib/libx.so", data: "libx.so.1", mode: symlinkMode})
	second := archiveIn(t, raw{name: "python/b.py", data: "B = 2"}, raw{name: "bin/plain", data: "x", mode: 0o100755})
	for _, a := range []*Archive{first, second} {
		if err := Extract(dir, a); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"python/a.py": "A = 1", "python/b.py": "B = 2", "bin/tool": "#!/bin/sh\n", "bin/plain": "x"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if to, err := os.Readlink(filepath.Join(dir, "lib", "libx.so")); err != nil || to != "libx.so.1" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	for name, want := range map[string]fs.FileMode{"python/a.py": 0, "bin/tool": 0o100, "bin/plain": 0o100} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode()&0o100 != want {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}

// TestExtractStaysInItsFolder: a link of one layer is no way out for another.
func TestExtractStaysInItsFolder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, target string }{{"absolute", ""}, {"relative", "../outside"}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			dir, outside := filepath.Join(parent, "dir"), filepath.Join(parent, "outside")
			for _, d := range []string{dir, outside} {
				if err := os.Mkdir(d, 0o750); err != nil {
					t.Fatal(err)
				}
			}
			target := c.target
			if target == "" {
				target = outside
			}
			if err := Extract(dir, archiveIn(t, raw{name: "out", data: target, mode: symlinkMode})); err != nil {
				t.Fatal(err)
			}
			if err := Extract(dir, archiveIn(t, raw{name: "out/x", data: "x"})); err == nil {
				t.Error("a file was written through the link")
			}
			if found, err := os.ReadDir(outside); err != nil || len(found) > 0 {
				t.Errorf("outside there are %v, %v", found, err)
			}
		})
	}
}
