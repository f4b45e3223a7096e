package python

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/resolve"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// wheelFolder writes all wheels of a universe into a folder.
func wheelFolder(t *testing.T, universe string) string {
	t.Helper()
	dir := t.TempDir()
	index := indextest.New(t, universe)
	for _, name := range index.Files() {
		content, _ := index.Wheel(name)
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// readFolder reads the wheels in a folder.
func readFolder(t *testing.T, dir, source string) []wheel.GivenWheel {
	t.Helper()
	given, err := wheel.ReadWheelFolder(t.Context(), dir, source)
	if err != nil {
		t.Fatal(err)
	}
	return given
}

func TestResolveWithWheelsOnDisk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		universe  string // of the index
		given     string // of the wheels that stand in
		linked    string // of a folder that is searched too
		require   []string
		change    func(*resolve.Spec)
		want      []string // those on disk end in " (disk)"
		wantNotes []string
		wantErr   string // the whole text
	}{{
		name:     "a given wheel stands in for a source distribution",
		universe: "a 1.0\n  requires: legacy==0.5\nlegacy 0.5\n  sdist\n",
		given:    "legacy 0.5\n  requires: b\n", linked: "b 1.0\n",
		require: []string{"a"},
		want:    []string{"a==1.0", "b==1.0 (disk)", "legacy==0.5 (disk)"},
	}, {
		name:     "it goes before newer versions of the index",
		universe: "a 1.0\na 2.0\n",
		given:    "a 1.0\n",
		require:  []string{"a>=1"},
		want:     []string{"a==1.0 (disk)"},
	}, {
		name:     "hashes and cut-offs are for the files of the index",
		universe: "a 1.0\n",
		given:    "a 1.0\n",
		require:  []string{"a==1.0 --hash=sha256:" + strings.Repeat("0", 64)},
		change:   func(s *resolve.Spec) { s.ExcludeNewer = pythontest.Day(1, 1) },
		want:     []string{"a==1.0 (disk)"},
	}, {
		name:     "targets that it does not run on use the index",
		universe: "a 2.0\n",
		given:    "a 1.0\n  wheel: cp311-cp311-linux_x86_64\n",
		require:  []string{"a"},
		change:   func(s *resolve.Spec) { s.Targets = []wheel.Target{pythontest.Py311, pythontest.Py312} },
		want:     []string{"a==1.0 cp311-cp311-linux_x86_64 (disk)", "a==2.0"},
	}, {
		name:     "where the version is not allowed the conflict names it",
		universe: "a 2.0\n",
		given:    "a 1.0\n",
		require:  []string{"a>=2"},
		wantErr:  `no version of "a" fits "a>=2": GIVEN gives 1.0 of it, which stands in for all other versions. It is asked for in req:1 ("a>=2").`,
	}, {
		name:      "what nothing asks for is a note",
		universe:  "a 1.0\n",
		given:     "b 1.0\n",
		require:   []string{"a"},
		want:      []string{"a==1.0"},
		wantNotes: []string{`GIVEN gives "b-1.0-py3-none-any.whl", which nothing asks for`},
	}, {
		name:      "of two given versions the better one is used",
		universe:  "",
		given:     "a 1.0\na 2.0\n",
		require:   []string{"a"},
		want:      []string{"a==2.0 (disk)"},
		wantNotes: []string{`GIVEN gives "a-1.0-py3-none-any.whl", which is not used: the layer has a 2.0`},
	}, {
		name:     "Requires-Python of a given wheel holds",
		universe: "",
		given:    "a 1.0\n  python: >=3.13\n",
		require:  []string{"a"},
		wantErr: "no set of versions satisfies all requirements on python3.12 x86_64; these cannot hold together:\n" +
			"  - req:1 asks for a\n  - a 1.0 cannot be used: it requires Python >=3.13",
	}, {
		name:     "a folder adds candidates",
		universe: "a 1.0\na 3.0\n",
		linked:   "a 2.0\nb 1.0\n",
		require:  []string{"a<3", "b"},
		want:     []string{"a==2.0 (disk)", "b==1.0 (disk)"},
	}, {
		name:     "an equal file is taken from disk",
		universe: "a 1.0\n",
		linked:   "a 1.0\n",
		require:  []string{"a"},
		want:     []string{"a==1.0 (disk)"},
	}, {
		name:     "hashes hold for files of a folder",
		universe: "",
		linked:   "a 1.0\n",
		require:  []string{"a==1.0 --hash=sha256:" + strings.Repeat("0", 64)},
		wantErr:  `req:1 gives sha256:0000000000000000000000000000000000000000000000000000000000000000 for "a", which no wheel of a 1.0 for python3.12 x86_64 has. On the index a-1.0-py3-none-any.whl has --hash=sha256:2be77b7662a57ecc8e832f2ce45e3f0e2df664d9d577f8605f73b8a019c96779: if that is the file that you trust, write its hash`,
	}, {
		name:     "a cut-off does not",
		universe: "",
		linked:   "a 1.0\n",
		require:  []string{"a"},
		change:   func(s *resolve.Spec) { s.ExcludeNewer = pythontest.Day(1, 1) },
		want:     []string{"a==1.0 (disk)"},
	}, {
		name:     "a name that an index claims is not taken from a folder",
		universe: "acme-a 1.0\n",
		linked:   "acme-a 2.0\n",
		require:  []string{"acme-a"},
		change:   func(s *resolve.Spec) { s.Indexes[0].Packages = []string{"acme-*"} },
		want:     []string{"acme-a==1.0"},
	}, {
		name:     "without an index the folder is all there is",
		universe: "a 2.0\n",
		linked:   "a 1.0\n",
		require:  []string{"a"},
		change:   func(s *resolve.Spec) { s.Indexes, s.NoIndex = nil, true },
		want:     []string{"a==1.0 (disk)"},
	}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			idx := indextest.New(t, c.universe)
			client, st := pythontest.Client(t, nil)
			s := resolve.Spec{
				Targets: []wheel.Target{pythontest.Py312}, Store: st, Indexes: []index.Index{{URL: idx.URL()}},
				Requirements: pythontest.Inputs(t, "req", c.require...),
				Given:        readFolder(t, wheelFolder(t, c.given), "GIVEN"),
				Linked:       readFolder(t, wheelFolder(t, c.linked), "LINKED"),
			}
			if c.change != nil {
				c.change(&s)
			}
			lock, err := resolve.Resolve(t.Context(), client, s)
			if c.wantErr != "" || err != nil {
				if err == nil || err.Error() != c.wantErr {
					t.Fatalf("Resolve() = %v and the error\n%v\nwant\n%s", lock, err, c.wantErr)
				}
				return
			}
			got := pythontest.Pins(lock)
			for i, w := range lock.Wheels {
				if (w.Path == "") == (w.URL == "") {
					t.Errorf("%s has the path %q and the URL %q, want one of them", w.Filename, w.Path, w.URL)
				}
				if w.Path != "" {
					got[i] += " (disk)"
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("Resolve() = %q, want %q", got, c.want)
			}
			if !slices.Equal(lock.Notes, c.wantNotes) {
				t.Errorf("Resolve() notes %q, want %q", lock.Notes, c.wantNotes)
			}
		})
	}
}

// TestGivenWheelKeepsItsNameFromTheIndex asks no index for a name that a given
// wheel serves on every target.
func TestGivenWheelKeepsItsNameFromTheIndex(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, "a 1.0\n")
	client, st := pythontest.Client(t, nil)
	_, err := resolve.Resolve(t.Context(), client, resolve.Spec{
		Targets: []wheel.Target{pythontest.Py311, pythontest.Py312}, Store: st, Indexes: []index.Index{{URL: idx.URL()}},
		Requirements: pythontest.Inputs(t, "req", "a", "private"),
		Given:        readFolder(t, wheelFolder(t, "private 1.0\n"), "GIVEN"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range idx.Requests() {
		if strings.Contains(r.Path, "private") {
			t.Errorf("the index was asked for %s", r.Path)
		}
	}
}

// TestGivenWheelAtAnAddress verifies the file before its metadata is used.
func TestGivenWheelAtAnAddress(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, "b 1.0\n")
	files := indextest.New(t, "a 1.0\n  requires: b\n")
	const name = "a-1.0-py3-none-any.whl"
	_, hex := files.Wheel(name)
	right, err := store.ParseDigest(hex)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		digest store.Digest
		want   []string
	}{{right, []string{"a==1.0", "b==1.0"}}, {store.Sum([]byte("another")), nil}} {
		client, st := pythontest.Client(t, nil)
		lock, err := resolve.Resolve(t.Context(), client, resolve.Spec{
			Targets: []wheel.Target{pythontest.Py312}, Store: st, Indexes: []index.Index{{URL: idx.URL()}}, Requirements: pythontest.Inputs(t, "req", "a"),
			Given: []wheel.GivenWheel{{URL: files.FileURL(name), SHA256: c.digest, Source: "GIVEN"}},
		})
		if c.want == nil {
			if _, ok := errors.AsType[*store.DigestError](err); !ok {
				t.Errorf("Resolve() with another digest = %v, want a *store.DigestError", err)
			}
			continue
		}
		if err != nil || !slices.Equal(pythontest.Pins(lock), c.want) {
			t.Fatalf("Resolve() = %v, %v, want %q", lock, err, c.want)
		}
		if lock.Wheels[0].URL != files.FileURL(name) || lock.Wheels[0].SHA256 != right {
			t.Errorf("the lock has %s with %s, want %s with %s", lock.Wheels[0].URL, lock.Wheels[0].SHA256, files.FileURL(name), right)
		}
	}
}

func TestResolveWithPagesOfLinks(t *testing.T) {
	t.Parallel()
	files := indextest.New(t, "a 2.0\nb 1.0\nc 1.0\n")
	_, sum := files.Wheel("a-2.0-py3-none-any.whl")
	page := fmt.Sprintf(`<html><body><a href="%s#sha256=%s">a</a> <a href=%q>b, without a digest</a> <a href="../c-1.0.tar.gz">c</a> <a href="mailto:x">x</a></body></html>`,
		files.FileURL("a-2.0-py3-none-any.whl"), sum, files.FileURL("b-1.0-py3-none-any.whl"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/links.html" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page))
	}))
	t.Cleanup(server.Close)
	idx := indextest.New(t, "a 1.0\n")
	for _, c := range []struct{ page, require, want, wantErr string }{
		{"/links.html", "a", "a==2.0", ""},
		{"/links.html", "b", "", fmt.Sprintf(`the page %s/links.html gives no SHA-256 for "b-1.0-py3-none-any.whl" of "b" 1.0: every file is verified, so it cannot be used`, server.URL)},
		{"/absent.html", "a", "", fmt.Sprintf("reading the links of %s/absent.html: ", server.URL)},
	} {
		client, st := pythontest.Client(t, nil)
		lock, err := resolve.Resolve(t.Context(), client, resolve.Spec{
			Targets: []wheel.Target{pythontest.Py312}, Store: st, Indexes: []index.Index{{URL: idx.URL()}},
			Requirements: pythontest.Inputs(t, "req", c.require), LinkPages: []string{server.URL + c.page},
		})
		switch {
		case c.wantErr != "" && (err == nil || !strings.Contains(err.Error(), c.wantErr)):
			t.Errorf("Resolve(%s with %s) = error %v, want %q", c.require, c.page, err, c.wantErr)
		case c.wantErr == "" && (err != nil || !slices.Equal(pythontest.Pins(lock), []string{c.want})):
			t.Errorf("Resolve(%s with %s) = %v, %v, want %q", c.require, c.page, lock, err, c.want)
		case c.wantErr == "" && lock.Wheels[0].URL != files.FileURL("a-2.0-py3-none-any.whl"):
			t.Errorf("the lock has %s, want the address on the page", lock.Wheels[0].URL)
		}
	}
}

func TestReadWheelFolder(t *testing.T) {
	t.Parallel()
	dir := wheelFolder(t, "b 1.0\na 1.0\n  sdist\n  wheel: py3-none-any\n")
	if err := os.Mkdir(filepath.Join(dir, "c-1.0-py3-none-any.whl"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "README.md"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range readFolder(t, dir, "x") {
		content, err := os.ReadFile(g.Path)
		if err != nil || store.Sum(content) != g.SHA256 || g.Size != int64(len(content)) {
			t.Errorf("%s has the digest %s and %d bytes, want those of its %d bytes (%v)", g.Path, g.SHA256, g.Size, len(content), err)
		}
		got = append(got, strings.TrimPrefix(g.Path, filepath.ToSlash(dir)))
	}
	if want := []string{"/a-1.0-py3-none-any.whl", "/b-1.0-py3-none-any.whl"}; !slices.Equal(got, want) {
		t.Errorf("ReadWheelFolder() = %q, want %q", got, want)
	}
	if _, err := wheel.ReadWheelFolder(t.Context(), filepath.Join(dir, "absent"), "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadWheelFolder() of an absent folder = %v, want fs.ErrNotExist", err)
	}
}

func TestLockOfWheelsOnDisk(t *testing.T) {
	t.Parallel()
	digest := store.Sum([]byte("a wheel"))
	lock := wheel.Lock{Wheels: []wheel.Wheel{{
		Name: "a", Version: "1.0", Filename: "a-1.0-py3-none-any.whl", Path: "../my wheels/100%/a-1.0-py3-none-any.whl",
		SHA256: digest, Size: 7, Pure: true, Targets: []string{"python3.12 x86_64"},
	}}}
	const want = `{"wheels":{"python3.12 x86_64":["a==1.0 sha256:69f51477f05c46bfa5ff0027a1fcde274695311a38adfb85611ffeb93c8b146b 7 file:../my%20wheels/100%25/a-1.0-py3-none-any.whl"]}}`
	got, err := json.Marshal(lock)
	if err != nil || string(got) != want {
		t.Errorf("got  %s (%v)\nwant %s", got, err, want)
	}
	var back wheel.Lock
	if err := json.Unmarshal([]byte(want), &back); err != nil || !reflect.DeepEqual(back, lock) {
		t.Errorf("got  %+v (%v)\nwant %+v", back, err, lock)
	}
	for _, location := range []string{"file:", "file:%zz.whl", "file:a.tar.gz"} {
		if err := json.Unmarshal([]byte(`{"wheels":{"x":[`+strconv.Quote("a==1.0 sha256:"+digest.Hex()+" 7 "+location)+`]}}`), &wheel.Lock{}); err == nil {
			t.Errorf("a wheel at %q is not an error", location)
		}
	}
}

func TestTreeOfWheelsOnDisk(t *testing.T) {
	t.Parallel()
	dir := wheelFolder(t, "a 1.0\n")
	given := readFolder(t, dir, "GIVEN")
	client, st := pythontest.Client(t, nil)
	lock, err := resolve.Resolve(t.Context(), client, resolve.Spec{
		Targets: []wheel.Target{pythontest.Py312}, NoIndex: true, Requirements: pythontest.Inputs(t, "req", "a"), Given: given,
	})
	if err != nil {
		t.Fatal(err)
	}
	paths := func() (list []string, err error) {
		tree, err := treeIn(t, client, st, &Lock{Chosen: lock}, nil, pythontest.Py312)
		for _, e := range tree {
			list = append(list, e.Path)
		}
		return list, err
	}
	want := []string{"python/a/__init__.py", "python/a-1.0.dist-info/METADATA", "python/a-1.0.dist-info/WHEEL", "python/a-1.0.dist-info/RECORD"}
	if got, err := paths(); err != nil || !slices.Equal(got, want) {
		t.Fatalf("Tree() = %q, %v, want %q", got, err, want)
	}
	// The store serves it when the file is gone, and nothing else does.
	if err := os.Remove(given[0].Path); err != nil {
		t.Fatal(err)
	}
	if got, err := paths(); err != nil || !slices.Equal(got, want) {
		t.Errorf("Tree() from the store = %q, %v, want %q", got, err, want)
	}
	if err := lock.CheckLocal(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("CheckLocal() = %v, want fs.ErrNotExist", err)
	}
	if err := lock.CheckLocal(t.Context(), given[0].SHA256); err != nil {
		t.Errorf("CheckLocal() with a known digest = %v", err)
	}
	if err := st.Evict(given[0].SHA256); err != nil {
		t.Fatal(err)
	}
	if _, err := paths(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Tree() without the file = %v, want fs.ErrNotExist", err)
	}
	if err := os.WriteFile(given[0].Path, []byte("other bytes"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = paths()
	if changed, ok := errors.AsType[*wheel.ChangedWheelError](err); !ok || changed.Got != store.Sum([]byte("other bytes")) || !strings.Contains(err.Error(), given[0].Path) {
		t.Errorf("Tree() of other bytes = %v, want a *ChangedWheelError that names the file", err)
	}
}
