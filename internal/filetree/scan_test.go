package filetree

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// lay writes files below a new directory and returns it.
func lay(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, data := range files {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func names(files []File) string {
	var out []string
	for _, f := range files {
		out = append(out, f.Path)
	}
	return strings.Join(out, " ")
}

var sample = map[string]string{
	"b.py":                     "print(2)\n",
	"a/z.py":                   "print(1)\n",
	"a.txt":                    "",
	"bin/run":                  "#!/bin/sh\nexec true\n",
	"bin/elf":                  "\x7fELF\x02",
	"C.py":                     "#",
	".env":                     "A=1",
	".git/config":              "x",
	"a/.git":                   "gitdir: elsewhere",
	"a/.DS_Store":              "x",
	"a/__pycache__/z.cpython":  "x",
	"tests/deep/one_test.py":   "x",
	"ünïcode/größe.txt":        "x",
	"a-dir-after-a/but.before": "x",
}

func TestScanSortsAndLeavesOut(t *testing.T) {
	t.Parallel()
	root := lay(t, sample)
	for _, c := range []struct {
		options ScanOptions
		want    string
	}{
		{ScanOptions{}, ".env C.py a-dir-after-a/but.before a.txt a/z.py b.py bin/elf bin/run tests/deep/one_test.py ünïcode/größe.txt"},
		{ScanOptions{Include: []string{"**/*.py"}}, "C.py a/z.py b.py tests/deep/one_test.py"},
		{ScanOptions{Include: []string{"a", "tests"}, Exclude: []string{"**/*_test.py"}}, "a/z.py"},
		{ScanOptions{Exclude: []string{"*"}}, ""},
	} {
		files, err := Scan(t.Context(), root, c.options)
		if err != nil {
			t.Fatal(err)
		}
		if got := names(files); got != c.want {
			t.Errorf("Scan(t.Context(), %+v) = %q, want %q", c.options, got, c.want)
		}
	}
}

func TestScanReadsContents(t *testing.T) {
	t.Parallel()
	files, err := Scan(t.Context(), lay(t, sample), ScanOptions{Include: []string{"bin", "a.txt"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		size    int64
		digest  string
		program bool
	}{
		{0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", false},
		{5, "cbb24a434399ae70351cd1492fdd22eaea0760682b4458ec6eb7fe6be15df3bb", true},
		{20, "a277a3500d80d93c6b28ecbb66d1bfb3c80d65e8c8bd907075df0e903232a7ff", true},
	}
	for i, w := range want {
		f := files[i]
		if f.Size != w.size || hex.EncodeToString(f.SHA256[:]) != w.digest || f.Program != w.program {
			t.Errorf("%s: got %d bytes %x program=%t, want %+v", f.Path, f.Size, f.SHA256, f.Program, w)
		}
		if data, err := os.ReadFile(f.Source); err != nil || int64(len(data)) != w.size {
			t.Errorf("%s: Source %q does not lead to it: %v", f.Path, f.Source, err)
		}
	}
}

func TestScanOfOneFile(t *testing.T) {
	t.Parallel()
	root := lay(t, sample)
	files, err := Scan(t.Context(), filepath.Join(root, "bin", "run"), ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if names(files) != "run" || !files[0].Program {
		t.Errorf("got %+v, want the program run", files)
	}
}

func TestScanRefuses(t *testing.T) {
	t.Parallel()
	root := lay(t, sample)
	for name, c := range map[string]struct {
		root    string
		options ScanOptions
		missing bool
	}{
		"missing":     {filepath.Join(root, "nowhere"), ScanOptions{}, true},
		"bad include": {root, ScanOptions{Include: []string{"["}}, false},
		"bad exclude": {root, ScanOptions{Exclude: []string{"/x"}}, false},
	} {
		_, err := Scan(t.Context(), c.root, c.options)
		var fault *PathError
		if !errors.As(err, &fault) || errors.Is(err, fs.ErrNotExist) != c.missing {
			t.Errorf("%s: got %v, want a PathError, missing: %t", name, err, c.missing)
		}
	}
}

func TestTreeDigest(t *testing.T) {
	t.Parallel()
	root := lay(t, map[string]string{"a": "1", "b/c": "#!x"})
	digest := func(root string) string {
		t.Helper()
		files, err := Scan(t.Context(), root, ScanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		d := TreeDigest(files)
		return hex.EncodeToString(d[:])
	}
	// Computed by hand from the definition, with another tool.
	const want = "a4f447d475f454f761e1adfbbdfa762f83b10cd590ce76480717d06b3d6c1b76"
	if got := digest(root); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	old := time.Unix(1, 0)
	if err := os.Chtimes(filepath.Join(root, "a"), old, old); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(root, "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := digest(root); got != want {
		t.Errorf("after a change of time and mode: got %s, want %s", got, want)
	}
	for name, files := range map[string]map[string]string{
		"content": {"a": "2", "b/c": "#!x"},
		"name":    {"A": "1", "b/c": "#!x"},
		"more":    {"a": "1", "b/c": "#!x", "d": ""},
		"moved":   {"a": "1", "b-c": "#!x"},
	} {
		if got := digest(lay(t, files)); got == want {
			t.Errorf("another %s has the same digest", name)
		}
	}
}
