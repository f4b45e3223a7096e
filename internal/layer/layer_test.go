package layer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/local"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/release"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

const universe = `
app 1.0
  requires: lib>=1
  file: app/main.py: import lib\n
lib 1.0
lib 2.0
  uploaded: 2024-03-01T00:00:00Z
native 1.0
  wheel: cp311-cp311-manylinux_2_17_x86_64
  wheel: cp312-cp312-manylinux_2_17_x86_64
`

// goldenLayer is the digest of the layer that app, lib and src/a.py make. It
// moves only with the layout version.
const goldenLayer = "f443c3cd9de2cb62d5877a4f3278f56806f95dc9cb10ce9d6dd1f42b55f07053"

func newBuilder(t *testing.T, index *indextest.Index) *Builder {
	t.Helper()
	getenv := func(name string) string { return map[string]string{"PIP_INDEX_URL": index.URL()}[name] }
	return NewBuilder(Options{CacheDir: t.TempDir(), UserAgent: "test", Getenv: getenv})
}

func appSpec(t *testing.T) Spec {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "a.py"), "A = 1\n")
	return Spec{
		Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"},
		Python: &PythonSpec{Requirements: []string{"app"}},
		Files:  []FileSpec{{Source: dir, Target: "python/own"}},
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func resolve(t *testing.T, b *Builder, s Spec, old *Lock) *Lock {
	t.Helper()
	l, err := b.Resolve(t.Context(), s, old)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func build(t *testing.T, b *Builder, l *Lock, o Output) Artifact {
	t.Helper()
	a, err := b.Build(t.Context(), l, o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestBuildOfALockMakesNoRequest(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, universe)
	b := newBuilder(t, index)
	l := resolve(t, b, appSpec(t), nil)
	first := build(t, b, l, Output{Path: filepath.Join(t.TempDir(), "a.zip")})
	index.Forget()
	second := build(t, b, l, Output{Path: filepath.Join(t.TempDir(), "b.zip")})
	if asked := index.Requests(); len(asked) != 0 {
		t.Errorf("building a known lock asked the index: %v", asked)
	}
	if first.SHA256.Hex() != goldenLayer || second.SHA256 != first.SHA256 {
		t.Errorf("got %s and %s, want %s twice", first.SHA256, second.SHA256, goldenLayer)
	}
}

// TestLockIsTheWholeRecipe builds from the text of a lock with an empty cache.
func TestLockIsTheWholeRecipe(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, universe)
	text, err := resolve(t, newBuilder(t, index), appSpec(t), nil).Encode()
	if err != nil {
		t.Fatal(err)
	}
	l, err := DecodeLock(text)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := l.Encode(); err != nil || again != text {
		t.Errorf("encoded again: %q, %v\nwant %q", again, err, text)
	}
	a := build(t, newBuilder(t, index), l, Output{Path: filepath.Join(t.TempDir(), "a.zip")})
	if a.SHA256.Hex() != goldenLayer {
		t.Errorf("got %s, want %s", a.SHA256, goldenLayer)
	}
}

func TestDecodeLockRefusesWhatItCannotBuild(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, `{}`, `{"format":1,"layout":99,"runtimes":[],"architectures":[]}`, `{"format":2,"layout":1,"runtimes":[],"architectures":[]}`,
		`{"format":1,"layout":1,"runtimes":[],"architectures":[],"novelty":true}`,
		`{"format":1,"layout":1,"runtimes":[],"architectures":[],"python":{"request":"","triggers":"","chosen":{"wheels":{"x":["junk"]}}}}`,
	} {
		if _, err := DecodeLock(text); err == nil {
			t.Errorf("DecodeLock(%s) is not an error", text)
		}
	}
}

// TestDamagedBlobsAreFetchedAgain flips a byte of every cached file.
func TestDamagedBlobsAreFetchedAgain(t *testing.T) {
	t.Parallel()
	want, err := store.ParseDigest(goldenLayer)
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Output{"planned": {Want: want}, "first": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			index := indextest.New(t, universe)
			b := newBuilder(t, index)
			l := resolve(t, b, appSpec(t), nil)
			build(t, b, l, Output{Path: filepath.Join(t.TempDir(), "a.zip")})
			damage(t, filepath.Join(opened(t, b).store.Dir(), "v1", "blobs"))
			o.Path = filepath.Join(t.TempDir(), "b.zip")
			if a := build(t, b, l, o); a.SHA256 != want {
				t.Errorf("got %s, want %s", a.SHA256, want)
			}
		})
	}
}

func opened(t *testing.T, b *Builder) *cache {
	t.Helper()
	c, err := b.open()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func damage(t *testing.T, dir string) {
	t.Helper()
	count := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b[len(b)/2] ^= 0xff
		count++
		return errors.Join(os.Chmod(path, 0o644), os.WriteFile(path, b, 0o644))
	})
	if err != nil || count == 0 {
		t.Fatalf("damaged %d blobs: %v", count, err)
	}
}

func TestBuildKeepsNoOtherBytes(t *testing.T) {
	t.Parallel()
	b := newBuilder(t, indextest.New(t, universe))
	l := resolve(t, b, appSpec(t), nil)
	path := filepath.Join(t.TempDir(), "a.zip")
	writeFile(t, path, "PK before")
	_, err := b.Build(t.Context(), l, Output{Path: path, Replace: true, Want: store.Sum([]byte("other"))})
	var mismatch *MismatchError
	if !errors.As(err, &mismatch) || mismatch.Got.Hex() != goldenLayer {
		t.Errorf("got error %v, want a *MismatchError with %s", err, goldenLayer)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "PK before" {
		t.Errorf("the file holds %q, %v", got, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestZipThatIsThereIsNotWrittenAgain has zips with a path and without one.
func TestZipThatIsThereIsNotWrittenAgain(t *testing.T) {
	b := newBuilder(t, indextest.New(t, universe))
	l := resolve(t, b, appSpec(t), nil)
	t.Chdir(t.TempDir())
	for _, o := range []Output{{Path: "a.zip"}, {}, {Path: "planned.zip", Want: mustDigest(t, goldenLayer)}} {
		first := build(t, b, l, o)
		path := o.PathOf(first.SHA256)
		if err := os.Chtimes(path, time.Unix(1000, 0), time.Unix(1000, 0)); err != nil {
			t.Fatal(err)
		}
		before, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if second := build(t, b, l, o); second.SHA256 != first.SHA256 || second.Size != first.Size {
			t.Errorf("%+v: built %+v, want %+v", o, second, first)
		}
		after, err := os.Lstat(path)
		if err != nil || !os.SameFile(before, after) || !after.ModTime().Equal(before.ModTime()) {
			t.Errorf("%+v: the zip was written again (%v)", o, err)
		}
		// One that was changed, of the same size, is.
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		body[len(body)-1] ^= 1
		writeFile(t, path, string(body))
		o.Replace = true
		build(t, b, l, o)
		if sum, err := sumFile(t.Context(), path); err != nil || sum != first.SHA256 {
			t.Errorf("%+v: after a change the zip has %s, %v", o, sum, err)
		}
	}
}

// TestFolderOfZipsIgnoresItself: git has nothing to add, a file of the user stays, and
// a folder that the user named is left alone.
func TestFolderOfZipsIgnoresItself(t *testing.T) {
	b := newBuilder(t, indextest.New(t, universe))
	l := resolve(t, b, appSpec(t), nil)
	t.Chdir(t.TempDir())
	build(t, b, l, Output{Path: "mine/a.zip"})
	if _, err := os.Stat("mine/.gitignore"); err == nil {
		t.Error("the user's folder has a .gitignore")
	}
	for _, c := range []struct{ before, want string }{{"", "*\n"}, {"!*.zip\n", "!*.zip\n"}} {
		if err := os.RemoveAll(".layerbuild"); err != nil {
			t.Fatal(err)
		}
		if c.before != "" {
			if err := os.Mkdir(".layerbuild", 0o755); err != nil {
				t.Fatal(err)
			}
			writeFile(t, ".layerbuild/.gitignore", c.before)
		}
		build(t, b, l, Output{})
		got, err := os.ReadFile(".layerbuild/.gitignore")
		if err != nil || string(got) != c.want {
			t.Errorf("got %q, %v, want %q", got, err, c.want)
		}
	}
}

func mustDigest(t *testing.T, text string) store.Digest {
	t.Helper()
	d, err := store.ParseDigest(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestChangedFilesAreNamed(t *testing.T) {
	t.Parallel()
	b := newBuilder(t, indextest.New(t, universe))
	s := appSpec(t)
	dir := s.Files[0].Source
	writeFile(t, filepath.Join(dir, "gone.py"), "")
	l := resolve(t, b, s, nil)
	build(t, b, l, Output{Path: filepath.Join(t.TempDir(), "a.zip")})
	writeFile(t, filepath.Join(dir, "a.py"), "A = 2\n")
	writeFile(t, filepath.Join(dir, "new.py"), "")
	if err := os.Remove(filepath.Join(dir, "gone.py")); err != nil {
		t.Fatal(err)
	}
	_, err := b.Build(t.Context(), l, Output{Path: filepath.Join(t.TempDir(), "a.zip")})
	var changed *local.ChangedError
	if !errors.As(err, &changed) {
		t.Fatalf("got error %v, want a *ChangedError", err)
	}
	const want = `"python/own/a.py" changed; "python/own/new.py" is new; "python/own/gone.py" is gone`
	if got := strings.Join(changed.Changes, "; "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestOneHourOfMemory lets the index gain a release between two resolutions.
func TestOneHourOfMemory(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, universe)
	b := newBuilder(t, index)
	s := appSpec(t)
	version := func(s Spec) string { return resolve(t, b, s, nil).Contents()["python:lib"] }
	moment := func(text string) release.CutOff {
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return release.CutOff{At: at, Explicit: true}
	}
	if got := version(s); got != "2.0" {
		t.Errorf("lib is %s, want 2.0", got)
	}
	if err := index.Add("lib 3.0\n"); err != nil {
		t.Fatal(err)
	}
	index.Forget()
	if got := version(s); got != "2.0" || len(index.Requests()) != 0 {
		t.Errorf("lib is %s after %d requests, want 2.0 after none", got, len(index.Requests()))
	}
	s.CutOff = moment("2024-02-01")
	if got := version(s); got != "3.0" {
		t.Errorf("lib is %s at another moment, want 3.0", got)
	}
	s.Triggers = map[string]string{"day": "two"}
	if got := version(s); got != "3.0" {
		t.Errorf("lib is %s with another trigger, want 3.0", got)
	}
}

func TestWheelsOfSeveralRuntimes(t *testing.T) {
	t.Parallel()
	b := newBuilder(t, indextest.New(t, universe))
	s := appSpec(t)
	s.Runtimes = []string{"python3.11", "python3.12"}
	s.Python.Requirements = []string{"native", "lib"}
	l := resolve(t, b, s, nil)
	tree, _, err := opened(t, b).tree(context.WithoutCancel(t.Context()), l, Output{}, false)
	if err != nil {
		t.Fatal(err)
	}
	roots := map[string]bool{}
	for _, e := range tree {
		for _, root := range []string{"python/lib/python3.11/site-packages/native/", "python/lib/python3.12/site-packages/native/", "python/lib/__init__.py", "python/native/"} {
			if strings.HasPrefix(e.Path, root) {
				roots[root] = true
			}
		}
	}
	if len(roots) != 3 || roots["python/native/"] {
		t.Errorf("found %v", roots)
	}
}

func TestExcludedNamesThatNothingAsksForAreNoted(t *testing.T) {
	t.Parallel()
	b := newBuilder(t, indextest.New(t, universe))
	s := appSpec(t)
	s.Python.Exclude = []string{"Lib", "nothing.such"}
	l := resolve(t, b, s, nil)
	if _, ok := l.Contents()["python:lib"]; ok {
		t.Error("lib was not left out")
	}
	warnings := l.Warnings()
	const want = `python.exclude names "nothing-such", which nothing asks for.`
	if len(warnings) != 1 || warnings[0].Detail != want {
		t.Errorf("got %+v, want one with %q", warnings, want)
	}
}

// TestOrderOfFilesDecidesNoByte writes the elements of files the other way
// round.
func TestOrderOfFilesDecidesNoByte(t *testing.T) {
	t.Parallel()
	b := newBuilder(t, indextest.New(t, universe))
	one, two := "1", "2"
	s := Spec{
		Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"},
		Files: []FileSpec{{Content: &two, Target: "python/b"}, {Content: &one, Target: "python/a"}},
	}
	first := build(t, b, resolve(t, b, s, nil), Output{Path: filepath.Join(t.TempDir(), "a.zip")})
	s.Files[0], s.Files[1] = s.Files[1], s.Files[0]
	second := build(t, b, resolve(t, b, s, nil), Output{Path: filepath.Join(t.TempDir(), "b.zip")})
	if first.SHA256 != second.SHA256 {
		t.Errorf("got %s and %s", first.SHA256, second.SHA256)
	}
}

func TestSentence(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "reading it: no": "Reading it: no.", "bad.txt:2: no": "bad.txt:2: no.", `"x" is new`: `"x" is new.`, "Done!": "Done!", "ends.\n": "Ends.",
	} {
		if got := fault.Sentence(in); got != want {
			t.Errorf("Sentence(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestNotesKeepNames writes notes as sentences, and names as they are.
func TestNotesKeepNames(t *testing.T) {
	t.Parallel()
	got := fault.Notes(fault.At("python"), "Notes", []string{"beta 1.5 was yanked by its authors", "the file is old", `"x" is new`})
	want := "beta 1.5 was yanked by its authors.\nThe file is old.\n\"x\" is new."
	if len(got) != 1 || got[0].Detail != want {
		t.Errorf("noted = %q, want %q", got, want)
	}
}
