//go:build live

package lockfile

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

const workspaceMembers = `-- packages/api/pyproject.toml --
[project]
name = "api"
version = "0.1.0"
requires-python = ">=3.10"
dependencies = ["core", "idna==3.11"]

[project.optional-dependencies]
fast = ["orjson==3.11.5"]

[dependency-groups]
docs = ["markupsafe==3.0.3"]

[tool.uv.sources]
core = { workspace = true }
-- packages/core/pyproject.toml --
[project]
name = "core"
version = "0.1.0"
requires-python = ">=3.10"
dependencies = ["certifi==2025.10.5"]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
-- packages/core/src/core/__init__.py --
-- packages/job/pyproject.toml --
[project]
name = "job"
version = "0.1.0"
requires-python = ">=3.10"
dependencies = ["urllib3==2.5.0"]

[dependency-groups]
docs = ["pysocks==1.7.1"]
`

// TestWorkspaceMembersAreWhatUvExports compares the choice of members with what
// "uv export" gives for it, in a workspace with and without a project at its top.
func TestWorkspaceMembersAreWhatUvExports(t *testing.T) {
	t.Parallel()
	const members = "[tool.uv.workspace]\nmembers = [\"packages/*\"]\n"
	for name, top := range map[string]string{
		"virtual": "-- pyproject.toml --\n" + members,
		"project": "-- pyproject.toml --\n[project]\nname = \"top\"\nversion = \"0.1.0\"\nrequires-python = \">=3.10\"\ndependencies = [\"charset-normalizer==3.4.4\"]\n" + members,
	} {
		t.Run(name, func(t *testing.T) {
			b := newToolBench(t)
			b.dir = unpack(t, top+workspaceMembers)
			b.run(t, "lock", "--no-config", "--quiet")
			for _, c := range []struct {
				options   Options
				arguments []string
				local     int
			}{
				{Options{Packages: []string{"api"}}, []string{"--package", "api"}, 1},
				{Options{Packages: []string{"api"}, Extras: []string{"fast"}, Groups: []string{"docs"}}, []string{"--package", "api", "--extra", "fast", "--group", "docs"}, 1},
				{Options{Packages: []string{"job"}, Groups: []string{"docs"}}, []string{"--package", "job", "--group", "docs"}, 0},
				{Options{}, nil, map[string]int{"virtual": 1}[name]},
			} {
				arguments := append([]string{"export", "--no-config", "--quiet", "--frozen", "--no-default-groups", "--no-emit-workspace", "--format", "pylock.toml", "--output-file", "pylock.toml"}, c.arguments...)
				b.run(t, arguments...)
				targets := []wheel.Target{b.target}
				want, err := ReadLockFile(t.Context(), filepath.Join(b.dir, "pylock.toml"), Options{}, targets)
				if err != nil {
					t.Fatal(err)
				}
				got, err := ReadLockFile(t.Context(), filepath.Join(b.dir, "uv.lock"), c.options, targets)
				if err != nil {
					t.Fatal(err)
				}
				if g, w := wheelsFor(got, b.target), wheelsFor(want, b.target); !slices.Equal(g, w) || len(w) == 0 {
					t.Errorf("%+v: got %q\nuv %q", c.options, g, w)
				}
				if len(got.Local) != c.local {
					t.Errorf("%+v: local packages %+v, want %d", c.options, got.Local, c.local)
				}
			}
		})
	}
}
