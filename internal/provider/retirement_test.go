package provider

import (
	"archive/zip"
	"bytes"
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

const keepOne = `retention = { keep_last = 1 }`

// TestVersionsThatAreFreeGoWithTheNextApply: a version that only its users kept
// is in the next plan once they have left, and no sooner. One that somebody
// deleted in the meantime is forgotten without a change.
func TestVersionsThatAreFreeGoWithTheNextApply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	update := resource.ConfigPlanChecks{
		PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(versionA, plancheck.ResourceActionUpdate)},
		PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			w.goes("a", keepOne, nil, nil, these(1)),
			before(func() { w.uses("resize", 1); w.uses("scale", 1) }, w.goes("b", keepOne, these(1), these(1), these(1, 2))),
			// One of two users has left: nothing is planned.
			{PreConfig: func() { w.uses("scale", 2) }, Config: w.retaining("b", keepOne), PlanOnly: true},
			{
				PreConfig: func() { w.uses("resize", 2) }, Config: w.retaining("b", keepOne), ConfigPlanChecks: update, Check: w.hasVersions(2),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(versionA, at1("retiring_versions"), numbersAre(1)),
					statecheck.ExpectKnownValue(versionA, at1("retained_versions"), numbersAre()),
				},
			},
			w.goes("c", keepOne, these(2), these(2), these(2, 3)),
			{
				PreConfig: func() { w.uses("resize", 3); w.uses("scale", 3); w.removeVersion("deps", 2) },
				Config:    w.retaining("c", keepOne), PlanOnly: true,
			},
			// A wider policy keeps what has become free.
			before(func() { w.uses("resize", 3) }, w.goes("d", keepOne, these(3), these(3), these(3, 4))),
			{PreConfig: func() { w.uses("resize", 4); w.uses("scale", 4) }, Config: w.retaining("d", `retention = { keep_last = 2 }`), Check: w.hasVersions(3, 4)},
			{Config: w.retaining("d", `retention = { keep_last = 2 }`), PlanOnly: true},
		},
		CheckDestroy: w.hasVersions(4),
	})
}

// retired is a version with the content, a function that gets it, and the
// retirement of what the function leaves.
func (w *world) retired(content string) string {
	code := w.write("code.zip", zipOf(w, "app.py", "def handler(event, context): return 1\n"))
	return w.retaining(content, keepOne) + fmt.Sprintf(`
resource "aws_lambda_function" "app" {
  function_name = "app"
  role          = "arn:aws:iam::123456789012:role/app"
  handler       = "app.handler"
  runtime       = "python3.12"
  filename      = %q
  layers        = [layerbuild_version.v.arn]
}
resource "layerbuild_retirement" "r" {
  version_arn = layerbuild_version.v.arn
  versions    = layerbuild_version.v.retiring_versions
  depends_on  = [aws_lambda_function.app]
}
`, code)
}

// TestRetirementDeletesInTheSameApply what the functions of the configuration
// leave, and nothing that another function has.
func TestRetirementDeletesInTheSameApply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const retirement = "layerbuild_retirement.r"
	empty := resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	deleted := func(numbers ...int64) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(retirement, at1("deleted"), numbersAre(numbers...))
	}
	inUse := func(users map[string]knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(retirement, at1("in_use"), knownvalue.MapExact(users))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.both(),
		Steps: []resource.TestStep{
			{Config: w.retired("one"), ConfigPlanChecks: empty, Check: w.hasVersions(1), ConfigStateChecks: []statecheck.StateCheck{deleted()}},
			{Config: w.retired("two"), ConfigPlanChecks: empty, Check: w.hasVersions(2), ConfigStateChecks: []statecheck.StateCheck{deleted(1), inUse(nil)}},
			{
				PreConfig: func() { w.uses("other", 2) }, Config: w.retired("three"), ConfigPlanChecks: empty, Check: w.hasVersions(2, 3),
				ConfigStateChecks: []statecheck.StateCheck{
					deleted(), inUse(map[string]knownvalue.Check{"2": knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("other")})}),
				},
			},
			{PreConfig: func() { w.uses("other", 3) }, Config: w.retired("four"), ConfigPlanChecks: empty, Check: w.hasVersions(3, 4), ConfigStateChecks: []statecheck.StateCheck{deleted(2)}},
		},
	})
}

// hollow returns a zip with so many zero bytes.
func hollow(t *testing.T, name string, size int64) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for left := size; left > 0; left -= int64(len(zeros)) {
		if _, err := f.Write(zeros[:min(left, int64(len(zeros)))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRolloutRefusesWhatIsTooLarge reads the zips of the new version and of the
// function's other layer. Where AWS does not hand one out, it counts as the zip.
func TestRolloutRefusesWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publishOutside(region, "deps", hollow(t, "python/a", 100<<20), nil)
	w.publishOutside(region, "big", hollow(t, "python/b", 200<<20), nil)
	big := "arn:aws:lambda:" + region + ":123456789012:layer:big:1"
	if err := w.aws.CreateFunction(region, "full", 0, big); err != nil {
		t.Fatal(err)
	}
	config := w.config(`
resource "layerbuild_rollout" "r" {
  version_arn = %q
  functions   = ["full"]
}`, layerARN+":1")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config: config, PlanOnly: true,
			ExpectError: regexp.MustCompile(`(?s)"full"\s+would\s+have\s+at\s+least\s+3145\d+\s+bytes\s+unzipped.*big:1\s+209715200.*deps:1\s+104857600`),
		}},
	})
	if calls := w.aws.Calls("UpdateFunctionConfiguration"); len(calls) > 0 {
		t.Errorf("a function was changed: %+v", calls)
	}
}
