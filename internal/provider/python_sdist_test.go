package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// TestPackageOfASdist packs a distribution that has no wheel, and plans nothing
// more after that.
func TestPackageOfASdist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	err := w.index.Add("plain 2.0\n  sdist\n  file: setup.py: from setuptools import setup\\nsetup()\\n\n  file: plain/__init__.py: x = 1\\n\n  file: plain.egg-info/SOURCES.txt: plain/__init__.py\\n\n" +
		"  file: plain.egg-info/PKG-INFO: Metadata-Version: 2.1\\nName: plain\\nVersion: 2.0\\n\n  file: plain.egg-info/top_level.txt: plain\\n\n  file: plain.egg-info/requires.txt: idna\\n\n")
	if err != nil {
		t.Fatal(err)
	}
	both := map[string]string{"plain": "2.0", "idna": "3.7"}
	unchanged := w.python(`"python3.12"`, `sdist = "pure", requirements = ["plain", "idna==3.7"]`, both)
	unchanged.ConfigPlanChecks = expectEmpty()
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			w.python(`"python3.12"`, `sdist = "pure", requirements = ["plain", "idna==3.7"]`, both),
			unchanged,
			w.python(`"python3.11", "python3.12"`, `sdist = "pure", requirements = ["plain", "idna==3.7"]`, both),
		},
	})
}
