package provider

import (
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

const objectA = "layerbuild_object.o"

// stored is a package and its object, with further arguments.
func (w *world) stored(requirement, arguments string) string {
	return w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  python      = { requirements = [%q] }
}
resource "layerbuild_object" "o" {
  package = layerbuild_package.p
  %s
}`, filepath.Join(w.dir, "layer.zip"), requirement, lines(arguments))
}

// keeps checks what a bucket has: for each object, in the order of the puts, its
// key and the version of idna in it.
func (w *world) keeps(bucket string, want ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		var got []string
		for _, o := range w.aws.Objects(bucket) {
			version := "unknown bytes"
			for _, v := range []string{"3.6", "3.7"} {
				if strings.Contains(string(o.Body), "idna-"+v+".dist-info/") {
					version = v
				}
			}
			got = append(got, o.Key+" "+version)
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("the bucket holds %q, want %q", got, want)
		}
		return nil
	}
}

// hashed names a key by the digest in it, which is hexadecimal.
var hashed = regexp.MustCompile(`^layers/[0-9a-f]{64}\.zip$`)

// TestObjectFollowsItsPackage changes the package and the arguments: a plan
// knows key and hash, an apply leaves nothing to do, older objects go as
// keep_last says, and a destroy leaves nothing.
func TestObjectFollowsItsPackage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		versioned bool
		where     string
		key       string                   // of both objects, "" where it is their digest
		held      func(after int) []string // what the bucket holds after each step
	}{
		"by content": {false, `prefix = "layers/"`, "", nil},
		"a fixed key": {false, `key = "deps.zip"`, "deps.zip", func(after int) []string {
			return [][]string{{"deps.zip 3.6"}, {"deps.zip 3.7"}, {"deps.zip 3.7"}, {"deps.zip 3.7"}}[after]
		}},
		"a fixed key with versions": {true, `key = "deps.zip"`, "deps.zip", func(after int) []string {
			return [][]string{{"deps.zip 3.6"}, {"deps.zip 3.6", "deps.zip 3.7"}, {"deps.zip 3.6", "deps.zip 3.7", "deps.zip 3.7"}, {"deps.zip 3.7"}}[after]
		}},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.aws.CreateBucket(region, "artifacts", c.versioned)
			key := knownvalue.StringRegexp(hashed)
			if c.key != "" {
				key = knownvalue.StringRegexp(regexp.MustCompile("^" + regexp.QuoteMeta(c.key) + "$"))
			}
			step := func(n int, requirement, more string, action plancheck.ResourceActionType) resource.TestStep {
				checks := expectActions(map[string]plancheck.ResourceActionType{objectA: action})
				checks.PreApply = append(checks.PreApply, plancheck.ExpectKnownValue(objectA, at1("key"), key),
					plancheck.ExpectKnownValue(objectA, at1("source_code_hash"), knownvalue.StringRegexp(regexp.MustCompile(`^[A-Za-z0-9+/]{43}=$`))))
				s := resource.TestStep{Config: w.stored(requirement, `bucket = "artifacts"; `+c.where+more), ConfigPlanChecks: checks}
				if c.held != nil {
					s.Check = w.keeps("artifacts", c.held(n)...)
				}
				return s
			}
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{
					step(0, "idna==3.6", "", plancheck.ResourceActionCreate),
					step(1, "idna==3.7", "", plancheck.ResourceActionUpdate),
					step(2, "idna==3.7", `; tags = { team = "a" }`, plancheck.ResourceActionUpdate),
					step(3, "idna==3.7", `; tags = { team = "a" }; keep_last = 1`, plancheck.ResourceActionUpdate),
				},
				CheckDestroy: w.keeps("artifacts"),
			})
		})
	}
}

// TestObjectShowsWhatGoes lowers keep_last together with a change: the plan
// names the objects that the apply deletes.
func TestObjectShowsWhatGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.CreateBucket(region, "artifacts", true)
	goes := func(n int) plancheck.PlanCheck {
		return plancheck.ExpectKnownValue(objectA, at1("retiring_objects"), knownvalue.ListSizeExact(n))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.stored("idna==3.6", `bucket = "artifacts"; keep_last = 2`), ConfigPlanChecks: expectEmpty()},
			{
				Config:           w.stored("idna==3.7", `bucket = "artifacts"; keep_last = 2`),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{goes(0)}, PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				Check:            func(*terraform.State) error { return sizeOf(w, "artifacts", 2) },
			},
			{
				Config:           w.stored("idna==3.7", `bucket = "artifacts"; keep_last = 1; storage_class = "STANDARD_IA"`),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{goes(2)}, PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				Check:            func(*terraform.State) error { return sizeOf(w, "artifacts", 1) },
			},
		},
		CheckDestroy: w.keeps("artifacts"),
	})
}

func sizeOf(w *world, bucket string, want int) error {
	if got := w.aws.Objects(bucket); len(got) != want {
		return fmt.Errorf("the bucket holds %d objects, want %d", len(got), want)
	}
	return nil
}

// TestObjectSeesDrift deletes, replaces and archives the object outside of
// Terraform: the plan says so, and one apply mends it.
func TestObjectSeesDrift(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		versioned bool
		drift     func(*world)
		held      []string
	}{
		"deleted":               {false, func(w *world) { w.aws.DeleteObject("artifacts", "deps.zip") }, []string{"deps.zip 3.7"}},
		"replaced":              {false, func(w *world) { w.aws.PutObject("artifacts", "deps.zip", []byte("theirs")) }, []string{"deps.zip 3.7"}},
		"archived":              {false, func(w *world) { w.aws.SetStorageClass("artifacts", "GLACIER") }, []string{"deps.zip 3.7"}},
		"deleted with versions": {true, func(w *world) { w.aws.DeleteObject("artifacts", "deps.zip") }, []string{"deps.zip 3.7"}},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.aws.CreateBucket(region, "artifacts", c.versioned)
			config := w.stored("idna==3.7", `bucket = "artifacts"; key = "deps.zip"`)
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{
					{Config: config, ConfigPlanChecks: expectEmpty()},
					{
						PreConfig:        func() { c.drift(w) },
						Config:           config,
						ConfigPlanChecks: expectActions(map[string]plancheck.ResourceActionType{objectA: plancheck.ResourceActionUpdate, "layerbuild_package.p": plancheck.ResourceActionNoop}),
						Check:            w.keeps("artifacts", c.held...),
					},
				},
				CheckDestroy: w.keeps("artifacts"),
			})
		})
	}
}

// TestObjectTakesOverWhatIsThere leaves an object to whoever put it, after a
// destroy too, and deletes one that was imported.
func TestObjectTakesOverWhatIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.CreateBucket(region, "artifacts", false)
	config := w.stored("idna==3.7", `bucket = "artifacts"; key = "deps.zip"`)
	second := strings.ReplaceAll(w.stored("idna==3.7", `bucket = "artifacts"; key = "deps.zip"`), `"layerbuild_object" "o"`, `"layerbuild_object" "second"`)
	adopted := func(address string, want bool) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(address, at1("adopted"), knownvalue.Bool(want))
	}
	both := config + "\n" + second[strings.Index(second, `resource "layerbuild_object"`):]
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config, ConfigPlanChecks: expectEmpty(), ConfigStateChecks: []statecheck.StateCheck{adopted(objectA, false)}},
			{Config: both, ConfigPlanChecks: expectEmpty(), ConfigStateChecks: []statecheck.StateCheck{adopted(objectA, false), adopted("layerbuild_object.second", true)}},
			{Config: config, ConfigPlanChecks: expectEmpty(), Check: w.keeps("artifacts", "deps.zip 3.7")},
			{ResourceName: objectA, ImportState: true, ImportStateId: "s3://artifacts/absent.zip", ExpectError: sentenceLike(`S3 has no s3://artifacts/absent.zip`)},
			{ResourceName: objectA, ImportState: true, ImportStateId: "artifacts", ExpectError: sentenceLike(`"artifacts" is not an address of an object`)},
			{
				ResourceName: objectA, ImportState: true, ImportStateId: "s3://artifacts/deps.zip", ImportStateVerify: true,
				ImportStateVerifyIgnore: []string{"package"},
			},
		},
		CheckDestroy: w.keeps("artifacts"),
	})
}

// TestObjectImportIsFollowedByAnEmptyPlan takes over an object that a script has
// put.
func TestObjectImportIsFollowedByAnEmptyPlan(t *testing.T) {
	t.Parallel()
	index, aws := indextest.New(t, universe), lambdatest.New(t)
	aws.CreateBucket(region, "artifacts", true)
	m := newMachine(t, nil).uses("PIP_INDEX_URL=" + index.URL())
	m.write("main.tf", objectPipeline(aws.URL(), "idna", `bucket = "artifacts"`))
	m.terraform(0, "apply", "-auto-approve")
	key := strings.TrimSpace(m.terraform(0, "output", "-raw", "key"))
	m.terraform(0, "state", "rm", "layerbuild_object.deps")
	m.terraform(0, "import", "layerbuild_object.deps", "s3://artifacts/"+key)
	m.terraform(0, "plan", "-detailed-exitcode")
	m.terraform(0, "destroy", "-auto-approve")
	if left := aws.Objects("artifacts"); len(left) != 0 {
		t.Errorf("a destroy after the import leaves %d objects", len(left))
	}
}

// objectPipeline is a package and its object, in AWS at url.
func objectPipeline(url, requirement, arguments string) string {
	return requiredProvider + fmt.Sprintf(`
provider "layerbuild" {
  s3_use_path_style = true
  endpoints {
    lambda = %[1]q
    s3     = %[1]q
    sts    = %[1]q
  }
}
resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  kind     = "function"
  python   = { requirements = [%[2]q] }
  files    = [{ content = "def handler(e, c): return 1", target = "app.py" }]
}
resource "layerbuild_object" "deps" {
  package = layerbuild_package.deps
  %[3]s
}
output "key" { value = layerbuild_object.deps.key }
`, url, requirement, lines(arguments))
}

// TestObjectOnAnyMachine plans on one machine, applies on another and plans on a
// third: the object has the planned bytes, also where the package is unchanged
// and not called at all.
func TestObjectOnAnyMachine(t *testing.T) {
	t.Parallel()
	index, aws := indextest.New(t, universe), lambdatest.New(t)
	aws.CreateBucket(region, "artifacts", true)
	served := "PIP_INDEX_URL=" + index.URL()
	planner := newMachine(t, nil).uses(served)
	planner.write("main.tf", objectPipeline(aws.URL(), "idna", `bucket = "artifacts"`))
	planner.terraform(0, "plan", "-out=saved.tfplan")
	hash := planner.planned("saved.tfplan", "layerbuild_object.deps", "source_code_hash")

	applier := newMachine(t, planner).uses(served)
	applier.terraform(0, "apply", "saved.tfplan")
	held := func(n int) {
		t.Helper()
		there := aws.Objects("artifacts")
		if len(there) != n || hashOf(string(there[n-1].Body)) != hash {
			t.Fatalf("the bucket holds %d objects, want %d of %s", len(there), n, hash)
		}
	}
	held(1)
	// The zip of a function is put back at plan, by the cache or by fetching.
	idle := newMachine(t, applier).uses(served)
	idle.terraform(0, "plan", "-detailed-exitcode")

	editor := newMachine(t, applier).uses(served)
	editor.write("main.tf", objectPipeline(aws.URL(), "idna", `bucket = "artifacts"; tags = { team = "a" }`))
	editor.terraform(0, "plan", "-out=second.tfplan")
	publisher := newMachine(t, editor).uses(served)
	publisher.terraform(0, "apply", "second.tfplan")
	held(2)
	last := newMachine(t, publisher).uses(served)
	last.terraform(0, "plan", "-detailed-exitcode")
	last.terraform(0, "destroy", "-auto-approve")
	if left := aws.Objects("artifacts"); len(left) != 0 {
		t.Errorf("a destroy leaves %d objects", len(left))
	}
}

// TestObjectRefuses names what is wrong, at plan where it can be known.
func TestObjectRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.CreateBucket(region, "artifacts", false)
	w.aws.CreateBucket("us-east-1", "elsewhere", false)
	w.aws.PutObject("artifacts", "taken.zip", []byte("theirs"))
	for name, c := range map[string]struct{ arguments, want string }{
		"missing bucket":   {`bucket = "absent"`, `(?s)Bucket names "absent", which does not exist.*aws_s3_bucket.artifacts.id`},
		"another region":   {`bucket = "elsewhere"`, `Bucket names "elsewhere", which is in us-east-1, and not in eu-west-1: write region = "us-east-1"`},
		"a URL":            {`bucket = "s3://artifacts"`, `write only the name of the bucket`},
		"taken key":        {`bucket = "artifacts"; key = "taken.zip"`, `(?s)s3://artifacts/taken.zip is there.*Write another key`},
		"key and prefix":   {`bucket = "artifacts"; key = "a.zip"; prefix = "b/"`, `(?i)conflict|cannot be specified`},
		"leading slash":    {`bucket = "artifacts"; key = "/a.zip"`, `remove the slash at the beginning, which would make a folder without a name`},
		"archive":          {`bucket = "artifacts"; storage_class = "GLACIER"`, `storage_class`},
		"nothing kept":     {`bucket = "artifacts"; keep_last = 0`, `keep_last`},
		"too many tags":    {`bucket = "artifacts"; tags = { for i in range(11) : "k${i}" => "v" }`, `has 11 tags, S3 takes 10`},
		"no tag of AWS":    {`bucket = "artifacts"; tags = { "aws:x" = "y" }`, `AWS keeps "aws:" for itself`},
		"empty time-outs":  {`bucket = "artifacts"; timeouts = { creat = "5m" }`, `(?s)No argument in timeouts.*drops names`},
		"a fraction":       {`bucket = "artifacts"; keep_last = 1.5`, `1.5 is not a whole number`},
		"unknown region":   {`bucket = "artifacts"; region = "mars-1"`, `mars-1`},
		"empty for bucket": {`bucket = ""`, `only the name of the bucket`},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps:                    []resource.TestStep{{Config: strings.Replace(w.stored("idna==3.7", c.arguments), "layer.zip", name+".zip", 1), PlanOnly: true, ExpectError: sentenceLike(c.want)}},
			})
		})
	}
	t.Cleanup(func() {
		if got := w.aws.Objects("artifacts"); len(got) != 1 || string(got[0].Body) != "theirs" {
			t.Errorf("the bucket holds %d objects, the first of %q", len(got), got[0].Body)
		}
	})
}

// TestObjectFaults loses answers and permissions: one object comes of it, and
// what is refused says what is missing.
func TestObjectFaults(t *testing.T) {
	t.Parallel()
	denied := func(operation string) lambdatest.Fault {
		return lambdatest.Fault{Operation: operation, Status: http.StatusForbidden, ErrorType: "AccessDenied", Message: "no", Times: -1}
	}
	w := newWorld(t)
	w.aws.CreateBucket(region, "artifacts", true)
	one, other := w.stored("idna==3.6", `bucket = "artifacts"`), w.stored("idna==3.7", `bucket = "artifacts"; keep_last = 1`)
	inject := func(faults ...lambdatest.Fault) func() {
		return func() {
			w.aws.Calm()
			w.aws.Inject(faults...)
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{PreConfig: inject(denied("PutObject")), Config: one, ExpectError: sentenceLike(`A permission is missing: s3:PutObject`)},
			{
				PreConfig: inject(lambdatest.Fault{Operation: "PutObject", At: lambdatest.AfterProcessing, Close: true}), Config: one,
				ConfigPlanChecks: expectEmpty(), Check: func(*terraform.State) error { return sizeOf(w, "artifacts", 1) },
			},
			{PreConfig: inject(denied("HeadObject")), Config: one, ExpectError: sentenceLike(`A permission is missing: s3:GetObject and s3:ListBucket`)},
			{PreConfig: inject(denied("DeleteObject")), Config: other, ExpectError: sentenceLike(`A permission is missing: s3:DeleteObjectVersion`)},
			// What could not be deleted is not forgotten.
			{PreConfig: inject(), Config: other, ConfigPlanChecks: expectEmpty(), Check: func(*terraform.State) error { return sizeOf(w, "artifacts", 1) }},
		},
		CheckDestroy: w.keeps("artifacts"),
	})
}

// TestObjectOfAnotherAccount acts on a state with credentials of another
// account: nothing is put and nothing deleted.
func TestObjectOfAnotherAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.CreateBucket(region, "artifacts", false)
	theirs := func(config string) string { return strings.Replace(config, "AKIAIOSFODNN7EXAMPLE", "222222222222", 1) }
	config := w.stored("idna==3.7", `bucket = "artifacts"; keep_last = 1`)
	const want = `(?s)The state is of another AWS account.*uploaded by account 123456789012.*of account 222222222222`
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config, ConfigPlanChecks: expectEmpty()},
			{Config: theirs(config), ExpectError: sentenceLike(want)},
			{Config: theirs(w.stored("idna==3.6", `bucket = "artifacts"; keep_last = 1`)), ExpectError: sentenceLike(want)},
			{Config: theirs(w.config("")), ExpectError: sentenceLike(want)},
			{Config: config, ConfigPlanChecks: expectEmpty(), Check: func(*terraform.State) error { return sizeOf(w, "artifacts", 1) }},
		},
	})
}

// TestObjectGoesIntoTheAWSProvider gives bucket, key and version of the object
// to a function and to a layer version of hashicorp/aws, while no zip is on disk
// at the apply.
func TestObjectGoesIntoTheAWSProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.CreateBucket(region, "artifacts", true)
	step := func(requirement, description string, layer, function plancheck.ResourceActionType) resource.TestStep {
		return resource.TestStep{
			Config: w.stored(requirement, `bucket = "artifacts"`) + fmt.Sprintf(`
resource "aws_lambda_layer_version" "deps" {
  layer_name        = "deps"
  description       = %q
  s3_bucket         = layerbuild_object.o.bucket
  s3_key            = layerbuild_object.o.key
  s3_object_version = layerbuild_object.o.object_version_id
  source_code_hash  = layerbuild_object.o.source_code_hash
}
resource "aws_lambda_function" "app" {
  function_name     = "app"
  role              = "arn:aws:iam::123456789012:role/app"
  handler           = "app.handler"
  runtime           = "python3.12"
  s3_bucket         = layerbuild_object.o.bucket
  s3_key            = layerbuild_object.o.key
  s3_object_version = layerbuild_object.o.object_version_id
  source_code_hash  = layerbuild_object.o.source_code_hash
  layers            = [aws_lambda_layer_version.deps.arn]
}`, description),
			ConfigPlanChecks: expectActions(map[string]plancheck.ResourceActionType{awsLayer: layer, awsFunction: function}),
			ConfigStateChecks: []statecheck.StateCheck{statecheck.CompareValuePairs(awsFunction, at1("code_sha256"), objectA, at1("source_code_hash"), equalValues{}),
				statecheck.CompareValuePairs(awsLayer, at1("code_sha256"), objectA, at1("source_code_hash"), equalValues{})},
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.both(),
		Steps: []resource.TestStep{
			step("idna==3.6", "first", plancheck.ResourceActionCreate, plancheck.ResourceActionCreate),
			step("idna==3.7", "first", plancheck.ResourceActionReplace, plancheck.ResourceActionUpdate),
			step("idna==3.7", "second", plancheck.ResourceActionReplace, plancheck.ResourceActionUpdate),
		},
		CheckDestroy: w.keeps("artifacts"),
	})
}

// equalValues compares two values that must be the same.
type equalValues struct{}

func (equalValues) CompareValues(values ...any) error {
	for _, v := range values[1:] {
		if v != values[0] {
			return fmt.Errorf("%v is not %v", v, values[0])
		}
	}
	return nil
}
