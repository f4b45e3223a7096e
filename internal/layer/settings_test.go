package layer

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
)

// brokenSettings are settings of one tool each that it could not use itself, and
// a word of the error where it is needed.
func brokenSettings(t *testing.T) map[string]struct {
	env  map[string]string
	says string
} {
	t.Helper()
	toml := filepath.Join(t.TempDir(), "uv.toml")
	writeFile(t, toml, "index-url = [")
	return map[string]struct {
		env  map[string]string
		says string
	}{
		"an address of pip that is none": {map[string]string{"PIP_INDEX_URL": "::::"}, "PIP_INDEX_URL"},
		"an address of uv that is none":  {map[string]string{"UV_DEFAULT_INDEX": "no address"}, "UV_DEFAULT_INDEX"},
		"a malformed file of uv":         {map[string]string{"UV_CONFIG_FILE": toml}, "is not as uv writes it"},
		"a file of uv that is not there": {map[string]string{"UV_CONFIG_FILE": toml + ".gone"}, "which UV_CONFIG_FILE names"},
	}
}

// TestSettingsOfOneToolAreNoOthers: settings of Python's tools that cannot be
// used are an error where an index is asked, and nowhere else.
func TestSettingsOfOneToolAreNoOthers(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, universe)
	cache := t.TempDir()
	good := NewBuilder(Options{CacheDir: cache, Getenv: func(name string) string { return map[string]string{"PIP_INDEX_URL": index.URL()}[name] }})
	spec := appSpec(t)
	locked := resolve(t, good, spec, nil)
	planned := build(t, good, locked, Output{Path: filepath.Join(t.TempDir(), "a.zip")})
	text := "A = 1"
	files := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Files: []FileSpec{{Content: &text, Target: "python/x.py"}}}
	for name, broken := range brokenSettings(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			getenv := func(name string) string { return broken.env[name] }
			bad := NewBuilder(Options{CacheDir: t.TempDir(), Getenv: getenv})
			build(t, bad, resolve(t, bad, files, nil), Output{Path: filepath.Join(t.TempDir(), "files.zip")})
			if _, err := bad.Resolve(t.Context(), spec, nil); err == nil || !strings.Contains(err.Error(), broken.says) {
				t.Errorf("resolving Python: %v, want it to say %q", err, broken.says)
			}
			// What is locked and in the cache needs no index.
			full := NewBuilder(Options{CacheDir: cache, Getenv: getenv})
			again := build(t, full, resolve(t, full, spec, locked), Output{Path: filepath.Join(t.TempDir(), "again.zip")})
			if again.SHA256 != planned.SHA256 {
				t.Errorf("built %s again, was %s", again.SHA256, planned.SHA256)
			}
			// Names that an index of the package claims are not asked for elsewhere.
			if name != "a malformed file of uv" && name != "a file of uv that is not there" {
				claimed := spec
				claimed.Python = &PythonSpec{Requirements: []string{"app"}, Indexes: []python.IndexSpec{{URL: index.URL(), Packages: []string{"*"}}}}
				resolve(t, bad, claimed, nil)
			}
		})
	}
}

// TestCertificatesOfPipAreNoOthers: pip's certificates are read for Python alone.
func TestCertificatesOfPipAreNoOthers(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, universe)
	env := map[string]string{"PIP_INDEX_URL": index.URL(), "PIP_CERT": filepath.Join(t.TempDir(), "gone.pem")}
	b := NewBuilder(Options{CacheDir: t.TempDir(), Getenv: func(name string) string { return env[name] }})
	file := filepath.Join(t.TempDir(), "tool")
	writeFile(t, file, "tool")
	fetched := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Downloads: []DownloadSpec{{URL: index.URL(), AsIs: true, Target: "bin/tool"}}}
	resolve(t, b, fetched, nil)
	if _, err := b.Resolve(t.Context(), appSpec(t), nil); err == nil || !strings.Contains(err.Error(), "gone.pem") {
		t.Errorf("resolving Python: %v, want the file that PIP_CERT names", err)
	}
}
