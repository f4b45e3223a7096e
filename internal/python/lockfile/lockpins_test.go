package lockfile

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// hashed replaces HASH(file) by the digest that an index has for the file.
func hashed(index *indextest.Index, text string) string {
	for {
		before, rest, ok := strings.Cut(text, "HASH(")
		if !ok {
			return text
		}
		name, after, _ := strings.Cut(rest, ")")
		_, digest := index.Wheel(name)
		text = before + digest + after
	}
}

const pinUniverse = `
a 1.0
  requires: b>=2, never
  yanked: too old
  uploaded: 2030-01-01T00:00:00Z
  wheel: cp312-cp312-manylinux_2_17_x86_64
  wheel: cp312-cp312-manylinux_2_28_x86_64
  wheel: py3-none-any
a 2.0
b 1.0
  sdist
`

func pipfileLock(entries string) string {
	return `{"_meta": {"pipfile-spec": 6, "sources": [{"name": "pypi", "url": "https://pypi.org/simple"}, {"name": "own", "url": "INDEX"}]}, "default": {` + entries + `}}`
}

func TestLocateFindsExactlyWhatIsLocked(t *testing.T) {
	t.Parallel()
	poetry := func(files string) string {
		return "[[package]]\nname = \"a\"\nversion = \"1.0\"\ngroups = [\"main\"]\nfiles = [" + files + "]\n[metadata]\nlock-version = \"2.1\"\npython-versions = \"*\"\n"
	}
	const (
		plain    = "a-1.0-py3-none-any.whl"
		older    = "a-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"
		newer    = "a-1.0-cp312-cp312-manylinux_2_28_x86_64.whl"
		noDigest = `reading lock file "Pipfile.lock": a 1.0: the lock file has the SHA-256 of none of its files on the index INDEX, such as "a-1.0-cp312-cp312-manylinux_2_17_x86_64.whl": they are not what was locked, so lock again if you trust them`
	)
	for _, c := range []struct {
		name, file, text string
		want             []string // file names with their targets
		wantErr          string
	}{{
		name: "the best of the hashes", file: "Pipfile.lock",
		text: pipfileLock(`"a": {"version": "==1.0", "hashes": ["sha256:HASH(` + plain + `)", "sha256:HASH(` + newer + `)", "sha256:HASH(` + older + `)"]}`),
		want: []string{newer + " python3.12 x86_64", plain + " python3.13 aarch64"},
	}, {
		name: "only the hashes that are there", file: "Pipfile.lock",
		text: pipfileLock(`"a": {"version": "==1.0", "hashes": ["sha256:HASH(` + plain + `)"]}`),
		want: []string{plain + " python3.12 x86_64, python3.13 aarch64"},
	}, {
		name: "by file name", file: "poetry.lock",
		text: poetry(`{ file = "` + plain + `", hash = "sha256:HASH(` + plain + `)" }, { file = "` + older + `", hash = "sha256:HASH(` + older + `)" }`),
		want: []string{older + " python3.12 x86_64", plain + " python3.13 aarch64"},
	}, {
		name: "no file has the hash", file: "Pipfile.lock",
		text:    pipfileLock(`"a": {"version": "==1.0", "hashes": ["sha256:` + strings.Repeat("f", 64) + `"]}`),
		wantErr: noDigest,
	}, {
		name: "a file with another hash", file: "poetry.lock",
		text:    poetry(`{ file = "` + plain + `", hash = "sha256:` + strings.Repeat("f", 64) + `" }`),
		wantErr: strings.NewReplacer("Pipfile.lock", "poetry.lock", older, plain).Replace(noDigest),
	}, {
		name: "a file that the index does not have", file: "poetry.lock",
		text:    poetry(`{ file = "a-1.0-py2.py3-none-any.whl", hash = "sha256:HASH(` + plain + `)" }`),
		wantErr: `reading lock file "poetry.lock": a 1.0: the index INDEX has no a-1.0-py2.py3-none-any.whl`,
	}, {
		name: "no wheel for one of the targets", file: "Pipfile.lock",
		text: pipfileLock(`"a": {"version": "==1.0", "hashes": ["sha256:HASH(` + newer + `)"]}`),
		wantErr: `no wheel of "a" 1.0 runs on python3.13 aarch64: the lock file holds "` + newer + `", which is for x86_64. ` +
			`The lock file Pipfile.lock asks for it. Pin a version that has such a wheel and lock again, give a wheel of this version in python.wheels, or drop the runtime or architecture.`,
	}, {
		name: "only a source distribution", file: "Pipfile.lock",
		text: pipfileLock(`"b": {"version": "==1.0", "hashes": ["sha256:HASH(b-1.0.tar.gz)"]}`),
		wantErr: `no wheel of "b" 1.0 runs on python3.12 x86_64: the lock file holds only a source distribution of it, and nothing is built from source. ` +
			`The lock file Pipfile.lock asks for it. Set python.sdist = "pure", which makes the wheel if that is possible without running its code. Or make the wheel once by "pip wheel --no-deps b==1.0" and give the file that this writes: python.wheels = [{ source = "${path.module}/….whl" }]. Or leave it out by python.exclude = ["b"], if nothing imports it.`,
	}, {
		name: "a distribution that no index has", file: "Pipfile.lock",
		text:    pipfileLock(`"c": {"version": "==1.0", "hashes": ["sha256:` + strings.Repeat("f", 64) + `"]}`),
		wantErr: `there is no distribution "c": not on INDEX. The lock file Pipfile.lock asks for it. If it is misspelt, correct it. If it is private, name its index: index = [{ url = "https://…/simple/", packages = ["c"] }].`,
	}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			idx := indextest.New(t, pinUniverse)
			targets := []wheel.Target{pythontest.Py312, pythontest.Arm313}
			f, err := readLockText(t, c.file, hashed(idx, c.text), Options{}, targets...)
			if err != nil {
				t.Fatal(err)
			}
			client, _ := pythontest.Client(t, nil)
			l, err := f.Locate(t.Context(), client, []index.Index{{URL: idx.URL()}}, targets)
			if c.wantErr != "" {
				if want := strings.ReplaceAll(c.wantErr, "INDEX", idx.URL()); err == nil || err.Error() != want {
					t.Errorf("Locate = %v\nwant %s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range l.Wheels {
				got = append(got, w.Filename+" "+strings.Join(w.Targets, ", "))
				if _, digest := idx.Wheel(w.Filename); w.SHA256.Hex() != digest || w.URL != idx.FileURL(w.Filename) {
					t.Errorf("%s is locked at %s with %s", w.Filename, w.URL, w.SHA256)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("Locate = %q, want %q", got, c.want)
			}
			for _, r := range idx.Requests() {
				if r.Path != "/simple/a/" {
					t.Errorf("the index was asked for %q, want its page of a alone", r.Path)
				}
			}
		})
	}
}

func TestLocateTrustsNamesWhereTheIndexHasNoHashes(t *testing.T) {
	t.Parallel()
	source := indextest.New(t, pinUniverse)
	const name = "a-1.0-py3-none-any.whl"
	bare := indextest.New(t, "", indextest.WithFault(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<a href=%q>x</a>", name)
		return true
	}))
	for file, text := range map[string]string{
		"poetry.lock":  "[[package]]\nname = \"a\"\nversion = \"1.0\"\ngroups = [\"main\"]\nfiles = [{ file = \"" + name + "\", hash = \"sha256:HASH(" + name + ")\" }]\n[metadata]\nlock-version = \"2.1\"\npython-versions = \"*\"\n",
		"Pipfile.lock": pipfileLock(`"a": {"version": "==1.0", "hashes": ["sha256:HASH(` + name + `)"]}`),
	} {
		f, err := readLockText(t, file, hashed(source, text), Options{}, pythontest.Py312)
		if err != nil {
			t.Fatal(err)
		}
		client, _ := pythontest.Client(t, nil)
		l, err := f.Locate(t.Context(), client, []index.Index{{URL: bare.URL()}}, []wheel.Target{pythontest.Py312})
		if file == "Pipfile.lock" {
			if _, ok := errors.AsType[*wheel.NoDigest](err); !ok {
				t.Errorf("Locate of %s = %v, want *NoDigest: hashes are all that it has", file, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, digest := source.Wheel(name); l.Wheels[0].SHA256.Hex() != digest {
			t.Errorf("the digest is %s, want that of the lock file", l.Wheels[0].SHA256)
		}
	}
}

func TestLocateAsksTheIndexThatTheLockNames(t *testing.T) {
	t.Parallel()
	own := indextest.New(t, "a 1.0\n", indextest.WithAuth("u", "p"))
	public := indextest.New(t, "a 1.0\n  file: a/evil.py: x\nb 1.0\n")
	text := pipfileLock(`"a": {"version": "==1.0", "index": "own", "hashes": ["sha256:HASH(a-1.0-py3-none-any.whl)"]}`)
	text = strings.ReplaceAll(hashed(own, text), "INDEX", strings.Replace(own.URL(), "://", "://someone:else@", 1))
	f, err := readLockText(t, "Pipfile.lock", text, Options{}, pythontest.Py312)
	if err != nil {
		t.Fatal(err)
	}
	client, _ := pythontest.Client(t, nil)
	if _, err := client.Login(strings.Replace(own.URL(), "://", "://u:p@", 1)); err != nil {
		t.Fatal(err)
	}
	l, err := f.Locate(t.Context(), client, []index.Index{{URL: public.URL()}}, []wheel.Target{pythontest.Py312})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := l.Wheels[0].URL, own.FileURL("a-1.0-py3-none-any.whl"); got != want {
		t.Errorf("a is locked at %s, want %s", got, want)
	}
	if asked := public.Requests(); len(asked) > 0 {
		t.Errorf("the other index was asked for %v", asked)
	}
}

func TestLocateAsksNothingForAddresses(t *testing.T) {
	t.Parallel()
	f, err := ReadLockFile(t.Context(), filepath.Join("testdata", "locks", "uv", "uv.lock"), Options{}, []wheel.Target{pythontest.Py312})
	if err != nil {
		t.Fatal(err)
	}
	client, _ := pythontest.Client(t, func(o *fetch.Options) { o.Offline = true })
	l, err := f.Locate(t.Context(), client, nil, []wheel.Target{pythontest.Py312})
	if err != nil || len(l.Wheels) != 9 {
		t.Errorf("Locate = %d wheels, %v, want 9", len(l.Wheels), err)
	}
}

func TestRealPipfileLock(t *testing.T) {
	t.Parallel()
	f, err := ReadLockFile(t.Context(), filepath.Join("testdata", "locks", "pipenv", "Pipfile.lock"), Options{Groups: []string{"json"}}, []wheel.Target{pythontest.Py312, pythontest.Arm313})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range f.Pins {
		got = append(got, fmt.Sprintf("%s==%s %d", p.Name, p.Version, len(p.SHA256)))
	}
	want := []string{
		"certifi==2026.10.18 2", "charset-normalizer==3.5.2 172", "idna==3.20 2", "numpy==2.3.5 74", "orjson==3.13.0 59",
		"pysocks==1.7.1 3", "python-dateutil==4.0.0 2", "requests==2.34.2 2", "tzdata==2026.6 2", "urllib3==2.8.0 2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the pins are %q\nwant %q", got, want)
	}
}
