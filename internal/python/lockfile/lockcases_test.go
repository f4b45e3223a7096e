package lockfile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// unpack writes the files of a txtar archive and returns their folder.
func unpack(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// told lists what a lock file holds, a line each: wheels and pins by file name,
// local packages by their source, with the runtimes that they are for.
func told(f *LockFile) []string {
	var list []string
	for _, w := range f.Wheels {
		list = append(list, w.Filename+" "+strings.Join(w.Targets, ", "))
	}
	for _, p := range f.Pins {
		list = append(list, "pin "+p.Name+"=="+p.Version+" "+p.Filename+" "+p.Index+" "+strings.Join(p.Targets, ", "))
	}
	for _, l := range f.Local {
		list = append(list, "local "+l.Parts[0].Source+" "+strings.Join(l.Targets, ", "))
	}
	return append(list, f.Notes...)
}

// lockText replaces HASH by a digest.
func lockText(s string) string {
	return strings.ReplaceAll(s, "HASH", strings.Repeat("0123456789abcdef", 4))
}

const uvHead = "version = 1\nrequires-python = \">=3.11\"\n"

// uvWheel is a package of a uv.lock with one pure wheel.
func uvWheel(name, version, more string) string {
	return lockText("[[package]]\nname = \"" + name + "\"\nversion = \"" + version + "\"\nsource = { registry = \"https://pypi.org/simple\" }\n" + more +
		"wheels = [{ url = \"https://example.com/" + strings.ReplaceAll(name, "-", "_") + "-" + version + "-py3-none-any.whl\", hash = \"sha256:HASH\" }]\n")
}

// uvRoot is the project of a uv.lock.
func uvRoot(more string) string {
	return "[[package]]\nname = \"shop\"\nversion = \"1\"\nsource = { virtual = \".\" }\n" + more
}

type lockCase struct {
	name, file, text string
	options          Options
	targets          []wheel.Target // pythontest.Py312 alone where none is given
	want             []string
	wantErr          string // the whole text
}

func testLockCases(t *testing.T, cases []lockCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := unpack(t, c.text)
			targets := c.targets
			if targets == nil {
				targets = []wheel.Target{pythontest.Py312}
			}
			f, err := ReadLockFile(t.Context(), filepath.Join(dir, c.file), c.options, targets)
			if c.wantErr != "" {
				if err == nil || err.Error() != c.wantErr {
					t.Errorf("ReadLockFile = %v\nwant %s", err, c.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := told(f); !slices.Equal(got, c.want) {
				t.Errorf("ReadLockFile:\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
		})
	}
}

func TestUVLock(t *testing.T) {
	t.Parallel()
	const forks = `dependencies = [
    { name = "numpy", version = "1.26.4", source = { registry = "https://pypi.org/simple" }, marker = "python_full_version < '3.12'" },
    { name = "numpy", version = "2.1.3", source = { registry = "https://pypi.org/simple" }, marker = "python_full_version >= '3.12'" },
]
`
	const conflicting = `conflicts = [[{ package = "shop", extra = "cpu" }, { package = "shop", extra = "gpu" }]]
`
	const conflictRoot = `dependencies = [{ name = "a" }]
[package.optional-dependencies]
cpu = [{ name = "idna", version = "3.6" }]
gpu = [{ name = "idna", version = "3.7" }]
`
	conflictA := uvWheel("a", "1.0", `dependencies = [
    { name = "idna", version = "3.6", marker = "extra == 'extra-4-shop-cpu'" },
    { name = "idna", version = "3.7", marker = "extra == 'extra-4-shop-gpu' or extra != 'extra-4-shop-cpu'" },
]
`) + uvWheel("idna", "3.6", "") + uvWheel("idna", "3.7", "")
	const uv = "-- uv.lock --\n"
	testLockCases(t, []lockCase{{
		name: "versions by Python", file: "uv.lock",
		text:    uv + uvHead + uvRoot(forks) + uvWheel("numpy", "1.26.4", "") + uvWheel("numpy", "2.1.3", ""),
		targets: []wheel.Target{pythontest.Py311, pythontest.Py312, pythontest.Arm313},
		want: []string{
			"numpy-1.26.4-py3-none-any.whl python3.11 x86_64",
			"numpy-2.1.3-py3-none-any.whl python3.12 x86_64, python3.13 aarch64",
		},
	}, {
		name: "a dependency without version means the package of its fork", file: "uv.lock",
		text: uv + uvHead + uvRoot("dependencies = [{ name = \"numpy\" }]\n") +
			uvWheel("numpy", "1.26.4", "resolution-markers = [\"python_full_version < '3.12'\"]\n") +
			uvWheel("numpy", "2.1.3", "resolution-markers = [\"python_full_version >= '3.12'\"]\n"),
		want: []string{"numpy-2.1.3-py3-none-any.whl python3.12 x86_64"},
	}, {
		name: "an extra decides a dependency of another package", file: "uv.lock",
		text:    uv + uvHead + conflicting + uvRoot(conflictRoot) + conflictA,
		options: Options{Extras: []string{"cpu"}},
		want:    []string{"a-1.0-py3-none-any.whl python3.12 x86_64", "idna-3.6-py3-none-any.whl python3.12 x86_64"},
	}, {
		name: "without the extra", file: "uv.lock",
		text: uv + uvHead + conflicting + uvRoot(conflictRoot) + conflictA,
		want: []string{"a-1.0-py3-none-any.whl python3.12 x86_64", "idna-3.7-py3-none-any.whl python3.12 x86_64"},
	}, {
		name: "extras that exclude each other", file: "uv.lock",
		text:    uv + uvHead + conflicting + uvRoot(conflictRoot) + conflictA,
		options: Options{Extras: []string{"gpu", "cpu"}},
		wantErr: `reading lock file "uv.lock": extra "cpu" of "shop" and extra "gpu" of "shop" exclude each other: the project declares them as conflicts, so ask for one of them`,
	}, {
		name: "unknown group", file: "uv.lock",
		text:    uv + uvHead + uvRoot("[package.dev-dependencies]\ndocs = []\ndev = []\n"),
		options: Options{Groups: []string{"test"}},
		wantErr: `reading lock file "uv.lock": there is no dependency group "test": it has "dev", "docs"`,
	}, {
		name: "unknown extra", file: "uv.lock",
		text:    uv + uvHead + uvRoot(""),
		options: Options{Extras: []string{"json"}},
		wantErr: `reading lock file "uv.lock": there is no extra "json": it has none`,
	}, {
		name: "extras of extras, of the project itself, and in a circle", file: "uv.lock",
		text: uv + uvHead + uvRoot("[package.optional-dependencies]\nall = [{ name = \"shop\", extra = [\"one\"] }]\none = [{ name = \"a\", extra = [\"x\"] }]\n") +
			uvWheel("a", "1.0", "dependencies = [{ name = \"b\" }]\n") + "[package.optional-dependencies]\nx = [{ name = \"c\" }]\n" +
			uvWheel("b", "1.0", "dependencies = [{ name = \"a\" }]\n") + uvWheel("c", "1.0", "") + uvWheel("d", "1.0", ""),
		options: Options{Extras: []string{"all"}},
		want:    []string{"a-1.0-py3-none-any.whl python3.12 x86_64", "b-1.0-py3-none-any.whl python3.12 x86_64", "c-1.0-py3-none-any.whl python3.12 x86_64"},
	}, {
		name: "no hash", file: "uv.lock",
		text: uv + uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n") +
			"[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"https://pypi.org/simple\" }\nwheels = [{ url = \"https://example.com/a-1.0-py3-none-any.whl\" }]\n",
		wantErr: `reading lock file "uv.lock": a 1.0: no hash for "a-1.0-py3-none-any.whl": every file is verified by its SHA-256, so lock again with an index that gives it`,
	}, {
		name: "a hash that verifies nothing", file: "uv.lock",
		text:    strings.ReplaceAll(uv+uvHead+uvRoot("dependencies = [{ name = \"a\" }]\n")+uvWheel("a", "1.0", ""), "0123456789abcdef", "0000000000000000"),
		wantErr: `reading lock file "uv.lock": a 1.0: the SHA-256 of "a-1.0-py3-none-any.whl" is all zeros, which is not a file's`,
	}, {
		name: "another Python", file: "uv.lock",
		text:    uv + "version = 1\nrequires-python = \">=3.12.4\"\n" + uvRoot(""),
		targets: []wheel.Target{pythontest.Py312, pythontest.Py311},
		wantErr: `reading lock file "uv.lock": it is for Python >=3.12.4, which python3.11 is not: drop the runtime, or widen the range in the project and lock again`,
	}, {
		name: "an environment that is not supported", file: "uv.lock",
		text:    uv + uvHead + "supported-markers = [\"platform_machine == 'x86_64'\"]\n" + uvRoot(""),
		targets: []wheel.Target{pythontest.Py312, pythontest.Arm313},
		wantErr: `reading lock file "uv.lock": it does not support python3.13 aarch64, only environments where platform_machine == 'x86_64': change tool.uv.environments and lock again`,
	}, {
		name: "another format", file: "uv.lock",
		text:    uv + "version = 2\n",
		wantErr: `reading lock file "uv.lock": its format version is 2, and version 1 is understood`,
	}, {
		name: "no format", file: "uv.lock",
		text:    uv + "revision = 1\n",
		wantErr: `reading lock file "uv.lock": it has no format version, so it is damaged or is not a uv.lock`,
	}, {
		name: "only a source distribution", file: "uv.lock",
		text: uv + uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n") + "[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"https://pypi.org/simple\" }\nsdist = { url = \"https://example.com/a-1.0.tar.gz\" }\n",
		wantErr: `no wheel of "a" 1.0 runs on python3.12 x86_64: the lock file holds only a source distribution of it, and nothing is built from source. ` +
			`The lock file uv.lock asks for it. Set python.sdist = "pure", which makes the wheel if that is possible without running its code. Or make the wheel once by "pip wheel --no-deps a==1.0" and give the file that this writes: python.wheels = [{ source = "${path.module}/….whl" }]. Or leave it out by python.exclude = ["a"], if nothing imports it.`,
	}, {
		name: "git", file: "uv.lock",
		text: uv + uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n") + "[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { git = \"https://user:secret@example.com/a?tag=1#0123\" }\n",
		wantErr: `reading lock file "uv.lock": a 1.0: it comes from the git repository https://(hidden)@example.com/a at "0123", and nothing is built from source: ` +
			`build its wheel elsewhere and give that in python.wheels, or require a release that has a wheel`,
	}, {
		name: "the address of a wheel", file: "uv.lock",
		text: uv + uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n") + lockText("[[package]]\nname = \"a\"\nversion = \"1.0+x\"\nsource = { url = \"https://u:p@example.com/a-1.0%2Bx-py3-none-any.whl#f\" }\nwheels = [{ url = \"https://u:p@example.com/a-1.0%2Bx-py3-none-any.whl#f\", hash = \"sha256:HASH\" }]\n"),
		want: []string{"a-1.0+x-py3-none-any.whl python3.12 x86_64"},
	}, {
		name: "a wheel on disk that is not there", file: "uv.lock",
		text:    uv + uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n") + lockText("[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"../wheels\" }\nwheels = [{ path = \"a-1.0-py3-none-any.whl\", hash = \"sha256:HASH\" }]\n"),
		options: Options{AllowOutside: []string{os.TempDir()}},
		wantErr: `reading lock file "uv.lock": a 1.0: there is no wheel "../wheels/a-1.0-py3-none-any.whl": put it there, or lock again`,
	}, {
		name: "a dependency that is not there", file: "uv.lock",
		text:    uv + uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n"),
		wantErr: `reading lock file "uv.lock": shop needs a: the lock file holds no such package: it is damaged, lock again`,
	}, {
		name: "wheels of another distribution", file: "uv.lock",
		text: uv + uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n") + lockText("[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"https://pypi.org/simple\" }\nwheels = [{ url = \"https://example.com/evil-1.0-py3-none-any.whl\", hash = \"sha256:HASH\" }, { url = \"https://example.com/a-2.0-py3-none-any.whl\", hash = \"sha256:HASH\" }]\n"),
		wantErr: `no wheel of "a" 1.0 runs on python3.12 x86_64: the lock file holds "evil-1.0-py3-none-any.whl", which is a wheel of evil, and "a-2.0-py3-none-any.whl", which is a wheel of version 2.0. ` +
			`The lock file uv.lock asks for it. Pin a version that has such a wheel and lock again, give a wheel of this version in python.wheels, or drop the runtime or architecture.`,
	}, {
		name: "not TOML", file: "uv.lock",
		text:    uv + "version = 1\nrequires-python = \n",
		wantErr: `reading lock file "uv.lock": line 2, column 19: unexpected character U+000A at start of value`,
	}, {
		name: "no lock file", file: "requirements.lock",
		text:    "",
		wantErr: `reading lock file "requirements.lock": its name is none of uv.lock, pylock.toml, pylock.<name>.toml, poetry.lock and Pipfile.lock`,
	}})
}

func TestUVWorkspace(t *testing.T) {
	t.Parallel()
	lock := uvHead + "[manifest]\nmembers = [\"app\", \"leaf\", \"tool\"]\n[manifest.dependency-groups]\nlint = [{ name = \"c\", extras = [\"x\"] }]\n" +
		"[[package]]\nname = \"app\"\nversion = \"1\"\nsource = { virtual = \"packages/app\" }\ndependencies = [{ name = \"leaf\" }]\n" +
		"[[package]]\nname = \"leaf\"\nversion = \"0.1\"\nsource = { editable = \"packages/leaf\" }\ndependencies = [{ name = \"a\" }]\n" +
		"[[package]]\nname = \"tool\"\nversion = \"1\"\nsource = { editable = \"packages/tool\" }\ndependencies = [{ name = \"b\" }]\n" +
		uvWheel("a", "1.0", "") + uvWheel("b", "1.0", "") + uvWheel("c", "1.0", "") + "[package.optional-dependencies]\nx = [{ name = \"d\" }]\n" + uvWheel("d", "1.0", "")
	leaf := func(more string) string {
		return "-- uv.lock --\n" + lock + "-- packages/leaf/pyproject.toml --\n[project]\nname = \"leaf\"\nversion = \"0.1\"\n" +
			"[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n" + more
	}
	refused := func(reason string) string {
		return `reading lock file "uv.lock": leaf 0.1: the project in "packages/leaf" is not packed from disk: ` + reason +
			`. Give a wheel of it in python.wheels, or leave it out by python.exclude = ["leaf"] and add its code with files = [{ source = …, target = "python/leaf" }]`
	}
	app := Options{Packages: []string{"app"}}
	const source = "-- packages/leaf/src/leaf/__init__.py --\n-- packages/leaf/src/leaf/py.typed --\n-- packages/leaf/src/leaf/__pycache__/x.so --\n"
	testLockCases(t, []lockCase{{
		name: "every member where there is no project beside the lock", file: "uv.lock", text: leaf(source),
		want: []string{
			"a-1.0-py3-none-any.whl python3.12 x86_64", "b-1.0-py3-none-any.whl python3.12 x86_64", "local packages/leaf/src/leaf python3.12 x86_64",
		},
	}, {
		name: "a group of the workspace", file: "uv.lock", text: leaf(source),
		options: Options{Packages: []string{"tool"}, Groups: []string{"lint"}},
		want:    []string{"b-1.0-py3-none-any.whl python3.12 x86_64", "c-1.0-py3-none-any.whl python3.12 x86_64", "d-1.0-py3-none-any.whl python3.12 x86_64"},
	}, {
		name: "one member, which needs another", file: "uv.lock", text: leaf(source), options: app, targets: []wheel.Target{pythontest.Arm313, pythontest.Py312},
		want: []string{"a-1.0-py3-none-any.whl python3.12 x86_64, python3.13 aarch64", "local packages/leaf/src/leaf python3.12 x86_64, python3.13 aarch64"},
	}, {
		name: "a member beside its pyproject.toml", file: "uv.lock", text: leaf("-- packages/leaf/leaf/__init__.py --\n-- packages/leaf/tests/test_leaf.py --\n"), options: app,
		want: []string{"a-1.0-py3-none-any.whl python3.12 x86_64", "local packages/leaf/leaf python3.12 x86_64"},
	}, {
		name: "an unknown member", file: "uv.lock", text: leaf(source), options: Options{Packages: []string{"ap"}},
		wantErr: `reading lock file "uv.lock": there is no workspace member "ap": it has "app", "leaf", "tool"`,
	}, {
		name: "settings of the build", file: "uv.lock", text: leaf("[tool.hatch.build.targets.wheel]\nonly-include = [\"x\"]\n" + source), options: app,
		wantErr: refused(`it has no Python at "x", where its pyproject.toml says that it is`),
	}, {
		name: "data beside the code", file: "uv.lock", text: leaf(source + "-- packages/leaf/src/leaf/x.json --\n{}\n"), options: app,
		want: []string{"a-1.0-py3-none-any.whl python3.12 x86_64", "local packages/leaf/src/leaf python3.12 x86_64"},
	}, {
		name: "a compiled module", file: "uv.lock", text: leaf(source + "-- packages/leaf/src/leaf/fast.so --\n"), options: app,
		wantErr: refused(`its file "src/leaf/fast.so" is not pure Python`),
	}, {
		name: "a second package", file: "uv.lock", text: leaf(source + "-- packages/leaf/src/other/__init__.py --\n"), options: app,
		want: []string{"a-1.0-py3-none-any.whl python3.12 x86_64", "local packages/leaf/src/leaf python3.12 x86_64"},
	}, {
		name: "a single module", file: "uv.lock", text: leaf("-- packages/leaf/leaf.py --\n"), options: app,
		want: []string{"a-1.0-py3-none-any.whl python3.12 x86_64", "local packages/leaf/leaf.py python3.12 x86_64"},
	}, {
		name: "no package", file: "uv.lock", text: leaf("-- packages/leaf/other.py --\n"), options: app,
		wantErr: refused("it has no leaf/__init__.py, nor one below src"),
	}, {
		name: "entry points", file: "uv.lock", text: leaf("[project.entry-points.plugins]\nx = \"leaf:x\"\n" + source), options: app,
		want: []string{"a-1.0-py3-none-any.whl python3.12 x86_64", "local packages/leaf/src/leaf python3.12 x86_64"},
	}, {
		name: "data that flit packs whole", file: "uv.lock", options: app,
		text: strings.ReplaceAll(leaf(source+"-- packages/leaf/src/leaf/x.json --\n{}\n"), "hatchling.build", "flit_core.buildapi"),
		want: []string{"a-1.0-py3-none-any.whl python3.12 x86_64", "local packages/leaf/src/leaf python3.12 x86_64"},
	}, {
		name: "uv's backend looks below src alone", file: "uv.lock", options: app,
		text:    strings.ReplaceAll(leaf("-- packages/leaf/leaf/__init__.py --\n"), "hatchling.build", "uv_build"),
		wantErr: refused("it has no src/leaf/__init__.py"),
	}, {
		name: "setuptools with settings that pack nothing else", file: "uv.lock", options: app,
		text: strings.ReplaceAll(leaf("[tool.setuptools.dynamic]\nversion = { attr = \"leaf.x\" }\n"+source), "hatchling.build", "setuptools.build_meta"),
		want: []string{"a-1.0-py3-none-any.whl python3.12 x86_64", "local packages/leaf/src/leaf python3.12 x86_64"},
	}, {
		name: "an unknown backend", file: "uv.lock", text: strings.ReplaceAll(leaf(source), "hatchling.build", "maturin"), options: app,
		wantErr: refused(`what its build backend "maturin" packs is not known`),
	}, {
		name: "no pyproject.toml", file: "uv.lock", text: "-- uv.lock --\n" + lock, options: app,
		wantErr: refused("it has no pyproject.toml that can be read"),
	}})
}
