//go:build live

package provider

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// TestLocksOfUvGiveOneLayer locks a project with the real uv, exports the lock
// as PEP 751, and builds the same layer from both.
func TestLocksOfUvGiveOneLayer(t *testing.T) {
	t.Parallel()
	uv := testbed(t, "uv")
	m := newMachine(t, nil)
	m.write("pyproject.toml", `[project]
name = "app"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["requests[socks]==2.32.5", "markupsafe", "colorama; sys_platform == 'win32'"]

[dependency-groups]
dev = ["iniconfig"]
`)
	run := func(arguments ...string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), uv, append(arguments, "--no-config", "--quiet")...)
		command.Dir = m.dir
		command.Env = append(os.Environ(), "UV_PYTHON_DOWNLOADS=never", "UV_CACHE_DIR="+t.TempDir())
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("uv %v: %v\n%s", arguments, err, out)
		}
	}
	run("lock")
	run("export", "--frozen", "--no-dev", "--no-emit-project", "--format", "pylock.toml", "--output-file", "pylock.toml")

	config := requiredProvider
	for _, lock := range []string{"uv.lock", "pylock.toml"} {
		config += fmt.Sprintf(`
resource "layerbuild_package" "%s" {
  runtimes = ["python3.12"]
  python   = { lock_file = %q }
}
`, lock[:2], lock)
	}
	m.write("main.tf", config)
	m.terraform(0, "plan", "-out=saved.tfplan")
	one, two := m.planned("saved.tfplan", "layerbuild_package.uv", "sha256"), m.planned("saved.tfplan", "layerbuild_package.py", "sha256")
	if one != two || len(one) != 64 {
		t.Errorf("uv.lock gives %s, its export %s", one, two)
	}
	files := unzip(t, m.zips()[0])
	for _, prefix := range []string{"python/requests/", "python/markupsafe/", "python/socks.py"} {
		if !hasBelow(files, prefix) {
			t.Errorf("the layer has nothing at %s", prefix)
		}
	}
	for _, prefix := range []string{"python/colorama/", "python/iniconfig/"} {
		if hasBelow(files, prefix) {
			t.Errorf("the layer has %s", prefix)
		}
	}
}
