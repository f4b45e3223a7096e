package provider

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// retaining returns a configuration of a version with the content; more is HCL
// for it.
func (w *world) retaining(content, more string) string {
	file := w.write(content+".zip", zipOf(w, "python/m.py", content))
	return w.config(`
resource "layerbuild_version" "v" {
  layer_name          = "deps"
  filename            = %q
  compatible_runtimes = ["python3.12"]
  %s
}`, file, more)
}

// publishByOther makes a version of layer deps that no resource knows.
func (w *world) publishByOther(content string) {
	w.Helper()
	body, err := json.Marshal(map[string]any{"Content": map[string]string{"ZipFile": base64.StdEncoding.EncodeToString([]byte(zipOf(w, "python/m.py", content)))}})
	if err != nil {
		w.Fatal(err)
	}
	request, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.aws.URL()+"/2018-10-31/layers/deps/versions", bytes.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261123/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=00")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusCreated {
		w.Fatalf("publishing: %s, %v", response.Status, err)
	}
}

// calendar is a clock that a test turns.
type calendar struct{ atomic.Int64 }

func (c *calendar) now() time.Time {
	return time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC).Add(time.Duration(c.Load()))
}

func (c *calendar) set(days int64) { c.Store(days * int64(24*time.Hour)) }

func numbersAre(numbers ...int64) knownvalue.Check {
	checks := []knownvalue.Check{}
	for _, n := range numbers {
		checks = append(checks, knownvalue.Int64Exact(n))
	}
	return knownvalue.ListExact(checks)
}

// goes is a change of the version that retires the numbers, as its plan says,
// and keeps those of kept beside the current one.
func (w *world) goes(content, more string, retiring, kept, live []int64) resource.TestStep {
	return resource.TestStep{
		Config: w.retaining(content, more),
		ConfigPlanChecks: resource.ConfigPlanChecks{
			PreApply:             []plancheck.PlanCheck{plancheck.ExpectKnownValue(versionA, at1("retiring_versions"), numbersAre(retiring...))},
			PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
		},
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue(versionA, at1("retiring_versions"), numbersAre(retiring...)),
			statecheck.ExpectKnownValue(versionA, at1("retained_versions"), numbersAre(kept...)),
		},
		Check: w.hasVersions(live...),
	}
}

func (w *world) uses(function string, version int) {
	w.Helper()
	arn := fmt.Sprintf("%s:%d", layerARN, version)
	if w.aws.SetLayers(region, function, arn) {
		return
	}
	if err := w.aws.CreateFunction(region, function, 0, arn); err != nil {
		w.Fatal(err)
	}
}

func before(do func(), step resource.TestStep) resource.TestStep {
	step.PreConfig = do
	return step
}

func these(numbers ...int64) []int64 { return numbers }

func TestRetentionKeepsTheLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const two = `retention = { keep_last = 2 }`
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			w.goes("a", two, nil, nil, these(1)),
			w.goes("b", two, nil, these(1), these(1, 2)),
			w.goes("c", two, these(1), these(2), these(2, 3)),
			// A function keeps its version, and the plan still names it.
			before(func() { w.uses("resize", 3) }, w.goes("d", two, these(2), these(3), these(3, 4))),
			w.goes("e", two, these(3), these(3, 4), these(3, 4, 5)),
			before(func() { w.uses("resize", 5) }, w.goes("f", two, these(3, 4), these(5), these(5, 6))),
		},
		CheckDestroy: w.hasVersions(5), // the function has it
	})
}

// TestRetentionByAge moves the clock on between the plan and the apply as well:
// what is planned is what goes.
func TestRetentionByAge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var clock calendar
	w.aws.SetClock(clock.now)
	w.clock = func() time.Time {
		clock.Add(int64(time.Hour)) // for every look at it
		return clock.now()
	}
	wait := func(days int64, step resource.TestStep) resource.TestStep {
		return before(func() { clock.set(days) }, step)
	}
	const month = `retention = { max_age_days = 30 }`
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			wait(0, w.goes("a", month, nil, nil, these(1))),
			wait(20, w.goes("b", month, nil, these(1), these(1, 2))),
			wait(29, w.goes("c", month, nil, these(1, 2), these(1, 2, 3))),
			wait(32, w.goes("d", month, these(1), these(2, 3), these(2, 3, 4))),
			// The current version may be old, and either bound is enough.
			wait(90, w.goes("d", month, these(1), these(2, 3), these(2, 3, 4))),
			wait(95, w.goes("e", `retention = { max_age_days = 60, keep_last = 3 }`, these(2, 3, 4), nil, these(5))),
			wait(96, w.goes("f", `retention = { max_age_days = 60, keep_last = 2 }`, nil, these(5), these(5, 6))),
			wait(97, w.goes("g", `retention = { max_age_days = 60, keep_last = 2 }`, these(5), these(6), these(6, 7))),
		},
		CheckDestroy: w.hasVersions(),
	})
}

// TestRetentionOfTheWholeLayer gives up versions that others published.
func TestRetentionOfTheWholeLayer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, content := range []string{"x", "y"} {
		w.publishByOther(content)
	}
	const published, layer = `retention = { keep_last = 2 }`, `retention = { keep_last = 2, scope = "layer" }`
	unknown := func(step resource.TestStep) resource.TestStep {
		step.ConfigPlanChecks.PreApply = []plancheck.PlanCheck{plancheck.ExpectUnknownValue(versionA, at1("retiring_versions"))}
		return step
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			w.goes("a", published, nil, nil, these(1, 2, 3)),
			w.goes("b", published, nil, these(3), these(1, 2, 3, 4)),
			w.goes("c", published, these(3), these(4), these(1, 2, 4, 5)),
			// AWS is not asked while planning, so the first plan cannot know.
			unknown(w.goes("c", layer, these(1, 2), these(4), these(4, 5))),
			before(func() { w.publishByOther("z") }, w.goes("d", layer, these(4, 5), nil, these(6, 7))),
		},
		CheckDestroy: w.hasVersions(),
	})
}

func TestRetentionAtDestroy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		retention string
		left      []int64
	}{
		"default": {``, these(2)},
		"delete":  {`retention = { on_destroy = "delete" }`, these(2)},
		"retain":  {`retention = { on_destroy = "retain" }`, these(1, 2, 3)},
		"in use":  {`retention = { keep_in_use = false }`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{
					w.goes("a", c.retention, nil, nil, these(1)),
					w.goes("b", c.retention, nil, these(1), these(1, 2)),
					before(func() { w.uses("resize", 2) }, w.goes("c", c.retention, nil, these(1, 2), these(1, 2, 3))),
				},
				CheckDestroy: w.hasVersions(c.left...),
			})
		})
	}
}

// TestRetentionLeavesWhatWasTakenOver: a version that was there before is not
// this resource's.
func TestRetentionLeavesWhatWasTakenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const one = `retention = { keep_last = 1 }`
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			w.goes("a", one, nil, nil, these(1)),
			w.goes("b", one, these(1), nil, these(2)),
			before(func() {
				w.aws.Inject(lambdatest.Fault{Operation: "DeleteLayerVersion", Status: 403, ErrorType: "AccessDeniedException"})
			}, w.goes("c", one, these(2), these(2), these(2, 3))),
			// Version 2 is to go and is taken over instead.
			w.goes("b", one, these(2, 3), nil, these(2)),
		},
		CheckDestroy: w.hasVersions(),
	})
}

// TestRetentionFailsSoftly: a clean-up that is refused does not fail the apply,
// and the next publish tries again.
func TestRetentionFailsSoftly(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"ListFunctions", "DeleteLayerVersion"} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			const one = `retention = { keep_last = 1 }`
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{
					w.goes("a", one, nil, nil, these(1)),
					before(func() {
						w.aws.Inject(lambdatest.Fault{Operation: operation, Status: 403, ErrorType: "AccessDeniedException"})
					}, w.goes("b", one, these(1), these(1), these(1, 2))),
					w.goes("c", one, these(1, 2), nil, these(3)),
				},
			})
		})
	}
}

// TestRetentionWarnsInWords reads what Terraform prints.
func TestRetentionWarnsInWords(t *testing.T) {
	t.Parallel()
	aws := lambdatest.New(t)
	m := newMachine(t, nil)
	apply := func(want int, content string, says ...string) {
		t.Helper()
		m.write("layer.zip", zipOf(t, "python/m.py", content))
		m.write("main.tf", requiredProvider+fmt.Sprintf(`
provider "layerbuild" {
  endpoints {
    lambda = %[1]q
    sts    = %[1]q
  }
}
resource "layerbuild_version" "v" {
  layer_name = "deps"
  filename   = "layer.zip"
  retention  = { keep_last = 1 }
}`, aws.URL()))
		command := []string{"apply", "-auto-approve"}
		if content == "" {
			command[0] = "destroy"
		}
		out := m.terraform(want, command...)
		for _, text := range says {
			if !sentenceLike(regexp.QuoteMeta(text)).MatchString(out) {
				t.Errorf("%s of %q does not say %q:\n%s", command[0], content, text, out)
			}
		}
	}
	apply(0, "a")
	if err := aws.CreateFunction(region, "resize", 1, layerARN+":1"); err != nil {
		t.Fatal(err)
	}
	denied := lambdatest.Fault{Operation: "ListFunctions", Status: 403, ErrorType: "AccessDeniedException", Message: "not authorized"}
	aws.Inject(denied)
	apply(0, "b", `retiring_versions = [`, `Warning: Older versions of layer "deps" stay`, `Without the permission lambda:ListFunctions`, `retention.keep_in_use = false`)
	aws.Inject(denied)
	apply(1, "", `A permission is missing: lambda:ListFunctions`)
	apply(0, "", `Warning: In use and not deleted: version 1 of layer "deps"`, layerARN+":1 is used by resize, resize:1.")
	if live := aws.Live(region, "deps"); len(live) != 1 || live[0].Number != 1 {
		t.Errorf("AWS has %d versions, want version 1 alone", len(live))
	}
}

// TestRetentionAsksNothingNeedlessly: who has nothing to delete lists no
// functions.
func TestRetentionAsksNothingNeedlessly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const retain = `retention = { keep_last = 5, on_destroy = "retain" }`
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			w.goes("a", retain, nil, nil, these(1)),
			w.goes("b", retain, nil, these(1), these(1, 2)),
		},
		CheckDestroy: func(s *terraformState) error {
			if n := len(w.aws.Calls("ListFunctions", "DeleteLayerVersion")); n != 0 {
				return fmt.Errorf("%d calls looked for functions or deleted versions, want none", n)
			}
			return w.hasVersions(1, 2)(s)
		},
	})
}

// TestRetentionOfManySharesOneScan is a run of ten resources at the true pace.
func TestRetentionOfManySharesOneScan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := func(content string) string {
		file := w.write(content+".zip", zipOf(t, "python/m.py", content))
		return w.config(`
resource "layerbuild_version" "v" {
  count               = 10
  layer_name          = "deps-${count.index}"
  filename            = %q
  compatible_runtimes = ["python3.12"]
  retention           = { keep_last = 1 }
}`, file)
	}
	var first int
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config("a")},
			{
				PreConfig: func() {
					for i := range 200 {
						if err := w.aws.CreateFunction(region, fmt.Sprintf("f-%03d", i), 2, "arn:aws:lambda:eu-west-1:123456789012:layer:deps-3:1"); err != nil {
							t.Fatal(err)
						}
					}
					first = len(w.aws.Calls("ListFunctions", "ListLayerVersions", "PublishLayerVersion", "DeleteLayerVersion"))
				},
				Config: config("b"),
				Check: func(*terraformState) error {
					for i := range 10 {
						live := w.aws.Live(region, fmt.Sprintf("deps-%d", i))
						if want := map[bool]int{true: 2, false: 1}[i == 3]; len(live) != want {
							return fmt.Errorf("layer %d has %d versions, want %d", i, len(live), want)
						}
					}
					return nil
				},
			},
		},
	})
	scans := 0
	var calls []lambdatest.Call // of applies: the plans before them are other processes
	for _, c := range w.aws.Calls("ListFunctions", "ListLayerVersions", "PublishLayerVersion", "DeleteLayerVersion")[first:] {
		if calls = append(calls, c); c.Operation == "ListFunctions" {
			scans++
		}
	}
	// Requests leave in step and arrive a little less so; package publish holds
	// the exact rate, on a clock of its own.
	const second = 900 * time.Millisecond
	for i := 15; i < len(calls); i++ {
		if within := calls[i].At.Sub(calls[i-15].At); within < second {
			t.Errorf("calls %d to %d came within %s, want at most 15 a second", i-15, i, within)
		}
	}
	if scans != 24 { // 12 pages for the update, 12 for the destroy
		t.Errorf("%d pages of functions were read, want 24", scans)
	}
}
