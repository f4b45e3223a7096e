package filetree

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestCleanTarget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want, fault string }{
		{"python/shared_utils", "python/shared_utils", ""},
		{"python/shared_utils/", "python/shared_utils", ""},
		{"./bin//tool", "bin/tool", ""},
		{".", ".", ""},
		{"./", ".", ""},
		{"a..b/...c", "a..b/...c", ""},
		{"données/ü", "données/ü", ""},
		{"a:b", "", "drive letter"},
		{"", "", "is empty"},
		{"/opt/python", "", "is absolute"},
		{"..", "", `".."`},
		{"a/../b", "", `".."`},
		{`python\x`, "", "backslash"},
		{"C:/x", "", "drive letter"},
		{"a\x00", "", "control character"},
		{"a\xc3", "", "not UTF-8"},
		{strings.Repeat("x", 256), "", "255 bytes"},
	} {
		got, err := CleanTarget(c.in)
		if c.fault == "" {
			if err != nil || got != c.want {
				t.Errorf("CleanTarget(%q) = %q, %v; want %q", c.in, got, err, c.want)
			}
			continue
		}
		var fault *PathError
		if !errors.As(err, &fault) || fault.Path != c.in || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("CleanTarget(%q) = %q, %v; want a PathError that says %q", c.in, got, err, c.fault)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"tests", "tests", true},
		{"tests", "tests/a/b.py", true},
		{"tests/", "tests/a.py", true},
		{"tests", "pkg/tests/a.py", false},
		{"tests", "tests.py", false},
		{"**/tests", "tests/a.py", true},
		{"**/tests", "a/b/tests/c/d.py", true},
		{"**/tests/**", "a/tests/d.py", true},
		{"*.py", "a.py", true},
		{"*.py", "a/b.py", false},
		{"**/*.py", "a.py", true},
		{"**/*_test.py", "a/b/c_test.py", true},
		{"*", "a/b", true},
		{"a?c", "abc/x", true},
		{"{a,b}/*.txt", "b/x.txt", true},
		{"[a-c]x", "bx", true},
		{"[[]x", "[x", true},
		{"**/__pycache__", "a/__pycache__/b.pyc", true},
		{"python/**/*.so*", "python/x/y.so.1", true},
		{".*", ".env", true},
		{"*", ".env", true},
		{"A", "a", false},
		{"[", "[", false},
	} {
		if got := Match([]string{"no-such", c.pattern}, c.path); got != c.want {
			t.Errorf("Match(%q, %q) = %t, want %t", c.pattern, c.path, got, c.want)
		}
	}
	if Match(nil, "a") {
		t.Error("no pattern matches a path")
	}
}

func TestCheckPattern(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"*", "**/tests/**", "a/b/", "{a,b}", strings.Repeat("{a,b}", 8), strings.Repeat("**/x/", 12), "[a-z]*", "ü", "..."} {
		if err := CheckPattern(p); err != nil {
			t.Errorf("CheckPattern(%q): %v", p, err)
		}
	}
	long := []string{strings.Repeat("{a,b}", 9), strings.Repeat("**/x/", 13), strings.Repeat("{a,{b,c}}", 6), strings.Repeat("a", 1001)}
	for _, p := range append(long, "", "/a", `a\*`, "!a", "[", "{a", "../x", "a/../b", "./a") {
		var fault *PathError
		if err := CheckPattern(p); !errors.As(err, &fault) || fault.Path != p {
			t.Errorf("CheckPattern(%q) = %v, want a PathError", p, err)
		}
	}
}

// treeOf makes a tree of "path=content" from one archive.
func treeOf(t *testing.T, origin string, files ...string) Tree {
	t.Helper()
	entries := make([]raw, len(files))
	for i, f := range files {
		name, data, _ := strings.Cut(f, "=")
		entries[i] = raw{name: name, data: data}
	}
	tree, err := FromZip(inMemory(origin, makeZip(t, entries...)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range tree {
		tree[i].Origin = Origin{Name: origin}
	}
	return tree
}

func paths(t Tree) string {
	var names []string
	for _, e := range t {
		names = append(names, e.Path)
	}
	return strings.Join(names, " ")
}

func TestMergeKeepsOrderAndEqualFilesOnce(t *testing.T) {
	t.Parallel()
	second := treeOf(t, "two", "z=1", "ns/b.py=b", "LICENSE=same", "README=upper")
	second[2].Exec = true
	got, err := Merge(treeOf(t, "one", "ns/a.py=a", "LICENSE=same", "b=", "readme=lower"), second)
	if err != nil {
		t.Fatal(err)
	}
	if want := "ns/a.py LICENSE b readme z ns/b.py README"; paths(got) != want {
		t.Errorf("got %q, want %q", paths(got), want)
	}
	if got[1].Origin.Name != "one" || !got[1].Exec {
		t.Errorf("LICENSE: got origin %q, exec %t; want the first one, executable as the second", got[1].Origin, got[1].Exec)
	}
}

func TestMergeNamesBothSidesOfAClash(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		first, second []string
		want          ClashError
	}{
		{"content", []string{"x=1"}, []string{"a=", "x=2"}, ClashError{Path: "x", First: Origin{Name: "one"}, Second: Origin{Name: "two"}}},
		{"file first", []string{"ns=1"}, []string{"ns/deep/er/a=2"}, ClashError{Path: "ns", First: Origin{Name: "one"}, Second: Origin{Name: "two"}, Directory: true}},
		{"directory first", []string{"ns/deep/a=1"}, []string{"ns/deep=1"}, ClashError{Path: "ns/deep", First: Origin{Name: "one"}, Second: Origin{Name: "two"}, Directory: true}},
	} {
		_, err := Merge(treeOf(t, "one", c.first...), treeOf(t, "two", c.second...))
		var clash *ClashError
		if !errors.As(err, &clash) || *clash != c.want {
			t.Errorf("%s: got %v, want %+v", c.name, err, c.want)
			continue
		}
		if !strings.Contains(err.Error(), "one") || !strings.Contains(err.Error(), "two") {
			t.Errorf("%s: %q does not name both", c.name, err)
		}
	}
}

// TestMergeDoesNotTrustChecksums uses two texts of one length and one CRC-32.
func TestMergeDoesNotTrustChecksums(t *testing.T) {
	t.Parallel()
	_, err := Merge(treeOf(t, "one", "x=plumless"), treeOf(t, "two", "x=buckeroo"))
	if _, ok := errors.AsType[*ClashError](err); !ok {
		t.Errorf("got %v, want a ClashError", err)
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	tree := slices.Concat(treeOf(t, "small", "a=1", "b=22"), treeOf(t, "large", "c=333333"), treeOf(t, "alike", "d=333"))
	if got := tree.Size(); got != 12 {
		t.Errorf("Size() = %d, want 12", got)
	}
	if got, want := fmt.Sprint(tree.ByOrigin()), "[{large 1 6} {alike 1 3} {small 2 3}]"; got != want {
		t.Errorf("ByOrigin() = %s, want %s", got, want)
	}
}

func TestSameBytes(t *testing.T) {
	t.Parallel()
	fault := errors.New("fault")
	failing := func(text string) io.Reader {
		return io.MultiReader(strings.NewReader(text), iotest.ErrReader(fault))
	}
	for name, c := range map[string]struct {
		a, b io.Reader
		want bool
		err  error
	}{
		"nothing":          {a: strings.NewReader(""), b: strings.NewReader(""), want: true},
		"equal":            {a: strings.NewReader("abcdefg"), b: iotest.OneByteReader(strings.NewReader("abcdefg")), want: true},
		"whole buffers":    {a: strings.NewReader("abcd"), b: strings.NewReader("abcd"), want: true},
		"the first longer": {a: strings.NewReader("abcde"), b: strings.NewReader("abcd")},
		"the second":       {a: strings.NewReader("abcd"), b: strings.NewReader("abcde")},
		"another byte":     {a: strings.NewReader("abcdefg"), b: strings.NewReader("abcdefh")},
		"a fault":          {a: failing("abc"), b: strings.NewReader("abcdefg"), err: fault},
		"a fault at last":  {a: strings.NewReader("abcd"), b: failing("abcd"), err: fault},
	} {
		if same, err := SameBytes(c.a, c.b, make([]byte, 5)); same != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: SameBytes() = %t, %v, want %t, %v", name, same, err, c.want, c.err)
		}
	}
}
