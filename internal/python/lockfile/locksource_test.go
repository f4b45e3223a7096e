package lockfile

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// diskSources are the ways of the formats to lock a source distribution on disk.
var diskSources = []struct{ name, file, text string }{
	{
		"uv", "uv.lock",
		uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n") + "[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { path = \"vendor/a-1.0.tar.gz\" }\nsdist = { hash = \"sha256:HASH\" }\n",
	},
	{
		"uv, of a folder", "uv.lock",
		uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n") + "[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"vendor\" }\nsdist = { path = \"a-1.0.tar.gz\" }\n",
	},
	{
		"Poetry", "poetry.lock",
		"[[package]]\nname = \"a\"\nversion = \"1.0\"\ngroups = [\"main\"]\nfiles = [{ file = \"a-1.0.tar.gz\", hash = \"sha256:HASH\" }]\n" +
			"[package.source]\ntype = \"file\"\nurl = \"vendor/a-1.0.tar.gz\"\n[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.11\"\n",
	},
	{
		"Pipenv", "Pipfile.lock",
		`{"_meta": {"pipfile-spec": 6}, "default": {"a": {"file": "vendor/a-1.0.tar.gz", "hashes": ["sha256:` + strings.Repeat("12", 32) + `", "sha256:HASH"]}}}` + "\n",
	},
	{
		"Pipenv, by its path", "Pipfile.lock",
		`{"_meta": {"pipfile-spec": 6}, "default": {"a": {"path": "./vendor/a-1.0.tar.gz", "hashes": ["sha256:HASH"]}}}` + "\n",
	},
	{
		"PEP 751, an archive", "pylock.toml",
		"lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\n[packages.archive]\npath = \"vendor/a-1.0.tar.gz\"\n[packages.archive.hashes]\nsha256 = \"HASH\"\n",
	},
	{
		"PEP 751, a source distribution", "pylock.toml",
		"lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1.0\"\n[packages.sdist]\npath = \"vendor/a-1.0.tar.gz\"\nhashes = { sha256 = \"HASH\" }\n",
	},
}

// sourceUniverse has a source distribution of one module, and one with native code.
const sourceUniverse = `a 1.0
  sdist
  file: a.py: x = 1\n
  file: a.egg-info/SOURCES.txt: a.py\n
  file: a.egg-info/top_level.txt: a\n
  file: a.egg-info/PKG-INFO: Metadata-Version: 2.1\nName: a\nVersion: 1.0\n
b 1.0
  sdist
  file: b.c: int x;\n
`

func TestLockedSourcesOnDisk(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, sourceUniverse)
	body, digest := idx.Wheel("a-1.0.tar.gz")
	targets := []wheel.Target{pythontest.Py312}
	for _, c := range diskSources {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := unpack(t, "-- "+c.file+" --\n"+strings.ReplaceAll(c.text, "HASH", digest)+"-- vendor/a-1.0.tar.gz --\n")
			source := filepath.Join(dir, "vendor", "a-1.0.tar.gz")
			if err := os.WriteFile(source, body, 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := ReadLockFile(t.Context(), filepath.Join(dir, c.file), Options{Sdists: true}, targets)
			if err != nil {
				t.Fatal(err)
			}
			client, _ := pythontest.Client(t, nil)
			lock, err := f.Locate(t.Context(), client, nil, targets)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(lock)
			if err != nil {
				t.Fatal(err)
			}
			var back wheel.Lock
			if err := json.Unmarshal(text, &back); err != nil {
				t.Fatal(err)
			}
			for _, l := range []*wheel.Lock{lock, &back} {
				if len(l.Wheels) != 1 {
					t.Fatalf("got %+v, want one wheel", l.Wheels)
				}
				w := l.Wheels[0]
				if w.Name != "a" || w.Version != "1.0" || w.Path != filepath.ToSlash(source) || w.URL != "" || w.SHA256.Hex() != digest || !w.Pure || !slices.Equal(w.Targets, []string{"python3.12 x86_64"}) {
					t.Errorf("got %+v", w)
				}
			}
			if err := os.WriteFile(source, []byte("other"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err = f.Locate(t.Context(), client, nil, targets); err == nil || !strings.HasPrefix(err.Error(), `the source distribution "`+filepath.ToSlash(source)+`" is not the one that was locked`) {
				t.Errorf("of other bytes: %v, want that they are not what was locked", err)
			}
		})
	}
}

// TestLockedSourcesTellAllFaults has two distributions of which no wheel can be made.
func TestLockedSourcesTellAllFaults(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, sourceUniverse)
	body, digest := idx.Wheel("b-1.0.tar.gz")
	text, pkg := "", "[[packages]]\nname = \"NAME\"\nversion = \"1.0\"\n[packages.sdist]\npath = \"NAME-1.0.tar.gz\"\nhashes = { sha256 = \""+digest+"\" }\n"
	for _, name := range []string{"b", "c"} {
		text += strings.ReplaceAll(pkg, "NAME", name)
	}
	dir := unpack(t, "-- pylock.toml --\nlock-version = \"1.0\"\n"+text)
	for _, name := range []string{"b-1.0.tar.gz", "c-1.0.tar.gz"} {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	targets := []wheel.Target{pythontest.Py312}
	f, err := ReadLockFile(t.Context(), filepath.Join(dir, "pylock.toml"), Options{Sdists: true}, targets)
	if err != nil {
		t.Fatal(err)
	}
	client, _ := pythontest.Client(t, nil)
	_, err = f.Locate(t.Context(), client, nil, targets)
	if _, ok := errors.AsType[*wheel.NoWheel](err); !ok || strings.Count(err.Error(), "no wheel can be made from that without running its code") != 2 {
		t.Errorf("Locate = %v, want a fault of b and one of c", err)
	}
}

// TestLockFilesOfEditorsAndGit reads what an editor of Windows writes, with a byte order
// mark and two bytes for the end of a line, and names what git leaves behind.
func TestLockFilesOfEditorsAndGit(t *testing.T) {
	t.Parallel()
	for file, text := range map[string]string{
		"uv.lock":      uvHead + uvRoot("dependencies = [{ name = \"a\" }]\n") + uvWheel("a", "1.0", ""),
		"pylock.toml":  lockText("lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1.0\"\nwheels = [{ url = \"https://example.com/a-1.0-py3-none-any.whl\", hashes = { sha256 = \"HASH\" } }]\n"),
		"poetry.lock":  lockText("[[package]]\nname = \"a\"\nversion = \"1.0\"\ngroups = [\"main\"]\nfiles = [{ file = \"a-1.0-py3-none-any.whl\", hash = \"sha256:HASH\" }]\n[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.11\"\n"),
		"Pipfile.lock": lockText("{\"_meta\": {\"pipfile-spec\": 6},\n\"default\": {\"a\": {\"version\": \"==1.0\",\n\"hashes\": [\"sha256:HASH\"]}}}\n"),
	} {
		f, err := readLockText(t, file, "\ufeff"+strings.ReplaceAll(text, "\n", "\r\n"), Options{}, pythontest.Py312)
		if err != nil || len(f.Wheels)+len(f.Pins) != 1 {
			t.Errorf("%s with a byte order mark: %+v, %v", file, f, err)
		}
		head, tail, _ := strings.Cut(text, "\n")
		_, err = readLockText(t, file, head+"\n<<<<<<< HEAD\n=======\n>>>>>>> other\n"+tail, Options{}, pythontest.Py312)
		if want := "reading lock file \"" + file + "\": it holds the marks of a merge conflict: solve it and lock again"; err == nil || err.Error() != want {
			t.Errorf("%s with a conflict: %v\nwant %s", file, err, want)
		}
	}
}
