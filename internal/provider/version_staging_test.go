package provider

import (
	"archive/zip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// noise writes a zip of more than n bytes that do not compress, and returns its path.
func (w *world) noise(n int64) string {
	w.Helper()
	name := filepath.Join(w.dir, "noise.zip")
	f, err := os.Create(name)
	if err != nil {
		w.Fatal(err)
	}
	z := zip.NewWriter(f)
	member, err := z.CreateHeader(&zip.FileHeader{Name: "python/noise", Method: zip.Store})
	if err != nil {
		w.Fatal(err)
	}
	if _, err := io.CopyN(member, rand.NewChaCha8([32]byte{1}), n); err != nil {
		w.Fatal(err)
	}
	if err := z.Close(); err != nil {
		w.Fatal(err)
	}
	if err := f.Close(); err != nil {
		w.Fatal(err)
	}
	return name
}

// ofFile is a configuration that publishes any zip.
func (w *world) ofFile(name, arguments string) string {
	return w.config(`
resource "layerbuild_version" "v" {
  layer_name = "deps"
  filename   = %q
  %s
}
`, filepath.ToSlash(name), arguments)
}

// emptied checks that nothing is left in a bucket.
func (w *world) emptied(bucket string) error {
	if objects, uploads := len(w.aws.Objects(bucket)), w.aws.Uploads(bucket); objects+uploads > 0 {
		return fmt.Errorf("the bucket %q holds %d objects and the parts of %d uploads, want nothing", bucket, objects, uploads)
	}
	return nil
}

// TestLargeVersionTravelsInParts publishes 51 MB in two regions, each through a
// bucket of its own.
func TestLargeVersionTravelsInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.CreateBucket(region, "artifacts-eu-west-1", true)
	w.aws.CreateBucket(second, "artifacts-us-east-1", false)
	name := w.noise(51 << 20)
	regions := `regions = ["us-east-1"]`
	bucket := `s3 = { bucket = "artifacts-{region}", prefix = "layers/", tags = { team = "x" } }`
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.ofFile(name, ""), ExpectError: regexp.MustCompile(`(?s)too large for a request.*s3 = \{ bucket`)},
			{
				Config:      w.ofFile(name, lines(`s3 = { bucket = "artifacts-eu-west-1" }; `+regions)),
				ExpectError: regexp.MustCompile(`(?s)One bucket for several regions.*us-east-1.*\{region\}`),
			},
			{
				Config:           w.ofFile(name, lines(bucket+"; "+regions)),
				ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
				Check: resource.ComposeTestCheckFunc(
					w.hasRegions(map[string][]int64{region: {1}, second: {1}}),
					func(*terraformState) error {
						if n := len(w.aws.Calls("UploadPart")); n != 8 {
							return fmt.Errorf("%d parts were uploaded, want 4 in each region", n)
						}
						if err := w.emptied("artifacts-eu-west-1"); err != nil {
							return err
						}
						return w.emptied("artifacts-us-east-1")
					},
				),
			},
		},
	})
}

// TestSignedVersion knows at plan what is signed and after apply what came of
// it, publishes nothing again, and anew where the profile is another one.
func TestSignedVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.CreateBucket(region, "artifacts", true)
	w.aws.CreateSigningProfile(region, lambdatest.SigningProfile{Name: "layers"})
	w.aws.CreateSigningProfile(region, lambdatest.SigningProfile{Name: "others"})
	name := zipOf(t, "python/a.py", "A = 1\n")
	file := w.write("layer.zip", name)
	given := base64SHA256(t, file)
	signed := func(profile string) string {
		return w.ofFile(file, lines(`s3 = { bucket = "artifacts" }; signing = { profile_name = "`+profile+`" }`))
	}
	isSigned := []statecheck.StateCheck{
		statecheck.ExpectKnownValue(versionA, at1("unsigned_sha256"), knownvalue.StringExact(given)),
		statecheck.ExpectKnownValue(versionA, at1("code_sha256"), knownvalue.StringFunc(func(s string) error {
			if s == "" || s == given {
				return fmt.Errorf("it is %q, want another hash than the zip's", s)
			}
			return nil
		})),
		statecheck.ExpectKnownValue(versionA, at1("signing_job_arn"), knownvalue.StringRegexp(regexp.MustCompile(`^arn:aws:signer:eu-west-1:123456789012:/signing-jobs/`))),
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.ofFile(file, `signing = { profile_name = "layers" }`), ExpectError: regexp.MustCompile(`(?s)s3`)},
			{
				Config: signed("layers"),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						plancheck.ExpectKnownValue(versionA, at1("unsigned_sha256"), knownvalue.StringExact(given)),
						plancheck.ExpectUnknownValue(versionA, at1("code_sha256")),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: isSigned,
				Check: func(*terraformState) error {
					if err := w.emptied("artifacts"); err != nil {
						return err
					}
					return w.hasVersions(1)(nil)
				},
			},
			{Config: signed("others"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), ConfigStateChecks: isSigned, Check: w.hasVersions(1, 2)},
			{
				Config: w.ofFile(file, ""), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: w.hasVersions(1, 2, 3),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(versionA, at1("code_sha256"), knownvalue.StringExact(given)),
					statecheck.ExpectKnownValue(versionA, at1("unsigned_sha256"), knownvalue.Null()),
					statecheck.ExpectKnownValue(versionA, at1("signing_job_arn"), knownvalue.Null()),
				},
			},
		},
	})
}

// TestImportOfASignedVersion finds what was signed by the signing job: with the
// same content no version is made.
func TestImportOfASignedVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.CreateBucket(region, "artifacts", true)
	w.aws.CreateSigningProfile(region, lambdatest.SigningProfile{Name: "layers"})
	arguments := lines(`s3 = { bucket = "artifacts" }; signing = { profile_name = "layers" }`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.publishing("idna", arguments), Check: w.hasVersions(1)},
			{Config: w.forgotten("idna"), Check: w.hasVersions(1)},
			{
				Config: w.publishing("idna", arguments) + importing(layerARN+":1"),
				// s3 is not known to AWS, so the state gets it.
				ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: w.hasVersions(1),
			},
		},
	})
}

// TestVersionByReference warns where the bucket keeps Lambda out, and refuses a
// bucket without versions.
func TestVersionByReference(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.CreateBucket(region, "plain", false)
	w.aws.CreateBucket(region, "kept", true)
	by := func(bucket string) string {
		return w.publishing("idna", `s3 = { bucket = "`+bucket+`", storage_mode = "REFERENCE" }`)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: by("plain"), ExpectError: regexp.MustCompile(`(?s)not versioned.*switch versioning\s+on`)},
			{Config: by("kept"), ConfigPlanChecks: planned(plancheck.ResourceActionCreate), Check: func(*terraformState) error {
				if n := len(w.aws.Objects("kept")); n != 1 {
					return fmt.Errorf("the bucket holds %d objects, want 1", n)
				}
				return w.hasVersions(1)(nil)
			}},
		},
	})
}
