package python

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/resolve"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// renamedWheel writes the one wheel of a universe into a folder under another
// file name.
func renamedWheel(t *testing.T, universe, filename string) (dir string, sum store.Digest) {
	t.Helper()
	served := indextest.New(t, universe)
	content, _ := served.Wheel(served.Files()[0])
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, filename), content, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, store.Sum(content)
}

// TestRenamedWheelsAreRefused where they are chosen, and where a lock names them:
// a wheel is what its own METADATA says.
func TestRenamedWheelsAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ universe, filename, want string }{
		{"aa 0.5\n", "aa-1.0-py3-none-any.whl", `aa 0.5`},
		{"bb 1.0\n", "aa-1.0-py3-none-any.whl", `bb 1.0`},
		{"aa 1.0.post1\n", "aa-1.0-py3-none-any.whl", `aa 1.0.post1`},
		{"aa 1.0\n", "AA-1.0.0-py3-none-any.whl", ``}, // the same, written in another way
	} {
		t.Run(c.universe+c.filename, func(t *testing.T) {
			t.Parallel()
			dir, sum := renamedWheel(t, c.universe, c.filename)
			client, s := pythontest.Client(t, nil)
			_, err := treeIn(t, client, s, &Lock{Chosen: &wheel.Lock{Wheels: []wheel.Wheel{{
				Name: "aa", Version: strings.Split(c.filename, "-")[1], Filename: c.filename,
				Path: filepath.ToSlash(filepath.Join(dir, c.filename)), SHA256: sum, Targets: []string{pythontest.Py312.String()},
			}}}}, nil, pythontest.Py312)
			if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), "holds "+c.want+" by its own metadata") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestRenamedWheelsAreNotChosen from a folder either.
func TestRenamedWheelsAreNotChosen(t *testing.T) {
	t.Parallel()
	dir, _ := renamedWheel(t, "aa 0.5\n", "aa-1.0-py3-none-any.whl")
	client, s := pythontest.Client(t, nil)
	_, err := resolve.Resolve(t.Context(), client, resolve.Spec{
		Targets: []wheel.Target{pythontest.Py312}, Store: s, Indexes: []index.Index{{URL: indextest.New(t, "zz 1.0\n").URL()}},
		Requirements: pythontest.Inputs(t, "req", "aa"), Given: readFolder(t, dir, "GIVEN"),
	})
	if err == nil || !strings.Contains(err.Error(), `its metadata says version "0.5"`) {
		t.Errorf("got %v", err)
	}
}
