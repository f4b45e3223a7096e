package provider

import (
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// TestTwoOwnersOfALayerAreRefused before anything is published.
func TestTwoOwnersOfALayerAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.write("one.zip", zipOf(t, "python/m.py", "one")), w.write("two.zip", zipOf(t, "python/m.py", "two"))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config: w.config(`
resource "layerbuild_version" "a" {
  layer_name = "deps"
  filename   = %q
  retention  = { keep_last = 3, scope = "layer" }
}
resource "layerbuild_version" "b" {
  layer_name = "deps"
  filename   = %q
}`, first, second),
			ExpectError: sentenceLike(`Layer "deps" has two owners`),
		}},
	})
	if calls := w.aws.Calls("PublishLayerVersion"); len(calls) > 0 {
		t.Errorf("published: %+v", calls)
	}
}

// TestDeclarationsAreComparedWithThePackage wherever its zip lies. Pure content
// may be declared for more than it was built for, native code may not.
func TestDeclarationsAreComparedWithThePackage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("native/m.cpython-312-x86_64-linux-gnu.so", elfFor("", "libc.so.6", "GLIBC_2.28"))
	w.write("pure/m.py", "M = 1\n")
	config := func(folder, runtimes, architectures string) string {
		return w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  files       = [{ source = %q, target = "python" }]
}
resource "layerbuild_version" "v" {
  layer_name               = "v"
  package                  = layerbuild_package.p
  compatible_runtimes      = [%s]
  compatible_architectures = [%s]
}`, filepath.Join(w.dir, folder+".zip"), filepath.Join(w.dir, folder), runtimes, architectures)
	}
	for name, c := range map[string]struct{ config, want string }{
		"a runtime":       {config("native", `"python3.12", "python3.13"`, `"x86_64"`), `CPython 3.12, not for python3.13`},
		"an architecture": {config("native", `"python3.12"`, `"x86_64", "arm64"`), `declared for\s+python3.12 arm64`},
		"pure":            {config("pure", `"python3.12", "python3.13"`, `"x86_64", "arm64"`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step := resource.TestStep{Config: c.config, PlanOnly: true, ExpectNonEmptyPlan: true}
			if c.want != "" {
				step = resource.TestStep{Config: c.config, PlanOnly: true, ExpectError: sentenceLike(c.want)}
			}
			resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.providers(), Steps: []resource.TestStep{step}})
		})
	}
}
