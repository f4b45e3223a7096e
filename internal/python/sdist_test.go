package python

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"maps"
	"slices"
	"testing"
)

// sdistOf packs files below the folder acme-1.0.
func sdistOf(t testing.TB, files map[string]string) []byte {
	t.Helper()
	return tarballOf(t, func(w *tar.Writer) error {
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if err := w.WriteHeader(&tar.Header{Name: "acme-1.0/" + name, Mode: 0o644, Size: int64(len(files[name]))}); err != nil {
				return err
			}
			if _, err := w.Write([]byte(files[name])); err != nil {
				return err
			}
		}
		return nil
	})
}

func tarballOf(t testing.TB, fill func(*tar.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	w := tar.NewWriter(g)
	if err := errors.Join(fill(w), w.Close(), g.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func builtOf(archive []byte) (*builtWheel, error) {
	s, err := readSdist("acme-1.0.tar.gz", bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	return s.build()
}

const acmeSetup = `"""Acme."""
import os
from setuptools import setup, find_packages

def read(name):
    with open(os.path.join(os.path.dirname(__file__), name)) as f:
        return f.read()

setup(
    name="Acme", version="1.0", description=__doc__, long_description=read("README.md"),
    long_description_content_type="text/markdown", url="https://acme.example", author="A", author_email="a@acme.example",
    license="MIT\nand more", keywords="one, two", platforms=["any"], classifiers=["Topic :: X"], python_requires=">=3.8",
    project_urls={"Code": "https://code.example"},
    packages=find_packages("src", exclude=["tests"]), package_dir={"": "src"}, py_modules=["single"],
    package_data={"acme": ["data/*.json"], "": ["*.txt"]}, exclude_package_data={"acme": ["data/b.json"]},
    install_requires=["Requests (>=2, <3)", "tomli; python_version<'3.11'", 'six[B,a]  # why'],
    extras_require={"Big_One": ["numpy>1; os_name=='posix' or os_name=='nt'"], ":python_version<'3'": ["old"]},
    entry_points={"console_scripts": ["acme = acme:main", "a=acme.a:b [x]"], "acme.plugins": "p = acme"},
    scripts=["bin/tool", "bin/shell"], data_files=[("share/acme", ["README.md"])], zip_safe=True,
)
`

// TestSdistBuild holds every part of a wheel against what setuptools 84.2.1
// makes of the same files.
func TestSdistBuild(t *testing.T) {
	t.Parallel()
	b, err := builtOf(sdistOf(t, map[string]string{
		"setup.py": acmeSetup, "README.md": "# Acme\r\n", "LICENSE": "L", "COPYING.txt": "C", "NOTICE~": "", "docs/LICENSE": "",
		"src/acme/__init__.py": "a", "src/acme/py.typed": "", "src/acme/data/a.json": "1", "src/acme/data/b.json": "2", "src/acme/data/c.xml": "",
		"src/acme/notes.txt": "n", "src/acme/.hidden.txt": "", "src/acme/sub/__init__.py": "s", "src/acme/lib.pyi": "p", "src/tests/__init__.py": "",
		"src/single.py": "x", "bin/tool": "#!/usr/bin/env python3 -u\r\nprint()\r\n", "bin/shell": "#!/bin/sh\n", "PKG-INFO": "",
		"src/Acme.egg-info/PKG-INFO": "", "setup.cfg": "[egg_info]\ntag_build =\ntag_date = 0\n\n[bdist_wheel]\nuniversal = 1\n[flake8]\nx = y\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"acme/__init__.py": "a", "acme/py.typed": "", "acme/data/a.json": "1", "acme/notes.txt": "n", "acme/sub/__init__.py": "s", "acme/lib.pyi": "p", "single.py": "x",
		"acme-1.0.data/scripts/tool": "#!python -u\nprint()\n", "acme-1.0.data/scripts/shell": "#!/bin/sh\n", "acme-1.0.data/data/share/acme/README.md": "# Acme\r\n",
		"acme-1.0.dist-info/licenses/LICENSE": "L", "acme-1.0.dist-info/licenses/COPYING.txt": "C",
		"acme-1.0.dist-info/top_level.txt": "acme\nsingle\n", "acme-1.0.dist-info/zip-safe": "\n",
		"acme-1.0.dist-info/entry_points.txt": "[acme.plugins]\np = acme\n\n[console_scripts]\na = acme.a:b [x]\nacme = acme:main\n",
		"acme-1.0.dist-info/WHEEL":            "Wheel-Version: 1.0\nGenerator: layerbuild\nRoot-Is-Purelib: true\nTag: py3-none-any\n\n",
		"acme-1.0.dist-info/METADATA": `Metadata-Version: 2.4
Name: Acme
Version: 1.0
Summary: Acme.
Home-page: https://acme.example
Author: A
Author-email: a@acme.example
License: MIT
        and more
Project-URL: Code, https://code.example
Keywords: one,two
Platform: any
Classifier: Topic :: X
Requires-Python: >=3.8
Description-Content-Type: text/markdown
License-File: LICENSE
License-File: COPYING.txt
Requires-Dist: Requests<3,>=2
Requires-Dist: tomli; python_version < "3.11"
Requires-Dist: six[B,a]
Provides-Extra: big-one
Requires-Dist: numpy>1; (os_name == "posix" or os_name == "nt") and extra == "big-one"
Requires-Dist: old; python_version < "3"
Dynamic: author
Dynamic: author-email
Dynamic: classifier
Dynamic: description
Dynamic: description-content-type
Dynamic: home-page
Dynamic: keywords
Dynamic: license
Dynamic: license-file
Dynamic: platform
Dynamic: project-url
Dynamic: provides-extra
Dynamic: requires-dist
Dynamic: requires-python
Dynamic: summary

# Acme
`,
	}
	compareFiles(t, b.files, want)
}

func compareFiles(t *testing.T, got map[string][]byte, want map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if content, ok := want[name]; !ok || string(got[name]) != content {
			t.Errorf("%s = %q, want %q (wanted at all: %t)", name, got[name], content, ok)
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
}

// TestSdistBuildOfSetupCfg reads the declarative form, whose fields are not
// dynamic.
func TestSdistBuildOfSetupCfg(t *testing.T) {
	t.Parallel()
	b, err := builtOf(sdistOf(t, map[string]string{
		"setup.py": "import setuptools\nsetuptools.setup()\n", "README.rst": "Acme\n", "VERSION": "1.0\n", "acme/__init__.py": "", "acme/x.json": "1", "acme/y.json": "2", "man/acme.1": "m",
		"setup.cfg": `[metadata]
name = acme
version = file: VERSION
description = does it
long_description = file: README.rst
author = A
license_files = VERSION
classifiers =
    Topic :: X
    Topic :: Y
[options]
packages = find:
zip_safe = false
python_requires = >=3.8
install_requires =
    # why
    requests>=2
    six; python_version < "3"
[options.packages.find]
exclude = tests*
[options.package_data]
* = x.json
[options.extras_require]
fast = numpy
[options.entry_points]
console_scripts =
    acme = acme:main
[options.data_files]
share/man = man/acme.1
`,
	}))
	if err != nil {
		t.Fatal(err)
	}
	compareFiles(t, b.files, map[string]string{
		"acme/__init__.py": "", "acme/x.json": "1", "acme-1.0.data/data/share/man/acme.1": "m",
		"acme-1.0.dist-info/licenses/VERSION": "1.0\n", "acme-1.0.dist-info/top_level.txt": "acme\n",
		"acme-1.0.dist-info/entry_points.txt": "[console_scripts]\nacme = acme:main\n",
		"acme-1.0.dist-info/WHEEL":            "Wheel-Version: 1.0\nGenerator: layerbuild\nRoot-Is-Purelib: true\nTag: py3-none-any\n\n",
		"acme-1.0.dist-info/METADATA": `Metadata-Version: 2.4
Name: acme
Version: 1.0
Summary: does it
Author: A
Classifier: Topic :: X
Classifier: Topic :: Y
Requires-Python: >=3.8
License-File: VERSION
Requires-Dist: requests>=2
Requires-Dist: six; python_version < "3"
Provides-Extra: fast
Requires-Dist: numpy; extra == "fast"
Dynamic: license-file

Acme
`,
	})
}

// TestSdistManifest takes data of packages that SOURCES.txt lists.
func TestSdistManifest(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"setup.py":         "from setuptools import setup\nsetup(name='acme', version='1.0', packages=['acme', 'acme.sub'], include_package_data=True)\n",
		"acme/__init__.py": "", "acme/data/x.bin": "x", "acme/sub/__init__.py": "", "acme/sub/y.txt": "y",
		"acme.egg-info/SOURCES.txt": "setup.py\nacme/__init__.py\nacme/data/x.bin\nacme/sub/__init__.py\nacme/sub/y.txt\n",
		"MANIFEST.in":               "recursive-include acme *\nglobal-exclude *.py[co]\nprune docs\n",
	}
	b, err := builtOf(sdistOf(t, files))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"acme/data/x.bin": "x", "acme/sub/y.txt": "y"} {
		if string(b.files[name]) != want {
			t.Errorf("%s = %q, want %q", name, b.files[name], want)
		}
	}
	for _, c := range []struct{ file, content, want string }{
		{"acme/data/new.bin", "", `it includes the data of its packages, and its SOURCES.txt does not list "acme/data/new.bin"`},
		{"MANIFEST.in", "recursive-exclude acme *.bin\n", `its MANIFEST.in may take "acme/data/x.bin" out by "recursive-exclude acme *.bin"`},
		{"MANIFEST.in", "prune acme/sub\n", `its MANIFEST.in takes "acme/sub/y.txt" out by "prune acme/sub"`},
	} {
		changed := maps.Clone(files)
		changed[c.file] = c.content
		_, err := builtOf(sdistOf(t, changed))
		if want := `making a wheel of "acme-1.0.tar.gz": ` + c.want; err == nil || err.Error() != want {
			t.Errorf("with %s = %q: %v, want %s", c.file, c.content, err, want)
		}
	}
}

func TestSdistRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		args  string // of setup(), besides name, version and packages
		files map[string]string
		want  string
	}{
		{"an extension", "ext_modules=[1]", nil, "its setup.py passes ext_modules to setup()"},
		{"a command", "cmdclass={'build_py': None}", nil, `its setup.py has a command "build_py" of its own`},
		{"a novelty", "use_scm_version=True", nil, "its setup.py passes use_scm_version to setup()"},
		{"a build dependency", "setup_requires=['cffi']", nil, `its build needs "cffi"`},
		{"namespace packages", "namespace_packages=['acme']", nil, "its setup.py declares namespace_packages"},
		{"another name", "name='other'", nil, `its setup.py names the distribution "other"`},
		{"another version", "version='2.0'", nil, `its setup.py gives it the version "2.0"`},
		{"no packages", "packages=None", nil, "its setup.py leaves it to setuptools to find its packages"},
		{"a package that is not there", "packages=['gone']", nil, `its setup.py names the package "gone", which it does not hold`},
		{"unknown requirements", "install_requires=sys.argv", nil, "its setup.py makes install_requires depend on sys.argv"},
		{"a requirement at an address", "install_requires=['a @ https://x.example/a.whl']", nil, `its setup.py has the requirement "a" at an address`},
		{"a malformed requirement", "install_requires=['a b']", nil, `its setup.py has the requirement "a b"`},
		{"the folder of the build", "description=os.getcwd()", nil, "its setup.py makes description depend on the folder of the build"},
		{"a native file", "package_data={'acme': ['*.so']}", map[string]string{"acme/x.so": ""}, `it holds native code, "acme/x.so"`},
		{"data from above", "package_data={'acme': ['../x']}", nil, `its setup.py asks for the package data "../x"`},
		{"a script that is not there", "scripts=['bin/x']", nil, `its setup.py names the script "bin/x", which it does not hold`},
		{"another backend", "", map[string]string{"pyproject.toml": "[build-system]\nrequires=['hatchling']\nbuild-backend='hatchling.build'\n"}, "its build backend is hatchling.build"},
		{"static metadata", "", map[string]string{"pyproject.toml": "[project]\nname='acme'\n"}, "it is described in [project] of pyproject.toml, and only setup.py files are read; such projects publish wheels as a rule"},
		{"an old setuptools", "", map[string]string{"pyproject.toml": "[build-system]\nrequires=['setuptools<60']\n"}, `its build needs "setuptools<60", and wheels are made here as setuptools 84.2.1 makes them`},
		{"a plugin", "", map[string]string{"pyproject.toml": "[build-system]\nrequires=['setuptools', 'setuptools-scm']\n"}, `its build needs "setuptools-scm"`},
		{"settings of setuptools", "", map[string]string{"pyproject.toml": "[tool.setuptools]\nx=1\n"}, "its pyproject.toml has a section [tool.setuptools]"},
		{"a broken pyproject.toml", "", map[string]string{"pyproject.toml": "["}, "its pyproject.toml cannot be read: toml: expected key but reached end of input"},
		{"an option of a command", "", map[string]string{"setup.cfg": "[build_py]\ncompile=1\n"}, "its setup.cfg sets compile in [build_py]"},
		{"a tag", "", map[string]string{"setup.cfg": "[egg_info]\ntag_build=.dev\n"}, "its setup.cfg sets tag_build in [egg_info]"},
		{"pbr", "", map[string]string{"setup.cfg": "[files]\npackages=acme\n"}, "its setup.cfg sets packages in [files]"},
		{"an unknown option", "", map[string]string{"setup.cfg": "[options]\nnovelty=1\n"}, "its setup.cfg sets novelty"},
		{"a reference", "", map[string]string{"setup.cfg": "[x]\na=%(b)s\n"}, "its setup.cfg has a % in a"},
		{"what a build left", "", map[string]string{"build/lib/acme.py": ""}, `it holds what an earlier build left, "build/lib/acme.py"`},
		{"metadata of a tool", "", map[string]string{"acme.egg-info/pbr.json": ""}, `it holds metadata of another tool, "acme.egg-info/pbr.json"`},
		{"logic", "x=os.popen('x')", nil, "line 3 of setup.py: it calls os.popen"},
	} {
		files := map[string]string{"acme/__init__.py": ""}
		files["setup.py"] = "import os, sys\nfrom setuptools import setup\nsetup(**{**dict(name='acme', version='1.0', packages=['acme']), **dict(" + c.args + ")})\n"
		maps.Copy(files, c.files)
		_, err := builtOf(sdistOf(t, files))
		refused, ok := errors.AsType[*NotPure](err)
		if !ok || refused.Reason != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func TestReadSdistRefuses(t *testing.T) {
	t.Parallel()
	file := func(w *tar.Writer, h tar.Header) error { return w.WriteHeader(&h) }
	for _, c := range []struct {
		name    string
		archive []byte
		want    string
	}{
		{"no archive", []byte("x"), "it cannot be read: unexpected EOF"},
		{"a link", tarballOf(t, func(w *tar.Writer) error {
			return file(w, tar.Header{Name: "acme-1.0/l", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink})
		}), `"acme-1.0/l" in it is neither a file nor a folder`},
		{"a way out", tarballOf(t, func(w *tar.Writer) error { return file(w, tar.Header{Name: "acme-1.0/../x"}) }), `the file "acme-1.0/../x" in it is not below one folder`},
		{"no folder", tarballOf(t, func(w *tar.Writer) error { return file(w, tar.Header{Name: "setup.py"}) }), `the file "setup.py" in it is not below one folder`},
		{"another folder", tarballOf(t, func(w *tar.Writer) error { return file(w, tar.Header{Name: "other-1.0/setup.py"}) }), `its folder is "other-1.0"`},
		{"a file twice", tarballOf(t, func(w *tar.Writer) error {
			return errors.Join(file(w, tar.Header{Name: "acme-1.0/x"}), file(w, tar.Header{Name: "acme-1.0/x"}))
		}), `it holds "x" twice`},
		{"no setup.py", sdistOf(t, map[string]string{"x": ""}), "it has no setup.py"},
	} {
		_, err := builtOf(c.archive)
		refused, ok := errors.AsType[*NotPure](err)
		if !ok || refused.Reason != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func FuzzSdistBuild(f *testing.F) {
	f.Add(acmeSetup, "[metadata]\nname = acme\n[options]\npackages = find:\n", "[build-system]\nrequires = ['setuptools']\n", "prune x\n")
	f.Add("import setuptools\nsetuptools.setup()\n", "[options.extras_require]\nx = y; z\n", "", "")
	f.Fuzz(func(t *testing.T, setup, cfg, project, manifest string) {
		files := map[string]string{
			"setup.py": setup, "setup.cfg": cfg, "MANIFEST.in": manifest, "README.md": "x", "acme/__init__.py": "", "acme/x.txt": "",
			"acme.egg-info/SOURCES.txt": "acme/x.txt",
		}
		if project != "" {
			files["pyproject.toml"] = project
		}
		s, err := readSdist("acme-1.0.tar.gz", bytes.NewReader(sdistOf(t, files)))
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.build()
		if err != nil {
			if _, ok := errors.AsType[*NotPure](err); !ok {
				t.Fatalf("build() = %v, want a *NotPure", err)
			}
			return
		}
		if m, err := ParseMetadata(b.metadata); err != nil || NormalizeName(m.Name) != "acme" {
			t.Fatalf("METADATA %q: name %q, %v", b.metadata, m.Name, err)
		}
	})
}

func FuzzReadSdist(f *testing.F) {
	f.Add(sdistOf(f, map[string]string{"setup.py": "x"}))
	f.Fuzz(func(t *testing.T, archive []byte) {
		s, err := readSdist("acme-1.0.tar.gz", bytes.NewReader(archive))
		if _, ok := errors.AsType[*NotPure](err); err != nil && !ok {
			t.Fatalf("readSdist() = %v, want a *NotPure", err)
		}
		if err == nil && len(s.paths) != len(s.files) {
			t.Errorf("%d paths of %d files", len(s.paths), len(s.files))
		}
	})
}
