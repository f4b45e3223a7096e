package wheel

import (
	"archive/zip"
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

func TestImportsThatRunAtLoad(t *testing.T) {
	t.Parallel()
	source := `
import os, sys as system
from a.b import (c,  # why
    d as e)
from .x import y; z = 1
from . import t
try:
    import guarded
except ImportError:
    from other import *
class C:
    import inclass
    def f(self):
        import lazy
        if True:
            import lazier
async def g():
    import lazy2
if True:
    from k import \
        l
# import comment
	`
	var got []string
	imports([]byte(source), func(from string, names []string) {
		got = append(got, from+":"+strings.Join(names, ","))
	})
	want := []string{"os:", "sys:", "a.b:c,d", ".x:y", ".:t", "guarded:", "other:*", "inclass:", "k:l"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestRelativeImports(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, from, want string }{
		{"a/b/c.py", ".", "a.b"}, {"a/b/c.py", ".d", "a.b.d"}, {"a/b/c.py", "..d.e", "a.d.e"},
		{"a/b/__init__.py", ".tests", "a.b.tests"}, {"a/b.py", "x.y", "x.y"}, {"a/b.py", "...x", "!"}, {"b.py", ".x", "x"},
	} {
		got, ok := absolute(c.file, c.from)
		if !ok {
			got = "!"
		}
		if got != c.want {
			t.Errorf("absolute(%q, %q) = %q, want %q", c.file, c.from, got, c.want)
		}
	}
}

// TestHugeModulesAreNotRead has one without content: to read it would panic.
func TestHugeModulesAreNotRead(t *testing.T) {
	t.Parallel()
	modules := []Module{
		{Path: "big.py", Entry: filetree.Entry{Path: "python/big.py", Size: maxModule + 1}},
		{Path: "lib/tests/__init__.py", Dropped: true},
	}
	if err := KeepImported(modules, []string{"tests"}); err != nil || !modules[1].Dropped {
		t.Errorf("got %+v, %v", modules, err)
	}
}

func FuzzImports(f *testing.F) {
	for _, seed := range []string{"import a", "from . import (a,\nb)", "from a import \\\n b", "def f():\n import x", "import \\", "from x import ("} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		defer indextest.Budget(t, len(source))()
		imports([]byte(source), func(from string, names []string) {
			if strings.ContainsAny(from, " \t\n") {
				t.Errorf("a module named %q", from)
			}
		})
	})
}

// zippedModules returns files as modules of a wheel.
func zippedModules(t *testing.T, sources map[string]string) []Module {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(sources[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "a.whl")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	archive, err := filetree.FileArchive("a.whl", file)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := filetree.FromZip(archive)
	if err != nil {
		t.Fatal(err)
	}
	var modules []Module
	for _, e := range tree {
		modules = append(modules, Module{Path: e.Path, Entry: e})
	}
	return modules
}
