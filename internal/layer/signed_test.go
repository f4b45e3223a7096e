package layer

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// TestPlantedAnswersNeedTheKey has a job with no key, and one with another key, fill a
// cache with what an index never says again: a release, dependencies that a release
// had, a packument. A job with the key of the cache chooses what the index says, and
// one without any chooses what was planted: that is what the key is for.
func TestPlantedAnswersNeedTheKey(t *testing.T) {
	t.Parallel()
	const ours = "the key of the trusted jobs"
	for _, kind := range []struct {
		name string
		// start returns how a builder reaches a server of its own, and has that plant
		// and forget.
		start      func(*testing.T) (o Options, plant, forget func())
		spec       Spec
		good, evil map[string]string
	}{
		{
			"a release of Python", func(t *testing.T) (Options, func(), func()) {
				index := indextest.New(t, universe)
				return pythonOptions(index), func() { add(t, index.Add, "lib 9.0\n") }, func() { index.Withdraw("lib-9.0-py3-none-any.whl") }
			},
			Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Python: &PythonSpec{Requirements: []string{"app"}}},
			map[string]string{"python:app": "1.0", "python:lib": "2.0"}, map[string]string{"python:app": "1.0", "python:lib": "9.0"},
		},
		{
			"a project of Python", func(t *testing.T) (Options, func(), func()) {
				index := indextest.New(t, "evil 1.0\n")
				return pythonOptions(index), func() { add(t, index.Add, "app 1.0\n  requires: evil\n") }, func() { index.Withdraw("app"); add(t, index.Add, "app 0.9\n") }
			},
			Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Python: &PythonSpec{Requirements: []string{"app"}}},
			map[string]string{"python:app": "0.9"}, map[string]string{"python:app": "1.0", "python:evil": "1.0"},
		},
		{
			"a version of npm", func(t *testing.T) (Options, func(), func()) {
				registry := indextest.NewNPM(t, "web 1.0.0\n")
				o := Options{Environ: func() []string { return []string{"NPM_CONFIG_REGISTRY=" + registry.URL()} }}
				return o, func() { add(t, registry.Add, "web 1.9.0\n") }, func() { registry.Withdraw("web@1.9.0") }
			},
			nodeSpec("web ^1.0.0"),
			map[string]string{"nodejs:web": "1.0.0"}, map[string]string{"nodejs:web": "1.9.0"},
		},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			o, plant, forget := kind.start(t)
			dir := t.TempDir()
			chosen := func(key string) map[string]string {
				o.CacheDir, o.CacheKey = dir, key
				return resolve(t, NewBuilder(o), kind.spec, nil).Contents()
			}
			plant()
			for _, key := range []string{"", "the key of other jobs"} {
				if got := chosen(key); !maps.Equal(got, kind.evil) {
					t.Fatalf("with the key %q %v is planted, want %v", key, got, kind.evil)
				}
			}
			forget()
			if got := chosen(""); !maps.Equal(got, kind.evil) {
				t.Errorf("without a key %v is chosen: what was planted is not there", got)
			}
			for _, when := range []string{"first", "again"} {
				if got := chosen(ours); !maps.Equal(got, kind.good) {
					t.Errorf("%s: %v is chosen, want %v", when, got, kind.good)
				}
			}
		})
	}
}

func pythonOptions(index *indextest.Index) Options {
	return Options{Getenv: func(name string) string { return map[string]string{"PIP_INDEX_URL": index.URL()}[name] }}
}

func add(t *testing.T, to func(string) error, universe string) {
	t.Helper()
	if err := to(universe); err != nil {
		t.Fatal(err)
	}
}

// TestASignedCacheAsksNoMore counts the requests of a second process, which a key must
// not add to.
func TestASignedCacheAsksNoMore(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "the key of the trusted jobs"} {
		index := indextest.New(t, universe)
		o := pythonOptions(index)
		o.CacheDir, o.CacheKey = t.TempDir(), key
		var zips []string
		for range 2 {
			index.Forget()
			b := NewBuilder(o)
			l := resolve(t, b, appSpec(t), nil)
			zips = append(zips, build(t, b, l, Output{Path: filepath.Join(t.TempDir(), "a.zip")}).SHA256.Hex())
		}
		if got := index.Requests(); len(got) != 0 || zips[0] != zips[1] {
			t.Errorf("with the key %q the second run asks for %v and builds %v", key, got, zips)
		}
	}
}

// TestShortKeyOfTheCache holds that a key that can be guessed stops the run, and is
// not shown.
func TestShortKeyOfTheCache(t *testing.T) {
	t.Parallel()
	o := pythonOptions(indextest.New(t, universe))
	o.CacheDir, o.CacheKey = t.TempDir(), "hunter2"
	_, err := NewBuilder(o).Resolve(t.Context(), appSpec(t), nil)
	got, ok := errors.AsType[*fault.Error](err)
	if !ok || got.Summary != "The key of the cache is too short" || !strings.HasPrefix(got.Detail, "LAYERBUILD_CACHE_KEY has 7 bytes.") {
		t.Errorf("the error is %v", err)
	}
	if err != nil && strings.Contains(err.Error(), o.CacheKey) {
		t.Errorf("the error shows the key: %v", err)
	}
}

// TestContentsAreKept holds that what a zip holds is known without the zip, and not
// in a cache whose key is another.
func TestContentsAreKept(t *testing.T) {
	t.Parallel()
	o := pythonOptions(indextest.New(t, universe))
	o.CacheDir, o.CacheKey = t.TempDir(), "the key of the trusted jobs"
	path := filepath.Join(t.TempDir(), "a.zip")
	b := NewBuilder(o)
	built := build(t, b, resolve(t, b, appSpec(t), nil), Output{Path: path})
	want, err := b.Contents(t.Context(), Zip{Path: path, SHA256: built.SHA256})
	if err != nil || want["python:lib"] != "2.0" {
		t.Fatalf("it holds %v, %v", want, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	gone := Zip{Path: path, SHA256: built.SHA256}
	if got, err := NewBuilder(o).Contents(t.Context(), gone); err != nil || !maps.Equal(got, want) {
		t.Errorf("it holds %v, %v", got, err)
	}
	o.CacheKey = ""
	if got, err := NewBuilder(o).Contents(t.Context(), gone); err == nil {
		t.Errorf("without the key it holds %v", got)
	}
}
