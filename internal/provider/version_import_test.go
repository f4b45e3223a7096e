package provider

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// forgotten returns a configuration of the package alone that drops the version
// from the state and leaves it in AWS.
func (w *world) forgotten(requirement string) string {
	config, _, _ := strings.Cut(w.publishing(requirement, ""), `resource "layerbuild_version"`)
	return config + `
removed {
  from = layerbuild_version.v
  lifecycle {
    destroy = false
  }
}`
}

func importing(id string) string {
	return "\nimport {\n  to = layerbuild_version.v\n  id = \"" + id + "\"\n}\n"
}

func planned(a plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{
		PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(versionA, a)},
		PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}
}

// TestImportIsFollowedByAnEmptyPlan imports by a block, by the ARN of a version
// and of the layer, what a resource with the same content has published.
func TestImportIsFollowedByAnEmptyPlan(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		id, published, imported string // arguments before the import and after it
		want                    plancheck.ResourceActionType
		versions                []int64
	}{
		"version":   {layerARN + ":1", "", "", plancheck.ResourceActionNoop, []int64{1}},
		"layer":     {layerARN, "", "", plancheck.ResourceActionNoop, []int64{1}},
		"described": {layerARN, `description = "libraries"; license_info = "MIT"`, `description = "libraries"; license_info = "MIT"`, plancheck.ResourceActionNoop, []int64{1}},
		// A description that nobody wrote here stays with the bytes it describes.
		"described_outside":   {layerARN, `description = "libraries"`, "", plancheck.ResourceActionNoop, []int64{1}},
		"shared":              {layerARN, `sharing = { account_ids = ["210987654321"] }`, `sharing = { account_ids = ["210987654321"] }`, plancheck.ResourceActionNoop, []int64{1}},
		"with_retention":      {layerARN, "", `retention = { keep_last = 3 }`, plancheck.ResourceActionUpdate, []int64{1}},
		"with_a_bucket":       {layerARN, "", `s3 = { bucket = "artifacts" }`, plancheck.ResourceActionUpdate, []int64{1}},
		"with_a_region":       {layerARN, "", `regions = ["us-east-1"]`, plancheck.ResourceActionUpdate, []int64{1}},
		"another_description": {layerARN, `description = "old"`, `description = "new"`, plancheck.ResourceActionUpdate, []int64{1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.aws.CreateBucket(region, "artifacts", false)
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{
					{Config: w.publishing("idna", lines(c.published)), Check: w.hasVersions(1)},
					{Config: w.forgotten("idna"), Check: w.hasVersions(1)},
					{
						Config: w.publishing("idna", lines(c.imported)) + importing(c.id), ConfigPlanChecks: planned(c.want), Check: w.hasVersions(c.versions...),
					},
				},
				CheckDestroy: w.hasVersions(), // an import owns the version
			})
		})
	}
}

// TestImportOfALayerTakesItsNewestVersion has an older one, which stays.
func TestImportOfALayerTakesItsNewestVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	zip := zipOf(t, "python/a.py", "A = 2\n")
	w.publishOutside(region, "deps", zipOf(t, "python/a.py", "A = 1\n"), nil)
	w.publishOutside(region, "deps", zip, map[string]any{"Description": "by hand", "CompatibleRuntimes": []string{"python3.12"}})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config: w.config(`
resource "layerbuild_version" "v" {
  layer_name          = "deps"
  filename            = %q
  description         = "by hand"
  compatible_runtimes = ["python3.12"]
}`, w.write("own.zip", zip)) + importing(layerARN),
			// The path of the zip is new to the state; nothing is published.
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(versionA, at1("version"), knownvalue.Int64Exact(2)),
				statecheck.ExpectKnownValue(versionA, at1("package"), knownvalue.Null()),
			},
			Check: w.hasVersions(1, 2),
		}},
		CheckDestroy: w.hasVersions(1),
	})
}

// TestImportRefuses holds bad ids against the sentence that names the fault.
func TestImportRefuses(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"deps":          `Malformed import id`,
		layerARN + ":0": `its version "0" is not a whole number from 1`,
		layerARN + ":7": `AWS has no arn:aws:lambda:eu-west-1:123456789012:layer:deps:7: check the region, the name and the number`,
		layerARN:        `it is not there, or all its versions are deleted`,
		"arn:aws:lambda:eu-west-1:210987654321:layer:deps:7":    `The layer version belongs to another account`,
		"arn:aws:lambda:eu-west-1:210987654321:layer:deps":      `The layer version belongs to another account`,
		"arn:aws:s3:::bucket":                                   `it names the service "s3"`,
		"arn:aws:lambda:eu-west-1:123456789012:function:resize": `it names a function`,
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{{
					Config:      w.config("\nresource \"layerbuild_version\" \"v\" {\n  layer_name = \"deps\"\n  filename   = \"layer.zip\"\n}") + importing(id),
					ExpectError: sentenceLike(want),
				}},
			})
		})
	}
}

// TestImportOfAnothersSharedVersionIsRefused can read the version, and has one
// of the same name and number itself.
func TestImportOfAnothersSharedVersionIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const shared = "arn:aws:lambda:eu-west-1:210987654321:layer:deps"
	theirs := lambdatest.Fault{
		Operation: "GetLayerVersion", Status: http.StatusOK,
		Body: []byte(`{"LayerArn":"` + shared + `","LayerVersionArn":"` + shared + `:1","Version":1,"Content":{"CodeSha256":"x","CodeSize":1}}`),
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.publishing("idna", ""), Check: w.hasVersions(1)},
			{Config: w.forgotten("idna"), Check: w.hasVersions(1)},
			{PreConfig: func() { w.aws.Inject(theirs) }, Config: w.publishing("idna", "") + importing(shared+":1"), ExpectError: sentenceLike(`The layer version belongs to another account`)},
		},
		CheckDestroy: w.hasVersions(1),
	})
}
