package backend

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// tree is a project with files of those names, and some of those contents.
func tree(project string, names ...string) fstest.MapFS {
	out := fstest.MapFS{"pyproject.toml": {Data: []byte(project)}}
	for _, name := range names {
		name, content, _ := strings.Cut(name, "=")
		out[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return out
}

func buildBy(name, settings string) string {
	return "[project]\nname = \"acme-shared\"\nversion = \"1.0\"\n[build-system]\nbuild-backend = \"" + name + "\"\n" + settings
}

// TestRead has the files of wheels as "place<source" where the two differ.
func TestRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fsys fstest.MapFS
		want string
	}{
		"hatchling finds the package below src": {tree(buildBy("hatchling.build", ""), "src/acme_shared/__init__.py", "src/acme_shared/x.sql", "src/acme_shared/a.pyc", "tests/test_a.py"),
			"acme_shared/__init__.py<src/acme_shared/__init__.py acme_shared/x.sql<src/acme_shared/x.sql"},
		"hatchling obeys .gitignore": {tree(buildBy("hatchling.build", ""), "acme_shared/__init__.py", "acme_shared/key.pem", ".gitignore=*.pem"), "acme_shared/__init__.py"},
		"hatchling keeps dots":       {tree(buildBy("hatchling.build", "[tool.hatch.build.targets.wheel]\ninclude = [\"/.data\", \"/acme_shared\"]\n"), "acme_shared/__init__.py", ".data/x.json", "y.json"), ".data/x.json acme_shared/__init__.py"},
		"setuptools does not":        {tree(buildBy("setuptools.build_meta", ""), "acme_shared/__init__.py", "acme_shared/local.py", ".gitignore=local.py"), "acme_shared/__init__.py acme_shared/local.py"},
		"setuptools where no backend is named": {tree("[project]\nname = \"acme-shared\"\nversion = \"1.0\"\n", "acme_shared/__init__.py", "acme_shared/sub/mod.py"),
			"acme_shared/__init__.py acme_shared/sub/mod.py"},
		"uv's own":         {tree(buildBy("uv_build", "[tool.uv.build-backend]\nmodule-name = [\"acme_shared\", \"b\"]\nmodule-root = \"\"\n"), "acme_shared/__init__.py", "b/__init__.py"), "acme_shared/__init__.py b/__init__.py"},
		"Flit's own":       {tree(buildBy("flit_core.buildapi", ""), "acme_shared.py"), "acme_shared.py"},
		"Poetry's to":      {tree(buildBy("poetry.core.masonry.api", "[tool.poetry]\npackages = [{ include = \"acme_shared\", from = \"lib\", to = \"x\" }]\n"), "lib/acme_shared/__init__.py"), "x/acme_shared/__init__.py<lib/acme_shared/__init__.py"},
		"hatchling's dots": {tree(buildBy("hatchling.build", "[tool.hatch.build.targets.wheel]\npackages = [\"src/ns\"]\n"), "src/ns/acme/__init__.py"), "ns/acme/__init__.py<src/ns/acme/__init__.py"},
	} {
		w, err := Read(c.fsys, "acme-shared", "", c.fsys, ".")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, to := range slices.Sorted(maps.Keys(w.Files)) {
			if from := w.Files[to]; from != to {
				to += "<" + from
			}
			got = append(got, to)
		}
		if strings.Join(got, " ") != c.want || w.Version != "1.0" {
			t.Errorf("%s: got %s, version %q, want %s", name, strings.Join(got, " "), w.Version, c.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for want, fsys := range map[string]fstest.MapFS{
		"it has no pyproject.toml that can be read":       {},
		`what its build backend "own" packs is not known`: tree(buildBy("own", "")),
		`its file "acme_shared/x.so" is not pure Python`:  tree(buildBy("hatchling.build", ""), "acme_shared/__init__.py", "acme_shared/x.so"),
		`the .gitignore file of the folder "acme_shared": line 1 holds a class by name, such as [[:alpha:]]: write it as [a-zA-Z]`:                           tree(buildBy("hatchling.build", ""), "acme_shared/__init__.py", "acme_shared/.gitignore=[[:digit:]].pem"),
		"tool.setuptools.a in its pyproject.toml changes what a wheel of it holds; tool.setuptools.b in its pyproject.toml changes what a wheel of it holds": tree(buildBy("setuptools.build_meta", "[tool.setuptools]\nb = 1\na = 2\n"), "acme_shared/__init__.py"),
		"it has no acme_shared/__init__.py, nor one below src":                                                                                               tree(buildBy("hatchling.build", ""), "other.py"),
		`it holds the folders "a", "b" beside its pyproject.toml, of which setuptools makes no wheel`:                                                        tree(buildBy("setuptools.build_meta", ""), "a/__init__.py", "b/__init__.py"),
		"tool.hatch.build.hooks in its pyproject.toml changes what a wheel of it holds":                                                                      tree(buildBy("hatchling.build", "[tool.hatch.build.hooks.custom]\n"), "acme_shared.py"),
		"tool.poetry.packages in its pyproject.toml changes what a wheel of it holds":                                                                        tree(buildBy("poetry.core.masonry.api", "[tool.poetry]\npackages = [{ include = \"../x\" }]\n"), "acme_shared.py"),
		"its setup.py may change what a wheel of it holds":                                                                                                   tree(buildBy("setuptools.build_meta", ""), "acme_shared/__init__.py", "setup.py=setup(packages=x)"),
		`both "acme_shared" and "src/acme_shared" are importable packages`:                                                                                   tree(buildBy("flit_core.buildapi", ""), "acme_shared/__init__.py", "src/acme_shared/__init__.py"),
	} {
		if _, err := Read(fsys, "acme-shared", "", fsys, "."); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestReadBelowOtherIgnores obeys the .gitignore of a folder above.
func TestReadBelowOtherIgnores(t *testing.T) {
	t.Parallel()
	fsys := tree(buildBy("hatchling.build", ""), "acme_shared/__init__.py", "acme_shared/secret.py")
	above := fstest.MapFS{".gitignore": {Data: []byte("/libs/acme/acme_shared/secret.py\n")}}
	w, err := Read(fsys, "acme-shared", "", above, "libs/acme")
	if err != nil || len(w.Files) != 1 {
		t.Errorf("Read() = %v, %v", w, err)
	}
}

func TestWithMarker(t *testing.T) {
	t.Parallel()
	for requirement, want := range map[string]string{
		"a>=1":                            `a>=1; extra == "x"`,
		"a; b or c":                       `a; (b or c) and extra == "x"`,
		"a @ https://e.example/a;b.whl":   `a @ https://e.example/a;b.whl ; extra == "x"`,
		"a @ https://e.example/a.whl ; b": `a @ https://e.example/a.whl ; b and extra == "x"`,
	} {
		if got := WithMarker(requirement, `extra == "x"`); got != want {
			t.Errorf("WithMarker(%q) = %s, want %s", requirement, got, want)
		}
	}
}

// TestFilesThatVersionControlLists holds what a build by setuptools 80 with
// setuptools-scm 8 packs in a git checkout where every file is tracked, but for what is
// ignored; where only git would tell, the project is refused.
func TestFilesThatVersionControlLists(t *testing.T) {
	t.Parallel()
	project := func(require, settings string) string {
		return "[build-system]\nrequires = [\"setuptools>=64\", \"" + require + "\"]\nbuild-backend = \"setuptools.build_meta\"\n[project]\nname = \"acme\"\nversion = \"1.0\"\n" + settings
	}
	const refusal = `its build requires %s, which packs the files that version control tracks, and nothing on disk tells that of %s: name them in package-data or exclude-package-data of [tool.setuptools], or in MANIFEST.in`
	data := []string{".git/HEAD", "src/acme/__init__.py", "src/acme/data.json", "src/acme/templates/page.html", ".gitignore=*.key", "src/acme/a.key", "README.md", "src/acme/py.typed"}
	const code = "acme/__init__.py acme/py.typed"
	for name, c := range map[string]struct {
		fsys fstest.MapFS
		dir  string
		want string
	}{
		"a checkout":        {tree(project("setuptools-scm[toml]>=8", ""), data...), ".", fmt.Sprintf(refusal, "setuptools-scm", `"src/acme/data.json", and of 1 other`)},
		"another spelling":  {tree(project("Setuptools_SCM", ""), data...), ".", fmt.Sprintf(refusal, "setuptools-scm", `"src/acme/data.json", and of 1 other`)},
		"another plugin":    {tree(project("setuptools-git ; python_version > '3'", "[tool.setuptools.package-data]\nacme = [\"*.json\"]\n"), data...), ".", fmt.Sprintf(refusal, "setuptools-git", `"src/acme/templates/page.html"`)},
		"no checkout":       {tree(project("setuptools-scm", ""), data[1:]...), ".", code},
		"no plugin":         {tree(project("setuptools-reproducible", ""), data...), ".", code},
		"no package data":   {tree(project("setuptools-scm", "[tool.setuptools]\ninclude-package-data = false\n"), data...), ".", code},
		"package data":      {tree(project("setuptools-scm", "[tool.setuptools.package-data]\nacme = [\"**/*.html\", \"*.json\"]\n"), data...), ".", "acme/__init__.py acme/data.json acme/py.typed acme/templates/page.html"},
		"what is taken out": {tree(project("setuptools-scm", "[tool.setuptools.exclude-package-data]\n\"*\" = [\"*.json\", \"*.html\"]\n"), data...), ".", code},
		"MANIFEST.in":       {tree(project("setuptools-scm", ""), append(data, "MANIFEST.in=recursive-include src *.html\nexclude src/acme/*.json\n")...), ".", "acme/__init__.py acme/py.typed acme/templates/page.html"},
		"no data at all":    {tree(project("setuptools-scm", ""), ".git", "src/acme/__init__.py", "src/acme/sub/__init__.py"), ".", "acme/__init__.py acme/sub/__init__.py"},
	} {
		w, err := Read(c.fsys, "acme", "", c.fsys, c.dir)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = strings.Join(slices.Sorted(maps.Keys(w.Files)), " ")
		}
		if got != c.want {
			t.Errorf("%s: got  %s\nwant %s", name, got, c.want)
		}
	}
	inner := tree(project("setuptools-scm", ""), "src/acme/__init__.py", "src/acme/data.json")
	if _, err := Read(inner, "acme", "", fstest.MapFS{".git": {}, "libs/acme/pyproject.toml": {}}, "libs/acme"); err == nil || !strings.Contains(err.Error(), `nothing on disk tells that of "src/acme/data.json":`) {
		t.Errorf("a project below the top of its checkout: %v", err)
	}
}
