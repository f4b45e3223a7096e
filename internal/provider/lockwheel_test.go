package provider

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

// TestLockedWheelOnDiskIsPacked obeys a lock of uv that names a wheel by its
// path, until another file lies there.
func TestLockedWheelOnDiskIsPacked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const filename = "idna-3.6-py3-none-any.whl"
	content, sum := w.index.Wheel(filename)
	w.write("project/wheels/"+filename, string(content))
	lock := w.write("project/uv.lock", fmt.Sprintf(`version = 1
requires-python = ">=3.11"

[[package]]
name = "idna"
version = "3.6"
source = { path = "wheels/%[1]s" }
wheels = [{ filename = %[1]q, hash = "sha256:%[2]s" }]

[[package]]
name = "project"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "idna" }]
`, filename, sum))
	step := resource.TestStep{
		Config: w.config("\nresource \"layerbuild_package\" \"p\" {\n  runtimes = [\"python3.12\"]\n  output_path = %q\n  python = { lock_file = %q }\n}",
			filepath.Join(w.dir, "layer.zip"), lock),
		ConfigPlanChecks: expectEmpty(),
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue("layerbuild_package.p", at1("contents"), knownvalue.MapExact(map[string]knownvalue.Check{"python:idna": knownvalue.StringExact("3.6")})),
		},
	}
	refused := resource.TestStep{
		Config:      step.Config,
		PreConfig:   func() { w.write("project/wheels/"+filename, string(content)+" ") },
		ExpectError: sentenceLike(`(?s)idna 3.6: the wheel "wheels/idna-3.6-py3-none-any.whl" has the SHA-256 .* put the locked file back`),
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.providers(), Steps: []resource.TestStep{step, refused}})
	for _, r := range w.index.Requests() {
		t.Errorf("the index was asked for %s", r.Path)
	}
}
