//go:build live

package provider

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestConsoleScriptsRun runs scripts of a layer of several runtimes under a real
// interpreter of one of them, which knows nothing of the layer's folders.
func TestConsoleScriptsRun(t *testing.T) {
	t.Parallel()
	python := testbed(t, "python")
	out, err := exec.CommandContext(t.Context(), python, "-c", "import sys; print('python%d.%d' % sys.version_info[:2])").Output()
	if err != nil {
		t.Fatal(err)
	}
	runtime, other := strings.TrimSpace(string(out)), "python3.13"
	if runtime == other {
		other = "python3.12"
	}
	m := newMachine(t, nil)
	m.write("main.tf", requiredProvider+fmt.Sprintf(`
resource "layerbuild_package" "one" {
  runtimes    = [%[1]q]
  output_path = "one.zip"
  python      = { requirements = ["pygments==2.19.2"], scripts = true }
}
resource "layerbuild_package" "many" {
  runtimes    = [%[1]q, %[2]q]
  output_path = "many.zip"
  python      = { requirements = ["pygments==2.19.2", "charset-normalizer==3.4.4"], scripts = true }
}
`, runtime, other))
	m.terraform(0, "apply", "-auto-approve")
	for _, c := range []struct{ layer, script, interpreter, want string }{
		{"one", "pygmentize", "/var/lang/bin/" + runtime, "Pygments version 2.19.2"},
		{"many", "pygmentize", "/var/lang/bin/python3", "Pygments version 2.19.2"},
		{"many", "normalizer", "/var/lang/bin/python3", "Charset-Normalizer 3.4.4"},
	} {
		opt := extract(t, filepath.Join(m.dir, c.layer+".zip"))
		script := filepath.Join(opt, "bin", c.script)
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		if first, _, _ := strings.Cut(string(text), "\n"); first != "#!"+c.interpreter {
			t.Errorf("%s of %s starts with %q, want %q", c.script, c.layer, first, "#!"+c.interpreter)
		}
		if info, err := os.Stat(script); err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("%s of %s has the mode %v, want 0755 (%v)", c.script, c.layer, info.Mode(), err)
		}
		// -S keeps the interpreter's own site-packages out.
		got, err := exec.CommandContext(t.Context(), python, "-E", "-S", script, map[string]string{"pygmentize": "-V", "normalizer": "--version"}[c.script]).CombinedOutput()
		if err != nil || !strings.Contains(string(got), c.want) {
			t.Errorf("%s of %s prints %q (%v), want %q", c.script, c.layer, got, err, c.want)
		}
	}
}

// extract unpacks a zip with its modes, as Lambda does, and returns the folder.
func extract(t *testing.T, name string) string {
	t.Helper()
	opt := t.TempDir()
	r, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		to := filepath.Join(opt, filepath.FromSlash(f.Name))
		content, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(content)
		err = errors.Join(err, content.Close(), os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, body, 0o644), os.Chmod(to, f.Mode().Perm()))
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return opt
}
