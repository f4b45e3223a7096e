package provider

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// halfKnown returns a provider of which one setting is known only after the
// apply, and one that knows it.
func halfKnown(t *testing.T, unknown string) (half, whole *protocol) {
	t.Helper()
	aws := lambdatest.New(t)
	dir := t.TempDir()
	t.Chdir(dir)
	writeZip(t, filepath.Join(dir, "layer.zip"))
	env := map[string]string{"LAYERBUILD_CACHE_DIR": t.TempDir()}
	half, whole = newProtocol(t, env), newProtocol(t, env)
	block := half.schemas.Provider.Block
	settings := providerBase(aws.URL())
	if found := whole.configure(blockOf(block, settings)); found.failed() {
		t.Fatal(found)
	}
	typ, ok := block.ValueType().(tftypes.Object)
	if !ok {
		t.Fatal("the provider block is not an object")
	}
	settings[unknown] = tftypes.NewValue(typ.AttributeTypes[unknown], tftypes.UnknownValue)
	if found := half.configure(blockOf(block, settings)); len(found) > 0 {
		t.Fatalf("configuring: %s", found)
	}
	return half, whole
}

// awsSettings are one setting of each form: an argument, a secret, collections,
// and blocks that are made by a dynamic block.
func awsSettings() []string {
	return []string{"region", "access_key", "profile", "allowed_account_ids", "shared_config_files", "assume_role", "assume_role_with_web_identity", "endpoints", "skip_region_validation", "max_retries"}
}

// TestUnknownSettings: what needs no AWS is planned as ever; what needs it is
// refused or put off by the name of the setting, and never takes an unknown
// setting for one that is not set.
func TestUnknownSettings(t *testing.T) {
	for _, name := range awsSettings() {
		t.Run(name, func(t *testing.T) {
			half, whole := halfKnown(t, name)
			planned, _, found := half.plan("layerbuild_package", instance{}, blockOf(half.schemas.ResourceSchemas["layerbuild_package"].Block, packageBase(half)))
			if found.failed() || !fields(planned)["source_code_hash"].IsKnown() {
				t.Errorf("a package: %s", found)
			}
			version := blockOf(half.schemas.ResourceSchemas["layerbuild_version"].Block, versionBase())
			planned, _, found = half.plan("layerbuild_version", instance{}, version)
			if found.failed() || fields(planned)["arn"].IsKnown() || fields(planned)["region"].IsKnown() != (name != "region") {
				t.Errorf("a new version: %s\n%s", planned, found)
			}
			existing := whole.apply("layerbuild_version", version)
			kept, found := half.refresh("layerbuild_version", existing)
			if found.failed() || !kept.Equal(existing.value) || !strings.Contains(found.String(), fmt.Sprintf("%q", name)) {
				t.Errorf("refreshing a version: %s", found)
			}
			for source, schema := range half.schemas.DataSourceSchemas {
				config := blockOf(schema.Block, dataBase(source))
				if source == "layerbuild_inspection" { // a zip on disk needs no AWS
					if _, found := half.data(source, config, true, nil); found.failed() {
						t.Errorf("%s: %s", source, found)
					}
					continue
				}
				if _, found := half.data(source, config, true, nil); !strings.Contains(found.String(), "The provider's "+name+" is not known yet") {
					t.Errorf("%s: %s", source, found)
				}
				read, found := half.data(source, config, true, &tfprotov6.ReadDataSourceClientCapabilities{DeferralAllowed: true})
				if found.failed() || read.Deferred == nil || read.Deferred.Reason != tfprotov6.DeferredReasonProviderConfigUnknown {
					t.Errorf("%s is not put off: %s", source, found)
				}
			}
		})
	}
}

// TestUnknownRegionOfAnExistingLayer: whether the layer moves is not known, so
// the plan says so, unless the resource names its own region.
func TestUnknownRegionOfAnExistingLayer(t *testing.T) {
	half, whole := halfKnown(t, "region")
	block := half.schemas.ResourceSchemas["layerbuild_version"].Block
	given := versionBase()
	existing := whole.apply("layerbuild_version", blockOf(block, given))
	if _, _, found := half.plan("layerbuild_version", existing, blockOf(block, given)); !strings.Contains(found.String(), `Write the region here, as in region = "eu-west-1"`) {
		t.Errorf("without its own region: %s", found)
	}
	given["region"] = str("eu-west-1")
	planned, _, found := half.plan("layerbuild_version", existing, blockOf(block, given))
	if found.failed() || !fields(planned)["arn"].Equal(fields(existing.value)["arn"]) {
		t.Errorf("with its own region: %s\n%s", planned, found)
	}
}

// TestUnknownSettingsOfThePipeline: a package waits for what decides it.
func TestUnknownSettingsOfThePipeline(t *testing.T) {
	for _, name := range []string{"cache_dir", "offline", "exclude_newer", "minimum_release_age", "custom_ca_bundle"} {
		t.Run(name, func(t *testing.T) {
			half, _ := halfKnown(t, name)
			planned, _, found := half.plan("layerbuild_package", instance{}, blockOf(half.schemas.ResourceSchemas["layerbuild_package"].Block, packageBase(half)))
			if found.failed() || fields(planned)["lock"].IsKnown() {
				t.Errorf("planned %s\n%s", planned, found)
			}
		})
	}
}

// TestSettingsFromAnotherResource takes credentials, region and accounts of the
// provider block from a resource: one apply publishes where they say.
func TestSettingsFromAnotherResource(t *testing.T) {
	w := newWorld(t)
	t.Chdir(w.dir)
	config := func(n int, rest string) string {
		return fmt.Sprintf(`
resource "terraform_data" "gen" {
  triggers_replace = %d
  input            = { key = "AKIAIOSFODNN7EXAMPLE", secret = "not-a-secret", region = "eu-west-1", account = "123456789012" }
}
provider "layerbuild" {
  region                  = terraform_data.gen.output.region
  access_key              = terraform_data.gen.output.key
  secret_key              = terraform_data.gen.output.secret
  allowed_account_ids     = [terraform_data.gen.output.account]
  skip_metadata_api_check = "true"
  endpoints {
    lambda = %[2]q
    sts    = %[2]q
  }
}
resource "layerbuild_package" "p" {
  runtimes = ["python3.12"]
  files    = [{ content = "A = 1", target = "python/x.py" }]
}
resource "layerbuild_version" "v" {
  layer_name = "late"
  package    = layerbuild_package.p
  %s
}
`, n, w.aws.URL(), rest)
	}
	resource.UnitTest(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.RequireAbove(tfversion.Version1_8_0)},
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{
				Config: config(1, ""),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("layerbuild_version.v", tfjsonpath.New("arn"), knownvalue.StringExact("arn:aws:lambda:eu-west-1:123456789012:layer:late:1")),
				},
			},
			{Config: config(2, ""), ExpectError: regexp.MustCompile(`The region of the layer is not known yet`)},
			{
				Config: config(2, `region = "eu-west-1"`),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("layerbuild_version.v", tfjsonpath.New("version"), knownvalue.Int64Exact(1)),
				},
			},
		},
	})
}
