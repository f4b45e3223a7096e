package python

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/resolve"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func TestWithdrawnNamesYankedAndVanishedWheels(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, "a 1.0\nb 1.0\nc 1.0\nd 1.0\n")
	client, _ := pythontest.Client(t, nil)
	indexes := []index.Index{{URL: idx.URL()}}
	lock, err := resolve.Resolve(t.Context(), client, resolve.Spec{Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", "a", "b", "c", "d"), Indexes: indexes})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := index.Withdrawn(t.Context(), client, lock, indexes); err != nil || len(found) != 0 {
		t.Errorf("Withdrawn of a fresh lock = %q, %v, want nothing", found, err)
	}
	for i := range lock.Wheels {
		if lock.Wheels[i].Name == "d" {
			lock.Wheels[i].URL = "https://elsewhere.example/d-1.0-py3-none-any.whl"
		}
	}
	if err := idx.Add("a 1.0\n  yanked: leaks secrets\nb 1.0\n  yanked:\nc 2.0\nd 2.0\n"); err != nil {
		t.Fatal(err)
	}
	idx.Withdraw("c-1.0-py3-none-any.whl")
	idx.Withdraw("d-1.0-py3-none-any.whl")
	found, err := index.Withdrawn(t.Context(), client, lock, indexes)
	want := []string{
		`a 1.0 was yanked by its authors: "leaks secrets"`,
		"b 1.0 was yanked by its authors",
		`c 1.0: the index ` + idx.URL() + ` no longer lists the file "c-1.0-py3-none-any.whl"`,
	}
	if err != nil || !slices.Equal(found, want) {
		t.Errorf("Withdrawn = %q, %v, want %q", found, err, want)
	}
}

func TestWithdrawnNamesProjectsThatAreGone(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, "a 1.0\nb 1.0\nc 1.0\n")
	client, _ := pythontest.Client(t, nil)
	indexes := []index.Index{{URL: idx.URL()}}
	lock, err := resolve.Resolve(t.Context(), client, resolve.Spec{Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", "a", "b", "c"), Indexes: indexes})
	if err != nil {
		t.Fatal(err)
	}
	for i := range lock.Wheels {
		if lock.Wheels[i].Name == "b" {
			lock.Wheels[i].URL = "https://elsewhere.example/b-1.0-py3-none-any.whl"
		}
	}
	idx.Withdraw("a")
	idx.Withdraw("b")
	found, err := index.Withdrawn(t.Context(), client, lock, indexes)
	want := []string{"a 1.0: the index " + idx.URL() + " no longer has the project"}
	if err != nil || !slices.Equal(found, want) {
		t.Errorf("Withdrawn = %q, %v, want %q", found, err, want)
	}
}

func TestWithdrawnKnowsSourceDistributions(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, "a 1.0\n  sdist\n")
	_, sum := idx.Wheel("a-1.0.tar.gz")
	digest, err := store.ParseDigest(sum)
	if err != nil {
		t.Fatal(err)
	}
	lock := &wheel.Lock{Wheels: []wheel.Wheel{{Name: "a", Version: "1.0", Filename: "a-1.0.tar.gz", URL: idx.FileURL("a-1.0.tar.gz"), SHA256: digest}}}
	client, _ := pythontest.Client(t, nil)
	indexes := []index.Index{{URL: idx.URL()}}
	if found, err := index.Withdrawn(t.Context(), client, lock, indexes); err != nil || len(found) != 0 {
		t.Errorf("Withdrawn of a source distribution that is listed = %q, %v, want nothing", found, err)
	}
	if err := idx.Add("a 1.0\n  sdist\n  yanked: late\n"); err != nil {
		t.Fatal(err)
	}
	want := []string{`a 1.0 was yanked by its authors: "late"`}
	if found, err := index.Withdrawn(t.Context(), client, lock, indexes); err != nil || !slices.Equal(found, want) {
		t.Errorf("Withdrawn = %q, %v, want %q", found, err, want)
	}
}

func TestWithdrawnNeverTakesAnOutageForAnAnswer(t *testing.T) {
	t.Parallel()
	down := false
	idx := indextest.New(t, "a 1.0\n", indextest.WithFault(func(w http.ResponseWriter, _ *http.Request) bool {
		if down {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return down
	}))
	client, _ := pythontest.Client(t, nil)
	indexes := []index.Index{{URL: idx.URL()}}
	lock, err := resolve.Resolve(t.Context(), client, resolve.Spec{Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", "a"), Indexes: indexes})
	if err != nil {
		t.Fatal(err)
	}
	down = true
	if found, err := index.Withdrawn(t.Context(), client, lock, indexes); err == nil || !strings.Contains(err.Error(), "asking whether a 1.0 was withdrawn") {
		t.Errorf("Withdrawn on an index that is down = %q, %v, want an error", found, err)
	}
}
