package layer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/release"
)

// variables returns an environment without the configuration files of the
// machine that runs the test.
func variables(t *testing.T, pairs ...string) func(string) string {
	home := t.TempDir()
	return func(name string) string {
		for _, pair := range pairs {
			if key, value, _ := strings.Cut(pair, "="); key == name {
				return value
			}
		}
		return map[string]string{"HOME": home, "PIP_CONFIG_FILE": os.DevNull, "UV_NO_CONFIG": "1"}[name]
	}
}

// asks returns a spec for requirements, and indexes that are bound to packages.
func asks(requirements string, indexes ...python.IndexSpec) Spec {
	return Spec{
		Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"},
		Python: &PythonSpec{Requirements: strings.Fields(requirements), Indexes: indexes},
	}
}

func TestPrecedenceOfIndexes(t *testing.T) {
	t.Parallel()
	bound := indextest.New(t, "acme-a 1\n")
	first := indextest.New(t, "acme-a 2\nidna 1\n")
	last := indextest.New(t, "acme-a 3\nacme-b 3\nidna 3\nonly 3\n")
	private := indextest.New(t, "acme-a 9\nidna 9\n", indextest.WithAuth("me", "pw"))
	withUser := strings.Replace(private.URL(), "://", "://me:pw@", 1)
	environment := []string{"UV_INDEX=" + first.URL(), "PIP_INDEX_URL=" + last.URL()}
	acme := python.IndexSpec{URL: bound.URL(), Packages: []string{"acme-*"}}
	for _, c := range []struct {
		name        string
		environment []string
		spec        Spec
		want        string // the locked versions, or a part of the error
	}{
		{"a bound index before all others", environment, asks("acme-a", acme), "acme-a 1"},
		{"a bound index alone for its names", environment, asks("acme-b", acme), `error: There is no distribution "acme-b": not on ` + bound.URL()},
		{"a further index before the default one", environment, asks("idna only"), "idna 1, only 3"},
		{"uv's variable before pip's", append(environment, "UV_DEFAULT_INDEX="+first.URL()), asks("acme-a"), "acme-a 2"},
		{"credentials of the address", []string{"PIP_INDEX_URL=" + withUser}, asks("idna"), "idna 9"},
		{"a refusal is not an absence", []string{"PIP_EXTRA_INDEX_URL=" + private.URL(), "PIP_INDEX_URL=" + last.URL()}, asks("idna"), "error: " + private.URL() + "idna/ answered 401 Unauthorized; no credentials were sent"},
		{"a refusal of a bound index", environment, asks("acme-a", python.IndexSpec{URL: private.URL(), Packages: []string{"acme-a"}}), "error: answered 401 Unauthorized"},
		{"no index but the bound one", []string{"UV_NO_INDEX=1"}, asks("acme-a", acme), "acme-a 1"},
		{"no index at all", []string{"PIP_NO_INDEX=1"}, asks("idna"), `error: There is no distribution "idna": no index serves this name`},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			b := NewBuilder(Options{CacheDir: t.TempDir(), Getenv: variables(t, c.environment...)})
			lock, err := b.Resolve(t.Context(), c.spec, nil)
			if want, fails := strings.CutPrefix(c.want, "error: "); fails {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("err = %v, want %s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range lock.Python.Chosen.Wheels {
				got = append(got, w.Name+" "+w.Version)
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("locked %q, want %q", got, c.want)
			}
		})
	}
	t.Cleanup(func() {
		for _, r := range last.Requests() {
			if strings.HasSuffix(r.Path, "/acme-a/") || strings.HasSuffix(r.Path, "/acme-b/") {
				t.Errorf("the default index was asked for %s", r.Path)
			}
		}
	})
}

func TestRefusalIsNamed(t *testing.T) {
	t.Parallel()
	private := indextest.New(t, "idna 9\n", indextest.WithAuth("me", "pw"))
	b := NewBuilder(Options{CacheDir: t.TempDir(), Getenv: variables(t, "PIP_INDEX_URL="+private.URL())})
	_, err := b.Resolve(t.Context(), asks("idna"), nil)
	input, ok := err.(*fault.Error)
	if !ok || input.Summary != "An index refuses to answer" || !fetch.IsUnauthorized(err) {
		t.Errorf("err = %+v", err)
	}
}

func TestMirrorWithHTMLAlone(t *testing.T) {
	t.Parallel()
	mirror := indextest.New(t, "requests 2\n  requires: idna\nidna 3\n", indextest.HTMLOnly())
	b := NewBuilder(Options{CacheDir: t.TempDir(), Getenv: variables(t, "PIP_INDEX_URL="+mirror.URL())})
	spec := asks("requests>=1")
	spec.CutOff = release.OfAge(time.Now(), 24*time.Hour)
	lock, err := b.Resolve(t.Context(), spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	if warnings := lock.Warnings(); len(warnings) != 1 || strings.Count(warnings[0].Detail, "gives no upload times") != 1 {
		t.Errorf("warnings = %+v, want one sentence on upload times", warnings)
	}
	if _, err := b.Build(t.Context(), lock, Output{Path: filepath.Join(t.TempDir(), "layer.zip")}); err != nil {
		t.Error(err)
	}
	// A moment that the user named is kept to: nothing is known to be older.
	spec.CutOff.Explicit = true
	if _, err := b.Resolve(t.Context(), spec, nil); err == nil || !strings.Contains(err.Error(), "the index gives no upload times") {
		t.Errorf("with an explicit moment: %v", err)
	}
}

func TestProjectSettingsOfUV(t *testing.T) {
	t.Parallel()
	corp := indextest.New(t, "acme 1\nidna 1\n", indextest.WithAuth("me", "pw"))
	public := indextest.New(t, "acme 2\nidna 2\n")
	dir := t.TempDir()
	for name, text := range map[string]string{
		"requirements.txt": "acme\nidna\n",
		"pyproject.toml":   "[tool.uv.sources]\nacme = { index = \"corp\" }\n[[tool.uv.index]]\nname = \"corp\"\nurl = \"" + corp.URL() + "\"\nexplicit = true\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	getenv := variables(t, "UV_NO_CONFIG=", "XDG_CONFIG_DIRS="+dir, "PIP_INDEX_URL="+public.URL(), "UV_INDEX_CORP_USERNAME=me", "UV_INDEX_CORP_PASSWORD=pw")
	b := NewBuilder(Options{CacheDir: t.TempDir(), Getenv: getenv})
	spec := asks("")
	spec.Python.RequirementsFile = filepath.Join(dir, "requirements.txt")
	lock, err := b.Resolve(t.Context(), spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range lock.Python.Chosen.Wheels {
		got = append(got, w.Name+" "+w.Version)
	}
	if strings.Join(got, ", ") != "acme 1, idna 2" {
		t.Errorf("locked %q", got)
	}
}
