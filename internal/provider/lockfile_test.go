package provider

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

// uvLock is a lock of uv over wheels of the world's index, with an older
// release than a resolution would choose.
func (w *world) uvLock(hashOfIdna string) string {
	wheel := func(filename string) string {
		content, sum := w.index.Wheel(filename)
		if strings.HasPrefix(filename, "idna") && hashOfIdna != "" {
			sum = hashOfIdna
		}
		return fmt.Sprintf("wheels = [\n    { url = %q, hash = \"sha256:%s\", size = %d },\n]\n", w.index.FileURL(filename), sum, len(content))
	}
	source := fmt.Sprintf("source = { registry = %q }\n", w.index.URL())
	return `version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "idna"
version = "3.6"
` + source + wheel("idna-3.6-py3-none-any.whl") + `
[[package]]
name = "native"
version = "1.0"
` + source + wheel("native-1.0-cp312-cp312-manylinux_2_17_x86_64.whl") + `
[[package]]
name = "project"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "requests" },
]

[package.dev-dependencies]
dev = [
    { name = "native" },
]

[[package]]
name = "requests"
version = "2.31.0"
` + source + `dependencies = [
    { name = "idna" },
]
` + wheel("requests-2.31.0-py3-none-any.whl")
}

// TestLockFileIsObeyed takes what the lock holds, asks no index, and takes a
// group when it is named.
func TestLockFileIsObeyed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lock := w.write("project/uv.lock", w.uvLock(""))
	step := func(groups string, contents map[string]knownvalue.Check) resource.TestStep {
		return resource.TestStep{
			Config: w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  python      = { lock_file = %q, groups = [%s] }
}`, filepath.Join(w.dir, "layer.zip"), lock, groups),
			ConfigPlanChecks: expectEmpty(),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("layerbuild_package.p", at1("contents"), knownvalue.MapExact(contents)),
			},
		}
	}
	locked := map[string]knownvalue.Check{"python:requests": knownvalue.StringExact("2.31.0"), "python:idna": knownvalue.StringExact("3.6")}
	withDev := map[string]knownvalue.Check{
		"python:requests": knownvalue.StringExact("2.31.0"), "python:idna": knownvalue.StringExact("3.6"), "python:native": knownvalue.StringExact("1.0"),
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{step("", locked), step(`"dev"`, withDev), {
			PreConfig: func() {
				for _, r := range w.index.Requests() {
					if strings.Contains(r.Path, "/simple/") {
						t.Errorf("the index was asked for %s", r.Path)
					}
				}
				w.write("project/uv.lock", w.uvLock("")+"\n# a comment\n")
			},
			Config:           step(`"dev"`, withDev).Config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		}},
	})
}

// TestLockFileRefuses compares the errors of unusable locks with the sentence
// that names the cause.
func TestLockFileRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	edited := w.write("edited/uv.lock", w.uvLock(strings.Repeat("1", 64)))
	zero := w.write("zero/uv.lock", w.uvLock(strings.Repeat("0", 64)))
	plain := w.write("plain/uv.lock", w.uvLock(""))
	for name, c := range map[string]struct{ python, want string }{
		"edited_hash":   {fmt.Sprintf(`lock_file = %q`, edited), `(?s)idna-3.6-py3-none-any.whl.*1111111111`},
		"zero_hash":     {fmt.Sprintf(`lock_file = %q`, zero), `(?s)idna.*SHA-256`},
		"unknown_group": {fmt.Sprintf(`lock_file = %q, groups = ["nope"]`, plain), `(?s)"nope".*"dev"`},
		"no_wheel":      {fmt.Sprintf(`lock_file = %q, groups = ["dev"]`, plain), `(?s)native.*3.12`},
		"missing":       {fmt.Sprintf(`lock_file = %q`, filepath.Join(w.dir, "absent", "uv.lock")), `There is no lock file`},
		"both":          {fmt.Sprintf(`lock_file = %q, requirements = ["idna"]`, plain), `Requirements beside a lock file`},
		"constraints":   {fmt.Sprintf(`lock_file = %q, constraints = ["idna<1"]`, plain), `Arguments of a resolution beside a lock file`},
		"groups_alone":  {`requirements = ["idna"], groups = ["dev"]`, `Groups or extras without a lock file`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runtime := "python3.12"
			if name == "no_wheel" {
				runtime = "python3.13"
			}
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{{
					Config: w.config("\nresource \"layerbuild_package\" \"p\" {\n  runtimes = [%q]\n  output_path = %q\n  python = { %s }\n}",
						runtime, filepath.Join(t.TempDir(), "layer.zip"), c.python),
					ExpectError: sentenceLike(c.want),
				}},
			})
		})
	}
}
