package layer

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/prune"
)

// prunedUniverse has what the presets drop, and what looks alike and stays.
const prunedUniverse = `
lib 1.0
  file: lib/__init__.py: from .tests.runner import Runner\n
  file: lib/lazy.py: def test():\n    from .tests.case import run\n
  file: lib/tests/__init__.py: \n
  file: lib/tests/runner.py: from . import helper\n
  file: lib/tests/helper.py: \n
  file: lib/tests/case.py: \n
  file: lib/tests/data.csv: 1\n
  file: lib/sub/tests/test_a.py: from lib.tests import case\n
  file: lib/test/api.py: \n
  file: lib/tests.py: \n
  file: lib/README.rst: x
  file: lib/descr/iris.rst: x
  file: lib/docs/code.py: \n
  file: lib/docs/LICENSE.md: x
  file: docs/conf.py: \n
  file: lib/stub.pyi: x
  file: lib/stub.py: \n
  file: lib/lazy_stub.pyi: x
  file: lib/lazy_stub.py: attach_stub(__name__, __file__)\n
  file: lib/py.typed: x
  file: lib/old.pyc: x
  file: lib/static/app.js.map: x
  file: lib/static/world.map: x
  file: lib/tests/LICENSE.txt: x
`

func pruned(t *testing.T, b *Builder, s Spec) (Artifact, []string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.zip")
	a := build(t, b, resolve(t, b, s, nil), Output{Path: out, Scripts: fault.SeverityError, Shadow: fault.SeverityWarning})
	return a, slices.Sorted(maps.Keys(zipFiles(t, out)))
}

// without returns the names that are in all and not in rest.
func without(all, rest []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(rest, name) })
}

func TestPrunePython(t *testing.T) {
	t.Parallel()
	b := newBuilder(t, indextest.New(t, prunedUniverse))
	s := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Python: &PythonSpec{Requirements: []string{"lib"}}}
	_, all := pruned(t, b, s)
	for preset, want := range map[string]string{
		prune.Tests:      "lib/sub/tests/test_a.py lib/tests/case.py lib/tests/data.csv",
		prune.Docs:       "docs/conf.py lib/README.rst",
		prune.TypeStubs:  "lib/stub.pyi",
		prune.SourceMaps: "lib/static/app.js.map",
		prune.Bytecode:   "",
	} {
		s.Prune = []string{preset}
		_, rest := pruned(t, b, s)
		var dropped []string
		for _, name := range without(all, rest) {
			dropped = append(dropped, strings.TrimPrefix(name, "python/"))
		}
		if got := strings.Join(dropped, " "); got != want {
			t.Errorf("%s drops %q, want %q", preset, got, want)
		}
	}
	s.Prune, s.Keep = []string{prune.Tests, prune.Docs}, []string{"python/lib/tests", "**/*.rst"}
	_, rest := pruned(t, b, s)
	if got, want := strings.Join(without(all, rest), " "), "python/docs/conf.py python/lib/sub/tests/test_a.py"; got != want {
		t.Errorf("with keep: dropped %q, want %q", got, want)
	}
}

func TestPruneBytecodeOfFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a.py", "a.pyc", "only.pyc"} {
		writeFile(t, filepath.Join(dir, name), "x")
	}
	s := Spec{
		Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Prune: []string{prune.Bytecode},
		Files: []FileSpec{{Source: dir, Target: "python"}, {Source: dir, Target: "elsewhere"}},
	}
	b := NewBuilder(Options{CacheDir: t.TempDir(), Getenv: func(string) string { return "" }})
	_, names := pruned(t, b, s)
	want := "elsewhere/a.py elsewhere/a.pyc elsewhere/only.pyc python/a.py python/only.pyc"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPruneNode(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, `
plain 1.0.0
  file: README.md: x
  file: LICENSE.md: x
  file: lib/docs/page.js: x
  file: docs/guide.html: x
  file: docs/run.js: x
  file: test/a.js: x
  file: test/package.json: {}
  file: lib/__tests__/b.js: x
  file: lib/c.test.js: x
  file: index.d.ts: x
  file: index.js.map: {}
  file: data.map: x
exported 1.0.0
  json: {"exports": {"./tools": "./test/tools.js"}}
  file: test/tools.js: x
required 1.0.0
  file: lib/x.js: module.exports = require('../test/shared')
  file: test/shared.js: x
  file: docs/a.js: x
`)
	b := nodeBuilder(t, registry)
	s := nodeSpec("plain 1", "exported 1", "required 1")
	_, all := pruned(t, b, s)
	s.Prune = Presets()
	_, rest := pruned(t, b, s)
	var dropped []string
	for _, name := range without(all, rest) {
		dropped = append(dropped, strings.TrimPrefix(name, "nodejs/node_modules/"))
	}
	want := "plain/README.md plain/docs/guide.html plain/docs/run.js plain/index.d.ts plain/index.js.map plain/lib/__tests__/b.js plain/lib/c.test.js plain/test/a.js plain/test/package.json required/docs/a.js"
	if got := strings.Join(dropped, " "); got != want {
		t.Errorf("dropped %q\nwant %q", got, want)
	}
}

func TestKeepExecutablesAndUnusedPatterns(t *testing.T) {
	t.Parallel()
	b := NewBuilder(Options{CacheDir: t.TempDir(), Getenv: func(string) string { return "" }})
	text := "x"
	s := Spec{
		Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"},
		Files: []FileSpec{
			{Content: &text, Target: "share/a.txt"}, {Content: &text, Target: "share/b.txt"},
			{Content: &text, Target: "tool/run"}, {Content: &text, Target: "tool/data"},
		},
		Exclude: []string{"**/*.txt", "nothing/**"}, Keep: []string{"share/b.txt", "gone"}, Executables: []string{"tool/r*", "bin/*"},
	}
	a, names := pruned(t, b, s)
	if got, want := strings.Join(names, " "), "share/b.txt tool/data tool/run*"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var told []string
	for _, w := range a.Warnings {
		told = append(told, w.At.String())
	}
	if got, want := strings.Join(told, " "), "exclude[1] keep[1] executables[1]"; got != want {
		t.Errorf("warned of %q, want %q", got, want)
	}
}

func TestSelectionIsInTheLock(t *testing.T) {
	t.Parallel()
	b := newBuilder(t, indextest.New(t, prunedUniverse))
	s := Spec{
		Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Python: &PythonSpec{Requirements: []string{"lib"}},
		Prune: []string{prune.TypeStubs, prune.Tests}, Keep: []string{"**/data.csv"}, Executables: []string{"**/old.pyc"}, Kind: KindFunction,
	}
	l := resolve(t, b, s, nil)
	text, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := DecodeLock(text)
	if err != nil {
		t.Fatal(err)
	}
	one, two := build(t, b, l, Output{Path: filepath.Join(t.TempDir(), "a.zip")}), build(t, b, again, Output{Path: filepath.Join(t.TempDir(), "b.zip")})
	if one.SHA256 != two.SHA256 {
		t.Errorf("a rebuild from the lock's text has other bytes")
	}
	if !strings.Contains(text, `"prune":{"rules":2,"presets":["tests","type_stubs"]}`) {
		t.Errorf("the lock is %s", text)
	}
	for _, other := range []string{`"rules":1`, `"rules":99`} {
		if _, err := DecodeLock(strings.Replace(text, `"rules":2`, other, 1)); err == nil {
			t.Errorf("a lock with %s is not an error", other)
		}
	}
}

func TestFunctionsHaveTheirFilesAtTheRoot(t *testing.T) {
	t.Parallel()
	b := newBuilder(t, indextest.New(t, universe))
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "handler.py"), "import app\n")
	s := Spec{
		Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Kind: KindFunction, Exclude: []string{"*.dist-info"},
		Python: &PythonSpec{Requirements: []string{"app", "native"}}, Files: []FileSpec{{Source: dir}, {Source: dir, Target: "python/own"}},
	}
	_, names := pruned(t, b, s)
	if got, want := strings.Join(names, " "), "app/__init__.py app/main.py handler.py lib/__init__.py native/__init__.py python/own/handler.py"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.Runtimes = []string{"python3.11", "python3.12"}
	l := resolve(t, b, s, nil)
	_, err := b.Build(t.Context(), l, Output{Path: filepath.Join(t.TempDir(), "x.zip")})
	wantInput(t, err, "runtimes", "several runtimes", "for_each")
}

func TestNodeFunctionsHaveNodeModulesAtTheRoot(t *testing.T) {
	t.Parallel()
	b := nodeBuilder(t, indextest.NewNPM(t, nodeUniverse))
	s := nodeSpec("@aws-sdk/client-s3 3")
	s.Kind = KindFunction
	a, names := pruned(t, b, s)
	if got, want := strings.Join(names, " "), "node_modules/@aws-sdk/client-s3/index.js node_modules/@aws-sdk/client-s3/package.json"; got != want || len(a.Warnings) != 0 {
		t.Errorf("got %q, %v, want %q", got, a.Warnings, want)
	}
}

func TestIgnoreFilesAndLinksOfFiles(t *testing.T) {
	t.Parallel()
	b := NewBuilder(Options{CacheDir: t.TempDir(), Getenv: func(string) string { return "" }})
	dir := t.TempDir()
	for name, body := range map[string]string{".layerignore": "*.log\n", ".gitignore": "*.dat\n", "a.log": "x", "a.dat": "x"} {
		writeFile(t, filepath.Join(dir, name), body)
	}
	s := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Files: []FileSpec{{Source: dir}}}
	if _, names := pruned(t, b, s); strings.Join(names, " ") != ".gitignore a.dat" {
		t.Errorf("by .layerignore: %q", names)
	}
	s.Files[0].IgnoreFile = ".gitignore"
	if _, names := pruned(t, b, s); strings.Join(names, " ") != ".layerignore a.log" {
		t.Errorf("by .gitignore: %q", names)
	}
	s.Files[0].IgnoreFile = ".dockerignore"
	_, err := b.Resolve(t.Context(), s, nil)
	wantInput(t, err, "files[0]", ".dockerignore", "missing")
	s.Files[0].IgnoreFile, s.Files[0].Symlinks = "", LinksError
	if err := os.Symlink("a.dat", filepath.Join(dir, "b.dat")); err != nil {
		t.Fatal(err)
	}
	_, err = b.Resolve(t.Context(), s, nil)
	wantInput(t, err, "files[0]", "b.dat", "symbolic link")
}

func TestSelectionIsChecked(t *testing.T) {
	t.Parallel()
	text := "x"
	for attribute, change := range map[string]func(*Spec){
		"kind":           func(s *Spec) { s.Kind = "image" },
		"prune[1]":       func(s *Spec) { s.Prune = []string{"tests", "everything"} },
		"keep[0]":        func(s *Spec) { s.Keep = []string{"/abs"} },
		"executables[0]": func(s *Spec) { s.Executables = []string{"../x"} },
		"files[0]":       func(s *Spec) { s.Files[0].IgnoreFile = "a/b" },
	} {
		s := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Files: []FileSpec{{Source: "x"}}}
		change(&s)
		wantInput(t, s.Check(), attribute)
	}
	s := Spec{Runtimes: []string{"python3.12"}, Files: []FileSpec{{Content: &text, Target: "a", Symlinks: LinksError}}}
	wantInput(t, s.Check(), "files[0]", "content has none")
}

// TestUnknownRuntimesAreToldAtOnce names each by its place.
func TestUnknownRuntimesAreToldAtOnce(t *testing.T) {
	t.Parallel()
	s := Spec{Runtimes: []string{"python3.12", "cobol", "fortran"}, Architectures: []string{"x86_64"}, Python: &PythonSpec{Requirements: []string{"a"}}}
	var told []string
	for _, f := range fault.All(s.Check()) {
		told = append(told, fmt.Sprintf("%s: %s", f.At, f.Summary))
	}
	if want := `runtimes[1]: Unknown runtime "cobol", runtimes[2]: Unknown runtime "fortran"`; strings.Join(told, ", ") != want {
		t.Errorf("Check() told %q, want %s", told, want)
	}
}
