package provider

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

const rolloutR = "layerbuild_rollout.r"

// canary is a version with the content, a canary that Terraform gives it, and a
// function that gets it by way of the roll-out.
func (w *world) canary(content string) string {
	code := w.write("code.zip", zipOf(w, "app.py", "def handler(event, context): return 1\n"))
	function := func(name, layer, more string) string {
		return fmt.Sprintf(`
resource "aws_lambda_function" %[1]q {
  function_name = %[1]q
  role          = "arn:aws:iam::123456789012:role/app"
  handler       = "app.handler"
  runtime       = "python3.12"
  filename      = %[2]q
  layers        = [%[3]s]
  %[4]s
}
`, name, code, layer, more)
	}
	return w.retaining(content, "") + function("canary", "layerbuild_version.v.arn", "") + function("app", "layerbuild_rollout.r.arn", "") + `
resource "layerbuild_rollout" "r" {
  version_arn = layerbuild_version.v.arn
  canary = {
    function_name = aws_lambda_function.canary.function_name
    payload       = jsonencode({ item_id = "42" })
    expect        = { status_code = 200, json = { "body.success" = "true" } }
  }
}
`
}

// answers makes every invoked function answer with the status code, and reports
// the layers that it had.
func (w *world) answers(status int, seen *[]string) func() {
	return func() {
		w.aws.AnswerInvocations(func(i lambdatest.Invocation) lambdatest.Answer {
			*seen = append(*seen, string(i.Payload)+" "+strings.Join(i.Layers, ","))
			return lambdatest.Answer{Payload: fmt.Appendf(nil, `{"statusCode":%d,"body":"{\"success\":%t}"}`, status, status == 200)}
		})
	}
}

func (w *world) hasLayer(version int, functions ...string) resource.TestCheckFunc {
	return func(*terraformState) error {
		for _, name := range functions {
			if got := w.aws.LayersOf(region, name); !slices.Equal(got, []string{fmt.Sprintf("%s:%d", layerARN, version)}) {
				return fmt.Errorf("%s has %v, want version %d", name, got, version)
			}
		}
		return nil
	}
}

// TestCanaryGatesFunctionsOfOneConfiguration needs one apply for publish, canary
// and function, then plans nothing. A canary that fails leaves the function
// where it was, and an apply after the cure moves it.
func TestCanaryGatesFunctionsOfOneConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var seen []string
	empty := resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.both(),
		Steps: []resource.TestStep{
			{PreConfig: w.answers(200, &seen), Config: w.canary("one"), ConfigPlanChecks: empty, Check: w.hasLayer(1, "canary", "app")},
			{
				Config: w.canary("two"), ConfigPlanChecks: empty, Check: w.hasLayer(2, "canary", "app"),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(rolloutR, at1("arn"), knownvalue.StringExact(layerARN+":2"))},
			},
			{PreConfig: w.answers(500, &seen), Config: w.canary("three"), ExpectError: regexp.MustCompile(`(?s)The canary "canary" did not pass.*statusCode is 500`)},
			{
				PreConfig: func() {
					if err := w.hasLayer(2, "app")(nil); err != nil {
						t.Error(err)
					}
					w.answers(200, &seen)()
				},
				Config: w.canary("four"), ConfigPlanChecks: empty, Check: w.hasLayer(4, "canary", "app"),
			},
		},
	})
	want := []string{}
	for _, version := range []int{1, 2, 3, 4} {
		want = append(want, fmt.Sprintf(`{"item_id":"42"} %s:%d`, layerARN, version))
	}
	if !slices.Equal(seen, want) {
		t.Errorf("the canary was invoked with %q, want %q", seen, want)
	}
}

// TestFunctionsOfOthersMove by name: the plan shows where each is, an apply
// moves them, and a version that somebody attaches later is moved again.
func TestFunctionsOfOthersMove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rolled := func(arn string, more string) string {
		return w.config(`
resource "layerbuild_rollout" "r" {
  version_arn = %q
  batch_size  = 1
  %s
}`, arn, more)
	}
	for _, content := range []string{"one", "two"} {
		w.publishByOther(content)
	}
	for _, name := range []string{"items-read", "items-write"} {
		if err := w.aws.CreateFunction(region, name, 0, layerARN+":1"); err != nil {
			t.Fatal(err)
		}
	}
	named := `functions = ["items-read", "items-write"]`
	versions := func(number int64) knownvalue.Check {
		return knownvalue.MapExact(map[string]knownvalue.Check{"items-read": knownvalue.Int64Exact(number), "items-write": knownvalue.Int64Exact(number)})
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{
				Config: rolled(layerARN+":2", named),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             []plancheck.PlanCheck{plancheck.ExpectKnownValue(rolloutR, at1("function_versions"), versions(2))},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				Check: w.hasLayer(2, "items-read", "items-write"),
			},
			{
				PreConfig: func() { w.aws.SetLayers(region, "items-read", layerARN+":1") },
				Config:    rolled(layerARN+":2", named),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(rolloutR, plancheck.ResourceActionUpdate)},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				Check: w.hasLayer(2, "items-read", "items-write"),
			},
			{
				PreConfig: func() { w.aws.FailUpdates("items-write", "EniLimitExceeded") },
				Config:    rolled(layerARN+":1", `all_using_layer = true`),
				ExpectError: regexp.MustCompile(
					`(?s)The functions did not move.*Moving "items-write".*EniLimitExceeded.*back on\s+their\s+former\s+version:\s+items-read;\s+putting\s+back\s+"items-write"`),
			},
			{
				PreConfig:        func() { w.aws.FailUpdates("items-write", "") },
				Config:           rolled(layerARN+":1", `all_using_layer = true`),
				ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				Check:            w.hasLayer(1, "items-read", "items-write"),
			},
		},
	})
	if err := w.hasLayer(1, "items-read", "items-write")(nil); err != nil {
		t.Errorf("after the destroy: %v", err)
	}
}

// TestCanaryOfOthersPassesAgain: somebody gave the canary, which is in no list, another
// version. No attribute shows that, and the apply moves and invokes it all the same.
func TestCanaryOfOthersPassesAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publishByOther("one")
	w.publishByOther("two")
	if err := w.aws.CreateFunction(region, "canary", 0, layerARN+":1"); err != nil {
		t.Fatal(err)
	}
	var seen []string
	w.answers(200, &seen)()
	config := w.config(`
resource "layerbuild_rollout" "r" {
  version_arn = %q
  canary      = { function_name = "canary" }
}`, layerARN+":2")
	empty := resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config, ConfigPlanChecks: empty, Check: w.hasLayer(2, "canary")},
			{
				PreConfig: func() { w.aws.SetLayers(region, "canary", layerARN+":1") },
				Config:    config, ConfigPlanChecks: empty, Check: w.hasLayer(2, "canary"),
			},
		},
	})
	if len(seen) != 2 {
		t.Errorf("the canary was invoked with %q, want two calls", seen)
	}
}

// TestRolloutRefuses what cannot work, all functions at once and before the
// first change.
func TestRolloutRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ arguments, want string }{
		"nothing to move":  {``, `Write canary, functions, tags or\s+all_using_layer = true`},
		"false is nothing": {`all_using_layer = false`, `No function to move`},
		"two ways":         {`functions = ["a"]; all_using_layer = true`, `Two ways to choose the functions`},
		"two other ways":   {`functions = ["a"]; tags = { a = "b" }`, `cannot be configured together`},
		"a version":        {`functions = ["fits:3"]`, `(?s)functions\[0\].*name the function alone, as "fits"|(?s)version or alias "3".*as\s+"fits"`},
		"other regions":    {`functions = ["arn:aws:lambda:us-west-2:123456789012:function:fits"]; canary = { function_name = "arn:aws:lambda:us-west-2:123456789012:function:fits" }`, `(?s)region\s+us-west-2.*region\s+us-west-2`},
		"another account":  {`functions = ["222222222222:function:fits"]`, `of account\s+222222222222`},
		"alias alone":      {`functions = ["fits"]; alias = { name = "live" }`, `An alias needs published versions`},
		"too long": {`functions = ["fits"]; publish = true; alias = { name = "live", steps = [10, 50], pause_seconds = 900 }`,
			`(?s)pauses of the alias take longer.*timeouts = \{\s+create\s+=\s+"50m"`},
		"steps fall": {`functions = ["fits"]; publish = true; alias = { name = "live", steps = [50, 10] }`, `Steps do not grow`},
		"payload":    {`canary = { function_name = "fits", payload = "{" }`, `The payload is not JSON`},
		"functions that do not fit": {`functions = ["fits", "none", "nodejs"]`,
			`(?s)Functions cannot get the layer version.*"nodejs" runs on nodejs22.x, and the version is for\s+python3.12; there is no function "none"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.publishOutside(region, "deps", zipOf(w, "python/m.py", "one"), map[string]any{"CompatibleRuntimes": []string{"python3.12"}})
			for _, function := range []string{"fits", "nodejs"} {
				if err := w.aws.CreateFunction(region, function, 0); err != nil {
					t.Fatal(err)
				}
			}
			w.aws.SetRuntime(region, "nodejs", "nodejs22.x")
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{{
					Config: w.config(`
resource "layerbuild_rollout" "r" {
  version_arn = %q
  %s
}`, layerARN+":1", strings.ReplaceAll(c.arguments, "; ", "\n  ")),
					PlanOnly: true, ExpectError: regexp.MustCompile(c.want),
				}},
			})
			if calls := w.aws.Calls("UpdateFunctionConfiguration", "Invoke"); len(calls) > 0 {
				t.Errorf("a function was changed: %+v", calls)
			}
		})
	}
}

// TestRolloutIsDestroyedWithoutItsFunctions: a function that is gone stops the
// plan, which says how to destroy the roll-out. A function that is named twice,
// by name and by ARN, moves once, and all_using_layer = false is no choice.
func TestRolloutIsDestroyedWithoutItsFunctions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publishByOther("one")
	if err := w.aws.CreateFunction(region, "items", 0); err != nil {
		t.Fatal(err)
	}
	config := w.config(`
resource "layerbuild_rollout" "r" {
  version_arn     = "` + layerARN + `:1"
  functions       = ["items", "arn:aws:lambda:` + region + `:123456789012:function:items"]
  canary          = { function_name = "123456789012:function:items" }
  all_using_layer = false
}`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{
				Config: config, Check: w.hasLayer(1, "items"),
				ConfigPlanChecks:  resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(rolloutR, at1("function_versions"), knownvalue.MapExact(map[string]knownvalue.Check{"items": knownvalue.Int64Exact(1)}))},
			},
			{
				PreConfig: func() { w.aws.DeleteFunction(region, "items") },
				Config:    config, PlanOnly: true,
				ExpectError: regexp.MustCompile(`(?s)There is no function "items".*aws_lambda_function\.items\.arn.*run the\s+destroy\s+with\s+-refresh=false`),
			},
			{PreConfig: func() { _ = w.aws.CreateFunction(region, "items", 0) }, Config: config},
		},
	})
	if calls := w.aws.Calls("UpdateFunctionConfiguration"); len(calls) != 2 {
		t.Errorf("%d updates, want one for each apply", len(calls))
	}
}

// TestRolloutOfAnotherAccountIsRefused: functions of the same names may exist
// there.
func TestRolloutOfAnotherAccountIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, content := range []string{"one", "two"} {
		w.publishByOther(content)
	}
	if err := w.aws.CreateFunction(region, "items", 0, layerARN+":1"); err != nil {
		t.Fatal(err)
	}
	config := func(version int) string {
		return w.config(`
resource "layerbuild_rollout" "r" {
  version_arn = "%s:%d"
  functions   = ["items"]
}`, layerARN, version)
	}
	theirs := regexp.MustCompile(`access_key\s*=\s*"[^"]*"`).ReplaceAllString(config(2), `access_key = "`+accountB+`"`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config(1), ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(rolloutR, at1("account_id"), knownvalue.StringExact(lambdatest.Account))}},
			{Config: theirs, ExpectError: regexp.MustCompile(`(?s)The state is of another AWS account.*account ` + lambdatest.Account + `.*` + accountB)},
			{Config: config(2), Check: w.hasLayer(2, "items")},
		},
	})
	if calls := w.aws.Calls("UpdateFunctionConfiguration"); len(calls) != 1 {
		t.Errorf("%d updates, want one", len(calls))
	}
}
