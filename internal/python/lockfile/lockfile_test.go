package lockfile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// The files below testdata/locks were written by the tools themselves for one
// project (requests[socks], python-dateutil, numpy, colorama on Windows; extra
// json, groups dev and docs), less wheels for systems that no test asks for.
// The wheels wanted of them are those that pip chooses for the same pins and
// platform tags.
func shopWheels(t *testing.T, target wheel.Target, extra ...string) []string {
	t.Helper()
	shared := []string{
		"certifi-2026.10.18-py3-none-any.whl 73191c47aaa7",
		"idna-3.20-py3-none-any.whl ab7ae7122974",
		"PySocks-1.7.1-py3-none-any.whl 2725bd0a9925",
		"python_dateutil-4.0.0-py3-none-any.whl a5e246f79eb8",
		"requests-2.34.2-py3-none-any.whl 2a0d60c172f8",
		"tzdata-2026.6-py2.py3-none-any.whl 0a10eec6e13e",
		"urllib3-2.8.0-py3-none-any.whl 0cf3cae568d3",
	}
	own := map[wheel.Target][]string{
		pythontest.Py312: {
			"charset_normalizer-3.5.2-cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl 3d3129844909",
			"numpy-2.3.5-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl 0d8163f43acd",
		},
		pythontest.Arm313: {
			"charset_normalizer-3.5.2-cp313-cp313-manylinux2014_aarch64.manylinux_2_17_aarch64.manylinux_2_28_aarch64.whl 849df64e889b",
			"numpy-2.3.5-cp313-cp313-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl 9c75442b2209",
		},
	}[target]
	all := slices.Concat(shared, own, extra)
	slices.Sort(all)
	return all
}

// wheelsFor lists the wheels and pins for a target, with the start of their digest.
func wheelsFor(f *LockFile, target wheel.Target) []string {
	var list []string
	for _, w := range f.Wheels {
		if slices.Contains(w.Targets, target.String()) {
			list = append(list, w.Filename+" "+w.SHA256.Hex()[:12])
		}
	}
	for _, p := range f.Pins {
		if slices.Contains(p.Targets, target.String()) {
			list = append(list, p.Filename+" "+p.SHA256[0].Hex()[:12])
		}
	}
	slices.Sort(list)
	return list
}

func TestLockFilesOfOneProjectGiveTheSameWheels(t *testing.T) {
	t.Parallel()
	targets := []wheel.Target{pythontest.Py312, pythontest.Arm313}
	jsonWheels := map[wheel.Target]string{
		pythontest.Py312:  "orjson-3.13.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl bceadfd314bd",
		pythontest.Arm313: "orjson-3.13.0-cp313-cp313-manylinux_2_17_aarch64.manylinux2014_aarch64.whl b081f0e7b600",
	}
	docsWheels := map[wheel.Target]string{
		pythontest.Py312:  "pyyaml-6.0.3-cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl ba1cc08a7ccd",
		pythontest.Arm313: "pyyaml-6.0.3-cp313-cp313-manylinux2014_aarch64.manylinux_2_17_aarch64.manylinux_2_28_aarch64.whl ee2922902c45",
	}
	for _, c := range []struct {
		file    string
		options Options
		extra   []map[wheel.Target]string
	}{
		{"uv/uv.lock", Options{}, nil},
		{"uv/pylock.toml", Options{}, nil},
		{"poetry2/poetry.lock", Options{}, nil},
		{"poetry1/poetry.lock", Options{}, nil},
		{"uv/uv.lock", Options{Extras: []string{"JSON"}}, []map[wheel.Target]string{jsonWheels}},
		{"uv/uv.lock", Options{Groups: []string{"docs"}, Extras: []string{"json"}}, []map[wheel.Target]string{jsonWheels, docsWheels}},
		{"poetry2/poetry.lock", Options{Extras: []string{"json"}}, []map[wheel.Target]string{jsonWheels}},
		{"poetry2/poetry.lock", Options{Groups: []string{"docs", "main"}}, []map[wheel.Target]string{docsWheels}},
		{"poetry1/poetry.lock", Options{Extras: []string{"json"}}, []map[wheel.Target]string{jsonWheels}},
	} {
		f, err := ReadLockFile(t.Context(), filepath.Join("testdata", "locks", filepath.FromSlash(c.file)), c.options, targets)
		if err != nil {
			t.Errorf("ReadLockFile(%q, %+v) = %v", c.file, c.options, err)
			continue
		}
		for _, target := range targets {
			var extra []string
			for _, wheels := range c.extra {
				extra = append(extra, wheels[target])
			}
			if got, want := wheelsFor(f, target), shopWheels(t, target, extra...); !slices.Equal(got, want) {
				t.Errorf("ReadLockFile(%q, %+v) for %s:\n got %s\nwant %s", c.file, c.options, target, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			}
		}
		if len(f.Local) > 0 || len(f.Notes) > 0 {
			t.Errorf("ReadLockFile(%q): local %v and notes %v, want none", c.file, f.Local, f.Notes)
		}
	}
}

func TestDevelopmentGroupsAreReadWhenAskedFor(t *testing.T) {
	t.Parallel()
	dev := []string{"iniconfig", "packaging", "pluggy", "pygments", "pytest"}
	for _, file := range []string{"uv/uv.lock", "poetry2/poetry.lock", "poetry1/poetry.lock"} {
		name := filepath.Join("testdata", "locks", filepath.FromSlash(file))
		f, err := ReadLockFile(t.Context(), name, Options{Groups: []string{"dev"}}, []wheel.Target{pythontest.Py312})
		if err != nil {
			t.Errorf("ReadLockFile(%q) = %v", file, err)
			continue
		}
		var got []string
		for _, wheel := range wheelsFor(f, pythontest.Py312) {
			if name, _, _ := strings.Cut(wheel, "-"); slices.Contains(dev, name) {
				got = append(got, name)
			}
		}
		if !slices.Equal(got, dev) {
			t.Errorf("%s with the group dev adds %v, want %v", file, got, dev)
		}
	}
}

// TestForksAsTheToolExportsThem compares with what uv exports from its own lock
// for the same extra and group, of which others exclude each other.
func TestForksAsTheToolExportsThem(t *testing.T) {
	t.Parallel()
	for _, target := range []wheel.Target{pythontest.Py311, pythontest.Py312, pythontest.Arm313} {
		own, err := ReadLockFile(t.Context(), filepath.Join("testdata", "locks", "forks", "uv.lock"), Options{Groups: []string{"l1", "both"}, Extras: []string{"old"}}, []wheel.Target{target})
		if err != nil {
			t.Fatal(err)
		}
		exported, err := ReadLockFile(t.Context(), filepath.Join("testdata", "locks", "forks", "pylock.toml"), Options{}, []wheel.Target{target})
		if err != nil {
			t.Fatal(err)
		}
		got, want := wheelsFor(own, target), wheelsFor(exported, target)
		if !slices.Equal(got, want) || len(want) != 8 {
			t.Errorf("on %s uv.lock gives %q\nand its export %q", target, got, want)
		}
	}
}

func TestLockedAddresses(t *testing.T) {
	t.Parallel()
	f, err := ReadLockFile(t.Context(), filepath.Join("testdata", "locks", "uv", "uv.lock"), Options{}, []wheel.Target{pythontest.Py312, pythontest.Arm313})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(f.Wheels, func(w wheel.Wheel) bool { return w.Name == "idna" })
	w := f.Wheels[i]
	if w.Version != "3.20" || w.Size != 69583 || !w.Pure || !slices.Equal(w.Targets, []string{"python3.12 x86_64", "python3.13 aarch64"}) ||
		w.URL != "https://files.pythonhosted.org/packages/58/a2/bb081bab032533a855d44de1d56f8e8426114ff1ba5d1f07a438a0a654f8/idna-3.20-py3-none-any.whl" {
		t.Errorf("the wheel of idna is %+v", w)
	}
	i = slices.IndexFunc(f.Wheels, func(w wheel.Wheel) bool { return w.Name == "requests" })
	if w := f.Wheels[i]; !slices.Equal(w.Extras, []string{"socks"}) || !slices.Equal(w.Requires, []string{"certifi", "charset-normalizer", "idna", "pysocks", "urllib3"}) {
		t.Errorf("requests has the extras %v and requires %v", w.Extras, w.Requires)
	}
}

func TestLockWithoutWheelForTheTarget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, want string }{
		{"uv/uv.lock", "needs glibc 2.27"},
		{"poetry2/poetry.lock", "needs glibc 2.27"},
		{"pip/pylock.toml", `"numpy-2.3.5-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl", which needs glibc 2.27`},
	} {
		_, err := ReadLockFile(t.Context(), filepath.Join("testdata", "locks", filepath.FromSlash(c.file)), Options{}, []wheel.Target{pythontest.Py311})
		var miss *wheel.NoWheel
		if !errors.As(err, &miss) {
			t.Errorf("ReadLockFile(%q) for %s = %v, want *NoWheel", c.file, pythontest.Py311, err)
			continue
		}
		if miss.Name != "numpy" || miss.Version != "2.3.5" || !strings.Contains(miss.Reason, c.want) || len(miss.Files) == 0 {
			t.Errorf("ReadLockFile(%q) for %s = %+v, want numpy 2.3.5 with %q", c.file, pythontest.Py311, miss, c.want)
		}
	}
}

func TestEditedHashIsCarriedOn(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join("testdata", "locks", "uv", "uv.lock"))
	if err != nil {
		t.Fatal(err)
	}
	const was, now = "ab7ae7122974553370f0bdb919e1a960b2cd1bc1ef0276416d896db81c14582c", "ffe7122974553370f0bdb919e1a960b2cd1bc1ef0276416d896db81c14582c00"
	f, err := readLockText(t, "uv.lock", strings.ReplaceAll(string(b), was, now), Options{}, pythontest.Py312)
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(f.Wheels, func(w wheel.Wheel) bool { return w.Name == "idna" }); f.Wheels[i].SHA256.Hex() != now {
		t.Errorf("the digest of idna is %s, want that of the file, %s", f.Wheels[i].SHA256, now)
	}
}

// readLockText reads a lock file that holds text.
func readLockText(t *testing.T, name, text string, o Options, targets ...wheel.Target) (*LockFile, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadLockFile(t.Context(), file, o, targets)
}

func TestLockFileNames(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]bool{
		"uv.lock": true, "pylock.toml": true, "pylock.dev.toml": true, "poetry.lock": true, "Pipfile.lock": true,
		"pylock.a.b.toml": false, "pylock..toml": false, "pylock.dev": false, "requirements.txt": false, "pdm.lock": false, "xuv.lock": false,
	} {
		if got := formatOf(name) != nil; got != known {
			t.Errorf("a reader for %q: %t, want %t", name, got, known)
		}
	}
}

func TestRequirementsFileIsNoLockFile(t *testing.T) {
	t.Parallel()
	if _, err := ReadLockFile(t.Context(), "requirements.txt", Options{}, nil); err == nil || !strings.Contains(err.Error(), "is named in python.requirements_file") {
		t.Errorf("as a lock file: %v", err)
	}
}

// TestLockFileTellsAllFaults names every distribution without a wheel at once,
// with the way to it.
func TestLockFileTellsAllFaults(t *testing.T) {
	t.Parallel()
	source := func(name, more string) string {
		return lockText("[[package]]\nname = \"" + name + "\"\nversion = \"1.0\"\nsource = { registry = \"https://pypi.org/simple\" }\n" + more +
			"sdist = { url = \"https://example.com/" + name + "-1.0.tar.gz\", hash = \"sha256:HASH\" }\n")
	}
	text := uvHead + uvRoot("dependencies = [{ name = \"a\" }, { name = \"d\" }]\n") + uvWheel("a", "1.0", "dependencies = [{ name = \"b\" }]\n") +
		uvWheel("b", "1.0", "dependencies = [{ name = \"c\" }]\n") + source("c", "") + source("d", "")
	_, err := ReadLockFile(t.Context(), filepath.Join(unpack(t, "-- uv.lock --\n"+text), "uv.lock"), Options{}, []wheel.Target{pythontest.Py311, pythontest.Py312})
	if err == nil {
		t.Fatal("ReadLockFile is not an error")
	}
	for _, want := range []string{
		`no wheel of "c" 1.0 runs on python3.11 x86_64`, `no wheel of "c" 1.0 runs on python3.12 x86_64`, `no wheel of "d" 1.0 runs on python3.11 x86_64`,
		"The lock file uv.lock asks for it, by way of a → b → c.",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("ReadLockFile = %v\nwant %s", err, want)
		}
	}
}
