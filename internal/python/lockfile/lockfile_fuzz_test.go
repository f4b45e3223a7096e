package lockfile

import (
	"errors"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// fuzzLock feeds a reader of lock files with texts, the seeds being small:
// whole files of the tools take minutes to be minimised.
func fuzzLock(f *testing.F, file, more string, seeds ...string) {
	for _, seed := range seeds {
		f.Add(lockText(seed), "one", "dev")
	}
	f.Add(large[file](20), "", "") // a chain, which may be walked again and again
	dir := f.TempDir()
	if more != "" {
		if err := os.WriteFile(filepath.Join(dir, "pyproject.toml"), []byte(more), 0o600); err != nil {
			f.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "a-1.0-py3-none-any.whl"), []byte("a wheel\n"), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, extra, group string) {
		defer indextest.Budget(t, len(text)+len(extra)+len(group))()
		r := newReader(t.Context(), filepath.Join(dir, file), Options{Extras: strings.Fields(extra), Groups: strings.Fields(group)})
		err := r.read(formatOf(file), []byte(text), []wheel.Target{pythontest.Py311, pythontest.Py312})
		var fault *Error
		var miss *wheel.NoWheel
		if err != nil {
			if !errors.As(err, &fault) && !errors.As(err, &miss) {
				t.Errorf("the error is neither *Error nor *NoWheel: %v", err)
			}
			return
		}
		r.finish()
		for _, w := range r.out.Wheels {
			name, err := wheel.ParseWheelName(w.Filename)
			if err != nil || name.Name != w.Name || w.SHA256.IsZero() || strings.Contains(w.URL, "#") || (w.URL == "") == (w.Path == "") || w.Path != "" && path.Base(w.Path) != w.Filename {
				t.Errorf("a wheel is %+v", w)
			}
			if !slices.IsSorted(w.Targets) || len(slices.Compact(w.Targets)) != len(w.Targets) || len(w.Targets) == 0 {
				t.Errorf("%s is for %q", w.Filename, w.Targets)
			}
		}
	})
}

func FuzzUVLock(f *testing.F) {
	fuzzLock(f, "uv.lock", "",
		uvHead+"conflicts = [[{ package = \"shop\", extra = \"one\" }, { package = \"shop\", group = \"dev\" }]]\n"+uvRoot("dependencies = [{ name = \"a\", extra = [\"x\"], marker = \"extra == 'extra-4-shop-one'\" }]\n[package.optional-dependencies]\none = [{ name = \"a\" }]\n[package.dev-dependencies]\ndev = []\n")+uvWheel("a", "1.0", ""),
		uvHead+"[manifest]\nmembers = [\"shop\"]\n[manifest.dependency-groups]\ndev = [{ name = \"a\", extras = [\"x\"] }]\n[[package]]\nname = \"shop\"\nsource = { editable = \"x\" }\n[package.optional-dependencies]\none = []\n"+uvWheel("a", "1.0", "resolution-markers = [\"os_name == 'nt'\"]\n")+uvWheel("a", "2.0", ""),
		uvHead+uvRoot("dependencies = [{ name = \"a\" }]\n")+"[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { path = \"a-1.0-py3-none-any.whl\" }\nwheels = [{ filename = \"a-1.0-py3-none-any.whl\", hash = \"sha256:"+sumOfWheel+"\" }]\n",
		uvHead+uvRoot("dependencies = [{ name = \"a\" }]\n")+"[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { git = \"https://u:p@example.com/a?rev=1#0123\" }\n")
}

func FuzzPylock(f *testing.F) {
	fuzzLock(f, "pylock.toml", "",
		"lock-version = \"1.0\"\nextras = [\"one\"]\ndependency-groups = [\"dev\"]\nenvironments = [\"os_name == 'posix'\"]\n[[packages]]\nname = \"a\"\nmarker = \"'one' in extras\"\nwheels = [{ url = \"https://u:p@example.com/a-1-py3-none-any.whl#x\", hashes = { sha256 = \"HASH\" } }]\n",
		"lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\n[packages.archive]\npath = \"./a-1.0-py3-none-any.whl\"\nhashes = { sha256 = \""+sumOfWheel+"\" }\n",
		"lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\n[packages.vcs]\ntype = \"git\"\nurl = \"https://u:p@example.com/a\"\ncommit-id = \"01\"\n")
}

func FuzzPoetryLock(f *testing.F) {
	const head = "[[package]]\nname = \"a\"\nversion = \"1\"\ngroups = [\"main\", \"dev\"]\nmarkers = { main = \"extra == \\\"one\\\"\" }\nfiles = [{ file = \"a-1-py3-none-any.whl\", hash = \"sha256:HASH\" }]\n[package.source]\ntype = \"url\"\nurl = \"https://example.com/a-1-py3-none-any.whl\"\n[extras]\none = [\"a\"]\n[metadata]\npython-versions = \"^3.11 || ~3.12\"\n"
	fuzzLock(f, "poetry.lock", "[tool.poetry.dependencies]\na = [{ version = \"*\", extras = [\"x\"] }]\n[tool.poetry.group.dev.dependencies]\nb = \"^1\"\n[tool.poetry.extras]\none = [\"a\"]\n",
		head+"lock-version = \"2.1\"\n", head+"lock-version = \"2.0\"\n",
		strings.NewReplacer("\"url\"", "\"file\"", "https://example.com/a-1-", "a-1.0-", "HASH", sumOfWheel).Replace(head)+"lock-version = \"2.1\"\n")
}

func FuzzPipfileLock(f *testing.F) {
	fuzzLock(f, "Pipfile.lock", "", `{"_meta": {"pipfile-spec": 6}, "default": {"a": {"version": "==1", "hashes": ["sha256:HASH"], "markers": "os_name == 'posix'"}}, "dev": {"b": {"file": "https://example.com/b-1-py3-none-any.whl", "hashes": ["sha256:HASH"]}}}`,
		`{"_meta": {"pipfile-spec": 6}, "default": {"a": {"path": "./a-1.0-py3-none-any.whl", "hashes": ["sha256:`+sumOfWheel+`", "sha256:`+sumOfAnother+`"]}}}`)
}

func TestExtrasBecomeASet(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]bool{
		`extra == "one"`:                       {"": false, "one": true, "two": false, "one two": true},
		`"One" == extra`:                       {"": false, "one": true},
		`extra != "one"`:                       {"": true, "one": false, "two": true, "one two": false},
		`extra == "one" and extra == "two"`:    {"one": false, "one two": true},
		`extra == "one" or os_name == "posix"`: {"": true},
		`(extra == "one" or extra == "two") and os_name == "nt"`: {"one": false},
	} {
		for _, extras := range slices.Sorted(maps.Keys(want)) {
			r := newReader(t.Context(), "uv.lock", Options{})
			if got, err := r.holds("", text, pythontest.Py312.Env(), strings.Fields(extras)); err != nil || got != want[extras] {
				t.Errorf("%s with %q: %t, %v, want %t", text, extras, got, err, want[extras])
			}
		}
	}
}
