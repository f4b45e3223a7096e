package lockfile

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// TestFoldersOutsideNeedAManifestThatAsksForThem: that a lock file names a folder
// beside the project is not enough.
func TestFoldersOutsideNeedAManifestThatAsksForThem(t *testing.T) {
	t.Parallel()
	const (
		uv      = "version = 1\nrequires-python = \">=3.12\"\n\n[[package]]\nname = \"shop\"\nversion = \"1\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"lib\" }]\n\n[[package]]\nname = \"lib\"\nversion = \"1.0\"\nsource = { directory = \"../lib\" }\n"
		pipfile = `{"_meta": {"hash": {"sha256": ""}, "pipfile-spec": 6, "requires": {"python_version": "3.12"}, "sources": []}, "default": {"lib": {"path": "../lib"}}, "develop": {}}`
		lib     = "-- lib/pyproject.toml --\n[project]\nname = \"lib\"\nversion = \"1.0\"\n[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n-- lib/lib/__init__.py --\n"
	)
	for _, c := range []struct {
		name, file, text string
		asked            bool
	}{
		{"uv, asked for", "uv.lock", uv + "-- app/pyproject.toml --\n[project]\nname = \"shop\"\ndependencies = [\"lib\"]\n[tool.uv.sources]\nlib = { path = \"../lib\" }\n", true},
		{"uv, by a member", "uv.lock", uv + "-- app/pyproject.toml --\n[tool.uv.workspace]\nmembers = [\"packages/*\"]\n-- app/packages/a/pyproject.toml --\n[tool.uv.sources]\nlib = [{ path = \"../../../lib\", marker = \"sys_platform == 'linux'\" }]\n", true},
		{"uv, planted", "uv.lock", uv + "-- app/pyproject.toml --\n[project]\nname = \"shop\"\ndependencies = [\"lib\"]\n", false},
		{"uv, another folder is asked for", "uv.lock", uv + "-- app/pyproject.toml --\n[tool.uv.sources]\nlib = { path = \"../other\" }\n", false},
		{"uv, no manifest", "uv.lock", uv, false},
		{"Pipenv, asked for", "Pipfile.lock", pipfile + "\n-- app/Pipfile --\n[packages]\nlib = { path = \"../lib\" }\n", true},
		{"Pipenv, planted", "Pipfile.lock", pipfile + "\n-- app/Pipfile --\n[packages]\nlib = \"*\"\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := unpack(t, "-- app/"+c.file+" --\n"+c.text+lib)
			name := filepath.Join(dir, "app", c.file)
			f, err := ReadLockFile(t.Context(), name, Options{AllowOutside: []string{filepath.Join(dir, "lib")}}, []wheel.Target{pythontest.Py312})
			if c.asked {
				for _, others := range [][]string{nil, {filepath.Join(dir, "li")}, {filepath.Join(dir, "lib", "a")}, {filepath.Join(dir, "app")}} {
					want := fmt.Sprintf("write python.allow_outside = [%q]", filepath.ToSlash(filepath.Join(dir, "lib")))
					if _, err := ReadLockFile(t.Context(), name, Options{AllowOutside: others}, []wheel.Target{pythontest.Py312}); err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("allowing %q: %v, want %q", others, err, want)
					}
				}
				if err != nil || len(f.Local) != 1 || f.Local[0].Dir != "../lib" {
					t.Errorf("got %+v, %v", f, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), "it lies outside of the project, and neither pyproject.toml nor Pipfile asks for it") {
				t.Errorf("got %v", err)
			}
		})
	}
}
