package provider

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// holds checks the value of a parameter in a region; "" is for none.
func (w *world) holds(name, parameterName, want string) resource.TestCheckFunc {
	return func(*terraformState) error {
		got, found := w.aws.Parameter(name, parameterName)
		if got.Value != want || found != (want != "") {
			return fmt.Errorf("the parameter %q in %s holds %q, want %q", parameterName, name, got.Value, want)
		}
		return nil
	}
}

// TestParameterFollowsTheVersion writes, moves on, renames and removes the
// parameter in two regions.
func TestParameterFollowsTheVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := func(description, parameter string) string {
		return w.publishing("idna", fmt.Sprintf("description = %q\n  regions = [\"us-east-1\"]\n  %s", description, parameter))
	}
	const one, two = "/layers/deps", "deps.current"
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{
				Config: config("one", `ssm_parameter = { name = "/layers/deps", description = "current" }`), ConfigPlanChecks: action(plancheck.ResourceActionCreate),
				Check: resource.ComposeTestCheckFunc(w.holds(region, one, layerARN+":1"), w.holds(second, one, secondARN+":1")),
			},
			{
				Config: config("two", `ssm_parameter = { name = "/layers/deps", description = "current" }`), ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				Check: resource.ComposeTestCheckFunc(w.holds(region, one, layerARN+":2"), w.holds(second, one, secondARN+":2")),
			},
			{
				// Another description alone writes, and publishes nothing.
				Config: config("two", `ssm_parameter = { name = "/layers/deps", tier = "Advanced" }`), ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				Check: func(s *terraformState) error {
					if p, _ := w.aws.Parameter(second, one); p.Description != "" || p.Tier != "Advanced" || p.Type != "String" {
						return fmt.Errorf("the parameter is %+v", p)
					}
					return w.hasRegions(map[string][]int64{region: {1, 2}, second: {1, 2}})(s)
				},
			},
			{
				Config: config("two", `ssm_parameter = { name = "deps.current" }`), ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				Check: resource.ComposeTestCheckFunc(w.holds(region, one, ""), w.holds(second, one, ""), w.holds(region, two, layerARN+":2"), w.holds(second, two, secondARN+":2")),
			},
			{
				Config: config("two", ""), ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				Check: resource.ComposeTestCheckFunc(w.holds(region, two, ""), w.holds(second, two, "")),
			},
			{Config: config("two", `ssm_parameter = { name = "deps.current" }`), Check: w.holds(second, two, secondARN+":2")},
		},
		CheckDestroy: resource.ComposeTestCheckFunc(w.holds(region, two, ""), w.holds(second, two, ""), w.hasRegions(map[string][]int64{region: nil, second: nil})),
	})
}

// TestParameterIsPutBack changes and removes the parameter behind Terraform's
// back, in one region or the other.
func TestParameterIsPutBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const name = "/layers/deps"
	config := w.publishing("idna", "regions = [\"us-east-1\"]\n  ssm_parameter = { name = \"/layers/deps\" }")
	step := func(change func()) resource.TestStep {
		return resource.TestStep{
			PreConfig: change, Config: config, ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
			Check: resource.ComposeTestCheckFunc(w.holds(region, name, layerARN+":1"), w.holds(second, name, secondARN+":1"), w.hasRegions(map[string][]int64{region: {1}, second: {1}})),
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config},
			step(func() { w.aws.SetParameter(region, name, "something else") }),
			step(func() { w.aws.SetParameter(second, name, "") }),
		},
	})
}

// TestParameterOfOthers meets a parameter that the resource did not write.
func TestParameterOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const name = "/layers/deps"
	w.aws.SetParameter(region, name, "theirs")
	config := func(more string) string {
		return w.publishing("idna", `ssm_parameter = { name = "/layers/deps"`+more+` }`)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.publishing("idna", "")},
			{
				Config:      config(""),
				ExpectError: sentenceLike(`(?s)parameter.*"/layers/deps" in eu-west-1 is there already.*overwrite = true`),
			},
			{Config: config(", overwrite = true"), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: w.holds(region, name, layerARN+":1")},
			{Config: w.publishing("idna", ""), Check: w.holds(region, name, "")},
			{
				// One that holds a version of this layer is what an interrupted apply left.
				PreConfig: func() { w.aws.SetParameter(region, name, layerARN+":7") },
				Config:    config(""), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: w.holds(region, name, layerARN+":1"),
			},
			{
				// What another has written since is left alone by the removal.
				PreConfig: func() { w.aws.SetParameter(region, name, "theirs") },
				Config:    w.publishing("idna", ""), Check: w.holds(region, name, "theirs"),
			},
		},
	})
}

// TestParameterIsRemovedWhereItIsStillOurs drops the argument after somebody has
// changed the parameter in one of two regions.
func TestParameterIsRemovedWhereItIsStillOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const name = "/layers/deps"
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.publishing("idna", "regions = [\"us-east-1\"]\n  ssm_parameter = { name = \"/layers/deps\" }")},
			{
				PreConfig: func() { w.aws.SetParameter(region, name, "theirs") },
				Config:    w.publishing("idna", `regions = ["us-east-1"]`), ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				Check: resource.ComposeTestCheckFunc(w.holds(region, name, "theirs"), w.holds(second, name, "")),
			},
		},
	})
}

// TestParameterSurvivesALostAnswer closes the connection after the parameter
// was written: the retry meets what the first call made.
func TestParameterSurvivesALostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.Inject(lambdatest.Fault{Operation: "PutParameter", At: lambdatest.AfterProcessing, Close: true})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config:           w.publishing("idna", `ssm_parameter = { name = "/layers/deps" }`),
			ConfigPlanChecks: action(plancheck.ResourceActionCreate), Check: w.holds(region, "/layers/deps", layerARN+":1"),
		}},
	})
}

// TestParameterFails has Systems Manager refuse in one region. The version is
// in the state, and the next apply writes the parameter.
func TestParameterFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const name = "/layers/deps"
	config := func(description string) string {
		return w.publishing("idna", fmt.Sprintf("description = %q\n  regions = [\"us-east-1\"]\n  ssm_parameter = { name = \"/layers/deps\" }", description))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config("one")},
			{
				PreConfig:   func() { w.aws.Inject(denied("PutParameter", second, 0)) },
				Config:      config("two"),
				ExpectError: sentenceLike(`us-east-1: A permission is missing: ssm:PutParameter`),
			},
			{
				Config: config("two"), ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				Check: resource.ComposeTestCheckFunc(w.holds(region, name, layerARN+":2"), w.holds(second, name, secondARN+":2"), w.hasRegions(map[string][]int64{region: {1, 2}, second: {1, 2}})),
			},
		},
		CheckDestroy: resource.ComposeTestCheckFunc(w.holds(region, name, ""), w.holds(second, name, "")),
	})
}

// TestRenamedParameterIsNeverMissing: the old name keeps its value until the new one
// is written, and goes then, also where that fails at first.
func TestRenamedParameterIsNeverMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := func(name string) string {
		return w.publishing("idna", fmt.Sprintf("ssm_parameter = { name = %q }", name))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config("/old")},
			{
				PreConfig:   func() { w.aws.Inject(denied("PutParameter", region, 0)) },
				Config:      config("/new"),
				ExpectError: sentenceLike(`A permission is missing: ssm:PutParameter`),
			},
			{
				PreConfig: func() {
					if got, _ := w.aws.Parameter(region, "/old"); got.Value != layerARN+":1" {
						t.Errorf("the old parameter holds %q", got.Value)
					}
					w.aws.Calm()
					w.aws.Inject(denied("DeleteParameter", region, 0))
				},
				Config:      config("/new"),
				ExpectError: sentenceLike(`A permission is missing: ssm:DeleteParameter`),
			},
			{
				PreConfig: func() {
					if got, _ := w.aws.Parameter(region, "/new"); got.Value != layerARN+":1" {
						t.Errorf("the new parameter holds %q", got.Value)
					}
					w.aws.Calm()
				},
				Config: config("/new"), ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				Check: resource.ComposeTestCheckFunc(w.holds(region, "/old", ""), w.holds(region, "/new", layerARN+":1")),
			},
		},
		CheckDestroy: resource.ComposeTestCheckFunc(w.holds(region, "/new", ""), w.hasVersions()),
	})
}

// TestParameterIsReplacedWithItsLayer replaces the resource: the parameter goes
// with the old one and comes with the new one, or stays where that comes first.
func TestParameterIsReplacedWithItsLayer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const name = "/layers/deps"
	config := w.publishing("idna", `ssm_parameter = { name = "/layers/deps" }`)
	first := w.publishing("idna", "ssm_parameter = { name = \"/layers/deps\" }\n  lifecycle {\n    create_before_destroy = true\n  }")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config, Check: w.holds(region, name, layerARN+":1")},
			{Config: config, Taint: []string{versionA}, Check: w.holds(region, name, layerARN+":2"), ConfigPlanChecks: expectEmpty()},
			{Config: first, Check: w.holds(region, name, layerARN+":2")},
			{Config: first, Taint: []string{versionA}, Check: w.holds(region, name, layerARN+":2"), ConfigPlanChecks: expectEmpty()},
		},
		CheckDestroy: w.holds(region, name, ""),
	})
}

func TestParameterIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct{ argument, want string }{
		"relative": {`{ name = "layers/deps" }`, `a name with levels begins with a slash, as in "/layers/deps"`},
		"kept":     {`{ name = "/aws/deps" }`, `AWS keeps names that begin with`},
		"letters":  {`{ name = "läyers" }`, `AWS takes letters`},
		"tier":     {`{ name = "deps", tier = "Huge" }`, `"Intelligent-Tiering"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps:                    []resource.TestStep{{Config: w.publishing("idna", "ssm_parameter = "+c.argument), ExpectError: sentenceLike(c.want)}},
			})
		})
	}
}

// TestParameterFailsAtCreate finds a parameter of others at plan, and keeps a
// version that was made before the write failed in the state, so that it is
// cleaned up.
func TestParameterFailsAtCreate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.SetParameter(region, "/taken", "theirs")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.publishing("idna", `ssm_parameter = { name = "/taken" }`), ExpectError: sentenceLike(`is there already and was not written by this resource`)},
			{
				PreConfig:   func() { w.aws.Inject(refused("PutParameter", region)) },
				Config:      w.publishing("idna", `ssm_parameter = { name = "/free" }`),
				ExpectError: sentenceLike(`ssm:PutParameter`),
			},
			{
				PreConfig: w.aws.Calm,
				Config:    w.publishing("idna", `ssm_parameter = { name = "/free" }`), ConfigPlanChecks: action(plancheck.ResourceActionReplace),
				Check: resource.ComposeTestCheckFunc(w.hasVersions(2), w.holds(region, "/free", layerARN+":2"), w.holds(region, "/taken", "theirs")),
			},
		},
		CheckDestroy: resource.ComposeTestCheckFunc(w.hasVersions(), w.holds(region, "/taken", "theirs")),
	})
}
