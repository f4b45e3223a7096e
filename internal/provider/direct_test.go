package provider

import (
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

// TestRequirementsAtAddresses packs wheels that requirements name by address and
// digest, in the configuration and in a file.
func TestRequirementsAtAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const idna = "idna-3.6-py3-none-any.whl"
	_, sum := w.index.Wheel(idna)
	file := w.write("requirements.txt", "requests==2.31.0\n"+w.index.FileURL(idna)+"#sha256="+sum+"\n")
	step := func(python string) resource.TestStep {
		return resource.TestStep{
			Config:           w.config("\nresource \"layerbuild_package\" \"p\" {\n  runtimes = [\"python3.12\"]\n  output_path = %q\n  python = { %s }\n}", filepath.Join(w.dir, "layer.zip"), python),
			ConfigPlanChecks: expectEmpty(),
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue("layerbuild_package.p", at1("contents"), knownvalue.MapExact(map[string]knownvalue.Check{
				"python:requests": knownvalue.StringExact("2.31.0"), "python:idna": knownvalue.StringExact("3.6"),
			}))},
		}
	}
	unpinned := step(`requirements = ["idna @ ` + w.index.FileURL(idna) + `"]`)
	unpinned.ConfigPlanChecks, unpinned.ConfigStateChecks = resource.ConfigPlanChecks{}, nil
	unpinned.ExpectError = sentenceLike(`(?s)Unusable requirement "idna".*python.requirements\[0\] asks for "idna" at an address: every file is verified by its SHA-256: write #sha256=`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			step(`requirements = ["requests==2.31.0", "idna @ ` + w.index.FileURL(idna) + `#sha256=` + sum + `"]`),
			step(`requirements_file = "` + filepath.ToSlash(file) + `"`),
			unpinned,
		},
	})
}
