package lockfile

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/backend"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// localCase is a project on disk that a lock file needs. want are the files
// of its wheel beside the metadata, refused is the reason of the refusal.
type localCase struct{ name, backend, settings, files, want, refused string }

const (
	leafInSource = "-- leaf/src/leaf/__init__.py --\n-- leaf/src/leaf/sub/__init__.py --\n"
	leafBeside   = "-- leaf/leaf/__init__.py --\n-- leaf/tests/__init__.py --\n"
)

// archive is the project with a lock file that needs it.
func (c localCase) archive() string {
	name := "leaf"
	if strings.Contains(c.files, "le_af") {
		name = "le-af"
	}
	return "-- uv.lock --\n" + uvHead + uvRoot("dependencies = [{ name = \""+name+"\" }]\n") +
		"[[package]]\nname = \"" + name + "\"\nversion = \"1\"\nsource = { editable = \"leaf\" }\n" +
		"-- leaf/pyproject.toml --\n[project]\nname = \"" + name + "\"\nversion = \"1\"\ndescription = \"A leaf.\"\n" +
		"[build-system]\nrequires = [\"" + backendPackages[c.backend] + "\"]\nbuild-backend = \"" + c.backend + "\"\n" + c.settings + c.files
}

// backendPackages are the distributions of the build backends.
var backendPackages = map[string]string{
	"hatchling.build": "hatchling", "setuptools.build_meta": "setuptools", "poetry.core.masonry.api": "poetry-core",
	"flit_core.buildapi": "flit-core", "uv_build": "uv-build",
}

func TestLocalPackages(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(hatchCases, setuptoolsCases, otherBackendCases) {
		t.Run(c.backend+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			f, err := ReadLockFile(t.Context(), filepath.Join(unpack(t, c.archive()), "uv.lock"), Options{}, []wheel.Target{pythontest.Py312})
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), "is not packed from disk: "+c.refused+". Give a wheel") {
					t.Errorf("ReadLockFile = %v\nwant the refusal %q", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(packedFiles(f.Local[0]), " "); got != c.want {
				t.Errorf("packed %s\nwant   %s", got, c.want)
			}
		})
	}
}

var hatchCases = []localCase{{
	name: "the default, said aloud", backend: "hatchling.build", settings: "[tool.hatch.build.targets.wheel]\npackages = [\"src/leaf\"]\n",
	files: leafInSource, want: "leaf/__init__.py leaf/sub/__init__.py",
}, {
	name: "data, without what git ignores", backend: "hatchling.build",
	files: leafInSource + "-- leaf/src/leaf/schema.json --\n-- leaf/src/leaf/sql/q.sql --\n-- leaf/src/leaf/local.py --\n-- leaf/src/leaf/sub/x.env --\n-- leaf/src/leaf/gen.py --\n-- leaf/.gitignore --\nlocal.py\n*.env\ngen.py\n",
	want:  "leaf/__init__.py leaf/schema.json leaf/sql/q.sql leaf/sub/__init__.py",
}, {
	name: "artifacts that git ignores", backend: "hatchling.build", settings: "[tool.hatch.build]\nartifacts = [\"gen.py\"]\n",
	files: leafInSource + "-- leaf/src/leaf/gen.py --\n-- leaf/.gitignore --\ngen.py\n", want: "leaf/__init__.py leaf/gen.py leaf/sub/__init__.py",
}, {
	name: "a package of another name", backend: "hatchling.build", settings: "[tool.hatch.build.targets.wheel]\npackages = [\"./lib/twig\"]\n",
	files: leafInSource + "-- leaf/lib/twig/mod.py --\n", want: "twig/mod.py",
}, {
	name: "what only the source distribution holds", backend: "hatchling.build", settings: "[tool.hatch.build.targets.sdist]\nexclude = [\"docs\"]\n",
	files: leafBeside, want: "leaf/__init__.py",
}, {
	name: "several packages", backend: "hatchling.build", settings: "[tool.hatch.build.targets.wheel]\npackages = [\"src/leaf\", \"src/twig\"]\n",
	files: leafInSource + "-- leaf/src/twig/__init__.py --\n", want: "leaf/__init__.py leaf/sub/__init__.py twig/__init__.py",
}, {
	name: "only some", backend: "hatchling.build", settings: "[tool.hatch.build.targets.wheel]\nonly-include = [\"leaf\"]\n", files: leafBeside, want: "leaf/__init__.py",
}, {
	name: "only some, from src", backend: "hatchling.build", settings: "[tool.hatch.build.targets.wheel]\nonly-include = [\"src/leaf\"]\nsources = [\"src\"]\n", files: leafInSource, want: "leaf/__init__.py leaf/sub/__init__.py",
}, {
	name: "a folder by another name", backend: "hatchling.build", settings: "[tool.hatch.build.targets.wheel]\nonly-include = [\"src/leaf\"]\n[tool.hatch.build.targets.wheel.sources]\n\"src/leaf\" = \"tree/leaf\"\n",
	files: leafInSource, want: "tree/leaf/__init__.py tree/leaf/sub/__init__.py",
}, {
	name: "by patterns", backend: "hatchling.build", settings: "[tool.hatch.build.targets.wheel]\ninclude = [\"leaf/**/*.py\", \"/twig\"]\nexclude = [\"**/tests\"]\n",
	files: leafBeside + "-- leaf/leaf/x.json --\n-- leaf/leaf/tests/a.py --\n-- leaf/twig/a.json --\n", want: "leaf/__init__.py twig/a.json",
}, {
	name: "without some", backend: "hatchling.build", settings: "[tool.hatch.build]\nexclude = [\"*.sql\", \"/src/leaf/sub\"]\n",
	files: leafInSource + "-- leaf/src/leaf/q.sql --\n", want: "leaf/__init__.py",
}, {
	name: "a single module", backend: "hatchling.build", files: "-- leaf/leaf.py --\n", want: "leaf.py",
}, {
	name: "in a namespace", backend: "hatchling.build", files: "-- leaf/tree/leaf/__init__.py --\n-- leaf/tree/x.txt --\n", want: "tree/leaf/__init__.py tree/x.txt",
}, {
	name: "further files", backend: "hatchling.build", settings: "[tool.hatch.build.targets.wheel]\npackages = [\"src/leaf\"]\n[tool.hatch.build.targets.wheel.force-include]\n\"conf/x.json\" = \"leaf/conf.json\"\n",
	files: leafInSource + "-- leaf/conf/x.json --\n", want: "leaf/__init__.py leaf/conf.json leaf/sub/__init__.py",
}, {
	name: "entry points", backend: "hatchling.build", settings: "[project.scripts]\na = \"leaf:a\"\n[project.entry-points.\"x.y\"]\nb = \"leaf\"\n", files: leafBeside, want: "leaf/__init__.py",
}, {
	name: "a package that is not there", backend: "hatchling.build", settings: "[tool.hatch.build.targets.wheel]\npackages = [\"lib/leaf\"]\n",
	files: leafInSource, refused: `it has no Python at "lib/leaf", where its pyproject.toml says that it is`,
}, {
	name: "a package outside", backend: "hatchling.build", settings: "[tool.hatch.build.targets.wheel]\npackages = [\"../leaf\"]\n",
	files: leafInSource, refused: "tool.hatch.build.targets.wheel.packages in its pyproject.toml changes what a wheel of it holds",
}, {
	name: "a hook", backend: "hatchling.build", settings: "[tool.hatch.build.hooks.vcs]\nversion-file = \"src/leaf/_version.py\"\n",
	files: leafInSource, refused: "tool.hatch.build.hooks in its pyproject.toml changes what a wheel of it holds",
}, {
	name: "native code", backend: "hatchling.build", files: leafInSource + "-- leaf/src/leaf/x.pyx --\n", refused: `its file "src/leaf/x.pyx" is not pure Python`,
}, {
	name: "setup.py, which it does not read", backend: "hatchling.build", files: leafInSource + "-- leaf/setup.py --\n", want: "leaf/__init__.py leaf/sub/__init__.py",
}}

const findSource = "[tool.setuptools.packages.find]\nwhere = [\"src\"]\n"

var setuptoolsCases = []localCase{{
	name: "found below src", backend: "setuptools.build_meta", settings: findSource, files: leafInSource + "-- leaf/src/leaf.egg-info/PKG-INFO --\n", want: "leaf/__init__.py leaf/sub/__init__.py",
}, {
	name: "found by itself below src", backend: "setuptools.build_meta", files: leafInSource + "-- leaf/src/twig.py --\n", want: "leaf/__init__.py leaf/sub/__init__.py twig.py",
}, {
	name: "found by itself beside", backend: "setuptools.build_meta", files: leafBeside + "-- leaf/docs/conf.py --\n", want: "leaf/__init__.py",
}, {
	name: "found by another name", backend: "setuptools.build_meta", settings: "[tool.setuptools]\npackage-dir = { \"\" = \"lib\" }\n[tool.setuptools.packages.find]\nwhere = [\"lib\"]\n",
	files: "-- leaf/lib/twig/__init__.py --\n", want: "twig/__init__.py",
}, {
	name: "found by its pattern", backend: "setuptools.build_meta", settings: "[tool.setuptools.packages.find]\ninclude = [\"leaf*\"]\n",
	files: leafBeside + "-- leaf/leaf/sub/mod.py --\n", want: "leaf/__init__.py leaf/sub/mod.py",
}, {
	name: "found but for the tests", backend: "setuptools.build_meta", settings: "[tool.setuptools.packages.find]\nexclude = [\"tests*\"]\n", files: leafBeside, want: "leaf/__init__.py",
}, {
	name: "two are found", backend: "setuptools.build_meta", settings: "[tool.setuptools.packages.find]\n", files: leafBeside, want: "leaf/__init__.py tests/__init__.py",
}, {
	name: "folders without __init__.py are none", backend: "setuptools.build_meta", settings: "[tool.setuptools.packages.find]\nnamespaces = false\n",
	files: "-- leaf/leaf/__init__.py --\n-- leaf/docs/conf.py --\n", want: "leaf/__init__.py",
}, {
	name: "a part is left out", backend: "setuptools.build_meta", settings: findSource + "exclude = [\"leaf.sub*\"]\n", files: leafInSource, want: "leaf/__init__.py",
}, {
	name: "a folder without __init__.py is left out", backend: "setuptools.build_meta", settings: findSource + "namespaces = false\n", files: leafInSource + "-- leaf/src/leaf/data/mod.py --\n",
	want: "leaf/__init__.py leaf/sub/__init__.py",
}, {
	name: "listed", backend: "setuptools.build_meta", settings: "[tool.setuptools]\npackages = [\"leaf\", \"leaf.sub\"]\npackage-dir = { \"\" = \"src\" }\n", files: leafInSource, want: "leaf/__init__.py leaf/sub/__init__.py",
}, {
	name: "not all are listed", backend: "setuptools.build_meta", settings: "[tool.setuptools]\npackages = [\"leaf\"]\npackage-dir = { \"\" = \"src\" }\n", files: leafInSource, want: "leaf/__init__.py",
}, {
	name: "a folder of one package alone", backend: "setuptools.build_meta", settings: "[tool.setuptools]\npackages = [\"leaf\"]\npackage-dir = { leaf = \"lib\" }\n", files: "-- leaf/lib/__init__.py --\n", want: "leaf/__init__.py",
}, {
	name: "a single module", backend: "setuptools.build_meta", settings: "[tool.setuptools]\npy-modules = [\"twig\"]\n", files: "-- leaf/twig.py --\n", want: "twig.py",
}, {
	name: "below src by itself", backend: "setuptools.build_meta", settings: "[tool.setuptools]\npackage-dir = { \"\" = \"src\" }\n", files: leafInSource, want: "leaf/__init__.py leaf/sub/__init__.py",
}, {
	name: "data that it names", backend: "setuptools.build_meta", settings: findSource + "[tool.setuptools.package-data]\n\"leaf.sub\" = [\"*.json\"]\n\"*\" = [\"py.typed\"]\n",
	files: leafInSource + "-- leaf/src/leaf/sub/x.json --\n-- leaf/src/leaf/y.json --\n", want: "leaf/__init__.py leaf/sub/__init__.py leaf/sub/x.json",
}, {
	name: "data that its manifest names", backend: "setuptools.build_meta", settings: findSource,
	files: leafInSource + "-- leaf/MANIFEST.in --\nrecursive-include src/leaf *.json\ngraft src/leaf/sub\nglobal-exclude y.*\n-- leaf/src/leaf/x.json --\n-- leaf/src/leaf/y.json --\n-- leaf/src/leaf/sub/z.bin --\n",
	want:  "leaf/__init__.py leaf/sub/__init__.py leaf/sub/z.bin leaf/x.json",
}, {
	name: "setup.py that says nothing", backend: "setuptools.build_meta", files: leafInSource + "-- leaf/setup.py --\nfrom setuptools import setup\n\nsetup()\n", want: "leaf/__init__.py leaf/sub/__init__.py",
}, {
	name: "setup.py that does more", backend: "setuptools.build_meta", files: leafInSource + "-- leaf/setup.py --\nfrom setuptools import setup\nsetup(packages=[])\n", refused: "its setup.py may change what a wheel of it holds",
}, {
	name: "extension modules", backend: "setuptools.build_meta", settings: "[[tool.setuptools.ext-modules]]\nname = \"x\"\n", files: leafInSource,
	refused: "tool.setuptools.ext-modules in its pyproject.toml changes what a wheel of it holds",
}}

var otherBackendCases = []localCase{{
	name: "a package from src", backend: "poetry.core.masonry.api", settings: "[tool.poetry]\npackages = [{ include = \"twig\", from = \"src\" }]\n", files: "-- leaf/src/twig/__init__.py --\n-- leaf/src/twig/x.json --\n", want: "twig/__init__.py twig/x.json",
}, {
	name: "the package of its name", backend: "poetry.core.masonry.api", files: leafInSource + "-- leaf/src/leaf/x.sql --\n", want: "leaf/__init__.py leaf/sub/__init__.py leaf/x.sql",
}, {
	name: "two packages", backend: "poetry.core.masonry.api", settings: "[tool.poetry]\npackages = [{ include = \"twig\" }, { include = \"leaf\" }]\n", files: leafBeside + "-- leaf/twig/__init__.py --\n", want: "leaf/__init__.py twig/__init__.py",
}, {
	name: "a module", backend: "poetry.core.masonry.api", settings: "[tool.poetry]\npackages = [{ include = \"twig.py\" }]\n", files: "-- leaf/twig.py --\n", want: "twig.py",
}, {
	name: "a glob", backend: "poetry.core.masonry.api", settings: "[tool.poetry]\npackages = [{ include = \"twig/**/*.py\" }]\n", files: "-- leaf/twig/__init__.py --\n-- leaf/twig/a/b.py --\n-- leaf/twig/x.json --\n", want: "twig/__init__.py twig/a/b.py",
}, {
	name: "another place in the wheel", backend: "poetry.core.masonry.api", settings: "[tool.poetry]\npackages = [{ include = \"twig\", to = \"x\" }]\n", files: "-- leaf/twig/__init__.py --\n", want: "x/twig/__init__.py",
}, {
	name: "without some", backend: "poetry.core.masonry.api", settings: "[tool.poetry]\npackages = [{ include = \"leaf\" }]\nexclude = [\"leaf/x.json\"]\n", files: leafBeside + "-- leaf/leaf/x.json --\n-- leaf/leaf/y.json --\n", want: "leaf/__init__.py leaf/y.json",
}, {
	name: "with more", backend: "poetry.core.masonry.api", settings: "[tool.poetry]\ninclude = [{ path = \"conf/x.json\", format = \"wheel\" }, \"docs/y\"]\n", files: leafBeside + "-- leaf/conf/x.json --\n-- leaf/docs/y --\n", want: "conf/x.json leaf/__init__.py",
}, {
	name: "a build script", backend: "poetry.core.masonry.api", settings: "[tool.poetry.build]\nscript = \"build.py\"\n", files: leafInSource,
	refused: "tool.poetry.build in its pyproject.toml changes what a wheel of it holds",
}, {
	name: "a module of another name", backend: "flit_core.buildapi", settings: "[tool.flit.module]\nname = \"twig\"\n", files: "-- leaf/twig/__init__.py --\n-- leaf/twig/x.json --\n", want: "twig/__init__.py twig/x.json",
}, {
	name: "a module in a namespace", backend: "flit_core.buildapi", settings: "[tool.flit.module]\nname = \"tree.twig\"\n", files: "-- leaf/tree/twig/__init__.py --\n", want: "tree/twig/__init__.py",
}, {
	name: "a module beside", backend: "uv_build", settings: "[tool.uv.build-backend]\nmodule-root = \"\"\n", files: leafBeside, want: "leaf/__init__.py",
}, {
	name: "a module of another name", backend: "uv_build", settings: "[tool.uv.build-backend]\nmodule-name = \"twig\"\n", files: "-- leaf/src/twig/__init__.py --\n-- leaf/src/twig/x.json --\n", want: "twig/__init__.py twig/x.json",
}, {
	name: "a dotted module", backend: "uv_build", settings: "[tool.uv.build-backend]\nmodule-name = \"tree.twig\"\n", files: "-- leaf/src/tree/twig/__init__.py --\n", want: "tree/twig/__init__.py",
}, {
	name: "what is left out", backend: "uv_build", settings: "[tool.uv.build-backend]\nwheel-exclude = [\"x.json\", \"/src/leaf/sub/**\"]\n", files: leafInSource + "-- leaf/src/leaf/x.json --\n-- leaf/src/leaf/y.json --\n", want: "leaf/__init__.py leaf/y.json",
}, {
	name: "a dash in the name", backend: "uv_build", files: "-- leaf/src/le_af/__init__.py --\n", want: "le_af/__init__.py",
}, {
	name: "a backend that is not known", backend: "meson.build", files: leafInSource, refused: `what its build backend "meson.build" packs is not known`,
}}

// packedFiles lists what a layer would hold of the project beside its metadata.
func packedFiles(l LocalPackage) []string {
	var files []string
	for _, p := range l.Parts {
		if p.Files == nil {
			files = append(files, p.Target)
		}
		for _, name := range p.Files {
			files = append(files, p.Target+"/"+name)
		}
	}
	slices.Sort(files)
	return files
}

// TestLocalMetadata has what importlib.metadata reads.
func TestLocalMetadata(t *testing.T) {
	t.Parallel()
	c := localCase{
		backend: "hatchling.build", settings: "[project.optional-dependencies]\nfast = [\"orjson; python_version < '4' or os_name == 'x'\"]\n[project.scripts]\nleaf = \"leaf:main\"\n[project.entry-points.\"x.y\"]\nb = \"leaf\"\n",
		files: leafBeside + "-- leaf/LICENSE --\nMIT\n",
	}
	f, err := ReadLockFile(t.Context(), filepath.Join(unpack(t, c.archive()), "uv.lock"), Options{}, []wheel.Target{pythontest.Py312})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"leaf-1.dist-info/METADATA": "Metadata-Version: 2.4\nName: leaf\nVersion: 1\nSummary: A leaf.\nLicense-File: LICENSE\nProvides-Extra: fast\n" +
			"Requires-Dist: orjson; (python_version < '4' or os_name == 'x') and extra == 'fast'\n",
		"leaf-1.dist-info/entry_points.txt": "[console_scripts]\nleaf = leaf:main\n\n[x.y]\nb = leaf\n",
		"leaf-1.dist-info/licenses/LICENSE": "MIT\n",
		"leaf-1.dist-info/WHEEL":            "Wheel-Version: 1.0\nGenerator: layerbuild\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
		"leaf-1.dist-info/RECORD": "leaf-1.dist-info/METADATA,,\nleaf-1.dist-info/WHEEL,,\nleaf-1.dist-info/entry_points.txt,,\n" +
			"leaf-1.dist-info/licenses/LICENSE,,\nleaf/__init__.py,,\nleaf-1.dist-info/RECORD,,\n",
	}
	if got := f.Local[0].Info; !maps.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestLocalVersions reads the version where the lock file has none.
func TestLocalVersions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ backend, settings, files, want string }{
		{"hatchling.build", "[tool.hatch.version]\npath = \"leaf/about.py\"\n", "-- leaf/leaf/about.py --\n__version__ = \"1.2\"\n", "1.2"},
		{"setuptools.build_meta", "[tool.setuptools.dynamic]\nversion = { attr = \"leaf.__version__\" }\n", "-- leaf/leaf/__init__.py --\n__version__: str = '1.3'\n", "1.3"},
		{"setuptools.build_meta", "[tool.setuptools.dynamic]\nversion = { file = \"VERSION\" }\n", "-- leaf/VERSION --\n1.4\n", "1.4"},
		{"flit_core.buildapi", "", "-- leaf/leaf/__init__.py --\n\"\"\"A leaf.\"\"\"\n__version__ = \"1.5\"\n", "1.5"},
		{"hatchling.build", "[tool.hatch.version]\nsource = \"vcs\"\n", "", ""},
	} {
		l := localCase{backend: c.backend, settings: c.settings, files: "-- leaf/leaf/__init__.py --\n" + c.files}
		archive := strings.Replace(strings.Replace(l.archive(), "version = \"1\"\nsource = { editable", "source = { editable", 1), "version = \"1\"\ndescription", "dynamic = [\"version\"]\ndescription", 1)
		f, err := ReadLockFile(t.Context(), filepath.Join(unpack(t, archive), "uv.lock"), Options{}, []wheel.Target{pythontest.Py312})
		if err != nil {
			t.Errorf("%s: %v", c.backend, err)
			continue
		}
		if got := f.Local[0]; got.Version != c.want || (got.Info == nil) != (c.want == "") || len(f.Notes) > 0 != (c.want == "") {
			t.Errorf("%s with %q: version %q, metadata %q, notes %q, want version %q", c.backend, c.settings, got.Version, got.Info, f.Notes, c.want)
		}
	}
}

// TestLocalIgnoresAbove obeys .gitignore files of folders above the project, and
// leaves out a member without asking what it holds.
func TestLocalIgnoresAbove(t *testing.T) {
	t.Parallel()
	c := localCase{backend: "hatchling.build", files: leafBeside + "-- leaf/leaf/keys.py --\n-- leaf/leaf/sub/keys.py --\n-- leaf/leaf/sub/.gitignore --\n!keys.py\n-- .gitignore --\nkeys.py\n"}
	f, err := ReadLockFile(t.Context(), filepath.Join(unpack(t, c.archive()), "uv.lock"), Options{}, []wheel.Target{pythontest.Py312})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(packedFiles(f.Local[0]), " "); got != "leaf/__init__.py leaf/sub/.gitignore leaf/sub/keys.py" {
		t.Errorf("packed %s", got)
	}
	c.backend = "meson.build"
	f, err = ReadLockFile(t.Context(), filepath.Join(unpack(t, c.archive()), "uv.lock"), Options{LeftOut: []string{"leaf"}}, []wheel.Target{pythontest.Py312})
	if err != nil || len(f.Local) > 0 || !slices.Equal(f.LeftOut, []string{"leaf"}) {
		t.Errorf("left out: %+v, %v", f, err)
	}
}

func FuzzLocalPackage(f *testing.F) {
	for _, c := range slices.Concat(hatchCases, setuptoolsCases, otherBackendCases) {
		f.Add(c.backend, c.settings)
	}
	dir := f.TempDir()
	for _, folder := range []string{"src/leaf/sub", "leaf"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(folder)), 0o700); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(folder), "__init__.py"), nil, 0o600); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, name, settings string) {
		defer indextest.Budget(t, len(name)+len(settings))()
		text := "[project]\nname = \"leaf\"\n[build-system]\nbuild-backend = " + strconv.Quote(name) + "\n" + settings
		if err := os.WriteFile(filepath.Join(dir, "pyproject.toml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		w, err := backend.Read(os.DirFS(dir), "leaf", "1", os.DirFS(dir), ".")
		if err != nil {
			return
		}
		for to, from := range w.Files {
			if !fs.ValidPath(to) || !fs.ValidPath(from) {
				t.Errorf("%s with %q packs %q as %q", name, settings, from, to)
			}
		}
	})
}
