//go:build live

package provider

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// testbed returns a program of the Python environment that "make testbed" makes.
func testbed(t testing.TB, program string) string {
	t.Helper()
	dir := os.Getenv("LAYERBUILD_TESTBED")
	if dir == "" {
		t.Fatal("LAYERBUILD_TESTBED is not set: run the live tests by make test")
	}
	return filepath.Join(dir, "bin", program)
}

// TestSeedLayerHoldsWhatPipInstalls builds the layer from the real index and
// compares it, file by file, with what pip installs for the same platform.
func TestSeedLayerHoldsWhatPipInstalls(t *testing.T) {
	t.Parallel()
	requirements := []string{"requests", "python-dateutil", "aws-lambda-powertools==2.30.0"}
	m := newMachine(t, nil)
	m.write("main.tf", requiredProvider+`
provider "layerbuild" {
  minimum_release_age = "0s"
}
resource "layerbuild_package" "deps" {
  runtimes    = ["python3.11"]
  output_path = "layer.zip"
  python      = { requirements = ["`+strings.Join(requirements, `", "`)+`"] }
}
`)
	m.terraform(0, "apply", "-auto-approve")
	ours := unzip(t, filepath.Join(m.dir, "layer.zip"))

	target := filepath.Join(t.TempDir(), "python")
	pip := exec.CommandContext(t.Context(), testbed(t, "pip"), append([]string{
		"install", "--quiet", "--disable-pip-version-check", "--no-compile", "--platform", "manylinux2014_x86_64", "--target", target,
		"--implementation", "cp", "--python-version", "3.11", "--only-binary=:all:",
	}, requirements...)...)
	if out, err := pip.CombinedOutput(); err != nil {
		t.Fatalf("pip install: %v\n%s", err, out)
	}
	theirs := map[string]string{}
	err := filepath.WalkDir(target, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(target, path)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		theirs["python/"+filepath.ToSlash(name)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range theirs {
		switch base := filepath.Base(name); {
		case base == "INSTALLER" || base == "REQUESTED" || base == "RECORD" || strings.HasPrefix(name, "python/bin/"):
			// pip's own notes, and scripts with the builder's interpreter.
		default:
			if got, ok := ours[name]; !ok || got != content {
				t.Errorf("%s: in our layer %t, with the same content %t", name, ok, got == content)
			}
		}
		delete(ours, name)
	}
	for name := range ours {
		t.Errorf("%s: pip installs no such file", name)
	}
	if len(theirs) < 300 {
		t.Errorf("pip installed %d files only", len(theirs))
	}
}
