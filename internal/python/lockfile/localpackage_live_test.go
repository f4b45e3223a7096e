//go:build live

package lockfile

import (
	"archive/zip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// TestLocalPackagesAreWhatTheirBackendsBuild builds a wheel of every project
// that is packed from disk, and compares what it holds beside its metadata.
func TestLocalPackagesAreWhatTheirBackendsBuild(t *testing.T) {
	t.Parallel()
	b := newToolBench(t)
	for _, c := range slices.Concat(hatchCases, setuptoolsCases, otherBackendCases) {
		if c.refused != "" {
			continue
		}
		t.Run(c.backend+"/"+c.name, func(t *testing.T) {
			dir := unpack(t, c.archive())
			f, err := ReadLockFile(t.Context(), filepath.Join(dir, "uv.lock"), Options{}, []wheel.Target{pythontest.Py312})
			if err != nil {
				t.Fatal(err)
			}
			got := packedFiles(f.Local[0])
			out := filepath.Join(dir, "out")
			b.run(t, "build", "--no-config", "--quiet", "--wheel", "--python", b.python, "--out-dir", out, filepath.Join(dir, "leaf"))
			if want := wheelFiles(t, out); !slices.Equal(got, want) {
				t.Errorf("packed %q\nbuilt  %q", got, want)
			}
		})
	}
}

// wheelFiles lists what the only wheel in a folder holds beside its metadata.
func wheelFiles(t *testing.T, out string) []string {
	t.Helper()
	wheels, err := filepath.Glob(filepath.Join(out, "*.whl"))
	if err != nil || len(wheels) != 1 {
		t.Fatalf("%v: built %q, want one wheel", err, wheels)
	}
	archive, err := zip.OpenReader(wheels[0])
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := archive.Close(); err != nil {
			t.Error(err)
		}
	}()
	var files []string
	for _, f := range archive.File {
		if folder, _, _ := strings.Cut(f.Name, "/"); !strings.HasSuffix(folder, ".dist-info") && !strings.HasSuffix(f.Name, "/") {
			files = append(files, f.Name)
		}
	}
	slices.Sort(files)
	return files
}
