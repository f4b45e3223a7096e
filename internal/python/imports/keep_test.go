package imports

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
)

// filesOf returns sources as the files of a zip.
func filesOf(t *testing.T, sources map[string]string) []File {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(sources[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "a.zip")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	archive, err := filetree.FileArchive("a.zip", file)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := filetree.FromZip(archive)
	if err != nil {
		t.Fatal(err)
	}
	var files []File
	for _, e := range tree {
		files = append(files, File{Path: e.Path, Entry: e, Dropped: strings.Contains(e.Path, "tests/")})
	}
	return files
}

// TestWhatStaysKeepsWhatItImports drops all tests, and has code that imports some of
// them in every way that counts, and in those that do not.
func TestWhatStaysKeepsWhatItImports(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, source, want string }{
		{"a module", "import p.tests.a\n", "p/tests/__init__.py p/tests/a.py"},
		{"names", "from p.tests import (a,  # why\n    b as c)\n", "p/tests/__init__.py p/tests/a.py p/tests/b.py"},
		{"relative", "from .tests import a\n", "p/tests/__init__.py p/tests/a.py"},
		{"the package alone", "from . import tests\n", "p/tests/__init__.py"},
		{"in turn", "from .tests import deep\n", "p/tests/__init__.py p/tests/a.py p/tests/deep.py"},
		{"star", "from p.tests import *\n", "p/tests/__init__.py p/tests/_c.abi3.so p/tests/a.py p/tests/b.py p/tests/deep.py p/tests/lazy.py"},
		{"an extension module", "from p.tests import _c\n", "p/tests/__init__.py p/tests/_c.abi3.so"},
		{"tried", "try:\n    from .tests import a\nexcept ImportError:\n    from .tests import b\n", "p/tests/__init__.py p/tests/a.py p/tests/b.py"},
		{"under a condition", "if x:\n    from p.tests import \\\n        a\nelse:\n    import p.tests.b\n", "p/tests/__init__.py p/tests/a.py p/tests/b.py"},
		{"in a class", "class C:\n    import p.tests.a\n    def f(self):\n        import p.tests.b\n", "p/tests/__init__.py p/tests/a.py"},
		{"in a function", "async def f():\n    if x:\n        import p.tests.a\n", ""},
		{"in a text", "\"\"\"Use it:\n\nfrom p.tests import a\n\"\"\"\n", ""},
		{"in a comment", "# import p.tests.a\n", ""},
		{"of another package", "from q.tests import a\nfrom ...tests import b\n", ""},
		{"what only tests import", "x = 'tests'\n", ""},
	} {
		files := filesOf(t, map[string]string{
			"p/__init__.py": c.source, "p/tests/__init__.py": "", "p/tests/a.py": "import os\n", "p/tests/b.py": "def f():\n    from . import lazy\n",
			"p/tests/deep.py": "from .a import x\n", "p/tests/lazy.py": "from . import deep\n", "p/tests/_c.abi3.so": "", "p/tests/data.txt": "",
		})
		if err := Keep(files, []string{"tests"}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range files {
			if !f.Dropped && f.Path != "p/__init__.py" {
				got = append(got, f.Path)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: kept are %q, want %q", c.name, strings.Join(got, " "), c.want)
		}
	}
}

func TestRelativeImports(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, from, want string }{
		{"a/b/c.py", ".", "a.b"}, {"a/b/c.py", ".d", "a.b.d"}, {"a/b/c.py", "..d.e", "a.d.e"},
		{"a/b/__init__.py", ".tests", "a.b.tests"}, {"a/b.py", "x.y", "x.y"}, {"a/b.py", "...x", "!"}, {"b.py", ".x", "!"},
	} {
		got, ok := (&module{name: dottedName(c.file), within: c.file}).absolute(c.from)
		if !ok {
			got = "!"
		}
		if got != c.want {
			t.Errorf("%q in %q is %q, want %q", c.from, c.file, got, c.want)
		}
	}
}

// TestHugeModulesAreNotRead has one without content: to read it would panic.
func TestHugeModulesAreNotRead(t *testing.T) {
	t.Parallel()
	files := []File{
		{Path: "big.py", Entry: filetree.Entry{Path: "python/big.py", Size: maxKeeping + 1}},
		{Path: "lib/tests/__init__.py", Dropped: true},
	}
	if err := Keep(files, []string{"tests"}); err != nil || !files[1].Dropped {
		t.Errorf("got %+v, %v", files, err)
	}
}
