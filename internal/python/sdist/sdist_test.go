package sdist

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// packed packs files below the folder acme-1.0.
func packed(t testing.TB, files map[string]string) []byte {
	t.Helper()
	return tarball(t, func(w *tar.Writer) error {
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

func tarball(t testing.TB, fill func(*tar.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	w := tar.NewWriter(g)
	if err := errors.Join(fill(w), w.Close(), g.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func made(archive []byte) (*Wheel, error) { return Make("acme-1.0.tar.gz", bytes.NewReader(archive)) }

const (
	pkgInfo = "Metadata-Version: 2.1\nName: Acme\nVersion: 1.0\nSummary: does it\nRequires-Python: >=3.8\n"
	wheelOf = "Wheel-Version: 1.0\nGenerator: layerbuild\nRoot-Is-Purelib: true\nTag: py3-none-any\n\n"
	info    = "acme-1.0.dist-info/"
)

// TestMake compares every file of a wheel with literals: those of setuptools
// 84.2.1 for the same distribution.
func TestMake(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		files, want map[string]string
	}{{
		name: "packages below src, with all that the metadata can say",
		files: map[string]string{
			"setup.py":                      "from setuptools import setup\nsetup(package_dir={'': 'src'}, package_data={'acme': ['data/*.json'], '': ['*.txt']}, scripts=['bin/tool'])\n",
			"src/Acme.egg-info/PKG-INFO":    pkgInfo + "Keywords: one\n\n# Acme\r\n",
			"src/Acme.egg-info/SOURCES.txt": "LICENSE\nbin/tool\nsetup.py\nsrc/acme/__init__.py\nsrc/acme/data/a.json\nsrc/acme/data/b.xml\nsrc/acme/n.txt\nsrc/acme/py.typed\nsrc/acme/sub/__init__.py\nsrc/single.py\nsrc/Acme.egg-info/PKG-INFO\ntests/test_a.py\n",
			"src/Acme.egg-info/requires.txt": "Requests<3,>=2\n\n[:python_version < \"3.11\"]\ntomli\n\n[Big_One]\nnumpy>1; os_name == \"posix\" or os_name == \"nt\"\n\n" +
				"[Big_One:python_version < \"3\" or os_name == \"x\"]\nold\n\n[git]\nx @ git+https://example.com/x\n",
			"src/Acme.egg-info/top_level.txt":    "acme\nsingle\n",
			"src/Acme.egg-info/entry_points.txt": "[console_scripts]\nb = acme:b\na=acme:a [x]\n\n[acme.plugins]\np = acme\n",
			"src/Acme.egg-info/zip-safe":         "\n", "src/Acme.egg-info/dependency_links.txt": "\n", "src/Acme.egg-info/pbr.json": "{}",
			"src/acme/__init__.py": "a", "src/acme/data/a.json": "1", "src/acme/data/b.xml": "2", "src/acme/n.txt": "n", "src/acme/py.typed": "",
			"src/acme/sub/__init__.py": "s", "src/single.py": "x", "tests/test_a.py": "t", "bin/tool": "#!/usr/bin/env python3 -u\r\nprint()\r\n", "LICENSE": "L",
		},
		want: map[string]string{
			"acme/__init__.py": "a", "acme/data/a.json": "1", "acme/n.txt": "n", "acme/py.typed": "", "acme/sub/__init__.py": "s", "single.py": "x",
			"acme-1.0.data/scripts/tool": "#!python -u\nprint()\n",
			info + "WHEEL":               wheelOf, info + "top_level.txt": "acme\nsingle\n", info + "zip-safe": "\n", info + "licenses/LICENSE": "L",
			info + "entry_points.txt": "[acme.plugins]\np = acme\n\n[console_scripts]\na = acme:a [x]\nb = acme:b\n",
			info + "METADATA": pkgInfo + "Keywords: one\nLicense-File: LICENSE\nRequires-Dist: Requests<3,>=2\nRequires-Dist: tomli; python_version < \"3.11\"\nProvides-Extra: big-one\n" +
				"Requires-Dist: numpy>1; (os_name == \"posix\" or os_name == \"nt\") and extra == \"big-one\"\n" +
				"Requires-Dist: old; (python_version < \"3\" or os_name == \"x\") and extra == \"big-one\"\n" +
				"Provides-Extra: git\nRequires-Dist: x @ git+https://example.com/x ; extra == \"git\"\n\n# Acme\n",
		},
	}, {
		name: "data that the manifest lists, and requirements that PKG-INFO has itself",
		files: map[string]string{
			"setup.py":                  "from setuptools import setup\nsetup(include_package_data=True)\n",
			"acme.egg-info/PKG-INFO":    pkgInfo + "License-File: COPYING\nRequires-Dist: six; extra == \"x\"\nProvides-Extra: x\n",
			"acme.egg-info/SOURCES.txt": `acme\__init__.py` + "\nacme/x.bin\nacme/sub/mod.py\nacme/gone.pyc\n", "acme.egg-info/top_level.txt": "acme\n", "acme.egg-info/requires.txt": "ignored\n",
			"acme/__init__.py": "a", "acme/x.bin": "x", "acme/y.bin": "y", "acme/sub/mod.py": "m", "COPYING": "C", "LICENSE": "L",
		},
		want: map[string]string{
			"acme/__init__.py": "a", "acme/x.bin": "x", "acme/sub/mod.py": "m", info + "WHEEL": wheelOf, info + "top_level.txt": "acme\n", info + "licenses/COPYING": "C",
			info + "METADATA": pkgInfo + "License-File: COPYING\nRequires-Dist: six; extra == \"x\"\nProvides-Extra: x\n",
		},
	}, {
		name: "no data that nothing asks for, and no folder that is not a package",
		files: map[string]string{
			"setup.py": "from setuptools import setup\nsetup()\n", "acme.egg-info/PKG-INFO": pkgInfo, "acme.egg-info/top_level.txt": "acme\n",
			"acme.egg-info/SOURCES.txt": "acme/__init__.py\nacme/x.bin\nacme/example/client.py\n", "acme/__init__.py": "a", "acme/x.bin": "x", "acme/example/client.py": "c", "acme/._x.py": "mac",
		},
		want: map[string]string{"acme/__init__.py": "a", info + "WHEEL": wheelOf, info + "top_level.txt": "acme\n", info + "METADATA": pkgInfo},
	}, {
		name: "a namespace package without its __init__.py",
		files: map[string]string{
			"setup.py": "", "acme.egg-info/PKG-INFO": pkgInfo, "acme.egg-info/top_level.txt": "ns\n", "acme.egg-info/namespace_packages.txt": "ns\n",
			"acme.egg-info/SOURCES.txt": "ns/__init__.py\nns/acme/__init__.py\n", "ns/__init__.py": "n", "ns/acme/__init__.py": "a",
		},
		want: map[string]string{"ns/acme/__init__.py": "a", info + "WHEEL": wheelOf, info + "top_level.txt": "ns\n", info + "namespace_packages.txt": "ns\n", info + "METADATA": pkgInfo},
	}, {
		name: "setup.cfg alone",
		files: map[string]string{
			"setup.cfg":              "[metadata]\nlicense_files = VERSION\n[options]\npackages = find:\n[options.package_data]\n* = x.json, y.json\nacme =\n  z/*\n[options.extras_require]\na = b\n",
			"acme.egg-info/PKG-INFO": pkgInfo, "acme.egg-info/top_level.txt": "acme\n", "VERSION": "1.0\n", "LICENSE": "L", "setup.py": "import setuptools\nsetuptools.setup()\n",
			"acme.egg-info/SOURCES.txt": "acme/__init__.py\nacme/x.json\nacme/y.json\nacme/w.json\nacme/z/a\n", "acme/__init__.py": "", "acme/x.json": "1", "acme/y.json": "2", "acme/w.json": "3", "acme/z/a": "4",
		},
		want: map[string]string{
			"acme/__init__.py": "", "acme/x.json": "1", "acme/y.json": "2", "acme/z/a": "4", info + "WHEEL": wheelOf, info + "top_level.txt": "acme\n", info + "licenses/VERSION": "1.0\n",
			info + "METADATA": pkgInfo + "License-File: VERSION\n",
		},
	}, {
		name: "distutils, of which nothing is told but modules and packages",
		files: map[string]string{
			"setup.py": "from distutils.core import setup\nsetup(py_modules=['one'], packages=['acme', 'acme.sub'], package_data={'acme': ['*.txt']}, data_files=[('x', ['y'])])\n",
			"PKG-INFO": "Metadata-Version: 1.0\nName: acme\nVersion: 1.0\n", "one.py": "1", "two.py": "2", "acme/__init__.py": "a", "acme/d.txt": "d", "acme/sub/__init__.py": "s", "tests/__init__.py": "", "y": "",
		},
		want: map[string]string{
			"one.py": "1", "acme/__init__.py": "a", "acme/d.txt": "d", "acme/sub/__init__.py": "s", info + "WHEEL": wheelOf, info + "top_level.txt": "acme\none\n",
			info + "METADATA": "Metadata-Version: 1.0\nName: acme\nVersion: 1.0\n",
		},
	}, {
		name: "another build backend, by its tables and PKG-INFO",
		files: map[string]string{
			"pyproject.toml": "[project]\nname = \"acme\"\nversion = \"1.0\"\n[project.scripts]\na = \"acme:a\"\n[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n",
			"PKG-INFO":       "Metadata-Version: 2.4\nName: acme\nVersion: 1.0\nRequires-Dist: six\n\nText\n", "src/acme/__init__.py": "a", "src/acme/d.json": "d", "src/acme/secret.py": "s", "tests/test_a.py": "t", ".gitignore": "secret.py\n",
		},
		want: map[string]string{
			"acme/__init__.py": "a", "acme/d.json": "d", info + "WHEEL": wheelOf, info + "entry_points.txt": "[console_scripts]\na = acme:a\n",
			info + "METADATA": "Metadata-Version: 2.4\nName: acme\nVersion: 1.0\nRequires-Dist: six\n\nText\n",
		},
	}} {
		w, err := made(packed(t, c.files))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(w.Files)) {
			if content, ok := c.want[name]; !ok || string(w.Files[name]) != content {
				t.Errorf("%s: %s = %q, want %q (wanted at all: %t)", c.name, name, w.Files[name], content, ok)
			}
		}
		for name := range c.want {
			if _, ok := w.Files[name]; !ok {
				t.Errorf("%s: %s is missing", c.name, name)
			}
		}
		if !bytes.Equal(w.Metadata, w.Files[w.DistInfo+"/METADATA"]) {
			t.Errorf("%s: Metadata is %q", c.name, w.Metadata)
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	t.Parallel()
	plain := map[string]string{
		"setup.py": "from setuptools import setup\nsetup()\n", "acme.egg-info/PKG-INFO": pkgInfo, "acme.egg-info/top_level.txt": "acme\n",
		"acme.egg-info/SOURCES.txt": "acme/__init__.py\n", "acme/__init__.py": "",
	}
	for _, c := range []struct {
		name  string
		files map[string]string // "-" takes one away
		want  string
	}{
		{"C", map[string]string{"src/x.c": ""}, `it holds native code, "src/x.c"`},
		{"Cython, listed alone", map[string]string{"acme.egg-info/SOURCES.txt": "acme/__init__.py\nacme/x.pyx\n"}, `it holds native code, "acme/x.pyx"`},
		{"Rust", map[string]string{"src/lib.rs": ""}, `it holds native code, "src/lib.rs"`},
		{"Fortran", map[string]string{"x.F90": ""}, `it holds native code, "x.F90"`},
		{"extension modules", map[string]string{"setup.py": "setup(ext_modules=[x])"}, `its setup.py declares native code by "ext_modules"`},
		{"cffi", map[string]string{"setup.py": "setup(cffi_modules=['x'])"}, `its setup.py declares native code by "cffi_modules"`},
		{"a program", map[string]string{"acme.egg-info/SOURCES.txt": "acme/__init__.py\nacme/x.dat\n", "acme/x.dat": "\x7fELF", "setup.cfg": "[options]\ninclude_package_data = True\n"}, `it holds native code, "acme/x.dat"`},
		{"a listed file that is not there", map[string]string{"acme.egg-info/SOURCES.txt": "acme/__init__.py\nacme/mod.py\n"}, `its SOURCES.txt lists "acme/mod.py", which it does not hold`},
		{"a module that is not listed", map[string]string{"acme/mod.py": ""}, `it holds "acme/mod.py", which its SOURCES.txt does not list`},
		{"a top-level name without files", map[string]string{"acme.egg-info/top_level.txt": "acme\nother\n"}, `its SOURCES.txt lists no file of "other", which its top_level.txt names`},
		{"a top-level name outside", map[string]string{"acme.egg-info/top_level.txt": "../x\n"}, `its top_level.txt names "../x"`},
		{"no top-level name", map[string]string{"acme.egg-info/top_level.txt": "\n"}, "its top_level.txt names no module"},
		{"no list", map[string]string{"acme.egg-info/SOURCES.txt": "-"}, "it has no acme.egg-info/SOURCES.txt"},
		{"another version", map[string]string{"acme.egg-info/PKG-INFO": "Name: acme\nVersion: 2.0\n"}, "its acme.egg-info/PKG-INFO is of acme 2.0"},
		{"Python 2", map[string]string{"setup.py": "setup(use_2to3=True)"}, "its setup.py asks for use_2to3, which no setuptools has any more"},
		{"a command", map[string]string{"setup.py": "setup(cmdclass={'build_py': B})"}, `its setup.py has a command "build_py" of its own, which may write files`},
		{"a script that is not there", map[string]string{"setup.py": "setup(scripts=['x'])"}, `its setup.py names the script "x", which it does not hold`},
		{"broken requirements", map[string]string{"acme.egg-info/requires.txt": "[x\n"}, `its requires.txt has the line "[x"`},
		{"broken entry points", map[string]string{"acme.egg-info/entry_points.txt": "a = b\n"}, `its entry_points.txt has the line "a = b"`},
		{"no metadata and no setup.py", map[string]string{"acme.egg-info/PKG-INFO": "-", "setup.py": "-"}, "it has neither an .egg-info folder, nor a setup.py, nor a pyproject.toml"},
		{"requirements that are not recorded", map[string]string{"acme.egg-info/PKG-INFO": "-", "setup.py": "setup(install_requires=['x'])"}, "it has no .egg-info folder, and its setup.py passes install_requires to setup()"},
		{"a backend with dynamic requirements", map[string]string{"acme.egg-info/PKG-INFO": "-", "setup.py": "-", "pyproject.toml": "", "PKG-INFO": "Metadata-Version: 2.2\nName: acme\nVersion: 1.0\nDynamic: Requires-Dist\n"}, "its PKG-INFO leaves Requires-Dist to a run of its build backend"},
		{"a backend with old metadata", map[string]string{"acme.egg-info/PKG-INFO": "-", "setup.py": "-", "pyproject.toml": "", "PKG-INFO": "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n"}, "its PKG-INFO leaves its requirements to a run of its build backend"},
		{"maturin", map[string]string{"acme.egg-info/PKG-INFO": "-", "setup.py": "-", "pyproject.toml": "build-backend = 'maturin'", "PKG-INFO": "Metadata-Version: 2.4\nName: acme\nVersion: 1.0\n"}, `its pyproject.toml declares native code by "maturin"`},
	} {
		files := maps.Clone(plain)
		maps.Copy(files, c.files)
		maps.DeleteFunc(files, func(_, content string) bool { return content == "-" })
		_, err := made(packed(t, files))
		refused, ok := errors.AsType[*NotPure](err)
		if !ok || refused.Reason != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// TestRecorded tells a setup.py that looks at the machine.
func TestRecorded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"setup()": false, "if sys.version_info < (3,): x()": true, "if platform.system() == 'x': y()": true, "# PY3 only": true} {
		w, err := made(packed(t, map[string]string{
			"setup.py": text, "acme.egg-info/PKG-INFO": pkgInfo, "acme.egg-info/top_level.txt": "acme\n", "acme.egg-info/SOURCES.txt": "acme.py\n", "acme.py": "",
		}))
		if err != nil || w.Recorded != want {
			t.Errorf("%q: recorded %t, %v, want %t", text, w != nil && w.Recorded, err, want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	file := func(w *tar.Writer, h tar.Header) error { return w.WriteHeader(&h) }
	for _, c := range []struct {
		name    string
		archive []byte
		want    string
	}{
		{"no archive", []byte("x"), "it cannot be read: unexpected EOF"},
		{"a way out", tarball(t, func(w *tar.Writer) error { return file(w, tar.Header{Name: "acme-1.0/../x"}) }), `the file "acme-1.0/../x" in it is not below one folder`},
		{"no folder", tarball(t, func(w *tar.Writer) error { return file(w, tar.Header{Name: "setup.py"}) }), `the file "setup.py" in it is not below one folder`},
		{"another folder", tarball(t, func(w *tar.Writer) error { return file(w, tar.Header{Name: "other-1.0/setup.py"}) }), `its folder is "other-1.0"`},
		{"a file twice", tarball(t, func(w *tar.Writer) error {
			return errors.Join(file(w, tar.Header{Name: "acme-1.0/x"}), file(w, tar.Header{Name: "acme-1.0/x"}))
		}), `it holds "x" twice`},
	} {
		_, err := made(c.archive)
		refused, ok := errors.AsType[*NotPure](err)
		if !ok || refused.Reason != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// TestLinksAreNoFiles refuses a link where a listed file should be, and passes
// over others.
func TestLinksAreNoFiles(t *testing.T) {
	t.Parallel()
	archive := func(listed string) []byte {
		return tarball(t, func(w *tar.Writer) error {
			for name, content := range map[string]string{"acme.egg-info/PKG-INFO": pkgInfo, "acme.egg-info/top_level.txt": "acme\n", "acme.egg-info/SOURCES.txt": listed, "acme/__init__.py": ""} {
				if err := errors.Join(w.WriteHeader(&tar.Header{Name: "acme-1.0/" + name, Size: int64(len(content))})); err != nil {
					return err
				}
				if _, err := w.Write([]byte(content)); err != nil {
					return err
				}
			}
			return w.WriteHeader(&tar.Header{Name: "acme-1.0/acme/l.py", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink})
		})
	}
	if _, err := made(archive("acme/__init__.py\n")); err != nil {
		t.Error(err)
	}
	if _, err := made(archive("acme/__init__.py\nacme/l.py\n")); err == nil || !strings.Contains(err.Error(), `lists "acme/l.py", which it does not hold`) {
		t.Errorf("got %v", err)
	}
}

func TestZip(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range map[string]string{"acme.egg-info/PKG-INFO": pkgInfo, "acme.egg-info/top_level.txt": "acme\n", "acme.egg-info/SOURCES.txt": "acme.py\n", "acme.py": "x = 1\n"} {
		w, err := z.Create("acme-1.0/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	w, err := Make("acme-1.0.zip", &b)
	if err != nil || string(w.Files["acme.py"]) != "x = 1\n" {
		t.Errorf("Make() = %v, %v", w, err)
	}
}

func FuzzMake(f *testing.F) {
	f.Add("setup(package_data={'acme': ['*']}, scripts=['x'])", "[options.package_data]\n* = x\n", "", "acme/__init__.py\nacme/x.txt\n", "[x:y]\nz; a\n")
	f.Add("", "", "[build-system]\nbuild-backend = 'hatchling.build'\n", "", "")
	f.Fuzz(func(t *testing.T, setup, cfg, project, sources, requires string) {
		defer indextest.Budget(t, len(setup)+len(cfg)+len(project)+len(sources)+len(requires))()
		files := map[string]string{
			"setup.py": setup, "setup.cfg": cfg, "pyproject.toml": project, "acme/__init__.py": "", "acme/x.txt": "", "PKG-INFO": "Metadata-Version: 2.4\nName: acme\nVersion: 1.0\n",
		}
		if sources != "" {
			files["acme.egg-info/SOURCES.txt"], files["acme.egg-info/requires.txt"] = sources, requires
			files["acme.egg-info/PKG-INFO"], files["acme.egg-info/top_level.txt"] = pkgInfo, "acme\n"
		} else if setup == "" {
			delete(files, "setup.py")
		}
		w, err := made(packed(t, files))
		if err != nil {
			if _, ok := errors.AsType[*NotPure](err); !ok {
				t.Fatalf("Make() = %v, want a *NotPure", err)
			}
			return
		}
		for name := range w.WithRecord() {
			if strings.HasPrefix(name, "/") || strings.Contains(name, "..") {
				t.Errorf("the wheel holds %q", name)
			}
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add(packed(f, map[string]string{"setup.py": "x"}))
	f.Fuzz(func(t *testing.T, archive []byte) {
		defer indextest.Budget(t, len(archive))()
		s, err := Read("acme-1.0.tar.gz", bytes.NewReader(archive))
		if _, ok := errors.AsType[*NotPure](err); err != nil && !ok {
			t.Fatalf("Read() = %v, want a *NotPure", err)
		}
		if err == nil && len(s.paths) != len(s.files) {
			t.Errorf("%d paths of %d files", len(s.paths), len(s.files))
		}
	})
}
