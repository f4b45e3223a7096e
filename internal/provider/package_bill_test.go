package provider

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// TestPackageHasABillOfMaterials: it is in the state and in a file where it is
// asked for, is the same at plan and apply, and goes when nobody wants it.
func TestPackageHasABillOfMaterials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := filepath.Join(w.dir, "src", "bill.json")
	w.write("src/own.py", "A = 1\n")
	w.write("taken.json", "{}\n")
	config := func(requirement, more string) string {
		return w.config(`
resource "layerbuild_package" "p" {
  runtimes = ["python3.12"]
  python   = { requirements = [%q] }
  files    = [{ source = %q, target = "python/own" }]
  %s
}`, requirement, w.dir+"/src", more)
	}
	// names are those of the components, as a reader of the format sees them.
	names := func(text string) (string, error) {
		var doc struct {
			SpecVersion string
			Components  []struct{ Name, Version string }
		}
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			return "", err
		}
		var all []string
		for _, c := range doc.Components {
			if c.Name != "python/own" {
				all = append(all, c.Name+" "+c.Version)
			}
		}
		return doc.SpecVersion + " " + strings.Join(all, ", "), nil
	}
	want := func(attribute, onDisk string) resource.TestCheckFunc {
		return func(s *terraformState) error {
			got := s.RootModule().Resources["layerbuild_package.p"].Primary.Attributes["sbom"]
			if got != "" || attribute != "" {
				if found, err := names(got); err != nil || found != attribute {
					return fmt.Errorf("sbom is of %q, %v, want %q", found, err, attribute)
				}
			}
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			if found, err := names(string(text)); err != nil || found != onDisk {
				return fmt.Errorf("%s is of %q, %v, want %q", file, found, err, onDisk)
			}
			if got != "" && got != string(text) {
				return fmt.Errorf("the file is not what the state has")
			}
			return nil
		}
	}
	remove := func() {
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	}
	both := fmt.Sprintf("sbom_format = \"cyclonedx\"\n  sbom_path = %q", file)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config("idna==3.6", `sbom_format = "xml"`), ExpectError: regexp.MustCompile(`sbom_format`)},
			{Config: config("idna==3.6", fmt.Sprintf("sbom_path = %q", filepath.Join(w.dir, "taken.json"))), ExpectError: regexp.MustCompile(`is taken`)},
			{Config: config("idna==3.6", both), ConfigPlanChecks: expectEmpty(), Check: want("1.6 idna 3.6", "1.6 idna 3.6")},
			{Config: config("idna==3.7", both), ConfigPlanChecks: expectEmpty(), Check: want("1.6 idna 3.7", "1.6 idna 3.7")},
			{Config: config("idna==3.7", fmt.Sprintf("sbom_path = %q", file)), ConfigPlanChecks: expectEmpty(), Check: want("", "1.6 idna 3.7")},
			{PreConfig: remove, Config: config("idna==3.7", fmt.Sprintf("sbom_path = %q", file)), ConfigPlanChecks: expectEmpty(), Check: want("", "1.6 idna 3.7")},
			{Config: config("idna==3.6", both), ConfigPlanChecks: expectEmpty(), Check: want("1.6 idna 3.6", "1.6 idna 3.6")},
			{PreConfig: remove, Config: config("idna==3.6", both), ConfigPlanChecks: expectEmpty(), Check: want("1.6 idna 3.6", "1.6 idna 3.6")},
			{Config: config("idna==3.7", fmt.Sprintf("sbom_path = %q", file)), ConfigPlanChecks: expectEmpty(), Check: want("", "1.6 idna 3.7")},
			{Config: config("idna==3.6", ""), ConfigPlanChecks: expectEmpty(), Check: want("", "1.6 idna 3.7")},
		},
	})
}
