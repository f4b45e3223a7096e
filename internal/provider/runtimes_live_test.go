//go:build live

package provider

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLayerOfManyRuntimesImports builds one layer for several runtimes, with
// native wheels for each, and imports it under a real interpreter of one of
// them, with sys.path as Lambda sets it.
func TestLayerOfManyRuntimesImports(t *testing.T) {
	t.Parallel()
	python := testbed(t, "python")
	out, err := exec.CommandContext(t.Context(), python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").Output()
	if err != nil {
		t.Fatal(err)
	}
	version := strings.TrimSpace(string(out))
	targets := []string{"python3.11", "python3.12", "python3.13"}
	if own := "python" + version; !strings.Contains(strings.Join(targets, " "), own) {
		targets = append(targets, own)
	}
	m := newMachine(t, nil)
	m.write("main.tf", requiredProvider+fmt.Sprintf(`
resource "layerbuild_package" "deps" {
  runtimes    = ["%s"]
  output_path = "layer.zip"
  python      = { requirements = ["requests==2.32.5", "markupsafe==3.0.2"] }
}
`, strings.Join(targets, `", "`)))
	m.terraform(0, "apply", "-auto-approve")

	opt := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), python, "-m", "zipfile", "-e", filepath.Join(m.dir, "layer.zip"), opt).CombinedOutput(); err != nil {
		t.Fatalf("extracting the layer: %v\n%s", err, out)
	}
	// -S keeps the interpreter's own site-packages out.
	run := exec.CommandContext(t.Context(), python, "-S", "-c", "import requests, markupsafe._speedups as s; print(requests.__file__, s.__file__)")
	run.Env = []string{"PYTHONPATH=" + strings.Join([]string{
		filepath.Join(opt, "python", "lib", "python"+version, "site-packages"), filepath.Join(opt, "python"),
	}, string(filepath.ListSeparator))}
	got, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("importing: %v\n%s", err, got)
	}
	for _, want := range []string{
		filepath.Join(opt, "python", "requests", "__init__.py"),
		filepath.Join(opt, "python", "lib", "python"+version, "site-packages", "markupsafe", "_speedups"),
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("imported %s, want %s", got, want)
		}
	}
}
