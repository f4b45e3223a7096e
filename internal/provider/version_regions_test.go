package provider

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

const (
	second    = "us-east-1"
	third     = "ap-south-1"
	secondARN = "arn:aws:lambda:us-east-1:123456789012:layer:deps"
	thirdARN  = "arn:aws:lambda:ap-south-1:123456789012:layer:deps"
)

// hasRegions checks the numbers of the layer's versions in each region.
func (w *world) hasRegions(want map[string][]int64) resource.TestCheckFunc {
	return func(*terraformState) error {
		for name, numbers := range want {
			var got []int64
			for _, v := range w.aws.Live(name, "deps") {
				got = append(got, v.Number)
			}
			if !slices.Equal(got, numbers) {
				return fmt.Errorf("AWS has versions %v in %s, want %v", got, name, numbers)
			}
		}
		return nil
	}
}

// arnsAre checks the map of ARNs.
func arnsAre(want map[string]string) statecheck.StateCheck {
	checks := map[string]knownvalue.Check{}
	for name, arn := range want {
		checks[name] = knownvalue.StringExact(arn)
	}
	return statecheck.ExpectKnownValue(versionA, at1("arns"), knownvalue.MapExact(checks))
}

func replica(name, attribute string) tfjsonpath.Path {
	return at1("replicas").AtMapKey(name).AtMapKey(attribute)
}

// removeIn deletes a version of the layer in a region behind Terraform's back.
func (w *world) removeIn(name string, number int) {
	w.Helper()
	request, err := http.NewRequestWithContext(w.Context(), http.MethodDelete, fmt.Sprintf("%s/2018-10-31/layers/deps/versions/%d", w.aws.URL(), number), nil)
	if err != nil {
		w.Fatal(err)
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261123/"+name+"/lambda/aws4_request, SignedHeaders=host, Signature=00")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusNoContent {
		w.Fatalf("deleting version %d in %s: %s, %v", number, name, response.Status, err)
	}
}

// publishesIn counts the publish calls of each region, and forgets them.
func (w *world) publishesIn(name string) int {
	n := 0
	for _, c := range w.aws.Calls("PublishLayerVersion") {
		if c.Region == name {
			n++
		}
	}
	return n
}

// TestVersionInTwoRegions publishes in two regions, adds a third and drops one.
func TestVersionInTwoRegions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hash := func(path tfjsonpath.Path) plancheck.PlanCheck {
		return plancheck.ExpectKnownValue(versionA, path, knownvalue.StringRegexp(regexp.MustCompile(`^.{43}=$`)))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{
				// The region of the resource, named twice, is one region.
				Config: w.publishing("idna", `regions = ["us-east-1", "us-east-1", "eu-west-1"]`),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						hash(at1("code_sha256")), hash(replica(second, "code_sha256")),
						plancheck.ExpectKnownValue(versionA, at1("replicas"), knownvalue.MapSizeExact(1)),
						plancheck.ExpectUnknownValue(versionA, at1("arns").AtMapKey(second)),
						plancheck.ExpectUnknownValue(versionA, at1("arns").AtMapKey(region)),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: []statecheck.StateCheck{
					arnsAre(map[string]string{region: layerARN + ":1", second: secondARN + ":1"}),
					statecheck.ExpectKnownValue(versionA, replica(second, "version"), knownvalue.Int64Exact(1)),
					statecheck.ExpectKnownValue(versionA, replica(second, "retained_versions"), knownvalue.ListSizeExact(0)),
				},
				Check: w.hasRegions(map[string][]int64{region: {1}, second: {1}}),
			},
			{
				// A region more: the others are left alone.
				Config: w.publishing("idna", `regions = ["us-east-1", "ap-south-1"]`),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(versionA, plancheck.ResourceActionUpdate),
						plancheck.ExpectKnownValue(versionA, at1("arn"), knownvalue.StringExact(layerARN+":1")),
						plancheck.ExpectKnownValue(versionA, at1("arns").AtMapKey(second), knownvalue.StringExact(secondARN+":1")),
						plancheck.ExpectUnknownValue(versionA, at1("arns").AtMapKey(third)),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: []statecheck.StateCheck{arnsAre(map[string]string{region: layerARN + ":1", second: secondARN + ":1", third: thirdARN + ":1"})},
				Check:             w.hasRegions(map[string][]int64{region: {1}, second: {1}, third: {1}}),
			},
			{
				// A new description alone is a new version everywhere.
				Config:           w.publishing("idna", "description = \"two\"\n  regions = [\"us-east-1\", \"ap-south-1\"]"),
				ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{
					arnsAre(map[string]string{region: layerARN + ":2", second: secondARN + ":2", third: thirdARN + ":2"}),
					statecheck.ExpectKnownValue(versionA, replica(third, "retained_versions"), knownvalue.ListExact([]knownvalue.Check{knownvalue.Int64Exact(1)})),
				},
			},
			{
				// A region less: what was published there goes, but for what is used.
				PreConfig: func() {
					if err := w.aws.CreateFunction(second, "resize", 0, secondARN+":1"); err != nil {
						w.Fatal(err)
					}
				},
				Config:            w.publishing("idna", "description = \"two\"\n  regions = [\"ap-south-1\"]"),
				ConfigPlanChecks:  action(plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{arnsAre(map[string]string{region: layerARN + ":2", third: thirdARN + ":2"})},
				Check:             w.hasRegions(map[string][]int64{region: {1, 2}, second: {1}, third: {1, 2}}),
			},
			{
				Config:            w.publishing("idna", `description = "two"`),
				ConfigPlanChecks:  action(plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(versionA, at1("replicas"), knownvalue.MapSizeExact(0))},
				Check:             w.hasRegions(map[string][]int64{region: {1, 2}, third: nil}),
			},
		},
		CheckDestroy: w.hasRegions(map[string][]int64{region: nil, second: {1}, third: nil}),
	})
}

// denied is a refusal of one call in a region.
func denied(operation, name string, times int) lambdatest.Fault {
	return lambdatest.Fault{
		Operation: operation, Region: name, Times: times,
		Status: http.StatusForbidden, ErrorType: "AccessDeniedException", Message: "not authorized to perform this",
	}
}

// TestRegionFails has a region refuse an update: the others are published and
// kept in the state, and the next apply makes up for the one.
func TestRegionFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const regions = "\n  regions = [\"us-east-1\", \"ap-south-1\"]"
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.publishing("idna", `description = "one"`+regions)},
			{
				PreConfig:   func() { w.aws.Inject(denied("PublishLayerVersion", second, 0)) },
				Config:      w.publishing("idna", `description = "two"`+regions),
				ExpectError: sentenceLike(`us-east-1: A permission is missing: lambda:PublishLayerVersion`),
			},
			{
				Config: w.publishing("idna", `description = "two"`+regions),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						plancheck.ExpectKnownValue(versionA, at1("arn"), knownvalue.StringExact(layerARN+":2")),
						plancheck.ExpectKnownValue(versionA, at1("arns").AtMapKey(third), knownvalue.StringExact(thirdARN+":2")),
						plancheck.ExpectUnknownValue(versionA, at1("arns").AtMapKey(second)),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: []statecheck.StateCheck{
					arnsAre(map[string]string{region: layerARN + ":2", second: secondARN + ":2", third: thirdARN + ":2"}),
					statecheck.ExpectKnownValue(versionA, replica(second, "retained_versions"), knownvalue.ListExact([]knownvalue.Check{knownvalue.Int64Exact(1)})),
				},
				Check: func(s *terraformState) error {
					if got := w.publishesIn(third); got != 2 {
						return fmt.Errorf("%s was published to %d times, want twice", third, got)
					}
					return w.hasRegions(map[string][]int64{region: {1, 2}, second: {1, 2}, third: {1, 2}})(s)
				},
			},
		},
		CheckDestroy: w.hasRegions(map[string][]int64{region: nil, second: nil, third: nil}),
	})
}

// TestRegionsArePublishedAtOnce has every publish wait for all of them: none ends
// before the last one begins.
func TestRegionsArePublishedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var begun atomic.Int64
	var alone atomic.Bool
	all := make(chan struct{})
	w.aws.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", Times: -1, Do: func() {
		if begun.Add(1) == 3 {
			close(all)
		}
		select {
		case <-all:
		case <-time.After(time.Minute):
			alone.Store(true)
		}
	}})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config: w.publishing("idna", `regions = ["us-east-1", "ap-south-1"]`),
			Check: func(*terraformState) error {
				calls := w.aws.Calls("PublishLayerVersion")
				if len(calls) != 3 {
					return fmt.Errorf("published %d times, want 3", len(calls))
				}
				if alone.Load() {
					return errors.New("a publish waited for the others for a minute")
				}
				return nil
			},
		}},
	})
}

// TestEveryRegionHasItsBucket stages in a bucket of each region.
func TestEveryRegionHasItsBucket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{region, second} {
		w.aws.CreateBucket(name, "artifacts-"+name, true)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config:           w.publishing("idna", "regions = [\"us-east-1\"]\n  s3 = { bucket = \"artifacts-{region}\", storage_mode = \"REFERENCE\" }"),
			ConfigPlanChecks: action(plancheck.ResourceActionCreate),
			Check: func(s *terraformState) error {
				puts := map[string]int{}
				for _, c := range w.aws.Calls("PutObject") {
					bucket, _, _ := strings.Cut(strings.TrimPrefix(c.Path, "/"), "/")
					puts[c.Region+" "+bucket]++
				}
				if puts["eu-west-1 artifacts-eu-west-1"] != 1 || puts["us-east-1 artifacts-us-east-1"] != 1 || len(puts) != 2 {
					return fmt.Errorf("objects were put: %v", puts)
				}
				return w.hasRegions(map[string][]int64{region: {1}, second: {1}})(s)
			},
		}},
	})
}

// TestReplicaGoneOutsideComesBack deletes a version in a further region behind
// Terraform's back: that region alone is published to.
func TestReplicaGoneOutsideComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := w.publishing("idna", `regions = ["us-east-1"]`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig: func() { w.removeIn(second, 1) },
				Config:    config,
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(versionA, plancheck.ResourceActionUpdate),
						plancheck.ExpectKnownValue(versionA, at1("arn"), knownvalue.StringExact(layerARN+":1")),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(versionA, replica(second, "version"), knownvalue.Int64Exact(2)),
					statecheck.ExpectKnownValue(versionA, replica(second, "retained_versions"), knownvalue.ListSizeExact(0)),
				},
				Check: w.hasRegions(map[string][]int64{region: {1}, second: {2}}),
			},
		},
		CheckDestroy: w.hasRegions(map[string][]int64{region: nil, second: nil}),
	})
}

// TestRegionsBesideThatOfTheProfile does not know at plan which region is the
// resource's own, and is told it again as a further one.
func TestRegionsBesideThatOfTheProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := w.write("aws.config", "[default]\nregion = eu-west-1\n")
	config := strings.Replace(w.publishing("idna", `regions = ["us-east-1", "eu-west-1"]`),
		`region     = "eu-west-1"`, fmt.Sprintf("shared_config_files = [%q]", file), 1)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config: config,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{
					plancheck.ExpectUnknownValue(versionA, at1("region")), plancheck.ExpectUnknownValue(versionA, at1("arns")),
				},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			ConfigStateChecks: []statecheck.StateCheck{arnsAre(map[string]string{region: layerARN + ":1", second: secondARN + ":1"})},
			Check:             w.hasRegions(map[string][]int64{region: {1}, second: {1}}),
		}},
		CheckDestroy: w.hasRegions(map[string][]int64{region: nil, second: nil}),
	})
}

// TestImportedVersionGetsRegions imports the version of one region and names a
// second one, which has an equal version already: that is taken over and left
// alone by the destroy.
func TestImportedVersionGetsRegions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	both := w.publishing("idna", `regions = ["us-east-1"]`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: both},
			{Config: strings.Split(both, "resource \"layerbuild_version\"")[0] + "removed {\n  from = layerbuild_version.v\n  lifecycle {\n    destroy = false\n  }\n}"},
			{ResourceName: versionA, ImportState: true, ImportStatePersist: true, ImportStateId: layerARN + ":1", Config: both},
			{
				Config: both,
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(versionA, plancheck.ResourceActionUpdate),
						plancheck.ExpectKnownValue(versionA, at1("arn"), knownvalue.StringExact(layerARN+":1")),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: []statecheck.StateCheck{arnsAre(map[string]string{region: layerARN + ":1", second: secondARN + ":1"})},
			},
		},
		CheckDestroy: w.hasRegions(map[string][]int64{region: nil, second: {1}}),
	})
}

// TestRegionsSettle has regions that are known only after apply, and one that
// AWS does not have.
func TestRegionsSettle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{
				Config: w.publishing("idna", "regions = toset([terraform_data.r.output])") + `
resource "terraform_data" "r" {
  input = "us-east-1"
}`,
				ConfigPlanChecks:  expectEmpty(),
				ConfigStateChecks: []statecheck.StateCheck{arnsAre(map[string]string{region: layerARN + ":1", second: secondARN + ":1"})},
			},
			{Config: w.publishing("idna", `regions = ["us-east-1"]`), ConfigPlanChecks: expectEmpty()},
			{Config: w.publishing("idna", `regions = ["us-esat-1"]`), ExpectError: sentenceLike(`Unknown region "us-esat-1"`)},
		},
	})
}
