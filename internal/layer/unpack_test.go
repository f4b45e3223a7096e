package layer

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/local"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// zipWith writes a zip of the files and returns its path and digest.
func zipWith(t *testing.T, content map[string]string) (string, store.Digest) {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range content {
		part, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "layer.zip")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	sum, err := sumFile(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return name, sum
}

// filesIn returns the files below a folder.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			within, _ := filepath.Rel(dir, name)
			all = append(all, filepath.ToSlash(within))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func newUnpacker() *Builder { return &Builder{outputs: map[string]store.Digest{}} }

// TestUnpackReplacesItsOwnFolderAsAWhole: what somebody did to it is found, and
// what another zip does not have is gone.
func TestUnpackReplacesItsOwnFolderAsAWhole(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "opt")
	first, one := zipWith(t, map[string]string{"python/a.py": "A = 1", "python/b.py": "B = 1"})
	if err := newUnpacker().Unpack(t.Context(), first, one, dir); err != nil {
		t.Fatal(err)
	}
	if got := filesIn(t, dir); !slices.Equal(got, []string{local.UnpackedName, "python/a.py", "python/b.py"}) {
		t.Errorf("got %q", got)
	}
	whole := func() bool {
		t.Helper()
		whole, err := newUnpacker().Unpacked(first, one, dir)
		if err != nil {
			t.Fatal(err)
		}
		return whole
	}
	if !whole() {
		t.Error("a folder that was just made is not whole")
	}
	for name, spoil := range map[string]func() error{
		"other content of one size": func() error { return os.WriteFile(filepath.Join(dir, "python", "a.py"), []byte("A = 2"), 0o600) },
		"a file besides":            func() error { return os.WriteFile(filepath.Join(dir, "python", "c.py"), nil, 0o600) },
		"a file that is missing":    func() error { return os.Remove(filepath.Join(dir, "python", "b.py")) },
		"another mark":              func() error { return os.WriteFile(filepath.Join(dir, local.UnpackedName), []byte("00"), 0o600) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if whole() {
			t.Errorf("%s: not found", name)
		}
		if err := newUnpacker().Unpack(t.Context(), first, one, dir); err != nil {
			t.Fatal(err)
		}
		if !whole() {
			t.Errorf("%s: not repaired", name)
		}
	}
	second, two := zipWith(t, map[string]string{"python/a.py": "A = 2"})
	if err := newUnpacker().Unpack(t.Context(), second, two, dir); err != nil {
		t.Fatal(err)
	}
	if got := filesIn(t, dir); !slices.Equal(got, []string{local.UnpackedName, "python/a.py"}) {
		t.Errorf("got %q", got)
	}
	if beside, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(beside) != 1 {
		t.Errorf("beside it there are %v, %v", beside, err)
	}
}

// TestUnpackLeavesStrangersAlone: their folders and files, links, and the folder
// of another package.
func TestUnpackLeavesStrangersAlone(t *testing.T) {
	t.Parallel()
	archive, sum := zipWith(t, map[string]string{"python/a.py": "A = 1"})
	other, otherSum := zipWith(t, map[string]string{"python/b.py": "B = 1"})
	for name, prepare := range map[string]func(b *Builder, dir string) error{
		"a folder": func(_ *Builder, dir string) error {
			return errors.Join(os.Mkdir(dir, 0o750), os.WriteFile(filepath.Join(dir, "thesis.tex"), []byte("x"), 0o600))
		},
		"a file": func(_ *Builder, dir string) error { return os.WriteFile(dir, []byte("x"), 0o600) },
		"a link": func(_ *Builder, dir string) error { return os.Symlink(filepath.Dir(dir), dir) },
		"another package": func(b *Builder, dir string) error {
			return b.Unpack(t.Context(), other, otherSum, dir)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, dir := newUnpacker(), filepath.Join(t.TempDir(), "opt")
			if err := prepare(b, dir); err != nil {
				t.Fatal(err)
			}
			err := b.Unpack(t.Context(), archive, sum, dir)
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.At.String() != "unpack_path" {
				t.Errorf("got %v, want a fault of unpack_path", err)
			}
			if _, err := os.Stat(filepath.Join(dir, "python", "a.py")); err == nil {
				t.Error("it was replaced")
			}
		})
	}
	dir := t.TempDir() // an empty folder is nobody's
	if err := newUnpacker().Unpack(t.Context(), archive, sum, dir); err != nil {
		t.Error(err)
	}
}
