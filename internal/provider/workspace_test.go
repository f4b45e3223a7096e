package provider

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

// workspaceLock is a lock of uv for a workspace without a project beside it:
// "api" needs requests and has the group "dev", "job" needs idna alone.
func (w *world) workspaceLock() string {
	lock := w.uvLock("") + "\n[manifest]\nmembers = [\"api\", \"job\"]\n"
	lock = strings.Replace(lock, "name = \"project\"\nversion = \"0.1.0\"\nsource = { virtual = \".\" }", "name = \"api\"\nversion = \"0.1.0\"\nsource = { virtual = \"api\" }", 1)
	return lock + "\n[[package]]\nname = \"job\"\nversion = \"0.1.0\"\nsource = { virtual = \"job\" }\ndependencies = [\n    { name = \"idna\" },\n]\n"
}

// TestWorkspaceMemberIsChosen packs one member, another, and all of them.
func TestWorkspaceMemberIsChosen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lock := w.write("workspace/uv.lock", w.workspaceLock())
	step := func(more string, names ...string) resource.TestStep {
		contents := map[string]knownvalue.Check{}
		for _, name := range names {
			contents["python:"+name] = knownvalue.NotNull()
		}
		return resource.TestStep{
			Config: w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  python      = { lock_file = %q%s }
}`, filepath.Join(w.dir, "layer.zip"), lock, more),
			ConfigPlanChecks:  expectEmpty(),
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue("layerbuild_package.p", at1("contents"), knownvalue.MapExact(contents))},
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			step(`, package = "job"`, "idna"),
			step(`, package = "API"`, "idna", "requests"),
			step(`, package = "api", groups = ["dev"]`, "idna", "requests", "native"),
			step(``, "idna", "requests"),
		},
	})
}

func TestWorkspaceMemberIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lock := w.write("workspace/uv.lock", w.workspaceLock())
	other := w.write("other/pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\npackages = []\n")
	for name, c := range map[string]struct{ python, want string }{
		"unknown":    {fmt.Sprintf(`lock_file = %q, package = "web"`, lock), `there is no workspace member "web": it has "api", "job"`},
		"its_group":  {fmt.Sprintf(`lock_file = %q, package = "job", groups = ["dev"]`, lock), `there is no dependency group "dev"`},
		"no_members": {fmt.Sprintf(`lock_file = %q, package = "api"`, other), `it has no workspace members to choose from`},
		"no_lock":    {`requirements = ["idna"], package = "api"`, `A workspace member without a lock file`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{{
					Config: w.config("\nresource \"layerbuild_package\" \"p\" {\n  runtimes = [\"python3.12\"]\n  output_path = %q\n  python = { %s }\n}",
						filepath.Join(t.TempDir(), "layer.zip"), c.python),
					ExpectError: sentenceLike(c.want),
				}},
			})
		})
	}
}
