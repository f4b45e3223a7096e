package filetree

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

func seeds(f *testing.F) {
	f.Helper()
	text := strings.Repeat("seed ", 20)
	for _, entries := range [][]raw{
		nil,
		{{name: "a", data: text}},
		{{name: "d/", mode: 0o040755}, {name: "d/a.py", data: text, deflate: true, mode: 0o100755}},
		{{name: "a", data: text, deflate: true, descriptor: true}, {name: "a", data: text}},
		{{name: "w", data: text, size: new(uint32(max32)), packed: new(uint32(max32)), centralAdd: wide(100, 100), localAdd: wide(100, 100)}},
		{{name: "ü", flags: 1 << 11, mode: 0o120777}, {name: "../x"}},
	} {
		f.Add(makeZip(f, entries...))
	}
}

// FuzzVet compares with the standard library's reader: what Vet lets pass has
// clean unique names, and the other reader finds the same contents.
func FuzzVet(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		defer indextest.Budget(t, len(b))()
		archive := inMemory("fuzz", b)
		tree, err := FromZip(archive)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, e := range tree {
			if clean, err := CleanTarget(e.Path); err != nil || clean != e.Path || seen[e.Path] {
				t.Errorf("unclean or double path %q let pass", e.Path)
			}
			seen[e.Path] = true
			if e.Header < 0 || e.PackedSize < 0 || e.Header+e.PackedSize > archive.Size {
				t.Errorf("%q lies outside the archive", e.Path)
			}
		}
		if Vet(archive) != nil {
			return
		}
		other, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatalf("let pass, but archive/zip says %v", err)
		}
		found := map[string]bool{}
		for _, file := range other.File {
			if seen[file.Name] {
				found[file.Name] = true
				compare(t, tree, file)
			}
		}
		if len(found) != len(seen) {
			t.Errorf("archive/zip finds %d of our %d files", len(found), len(seen))
		}
	})
}

// compare reads the packed bytes that archive/zip finds. Its own way to the
// content also holds the data descriptor behind them against the directory, which
// nobody needs who has that.
func compare(t *testing.T, tree Tree, file *zip.File) {
	t.Helper()
	r, err := file.OpenRaw()
	if err != nil {
		t.Fatalf("let pass, but archive/zip says %v of %q", err, file.Name)
	}
	if file.Method == zip.Deflate {
		r = flate.NewReader(r)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("let pass, but archive/zip says %v of %q", err, file.Name)
	}
	for _, e := range tree {
		if e.Path == file.Name && (e.Size != int64(len(data)) || e.CRC32 != crc32.ChecksumIEEE(data)) {
			t.Errorf("%q: archive/zip reads %d other bytes than our %d", e.Path, len(data), e.Size)
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("**/tests/*", "a/tests/b")
	f.Add("{a,[b-c]}?", "bx/y")
	f.Add("[", "[")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		defer indextest.Budget(t, len(pattern)+len(path))()
		if CheckPattern(pattern) != nil {
			return
		}
		if clean, err := CleanTarget(path); err != nil || clean != path || path == "." {
			return
		}
		if Match([]string{pattern}, path) && !Match([]string{pattern}, path+"/below") {
			t.Errorf("%q matches %q but not what is below it", pattern, path)
		}
	})
}

func FuzzCleanTarget(f *testing.F) {
	for _, s := range []string{"a/b", "./a//b/", "..", "/a", `a\b`, "C:x", "."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, p string) {
		defer indextest.Budget(t, len(p))()
		clean, err := CleanTarget(p)
		if err != nil {
			return
		}
		if again, err := CleanTarget(clean); err != nil || again != clean {
			t.Errorf("%q cleans to %q, and that to %q, %v", p, clean, again, err)
		}
		for part := range strings.SplitSeq(clean, "/") {
			if part == ".." || part == "" {
				t.Errorf("%q cleans to %q", p, clean)
			}
		}
	})
}
