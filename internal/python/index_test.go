package python

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/resolve"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

const chain = `
a 1.0
a 2.0
  requires: b>=2
b 2.0
  requires: c
c 1.0
`

func TestResolveOverEveryKindOfIndex(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]indextest.Option{
		"JSON":               nil,
		"HTML":               {indextest.HTMLOnly()},
		"without PEP 658":    {indextest.WithoutMetadata()},
		"HTML and no ranges": {indextest.HTMLOnly(), indextest.WithoutMetadata(), indextest.WithoutRanges()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			idx := indextest.New(t, chain, options...)
			client, st := pythontest.Client(t, nil)
			s := resolve.Spec{
				Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", "a"),
				Indexes: []index.Index{{URL: idx.URL()}}, Store: st,
			}
			lock, err := resolve.Resolve(t.Context(), client, s)
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"a==2.0", "b==2.0", "c==1.0"}
			if got := pythontest.Pins(lock); !slices.Equal(got, want) {
				t.Errorf("Resolve() = %q, want %q", got, want)
			}
			for _, w := range lock.Wheels {
				if _, digest := idx.Wheel(w.Filename); w.SHA256.Hex() != digest || w.URL != idx.FileURL(w.Filename) {
					t.Errorf("wheel %q: %s %s, want %s %s", w.Filename, w.URL, w.SHA256, idx.FileURL(w.Filename), digest)
				}
			}
			idx.Forget()
			if _, err := resolve.Resolve(t.Context(), client, s); err != nil {
				t.Fatal(err)
			}
			for _, r := range idx.Requests() {
				if strings.HasPrefix(r.Path, "/files/") {
					t.Errorf("the second resolution asked for %s again", r.Path)
				}
			}
		})
	}
}

func TestAPromisedMetadataFileMayBeAbsent(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, chain, indextest.WithFault(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, ".metadata") {
			http.NotFound(w, r)
			return true
		}
		return false
	}))
	client, _ := pythontest.Client(t, nil)
	lock, err := resolve.Resolve(t.Context(), client, resolve.Spec{
		Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", "a"), Indexes: []index.Index{{URL: idx.URL()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pythontest.Pins(lock), []string{"a==2.0", "b==2.0", "c==1.0"}; !slices.Equal(got, want) {
		t.Errorf("Resolve() = %q, want %q", got, want)
	}
}

// TestAFailureIsNoVersion: an outage must never choose an older version.
func TestAFailureIsNoVersion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path string
		code int
		want string
	}{
		{"b-2.0-py3-none-any.whl.metadata", 500, `reading the metadata of "b-2.0-py3-none-any.whl"`},
		{"/simple/c/", 503, `asking the index about "c"`},
		{"/simple/b/", 403, `asking the index about "b"`},
		{"/simple/a/", 401, `asking the index about "a"`},
	} {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			idx := indextest.New(t, chain, indextest.WithFault(func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasSuffix(r.URL.Path, c.path) {
					w.WriteHeader(c.code)
					return true
				}
				return false
			}))
			stranger := indextest.New(t, chain)
			client, _ := pythontest.Client(t, nil)
			_, err := resolve.Resolve(t.Context(), client, resolve.Spec{
				Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", "a"),
				Indexes: []index.Index{{URL: idx.URL()}, {URL: stranger.URL()}},
			})
			var status *fetch.StatusError
			if !errors.As(err, &status) || status.Code != c.code || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Resolve() = %v, want status %d and %q", err, c.code, c.want)
			}
			if asked := stranger.Requests(); len(asked) > 0 {
				t.Errorf("the next index was asked for %q", asked[0].Path)
			}
		})
	}
}

// TestGuessesDecideNothing: what is fetched ahead in vain may fail.
func TestGuessesDecideNothing(t *testing.T) {
	t.Parallel()
	const universe = "a 1.0\n  requires: b<2\nb 1.0\nb 2.0\n  requires: c\nd 1.0\n  requires: b\nc 1.0\n"
	var failed atomic.Int32
	guessed := make(chan struct{})
	idx := indextest.New(t, universe, indextest.WithFault(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.Contains(r.URL.Path, "/b-2.0") || strings.Contains(r.URL.Path, "/simple/c/"):
			if failed.Add(1) == 1 {
				close(guessed)
			}
			w.WriteHeader(http.StatusInternalServerError)
			return true
		case strings.Contains(r.URL.Path, "/a-1.0"):
			// What rules the guess out comes after it.
			select {
			case <-guessed:
			case <-time.After(time.Minute):
			}
		}
		return false
	}))
	client, _ := pythontest.Client(t, nil)
	lock, err := resolve.Resolve(t.Context(), client, resolve.Spec{
		Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", "d", "a", "b!=3"), Indexes: []index.Index{{URL: idx.URL()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pythontest.Pins(lock), []string{"a==1.0", "b==1.0", "d==1.0"}; !slices.Equal(got, want) {
		t.Errorf("Resolve() = %q, want %q", got, want)
	}
	if failed.Load() == 0 {
		t.Error("nothing was guessed, so this test shows nothing")
	}
}

func TestIndexesInOrder(t *testing.T) {
	t.Parallel()
	private := indextest.New(t, "mine 1.0\n  requires: common, org-core\norg-core 1.0\n", indextest.WithAuth("me", "secret"))
	public := indextest.New(t, "mine 9.0\ncommon 1.0\norg-core 9.0\norg-new 1.0\n")
	login, err := url.Parse(private.URL())
	if err != nil {
		t.Fatal(err)
	}
	login.User = url.UserPassword("me", "secret")
	for _, c := range []struct {
		name    string
		indexes []index.Index
		require []string
		want    []string
		wantErr string
	}{
		{
			name:    "the first that has a name serves it",
			indexes: []index.Index{{URL: login.String()}, {URL: public.URL()}},
			require: []string{"mine"},
			want:    []string{"common==1.0", "mine==1.0", "org-core==1.0"},
		}, {
			name:    "a claimed name comes from the index that claims it",
			indexes: []index.Index{{URL: public.URL()}, {URL: login.String(), Packages: []string{"Mine", "org-*"}}},
			require: []string{"mine"},
			want:    []string{"common==1.0", "mine==1.0", "org-core==1.0"},
		}, {
			name:    "and from nowhere else",
			indexes: []index.Index{{URL: public.URL()}, {URL: login.String(), Packages: []string{"org-*"}}},
			require: []string{"org-new"},
			wantErr: `there is no distribution "org-new": not on ` + private.URL() + `. It is asked for in req:1 ("org-new"). If it is misspelt, correct it.`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			client, _ := pythontest.Client(t, nil)
			lock, err := resolve.Resolve(t.Context(), client, resolve.Spec{
				Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", c.require...), Indexes: c.indexes,
			})
			if c.wantErr != "" {
				if err == nil || err.Error() != c.wantErr {
					t.Errorf("Resolve() = %v, want %s", err, c.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := pythontest.Pins(lock); !slices.Equal(got, c.want) {
				t.Errorf("Resolve() = %q, want %q", got, c.want)
			}
			if text, err := json.Marshal(lock); err != nil || strings.Contains(string(text), "secret") {
				t.Errorf("the lock holds credentials (or %v): %s", err, text)
			}
		})
	}
}

func TestUploadTimesThatAnIndexDoesNotGive(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, "a 1.0\n", indextest.HTMLOnly())
	client, _ := pythontest.Client(t, nil)
	s := resolve.Spec{
		Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", "a"), Indexes: []index.Index{{URL: idx.URL()}},
		ExcludeNewer: pythontest.Day(3, 1), PinsExempt: true,
	}
	lock, err := resolve.Resolve(t.Context(), client, s)
	if err != nil {
		t.Fatal(err)
	}
	if want := "the index " + idx.URL() + " gives no upload times: releases of any age are used from it"; !slices.Equal(lock.Notes, []string{want}) {
		t.Errorf("Resolve() notes %q, want %q", lock.Notes, want)
	}
	s.PinsExempt = false
	_, err = resolve.Resolve(t.Context(), client, s)
	want := `no version of "a" fits "a": the index gives no upload times, so that nothing of it is known to be older than 2024-03-01T00:00:00Z. It is asked for in req:1 ("a").`
	if err == nil || err.Error() != want {
		t.Errorf("Resolve() = %v, want %s", err, want)
	}
}

func TestHashesChooseTheFile(t *testing.T) {
	t.Parallel()
	const universe = "a 1.0\n  wheel: py3-none-any\n  wheel: cp312-cp312-linux_x86_64\na 2.0\n"
	idx := indextest.New(t, universe)
	_, digest := idx.Wheel("a-1.0-py3-none-any.whl")
	client, _ := pythontest.Client(t, nil)
	lock, err := resolve.Resolve(t.Context(), client, resolve.Spec{
		Targets:      []wheel.Target{pythontest.Py312},
		Requirements: pythontest.Inputs(t, "req", "a --hash=sha256:"+strings.Repeat("0", 64)+" --hash=sha256:"+digest),
		Indexes:      []index.Index{{URL: idx.URL()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pythontest.Pins(lock), []string{"a==1.0"}; !slices.Equal(got, want) {
		t.Errorf("Resolve() = %q, want %q", got, want)
	}
}

func TestAWheelWithoutDigestIsRefused(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, "a 1.0\n", indextest.WithFault(func(w http.ResponseWriter, r *http.Request) bool {
		body := `<a href="/a-1.0-py3-none-any.whl" data-core-metadata="true">a</a>`
		if strings.HasSuffix(r.URL.Path, ".metadata") {
			body = "Metadata-Version: 2.1\nName: a\nVersion: 1.0\n"
		}
		w.Header().Set("Content-Type", "text/html")
		_, err := w.Write([]byte(body))
		return err == nil
	}))
	client, _ := pythontest.Client(t, nil)
	_, err := resolve.Resolve(t.Context(), client, resolve.Spec{
		Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", "a"), Indexes: []index.Index{{URL: idx.URL()}},
	})
	want := wheel.NoDigest{Name: "a", Version: "1.0", Filename: "a-1.0-py3-none-any.whl", Index: idx.URL()}
	if got, ok := errors.AsType[*wheel.NoDigest](err); !ok || *got != want {
		t.Errorf("Resolve() = %v, want %v", err, &want)
	}
}

func TestManyTargets(t *testing.T) {
	t.Parallel()
	const universe = `
pure 1.0
  requires: native
native 1.0
  wheel: cp311-cp311-manylinux_2_17_x86_64
  wheel: cp312-cp312-manylinux_2_17_x86_64
  requires: backport; python_version < "3.12"
native 2.0
  wheel: cp312-cp312-manylinux_2_28_x86_64
  wheel: cp313-cp313-manylinux_2_28_aarch64
backport 1.0
`
	idx := indextest.New(t, universe)
	client, _ := pythontest.Client(t, nil)
	s := resolve.Spec{
		Targets:      []wheel.Target{pythontest.Arm313, pythontest.Py312, pythontest.Py311},
		Requirements: pythontest.Inputs(t, "req", "pure"), Indexes: []index.Index{{URL: idx.URL()}},
	}
	lock, err := resolve.Resolve(t.Context(), client, s)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range lock.Wheels {
		got = append(got, w.Filename+" for "+strings.Join(w.Targets, ", ")+" needs "+strings.Join(w.Requires, ", "))
	}
	want := []string{
		"backport-1.0-py3-none-any.whl for python3.11 x86_64 needs ",
		"native-1.0-cp311-cp311-manylinux_2_17_x86_64.whl for python3.11 x86_64 needs backport",
		"native-1.0-cp312-cp312-manylinux_2_17_x86_64.whl for python3.12 x86_64 needs ",
		"native-2.0-cp313-cp313-manylinux_2_28_aarch64.whl for python3.13 aarch64 needs ",
		"pure-1.0-py3-none-any.whl for python3.11 x86_64, python3.12 x86_64, python3.13 aarch64 needs native",
	}
	if !slices.Equal(got, want) {
		t.Errorf("Resolve() =\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestAnswersInAnyOrder: one answer, however the requests overtake each other.
func TestAnswersInAnyOrder(t *testing.T) {
	t.Parallel()
	const universe = `
a 1.0
  requires: s<2
a 2.0
  requires: s>=2, b
b 1.0
  requires: s<3
b 2.0
  requires: s>=3, d
s 1.0
s 2.0
s 3.0
d 1.0
  requires: s<3
`
	var first string
	for round := range 8 {
		var n atomic.Uint32
		idx := indextest.New(t, universe, indextest.WithFault(func(_ http.ResponseWriter, r *http.Request) bool {
			hash := n.Add(1) * uint32(7*round+len(r.URL.Path))
			time.Sleep(time.Duration(hash%13) * time.Millisecond)
			return false
		}))
		client, _ := pythontest.Client(t, nil)
		lock, err := resolve.Resolve(t.Context(), client, resolve.Spec{
			Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", "a", "b"), Indexes: []index.Index{{URL: idx.URL()}},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(pythontest.Pins(lock), " ")
		if round == 0 {
			first = got
		}
		if got != first {
			t.Errorf("round %d: %s, and before %s", round, got, first)
		}
	}
	if want := "a==2.0 b==1.0 s==2.0"; first != want {
		t.Errorf("Resolve() = %s, want %s", first, want)
	}
}
