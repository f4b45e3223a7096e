package layer

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// TestDistributionsThatOverlap tells how many files meet and where, and lets the
// later distribution win on demand.
func TestDistributionsThatOverlap(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, "a 1.0\n  requires: b\n  file: tests/__init__.py: a\\n\n  file: tests/deep/x.py: a\\n\n  file: tests/same.py: s\\n\nb 1.0\n  file: tests/__init__.py: b\\n\n  file: tests/deep/x.py: b\\n\n  file: tests/same.py: s\\n\n")
	b := newBuilder(t, index)
	s := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Python: &PythonSpec{Requirements: []string{"a"}}}
	l := resolve(t, b, s, nil)
	_, err := b.Build(t.Context(), l, Output{Path: filepath.Join(t.TempDir(), "a.zip")})
	clash, ok := errors.AsType[*fault.Error](err)
	want := `a 1.0 and b 1.0 both bring 2 files below "python/tests", with different content. If nothing needs what is there, write exclude = ["python/tests/**"] or prune = ["tests"]. ` +
		`To use the file of the distribution whose name sorts last, much as pip does, write python.overlaps = "last". If one of the two is not needed, leave it out by python.exclude.`
	if !ok || clash.Detail != want {
		t.Errorf("Build() = %v\nwant %s", err, want)
	}
	s.Python.Overlaps = "last"
	l = resolve(t, b, s, l)
	text, err := l.Encode()
	if err != nil || !strings.Contains(text, `"overlaps":"last"`) {
		t.Fatalf("the lock is %s, %v", text, err)
	}
	build(t, b, l, Output{Path: filepath.Join(t.TempDir(), "b.zip")})
	s.Python.Overlaps = "first"
	if _, err := b.Resolve(t.Context(), s, nil); err == nil || !strings.Contains(err.Error(), `Unknown value "first"`) {
		t.Errorf("Resolve() = %v", err)
	}
}

// TestOverlapsAreExcludedByPatternsThatWork reads what a message advises as the
// provider would read it.
func TestOverlapsAreExcludedByPatternsThatWork(t *testing.T) {
	t.Parallel()
	const site = "python/lib/python3.12/site-packages/"
	first, second := filetree.Origin{Ecosystem: "python", Name: "a", Version: "1"}, filetree.Origin{Ecosystem: "python", Name: "b", Version: "2"}
	for _, c := range []struct {
		paths []string
		what  string
		globs []string
	}{
		{[]string{"python/one.py"}, "it", []string{"python/one.py"}},
		{[]string{"python/pages/[id].js"}, "it", []string{"python/pages/[[]id].js"}},
		{[]string{"python/!x/a{b,c}*?.py"}, "it", []string{"python/!x/a[{]b,c[}][*][?].py"}},
		{[]string{"!x.py"}, "it", []string{"{!}x.py"}},
		{[]string{"bin/tool"}, "it", []string{"bin/tool"}},
		{[]string{"bin/one", "bin/two"}, "2 files", []string{"bin/one", "bin/two"}},
		{[]string{"bin/tool", "python/tool.py"}, "2 files", []string{"bin/tool", "python/tool.py"}},
		{[]string{"bin/tool", "python/tests/a.py", "python/tests/deep/b.py"}, "3 files", []string{"bin/tool", "python/tests/**"}},
		{[]string{"python/docs/a.rst", "python/tests/a.py"}, "2 files", []string{"python/docs/a.rst", "python/tests/a.py"}},
		{[]string{site + "a[1]/deep/b.py", site + "a[1]/deep/c.py", site + "d.py"}, "3 files", []string{site + "a[[]1]/deep/**", site + "d.py"}},
		{[]string{"docs/a.rst", "tests/a.py", "tests/b.py"}, "3 files", []string{"docs/a.rst", "tests/**"}}, // of a function
	} {
		var all filetree.Tree
		for i, o := range []filetree.Origin{first, second} {
			for _, p := range c.paths {
				all = append(all, filetree.Entry{Path: p, Origin: o, CRC32: uint32(i)})
			}
		}
		_, err := filetree.Merge(all)
		clash, ok := errors.AsType[*filetree.ClashError](err)
		if !ok {
			t.Fatalf("%q: Merge() = %v", c.paths, err)
		}
		told := clashError(clash, all).Error()
		if want := "a 1 and b 2 both bring " + c.what + ", with different content. "; !strings.Contains(told, want) {
			t.Errorf("%q: %s\nwant %s", c.paths, told, want)
		}
		if want := `write exclude = ["` + strings.Join(c.globs, `", "`) + `"]`; !strings.Contains(told, want) {
			t.Errorf("%q: %s\nwant %s", c.paths, told, want)
		}
		for _, g := range c.globs {
			if err := filetree.CheckPattern(g); err != nil {
				t.Errorf("%q: %v", c.paths, err)
			}
		}
		for _, p := range c.paths {
			if !filetree.Match(c.globs, p) {
				t.Errorf("%q does not match %q", c.globs, p)
			}
		}
		if filetree.Match(c.globs, "python/other.py") || filetree.Match(c.globs, "bin/other") || filetree.Match(c.globs, "python/pages/i.js") {
			t.Errorf("%q matches what nobody meant", c.globs)
		}
	}
}
