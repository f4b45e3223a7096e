package provider

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

// TestFoldersOutsideAreAskedForByName has a package of a monorepo that lies beside the
// project of the lock file.
func TestFoldersOutsideAreAskedForByName(t *testing.T) {
	t.Parallel()
	w := newNPMWorld(t)
	w.write("app/package.json", `{"name": "app", "dependencies": {"shared": "file:../shared"}}`)
	lock := w.write("app/package-lock.json", `{"name": "app", "lockfileVersion": 3, "packages": {
		"": {"name": "app", "dependencies": {"shared": "file:../shared"}},
		"../shared": {"version": "1.2.0"},
		"node_modules/shared": {"resolved": "../shared", "link": true}}}`)
	w.write("shared/package.json", `{"name": "shared", "version": "1.2.0"}`)
	w.write("shared/index.js", "module.exports = 1\n")
	out, shared := filepath.Join(w.dir, "layer.zip"), filepath.Join(w.dir, "shared")
	step := func(more string) resource.TestStep {
		return resource.TestStep{Config: w.packageWith(out, fmt.Sprintf(`runtimes = ["nodejs22.x"]; nodejs = { lock_file = %q%s }`, lock, more))}
	}
	refused, other := step(""), step(fmt.Sprintf(", allow_outside = [%q]", filepath.Join(w.dir, "app")))
	for _, s := range []*resource.TestStep{&refused, &other} {
		s.ExpectError = sentenceLike(fmt.Sprintf(`(?s)it lies outside of the project.*write nodejs.allow_outside = \["%s"\]`, filepath.ToSlash(shared)))
	}
	taken := step(fmt.Sprintf(", allow_outside = [%q]", shared))
	taken.ConfigPlanChecks = expectEmpty()
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.providers(), Steps: []resource.TestStep{refused, other, taken, refused}})
	if _, ok := unzip(t, out)["nodejs/node_modules/shared/index.js"]; !ok {
		t.Error("the package is not in the layer")
	}
}

// TestWheelsOutsideAreAskedForByName is the same for a wheel that a lock of uv names.
func TestWheelsOutsideAreAskedForByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const filename = "idna-3.6-py3-none-any.whl"
	content, sum := w.index.Wheel(filename)
	w.write("wheels/"+filename, string(content))
	lock := w.write("app/uv.lock", fmt.Sprintf(`version = 1
requires-python = ">=3.11"

[[package]]
name = "idna"
version = "3.6"
source = { path = "../wheels/%[1]s" }
wheels = [{ filename = %[1]q, hash = "sha256:%[2]s" }]

[[package]]
name = "project"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "idna" }]
`, filename, sum))
	step := func(more string) resource.TestStep {
		return resource.TestStep{Config: w.config("\nresource \"layerbuild_package\" \"p\" {\n  runtimes = [\"python3.12\"]\n  output_path = %q\n  python = { lock_file = %q%s }\n}",
			filepath.Join(w.dir, "layer.zip"), lock, more)}
	}
	refused := step("")
	refused.ExpectError = sentenceLike(fmt.Sprintf(`(?s)idna 3.6: the wheel.*it lies outside of the project.*write python.allow_outside = \["%s"\]`, filepath.ToSlash(filepath.Join(w.dir, "wheels"))))
	alone := resource.TestStep{
		Config:      w.config("\nresource \"layerbuild_package\" \"p\" {\n  runtimes = [\"python3.12\"]\n  python = { requirements = [\"idna\"], allow_outside = [\"../x\"] }\n}"),
		ExpectError: sentenceLike(`Folders outside of a project without a lock file`),
	}
	taken := step(fmt.Sprintf(", allow_outside = [%q]", filepath.Join(w.dir, "wheels")))
	taken.ConfigPlanChecks = expectEmpty()
	taken.ConfigStateChecks = []statecheck.StateCheck{
		statecheck.ExpectKnownValue("layerbuild_package.p", at1("contents"), knownvalue.MapExact(map[string]knownvalue.Check{"python:idna": knownvalue.StringExact("3.6")})),
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.providers(), Steps: []resource.TestStep{refused, alone, taken}})
}
