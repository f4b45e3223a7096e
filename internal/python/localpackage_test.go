package python

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// localCase is a project on disk that a lock file needs. want is where its
// package lies and what it is imported as, or the reason of the refusal.
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
			f, err := ReadLockFile(filepath.Join(unpack(t, c.archive()), "uv.lock"), LockFileOptions{}, []Target{py312})
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), "is not packed from disk: "+c.refused+". Give a wheel") {
					t.Errorf("ReadLockFile = %v\nwant the refusal %q", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Local[0].Source + " as " + f.Local[0].Module; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

var hatchCases = []localCase{{
	name: "the default, said aloud", backend: "hatchling.build", settings: "[tool.hatch.build.targets.wheel]\npackages = [\"src/leaf\"]\n",
	files: leafInSource, want: "leaf/src/leaf as leaf",
}, {
	name: "a package of another name", backend: "hatchling.build", settings: "[tool.hatch.build.targets.wheel]\npackages = [\"./lib/twig\"]\n",
	files: leafInSource + "-- leaf/lib/twig/mod.py --\n", want: "leaf/lib/twig as twig",
}, {
	name: "what only the source distribution holds", backend: "hatchling.build", settings: "[tool.hatch.build.targets.sdist]\nexclude = [\"docs\"]\n[tool.hatch.version]\npath = \"x\"\n",
	files: leafBeside, want: "leaf/leaf as leaf",
}, {
	name: "several packages", backend: "hatchling.build", settings: "[tool.hatch.build.targets.wheel]\npackages = [\"src/leaf\", \"src/twig\"]\n",
	files: leafInSource, refused: "tool.hatch.build.targets.wheel.packages in its pyproject.toml names several packages, or none",
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
	name: "further files", backend: "hatchling.build", settings: "[tool.hatch.build.targets.wheel]\npackages = [\"src/leaf\"]\nforce-include = { x = \"y\" }\n",
	files: leafInSource, refused: "tool.hatch.build.targets.wheel.force-include in its pyproject.toml changes what a wheel of it holds",
}, {
	name: "setup.py, which it does not read", backend: "hatchling.build", files: leafInSource + "-- leaf/setup.py --\n", want: "leaf/src/leaf as leaf",
}}

const findSource = "[tool.setuptools.packages.find]\nwhere = [\"src\"]\n"

var setuptoolsCases = []localCase{{
	name: "found below src", backend: "setuptools.build_meta", settings: findSource, files: leafInSource + "-- leaf/src/leaf.egg-info/PKG-INFO --\n", want: "leaf/src/leaf as leaf",
}, {
	name: "found by another name", backend: "setuptools.build_meta", settings: "[tool.setuptools]\npackage-dir = { \"\" = \"lib\" }\n[tool.setuptools.packages.find]\nwhere = [\"lib\"]\n",
	files: "-- leaf/lib/twig/__init__.py --\n", want: "leaf/lib/twig as twig",
}, {
	name: "found by its pattern", backend: "setuptools.build_meta", settings: "[tool.setuptools.packages.find]\ninclude = [\"leaf*\"]\n",
	files: leafBeside + "-- leaf/leaf/sub/mod.py --\n", want: "leaf/leaf as leaf",
}, {
	name: "found but for the tests", backend: "setuptools.build_meta", settings: "[tool.setuptools.packages.find]\nexclude = [\"tests*\"]\n", files: leafBeside, want: "leaf/leaf as leaf",
}, {
	name: "two are found", backend: "setuptools.build_meta", settings: "[tool.setuptools.packages.find]\n", files: leafBeside,
	refused: "tool.setuptools.packages.find in its pyproject.toml names several packages, or none",
}, {
	name: "folders without __init__.py are none", backend: "setuptools.build_meta", settings: "[tool.setuptools.packages.find]\nnamespaces = false\n",
	files: "-- leaf/leaf/__init__.py --\n-- leaf/docs/conf.py --\n", want: "leaf/leaf as leaf",
}, {
	name: "a part is left out", backend: "setuptools.build_meta", settings: findSource + "exclude = [\"leaf.sub*\"]\n", files: leafInSource,
	refused: `tool.setuptools.packages.find in its pyproject.toml leaves out "leaf.sub"`,
}, {
	name: "a folder without __init__.py is left out", backend: "setuptools.build_meta", settings: findSource + "namespaces = false\n", files: leafInSource + "-- leaf/src/leaf/data/mod.py --\n",
	refused: `tool.setuptools.packages.find in its pyproject.toml leaves out "leaf.data"`,
}, {
	name: "listed", backend: "setuptools.build_meta", settings: "[tool.setuptools]\npackages = [\"leaf\", \"leaf.sub\"]\npackage-dir = { \"\" = \"src\" }\n", files: leafInSource, want: "leaf/src/leaf as leaf",
}, {
	name: "not all are listed", backend: "setuptools.build_meta", settings: "[tool.setuptools]\npackages = [\"leaf\"]\npackage-dir = { \"\" = \"src\" }\n", files: leafInSource,
	refused: `tool.setuptools.packages in its pyproject.toml leaves out "leaf.sub"`,
}, {
	name: "a folder of one package alone", backend: "setuptools.build_meta", settings: "[tool.setuptools]\npackages = [\"leaf\"]\npackage-dir = { leaf = \"lib\" }\n", files: leafInSource,
	refused: "tool.setuptools.package-dir.leaf in its pyproject.toml changes what a wheel of it holds",
}, {
	name: "a single module", backend: "setuptools.build_meta", settings: "[tool.setuptools]\npy-modules = [\"twig\"]\n", files: "-- leaf/twig.py --\n", want: "leaf/twig.py as twig",
}, {
	name: "below src by itself", backend: "setuptools.build_meta", settings: "[tool.setuptools]\npackage-dir = { \"\" = \"src\" }\n", files: leafInSource, want: "leaf/src/leaf as leaf",
}, {
	name: "data that it names", backend: "setuptools.build_meta", settings: findSource + "[tool.setuptools.package-data]\n\"leaf.sub\" = [\"*.json\"]\n\"*\" = [\"py.typed\"]\n",
	files: leafInSource + "-- leaf/src/leaf/sub/x.json --\n", want: "leaf/src/leaf as leaf",
}, {
	name: "data of another package", backend: "setuptools.build_meta", settings: findSource + "[tool.setuptools.package-data]\n\"leaf.sub\" = [\"*.json\"]\n",
	files: leafInSource + "-- leaf/src/leaf/x.json --\n", refused: `whether a wheel holds its file "x.json" is the build backend's decision`,
}, {
	name: "setup.py", backend: "setuptools.build_meta", files: leafInSource + "-- leaf/setup.py --\n", refused: "its setup.py may change what a wheel of it holds",
}, {
	name: "extension modules", backend: "setuptools.build_meta", settings: "[[tool.setuptools.ext-modules]]\nname = \"x\"\n", files: leafInSource,
	refused: "tool.setuptools.ext-modules in its pyproject.toml changes what a wheel of it holds",
}}

var otherBackendCases = []localCase{{
	name: "a package from src", backend: "poetry.core.masonry.api", settings: "[tool.poetry]\npackages = [{ include = \"twig\", from = \"src\" }]\n", files: "-- leaf/src/twig/__init__.py --\n", want: "leaf/src/twig as twig",
}, {
	name: "a module", backend: "poetry.core.masonry.api", settings: "[tool.poetry]\npackages = [{ include = \"twig.py\" }]\n", files: "-- leaf/twig.py --\n", want: "leaf/twig.py as twig",
}, {
	name: "a glob", backend: "poetry.core.masonry.api", settings: "[tool.poetry]\npackages = [{ include = \"twig/**/*.py\" }]\n", files: "-- leaf/twig/__init__.py --\n",
	refused: "tool.poetry.packages in its pyproject.toml changes what a wheel of it holds",
}, {
	name: "another place in the wheel", backend: "poetry.core.masonry.api", settings: "[tool.poetry]\npackages = [{ include = \"twig\", to = \"x\" }]\n", files: "-- leaf/twig/__init__.py --\n",
	refused: "tool.poetry.packages.to in its pyproject.toml changes what a wheel of it holds",
}, {
	name: "a build script", backend: "poetry.core.masonry.api", settings: "[tool.poetry.build]\nscript = \"build.py\"\n", files: leafInSource,
	refused: "tool.poetry.build in its pyproject.toml changes what a wheel of it holds",
}, {
	name: "a module of another name", backend: "flit_core.buildapi", settings: "[tool.flit.module]\nname = \"twig\"\n", files: "-- leaf/twig/__init__.py --\n-- leaf/twig/x.json --\n", want: "leaf/twig as twig",
}, {
	name: "a module in a namespace", backend: "flit_core.buildapi", settings: "[tool.flit.module]\nname = \"tree.twig\"\n", files: "-- leaf/tree/twig/__init__.py --\n",
	refused: `tool.flit.module.name in its pyproject.toml is "tree.twig", which is no importable package at the top`,
}, {
	name: "data outside", backend: "flit_core.buildapi", settings: "[tool.flit.external-data]\ndirectory = \"data\"\n", files: leafInSource,
	refused: "tool.flit.external-data in its pyproject.toml changes what a wheel of it holds",
}, {
	name: "a module beside", backend: "uv_build", settings: "[tool.uv.build-backend]\nmodule-root = \"\"\n", files: leafBeside, want: "leaf/leaf as leaf",
}, {
	name: "a module of another name", backend: "uv_build", settings: "[tool.uv.build-backend]\nmodule-name = \"twig\"\n", files: "-- leaf/src/twig/__init__.py --\n-- leaf/src/twig/x.json --\n", want: "leaf/src/twig as twig",
}, {
	name: "what is left out", backend: "uv_build", settings: "[tool.uv.build-backend]\nwheel-exclude = [\"x\"]\n", files: leafInSource,
	refused: "tool.uv.build-backend.wheel-exclude in its pyproject.toml changes what a wheel of it holds",
}, {
	name: "a dash in the name", backend: "uv_build", files: "-- leaf/src/le_af/__init__.py --\n", want: "leaf/src/le_af as le_af",
}}

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
	f.Fuzz(func(t *testing.T, backend, settings string) {
		var p buildProject
		if toml.Unmarshal([]byte(settings), &p) != nil {
			return
		}
		shapeOf := backends[backend]
		if shapeOf == nil {
			return
		}
		s, err := shapeOf(&p, dir, "leaf")
		if err != nil {
			return
		}
		if !importable(s.module) || s.source != "" && !filepath.IsLocal(s.source) {
			t.Errorf("%s with %q gives %q as %q", backend, settings, s.source, s.module)
		}
	})
}
