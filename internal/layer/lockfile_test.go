package layer

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// TestScriptsOfLocalProjects packs a project that lies beside its lock file, and
// the programs that its pyproject.toml declares.
func TestScriptsOfLocalProjects(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "mine", "src", "mine"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "mine", "src", "mine", "__init__.py"), "def main(): return 0\n")
	writeFile(t, filepath.Join(dir, "mine", "pyproject.toml"), `
[project]
name = "mine"
version = "0.1.0"
scripts = { my-tool = "mine:main" }
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
`)
	writeFile(t, filepath.Join(dir, "uv.lock"), `version = 1
requires-python = ">=3.11"

[manifest]
members = ["mine", "top"]

[[package]]
name = "mine"
version = "0.1.0"
source = { editable = "mine" }

[[package]]
name = "top"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "mine" }]
`)
	for _, wanted := range []bool{false, true} {
		b := newBuilder(t, indextest.New(t, universe))
		lock := resolve(t, b, Spec{
			Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"},
			Python: &PythonSpec{LockFile: filepath.Join(dir, "uv.lock"), Scripts: wanted},
		}, nil)
		out := filepath.Join(t.TempDir(), "layer.zip")
		build(t, b, lock, Output{Path: out})
		r, err := zip.OpenReader(out)
		if err != nil {
			t.Fatal(err)
		}
		tool, err := r.Open("bin/my-tool")
		if err == nil != wanted {
			t.Errorf("scripts = %t: bin/my-tool: %v", wanted, err)
		}
		if err != nil {
			_ = r.Close()
			continue
		}
		info, err := tool.Stat()
		if err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("bin/my-tool: %v, %v, want it to be executable", info, err)
		}
		body, err := io.ReadAll(tool)
		if err != nil || !strings.HasPrefix(string(body), "#!/var/lang/bin/python3.12\n") || !strings.Contains(string(body), "from mine import main\n") {
			t.Errorf("bin/my-tool is %q, %v", body, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}
