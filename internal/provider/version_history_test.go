package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// page checks what the page of a layer says. In a wanted text "DAY" stands for the
// day of any publish.
func page(name, want string) resource.TestCheckFunc {
	return func(*terraformState) error {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		got := regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}`).ReplaceAllString(string(text), "DAY")
		if got != want {
			return fmt.Errorf("the page is\n%s\nwant\n%s", got, want)
		}
		return nil
	}
}

// changing expects changes in the plan, and nothing to do after it.
func changing(a plancheck.ResourceActionType, want map[string]knownvalue.Check) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{
		PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction(versionA, a),
			plancheck.ExpectKnownValue(versionA, at1("changes"), knownvalue.MapExact(want)),
		},
		PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}
}

// TestVersionTellsItsChanges publishes a layer with other contents, other metadata
// and by hand: the plan and the page say what changes, and the page keeps what
// people wrote on it.
func TestVersionTellsItsChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := filepath.Join(w.dir, "deps.md")
	to := fmt.Sprintf("changelog_path = %q", file)
	exact := knownvalue.StringExact
	const first = "## Version 1 (DAY)\n- Initial release with idna 3.7\n"
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{
				Config: w.publishing("idna", to), ConfigPlanChecks: changing(plancheck.ResourceActionCreate, map[string]knownvalue.Check{}),
				Check: page(file, "# deps Layer\n\n"+first),
			},
			{
				Config: w.publishing("idna==3.6", to), ConfigPlanChecks: changing(plancheck.ResourceActionUpdate, map[string]knownvalue.Check{"python:idna": exact("3.7 → 3.6")}),
				Check: page(file, "# deps Layer\n\n## Version 2 (DAY)\n- Updated idna from 3.7 to 3.6\n\n"+first),
			},
			{
				PreConfig:        func() { w.write("deps.md", "# deps Layer\n\nOurs.\n\n## Version 2: mine\n") },
				Config:           w.publishing("requests", to+"\n  description = \"HTTP for all\""),
				ConfigPlanChecks: changing(plancheck.ResourceActionUpdate, map[string]knownvalue.Check{"python:requests": exact("added 2.31.0")}),
				Check:            page(file, "# deps Layer\n\nOurs.\n\n## Version 3 (DAY)\n- HTTP for all\n- Added requests 2.31.0\n\n## Version 2: mine\n"),
			},
			// Only metadata change: nothing of the content does. The page is gone, and
			// comes back from what AWS knows.
			{
				PreConfig: func() {
					if err := os.Remove(file); err != nil {
						t.Error(err)
					}
				},
				Config:           w.publishing("requests", to+"\n  description = \"HTTP\"\n  license_info = \"MIT\""),
				ConfigPlanChecks: changing(plancheck.ResourceActionUpdate, map[string]knownvalue.Check{}),
				Check: func(s *terraformState) error {
					text, err := os.ReadFile(file)
					if err != nil {
						return err
					}
					for _, want := range []string{"## Version 4", "- HTTP\n", "## Version 3", "- HTTP for all\n", "## Version 2", "- idna 3.6 (sha256", "## Version 1"} {
						if !strings.Contains(string(text), want) {
							return fmt.Errorf("%q is not on the page\n%s", want, text)
						}
					}
					return nil
				},
			},
			// A page that cannot be written fails nothing.
			{
				Config:           w.publishing("idna", fmt.Sprintf("changelog_path = %q", w.dir)),
				ConfigPlanChecks: changing(plancheck.ResourceActionUpdate, map[string]knownvalue.Check{"python:requests": exact("removed 2.31.0")}),
			},
			// Nor does a file that is no page, and it stays as it is.
			{
				PreConfig:        func() { w.write("outputs.tf.txt.hcl", "x = 1\n") },
				Config:           w.publishing("requests", fmt.Sprintf("changelog_path = %q", filepath.Join(w.dir, "outputs.tf.txt.hcl"))),
				ConfigPlanChecks: changing(plancheck.ResourceActionUpdate, map[string]knownvalue.Check{"python:requests": exact("added 2.31.0")}),
				Check:            page(filepath.Join(w.dir, "outputs.tf.txt.hcl"), "x = 1\n"),
			},
		},
	})
}

// TestChangesOfAnyZip: the contents of a zip that no package made are read from it,
// and kept for the next version.
func TestChangesOfAnyZip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	zip := func(name, version string) string {
		return w.write(name, zipOf(w.T, "python/a-"+version+".dist-info/METADATA", "Name: a\nVersion: "+version+"\n"))
	}
	config := func(file string) string {
		return w.config("\nresource \"layerbuild_version\" \"v\" {\n  layer_name = \"deps\"\n  filename = %q\n}", file)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config(zip("1.zip", "1.0")), ConfigPlanChecks: changing(plancheck.ResourceActionCreate, map[string]knownvalue.Check{})},
			{Config: config(zip("2.zip", "2.0")), ConfigPlanChecks: changing(plancheck.ResourceActionUpdate, map[string]knownvalue.Check{"python:a": knownvalue.StringExact("1.0 → 2.0")})},
			{Config: w.publishing("idna", ""), ConfigPlanChecks: changing(plancheck.ResourceActionUpdate, map[string]knownvalue.Check{
				"python:a": knownvalue.StringExact("removed 2.0"), "python:idna": knownvalue.StringExact("added 3.7"),
			})},
		},
	})
}
