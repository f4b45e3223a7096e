package provider

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

const (
	awsLayer    = "aws_lambda_layer_version.deps"
	awsFunction = "aws_lambda_function.app"
)

// interop is a package with a requirement, and what AWS's own provider makes of
// it: a layer version of its zip, or a function with our version, or a function
// of the zip itself.
func (w *world) interop(requirement, output string) string {
	return w.config(`
resource "layerbuild_package" "p" {
  runtimes = ["python3.12"]
  python   = { requirements = [%q] }
  %s
}
resource "layerbuild_package" "code" {
  runtimes    = ["python3.12"]
  kind        = "function"
  output_path = %q
  files       = [{ content = "def handler(event, context): return 1\n", target = "app.py" }]
}
resource "aws_lambda_function" "app" {
  function_name    = "app"
  role             = "arn:aws:iam::123456789012:role/app"
  handler          = "app.handler"
  runtime          = "python3.12"
  filename         = layerbuild_package.code.filename
  source_code_hash = layerbuild_package.code.source_code_hash
  layers           = [local.layer]
}
`, requirement, output, filepath.Join(w.dir, "code.zip"))
}

const theirVersion = `
locals { layer = aws_lambda_layer_version.deps.arn }
resource "aws_lambda_layer_version" "deps" {
  layer_name       = "deps"
  filename         = layerbuild_package.p.filename
  source_code_hash = layerbuild_package.p.source_code_hash
}
`

const ourVersion = `
locals { layer = layerbuild_version.v.arn }
resource "layerbuild_version" "v" {
  layer_name = "deps"
  package    = layerbuild_package.p
}
`

// expectActions checks the actions of a plan, and that nothing is left to do.
func expectActions(actions map[string]plancheck.ResourceActionType) resource.ConfigPlanChecks {
	checks := resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	for address, a := range actions {
		checks.PreApply = append(checks.PreApply, plancheck.ExpectResourceAction(address, a))
	}
	return checks
}

// attached checks which version of the layer the function has.
func (w *world) attached(number int) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(awsFunction, at1("layers"), knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact(fmt.Sprintf("%s:%d", layerARN, number))}))
}

// TestZipGoesIntoTheAWSProvider gives filename and source_code_hash to
// aws_lambda_layer_version: one apply, then nothing to do. A change of the
// package's bytes or of the zip's place replaces the version and updates the
// function, in one apply again.
func TestZipGoesIntoTheAWSProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	step := func(requirement, name string, number int, layer, function plancheck.ResourceActionType) resource.TestStep {
		return resource.TestStep{
			Config:            w.interop(requirement, fmt.Sprintf("output_path = %q", filepath.Join(w.dir, name))) + theirVersion,
			ConfigPlanChecks:  expectActions(map[string]plancheck.ResourceActionType{awsLayer: layer, awsFunction: function}),
			ConfigStateChecks: []statecheck.StateCheck{w.attached(number)},
			Check: func(*terraformState) error {
				live := w.aws.Live(region, "deps")
				if want := base64SHA256(w.T, filepath.Join(w.dir, name)); len(live) != 1 || live[0].CodeSHA256 != want {
					return fmt.Errorf("AWS has %+v, want the zip %s", live, want)
				}
				return nil
			},
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.both(),
		Steps: []resource.TestStep{
			step("idna==3.6", "layer.zip", 1, plancheck.ResourceActionCreate, plancheck.ResourceActionCreate),
			step("idna==3.7", "layer.zip", 2, plancheck.ResourceActionReplace, plancheck.ResourceActionUpdate),
			step("idna==3.7", "other.zip", 3, plancheck.ResourceActionReplace, plancheck.ResourceActionUpdate),
			step("idna==3.7", "other.zip", 3, plancheck.ResourceActionNoop, plancheck.ResourceActionNoop),
		},
	})
}

// TestVersionGoesIntoTheAWSProvider gives our ARN to aws_lambda_function: a
// change publishes in place, and the function moves on in the same apply.
func TestVersionGoesIntoTheAWSProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	step := func(requirement string, number int, version, function plancheck.ResourceActionType) resource.TestStep {
		return resource.TestStep{
			Config:            w.interop(requirement, fmt.Sprintf("output_path = %q", filepath.Join(w.dir, "layer.zip"))) + ourVersion,
			ConfigPlanChecks:  expectActions(map[string]plancheck.ResourceActionType{versionA: version, awsFunction: function}),
			ConfigStateChecks: []statecheck.StateCheck{w.attached(number)},
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.both(),
		Steps: []resource.TestStep{
			step("idna==3.6", 1, plancheck.ResourceActionCreate, plancheck.ResourceActionCreate),
			step("idna==3.7", 2, plancheck.ResourceActionUpdate, plancheck.ResourceActionUpdate),
			step("idna==3.7", 2, plancheck.ResourceActionNoop, plancheck.ResourceActionNoop),
		},
		CheckDestroy: w.hasVersions(),
	})
}
