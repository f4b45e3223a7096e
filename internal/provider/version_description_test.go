package provider

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// described checks the descriptions of all versions in AWS, oldest first. In a
// wanted text "#" stands for the 12 digits of the version's own bytes.
func (w *world) described(want ...string) resource.TestCheckFunc {
	return func(*terraformState) error {
		var got []string
		for i, v := range w.aws.Live(region, "deps") {
			got = append(got, v.Description)
			if i < len(want) {
				want[i] = strings.ReplaceAll(want[i], "#", hexDigest(w.T, v.CodeSHA256)[:12])
			}
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			return fmt.Errorf("AWS has the descriptions %q, want %q", got, want)
		}
		return nil
	}
}

// plannedAs expects a description in the plan, and nothing to do after it.
func plannedAs(a plancheck.ResourceActionType, description knownvalue.Check) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{
		PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction(versionA, a),
			plancheck.ExpectKnownValue(versionA, at1("description"), description),
		},
		PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}
}

// like expects a text that begins so.
func like(prefix string) knownvalue.Check {
	return knownvalue.StringFunc(func(got string) error {
		if !strings.HasPrefix(got, prefix) {
			return fmt.Errorf("got %q, want it to begin with %q", got, prefix)
		}
		return nil
	})
}

// TestDefaultDescriptionFollowsTheBytes has no description, then one, none
// again, and an empty one.
func TestDefaultDescriptionFollowsTheBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const first = "requests 2.31.0, idna 3.7 (sha256 #)"
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.publishing("requests", ""), ConfigPlanChecks: plannedAs(plancheck.ResourceActionCreate, like("requests 2.31.0, idna 3.7 (sha256 ")), Check: w.described(first)},
			{Config: w.publishing("requests", `license_info = "MIT"`), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: w.described(first, first)},
			{Config: w.publishing("requests", `description = "HTTP"`), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: w.described(first, first, "HTTP")},
			{Config: w.publishing("requests", ""), ConfigPlanChecks: plannedAs(plancheck.ResourceActionNoop, knownvalue.StringExact("HTTP")), Check: w.described(first, first, "HTTP")},
			{Config: w.publishing("idna", ""), ConfigPlanChecks: plannedAs(plancheck.ResourceActionUpdate, like("idna 3.7 (sha256 ")), Check: w.described(first, first, "HTTP", "idna 3.7 (sha256 #)")},
			{Config: w.publishing("idna", `description = ""`), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: w.described(first, first, "HTTP", "idna 3.7 (sha256 #)", "")},
		},
	})
}

// TestDefaultDescriptionOfOtherSources packs files, and takes a
// zip that no package made.
func TestDefaultDescriptionOfOtherSources(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config func(*world) string
		want   string
	}{
		"files": {func(w *world) string {
			return w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  files       = [{ content = "A = 1\n", target = "python/a.py" }]
}
resource "layerbuild_version" "v" {
  layer_name = "deps"
  package    = layerbuild_package.p
}`, filepath.Join(w.dir, "layer.zip"))
		}, "python/a.py (sha256 #)"},
		"zip": {func(w *world) string {
			return w.config("\nresource \"layerbuild_version\" \"v\" {\n  layer_name = \"deps\"\n  filename = %q\n}", w.write("own.zip", zipOf(w.T, "python/a.py", "A = 1\n")))
		}, "sha256 #"},
		"zip known after apply": {func(w *world) string {
			return w.config(`
resource "terraform_data" "name" {
  input = %q
}
resource "layerbuild_version" "v" {
  layer_name = "deps"
  filename   = terraform_data.name.output
}`, w.write("own.zip", zipOf(w.T, "python/a.py", "A = 1\n")))
		}, "sha256 #"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps:                    []resource.TestStep{{Config: c.config(w), Check: w.described(c.want), ConfigPlanChecks: expectEmpty()}},
			})
		})
	}
}

// TestImportedDescriptionStays imports a version that says something else of
// itself than the default.
func TestImportedDescriptionStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := w.write("own.zip", zipOf(w.T, "python/a.py", "A = 1\n"))
	config := w.config("\nresource \"layerbuild_version\" \"v\" {\n  layer_name = \"deps\"\n  filename = %q\n}", file)
	described := strings.Replace(config, "layer_name", "description = \"made by hand\"\n  layer_name", 1)
	forgotten := w.config("\nremoved {\n  from = layerbuild_version.v\n  lifecycle {\n    destroy = false\n  }\n}")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: described, Check: w.described("made by hand")},
			{Config: forgotten, Check: w.described("made by hand")},
			{
				Config:           config + "\nimport {\n  to = layerbuild_version.v\n  id = \"" + layerARN + ":1\"\n}",
				ConfigPlanChecks: expectEmpty(), Check: w.described("made by hand"),
			},
			{Config: config, ConfigPlanChecks: plannedAs(plancheck.ResourceActionNoop, knownvalue.StringExact("made by hand")), Check: w.described("made by hand")},
		},
	})
}

// TestAdoptionNeedsTheSameDescription publishes the same bytes twice: without
// descriptions they are one version, with another description two.
func TestAdoptionNeedsTheSameDescription(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	twin := func(more string) string {
		return w.publishing("idna", "") + fmt.Sprintf(`
resource "layerbuild_version" "twin" {
  layer_name = "deps"
  package    = layerbuild_package.p
  depends_on = [layerbuild_version.v]
  %s
}`, more)
	}
	const name = "idna 3.7 (sha256 #)"
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: twin(""), Check: w.described(name), ConfigPlanChecks: expectEmpty()},
			{Config: twin(`description = "mine"`), Check: w.described(name, "mine"), ConfigPlanChecks: expectEmpty()},
		},
	})
}

// hexDigest writes a base64 digest in hexadecimal.
func hexDigest(t testing.TB, digest string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(digest)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b)
}
