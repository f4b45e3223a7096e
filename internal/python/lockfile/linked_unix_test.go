//go:build unix

package lockfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// TestLinksOutOfTheProject has a folder and a wheel that look as if they lay in the
// project, and are links to others outside of it.
func TestLinksOutOfTheProject(t *testing.T) {
	t.Parallel()
	const (
		uv  = "version = 1\nrequires-python = \">=3.12\"\n\n[[package]]\nname = \"shop\"\nversion = \"1\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"lib\" }]\n\n[[package]]\nname = \"lib\"\nversion = \"1.0\"\n"
		lib = "-- private/pyproject.toml --\n[project]\nname = \"lib\"\nversion = \"1.0\"\n[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n-- private/lib/__init__.py --\n-- lib-1.0-py3-none-any.whl --\nx\n"
		own = "-- app/pyproject.toml --\n[project]\nname = \"shop\"\ndependencies = [\"lib\"]\n[tool.uv.sources]\nlib = { path = \"inner\" }\n"
	)
	for _, c := range []struct{ name, file, text, want, allow string }{
		{"uv, a folder", "uv.lock", uv + "source = { directory = \"inner\" }\n" + own, "private", "private"},
		{"uv, a wheel", "uv.lock", uv + "source = { path = \"wheels/lib-1.0-py3-none-any.whl\" }\nwheels = [{ filename = \"lib-1.0-py3-none-any.whl\", hash = \"sha256:" + strings.Repeat("ab", 32) + "\" }]\n" + own, "lib-1.0-py3-none-any.whl", "."},
		{"pylock, a folder", "pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\nrequires-python = \">=3.12\"\n[[packages]]\nname = \"lib\"\nversion = \"1.0\"\n[packages.directory]\npath = \"inner\"\n", "private", "private"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir, err := filepath.EvalSymlinks(unpack(t, "-- app/"+c.file+" --\n"+c.text+lib))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(filepath.Join(dir, "app", "wheels"), 0o700); err != nil {
				t.Fatal(err)
			}
			for name, target := range map[string]string{"inner": "../private", "wheels/lib-1.0-py3-none-any.whl": "../../lib-1.0-py3-none-any.whl"} {
				if err := os.Symlink(target, filepath.Join(dir, "app", name)); err != nil {
					t.Fatal(err)
				}
			}
			read := func(allowed ...string) error {
				_, err := ReadLockFile(t.Context(), filepath.Join(dir, "app", c.file), Options{AllowOutside: allowed}, []wheel.Target{pythontest.Py312})
				return err
			}
			want := `it lies outside of the project, at "` + filepath.Join(dir, c.want) + `"`
			if err := read(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q in it", err, want)
			}
			if err := read(filepath.Join(dir, c.allow)); err != nil && strings.Contains(err.Error(), "outside") {
				t.Errorf("it is allowed: %v", err)
			}
		})
	}
}
