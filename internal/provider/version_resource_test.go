package provider

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

const (
	region   = "eu-west-1"
	versionA = "layerbuild_version.v"
	layerARN = "arn:aws:lambda:eu-west-1:123456789012:layer:deps"
)

// publishing returns a configuration of a package and its version. more is
// HCL for the version.
func (w *world) publishing(requirement, more string) string {
	return w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12", "python3.11"]
  output_path = %q
  python      = { requirements = [%q] }
}
resource "layerbuild_version" "v" {
  layer_name = "deps"
  package    = layerbuild_package.p
  %s
}`, filepath.Join(w.dir, "layer.zip"), requirement, more)
}

func action(a plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{
		PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(versionA, a)},
		PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}
}

// hasVersions checks the numbers of the layer's versions in AWS.
func (w *world) hasVersions(want ...int64) resource.TestCheckFunc {
	return func(*terraformState) error {
		var got []int64
		for _, v := range w.aws.Live(region, "deps") {
			got = append(got, v.Number)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("AWS has versions %v, want %v", got, want)
		}
		return nil
	}
}

func TestVersionIsPublishedOnceAndAgainOnChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var planned string
	number := func(n int64) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(versionA, at1("version"), knownvalue.Int64Exact(n))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{
				Config: w.publishing("idna", `description = "one"`),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						plancheck.ExpectKnownValue(versionA, at1("code_sha256"), knownvalue.StringFunc(func(got string) error { planned = got; return nil })),
						plancheck.ExpectUnknownValue(versionA, at1("version")),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(versionA, at1("arn"), knownvalue.StringExact(layerARN+":1")),
					statecheck.ExpectKnownValue(versionA, at1("layer_arn"), knownvalue.StringExact(layerARN)),
					statecheck.ExpectKnownValue(versionA, at1("region"), knownvalue.StringExact(region)),
					statecheck.ExpectKnownValue(versionA, at1("compatible_runtimes"), knownvalue.SetExact([]knownvalue.Check{
						knownvalue.StringExact("python3.11"), knownvalue.StringExact("python3.12"),
					})),
					statecheck.ExpectKnownValue(versionA, at1("compatible_architectures"), knownvalue.SetExact([]knownvalue.Check{knownvalue.StringExact("x86_64")})),
					number(1),
				},
				Check: func(s *terraformState) error {
					live := w.aws.Live(region, "deps")
					if len(live) != 1 || live[0].CodeSHA256 != planned || live[0].Description != "one" {
						return fmt.Errorf("AWS has %+v, planned was %s", live, planned)
					}
					return nil
				},
			},
			{
				Config: w.publishing("idna", `description = "two"`), ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{
					number(2),
					statecheck.ExpectKnownValue(versionA, at1("retained_versions"), knownvalue.ListExact([]knownvalue.Check{knownvalue.Int64Exact(1)})),
				},
				Check: w.hasVersions(1, 2),
			},
			{
				Config: w.publishing("idna==3.6", `description = "two"`), ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{number(3)}, Check: w.hasVersions(1, 2, 3),
			},
			{
				ResourceName: versionA, ImportState: true, ImportStateId: layerARN + ":3",
				ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "arn",
				ImportStateVerifyIgnore: []string{"package", "published_versions", "retained_versions", "changes"},
			},
		},
		CheckDestroy: w.hasVersions(),
	})
}

// TestVersionOfAnyZip publishes a zip that no package made.
func TestVersionOfAnyZip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := zipOf(t, "python/a.py", "A = 1\n"), zipOf(t, "python/a.py", "A = 2\n")
	file := w.write("own.zip", first)
	config := func(hash string) string {
		return w.config(`
resource "layerbuild_version" "v" {
  layer_name          = "deps"
  filename            = %q
  compatible_runtimes = ["python3.12"]
  %s
}`, file, hash)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config(""), ConfigPlanChecks: action(plancheck.ResourceActionCreate), Check: w.hasVersions(1)},
			{
				PreConfig: func() { w.write("own.zip", second) },
				Config:    config(""), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: w.hasVersions(1, 2),
			},
			{
				Config:      config(fmt.Sprintf("source_code_hash = %q", hashOf("other bytes"))),
				ExpectError: regexp.MustCompile(`The hash is that of another file`),
			},
			{
				// Bytes that AWS has already are taken over, not published again.
				PreConfig: func() { w.write("own.zip", first) },
				Config:    config(fmt.Sprintf("source_code_hash = %q", hashOf(first))),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(versionA, at1("version"), knownvalue.Int64Exact(1)),
					statecheck.ExpectKnownValue(versionA, at1("retained_versions"), knownvalue.ListExact([]knownvalue.Check{knownvalue.Int64Exact(2)})),
				},
				ConfigPlanChecks: expectEmpty(), Check: w.hasVersions(1, 2),
			},
		},
	})
}

// TestVersionIsImported shows that an import is followed by an empty plan, and
// that a later change starts from the package.
func TestVersionIsImported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config: w.publishing("idna", ""),
		}, {
			// Forget the version without destroying it.
			Config: strings.Split(w.publishing("idna", ""), "resource \"layerbuild_version\"")[0] + `
removed {
  from = layerbuild_version.v
  lifecycle {
    destroy = false
  }
}`,
		}, {
			ResourceName: versionA, ImportState: true, ImportStatePersist: true, ImportStateId: layerARN + ":1",
			Config: w.publishing("idna", ""),
		}, {
			Config:           w.publishing("idna", ""),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(versionA, plancheck.ResourceActionNoop)}},
		}, {
			Config: w.publishing("idna", `description = "two"`), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: w.hasVersions(1, 2),
		}},
	})
}

// TestVersionGoneOutsideComesBack deletes the version behind Terraform's back.
func TestVersionGoneOutsideComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.publishing("idna", "")},
			{
				PreConfig: func() { w.removeVersion("deps", 1) },
				Config:    w.publishing("idna", ""), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: w.hasVersions(2),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(versionA, at1("retained_versions"), knownvalue.ListSizeExact(0))},
			},
		},
	})
}

// TestVersionSurvivesALostAnswer closes the connection after AWS published.
func TestVersionSurvivesALostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", At: lambdatest.AfterProcessing, Close: true})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.publishing("idna", ""), ConfigPlanChecks: action(plancheck.ResourceActionCreate), Check: w.hasVersions(1)},
		},
	})
}

// TestVersionInUseStays destroys a version that a function has.
func TestVersionInUseStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.publishing("idna==3.6", "")},
			{Config: w.publishing("idna==3.7", ""), Check: func(*terraformState) error {
				return w.aws.CreateFunction(region, "resize", 0, layerARN+":1")
			}},
		},
		CheckDestroy: w.hasVersions(1),
	})
}

// TestVersionRebuildsAMissingZip removes zip and cache between package and
// version.
func TestVersionRebuildsAMissingZip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.publishing("idna", "")},
			{
				PreConfig: func() {
					for _, gone := range []string{filepath.Join(w.dir, "layer.zip"), filepath.Join(w.cache, "v1", "blobs")} {
						if err := os.RemoveAll(gone); err != nil {
							t.Fatal(err)
						}
					}
				},
				Config: w.publishing("idna", `description = "two"`), ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				Check: func(*terraformState) error {
					live := w.aws.Live(region, "deps")
					if len(live) != 2 || live[0].CodeSHA256 != live[1].CodeSHA256 {
						return fmt.Errorf("AWS has %+v", live)
					}
					return nil
				},
			},
		},
	})
}

// TestVersionRefuses holds bad input against the sentence that names it.
func TestVersionRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	large := filepath.Join(w.dir, "large.zip")
	makeSparse(t, large, 50<<20+1)
	f, err := os.OpenFile(large, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("PK\x03\x04"); errors.Join(err, f.Close()) != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ arguments, want string }{
		"layer_name":  {`layer_name = "no spaces"`, `no spaces`},
		"neither":     {`layer_name = "deps"`, `package|filename`},
		"description": {fmt.Sprintf(`layer_name = "deps"; filename = "x.zip"; description = "%0257d"`, 0), `256`},
		"runtime":     {`layer_name = "deps"; filename = "x.zip"; compatible_runtimes = ["python4"]`, `"python4" is not a current Lambda runtime`},
		"too_large":   {fmt.Sprintf(`layer_name = "deps"; filename = %q`, large), `s3 = { bucket =`},
		"short_hash":  {`layer_name = "deps"; filename = "x.zip"; source_code_hash = "short"`, `want a SHA-256 in base64`},
		"no_zip":      {fmt.Sprintf(`layer_name = "deps"; filename = %q`, w.write("text.zip", "text")), `is not a zip`},
		"region":      {`layer_name = "deps"; filename = "x.zip"; region = "eu-wst-2"`, `Unknown region "eu-wst-2"`},
		"null_value":  {`layer_name = "deps"; filename = "x.zip"; compatible_runtimes = [null]`, `null value`},
		"missing":     {`layer_name = "deps"; filename = "absent.zip"`, `absent.zip`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{{
					Config:      w.config("\nresource \"layerbuild_version\" \"v\" {\n  %s\n}", lines(c.arguments)),
					ExpectError: sentenceLike(c.want),
				}},
			})
		})
	}
	t.Cleanup(func() {
		if got := w.aws.Calls("PublishLayerVersion"); len(got) != 0 {
			t.Errorf("published in spite of bad input: %+v", got)
		}
	})
}

// TestVersionPastABucket sends a small zip directly, bucket or not.
func TestVersionPastABucket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.CreateBucket(region, "artifacts", false)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config:           w.publishing("idna", `s3 = { bucket = "artifacts", prefix = "layers/" }`),
			ConfigPlanChecks: action(plancheck.ResourceActionCreate),
			Check: func(*terraformState) error {
				if puts := w.aws.Calls("PutObject", "CreateMultipartUpload"); len(puts) != 0 {
					return fmt.Errorf("objects were put %d times, want never", len(puts))
				}
				return w.hasVersions(1)(nil)
			},
		}},
	})
}

// TestVersionSettles has arguments that AWS gives back in another form, or that
// are known only after apply.
func TestVersionSettles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.CreateBucket(region, "artifacts", false)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{
				Config: w.publishing("idna", "compatible_runtimes = []\n  compatible_architectures = []"),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             []plancheck.PlanCheck{plancheck.ExpectKnownValue(versionA, at1("region"), knownvalue.StringExact(region))},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
			},
			{
				Config: w.publishing("idna", "description = terraform_data.d.output") + `
resource "terraform_data" "d" {
  input = "later"
}`,
				ConfigPlanChecks: expectEmpty(),
			},
			{
				Config: w.publishing("idna", `s3 = terraform_data.u.output == "x" ? null : { bucket = "artifacts" }`) + `
resource "terraform_data" "u" {
  input = "y"
}`,
				ConfigPlanChecks: expectEmpty(),
			},
		},
	})
}

// TestVersionNamesItsRegionAlone has no region but that of the resource.
func TestVersionNamesItsRegionAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := strings.Replace(w.publishing("idna", `region = "eu-west-1"`), `region     = "eu-west-1"`, "", 1)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps:                    []resource.TestStep{{Config: config, Check: w.hasVersions(1), ConfigPlanChecks: expectEmpty()}},
		CheckDestroy:             w.hasVersions(),
	})
}
