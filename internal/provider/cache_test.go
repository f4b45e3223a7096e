package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// cachedPipeline is a pipeline whose machines share a bucket.
func cachedPipeline(url, more, requirement, description string) string {
	return pipeline(url, "s3_use_path_style = true\n  cache = { s3 = { bucket = \"acme-cache\", prefix = \"layers/\""+more+" } }", requirement, description)
}

// TestSharedCacheAcrossMachines publishes from a machine that has neither the
// zip nor a cache nor a way to the index, out of what another one shared.
func TestSharedCacheAcrossMachines(t *testing.T) {
	t.Parallel()
	index, aws := indextest.New(t, universe), lambdatest.New(t)
	aws.CreateBucket(region, "acme-cache", false)
	first := newMachine(t, nil).uses("PIP_INDEX_URL="+index.URL(), "TF_LOG=TRACE")
	first.write("main.tf", cachedPipeline(aws.URL(), "", "requests", "first"))
	first.write("src/shared.py", "VALUE = 1\n")
	printed := first.terraform(0, "apply", "-auto-approve")
	if objects := aws.Objects("acme-cache"); len(objects) != 3 {
		t.Fatalf("the bucket holds %d objects, want two wheels and the zip", len(objects))
	}
	for _, o := range aws.Objects("acme-cache") {
		if !strings.HasPrefix(o.Key, "layers/sha256/") {
			t.Errorf("the bucket holds %q", o.Key)
		}
	}

	// Only the description changes: the package is not called, and its zip is
	// rebuilt for the version.
	before := len(aws.Calls("GetObject"))
	second := newMachine(t, first).uses(cut, "TF_LOG=TRACE")
	second.write("main.tf", cachedPipeline(aws.URL(), "", "requests", "second"))
	printed += second.terraform(0, "apply", "-auto-approve")
	live := aws.Live(region, "deps")
	if len(live) != 2 || live[0].CodeSHA256 != live[1].CodeSHA256 {
		t.Fatalf("AWS has %+v", live)
	}
	if n := len(aws.Calls("GetObject")) - before; n != 1 {
		t.Errorf("%d objects were read, want the zip alone", n)
	}

	// A plan without changes asks the bucket nothing.
	before = len(aws.Calls("GetObject", "HeadObject", "PutObject"))
	newMachine(t, second).uses(cut).terraform(0, "plan", "-detailed-exitcode")
	if after := len(aws.Calls("GetObject", "HeadObject", "PutObject")); after != before {
		t.Errorf("a plan without changes made %d calls to S3", after-before)
	}
	if n := len(aws.Calls("ListObjectsV2", "")); n != 0 {
		t.Errorf("%d calls that list or are not known", n)
	}
	findNone(t, []string{"not-a-secret"}, printed, first.home, second.home)
}

func TestSharedCacheFaultsAreWarnings(t *testing.T) {
	t.Parallel()
	index, aws := indextest.New(t, universe), lambdatest.New(t)
	m := newMachine(t, nil).uses("PIP_INDEX_URL=" + index.URL())
	m.write("main.tf", cachedPipeline(aws.URL(), "", "requests", "first"))
	m.write("src/shared.py", "VALUE = 1\n")
	out := m.terraform(0, "plan", "-out=saved.tfplan")
	for _, want := range []string{"The shared cache did not work as it should", `there is no bucket "acme-cache"`} {
		if !sentenceLike(want).MatchString(out) {
			t.Errorf("the plan does not say %q:\n%s", want, out)
		}
	}
	m.terraform(0, "apply", "saved.tfplan")
}

// TestSharedCacheWithoutCredentials is an error where something has to be built,
// and none elsewhere.
func TestSharedCacheWithoutCredentials(t *testing.T) {
	t.Parallel()
	index, aws := indextest.New(t, universe), lambdatest.New(t)
	packageOnly := func(cache string) string {
		text := pipeline(aws.URL(), cache, "requests", "")
		text, _, _ = strings.Cut(text, `resource "layerbuild_version"`)
		return text
	}
	m := newMachine(t, nil).uses("PIP_INDEX_URL="+index.URL(), "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")
	m.write("src/shared.py", "VALUE = 1\n")
	shared := packageOnly(`cache = { s3 = { bucket = "acme-cache" } }`)
	m.write("main.tf", shared)
	out := m.terraform(1, "plan")
	for _, want := range []string{"s3://acme-cache/", "no AWS credentials were found", "leave the cache out of the provider block"} {
		if !sentenceLike(want).MatchString(out) {
			t.Errorf("the error does not say %q:\n%s", want, out)
		}
	}
	m.write("main.tf", packageOnly(""))
	m.terraform(0, "apply", "-auto-approve")
	m.write("main.tf", shared)
	m.terraform(0, "plan", "-detailed-exitcode")
}

func TestSharedCacheSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.CreateBucket(region, "acme-cache", false)
	config := func(cache string) string {
		text := strings.Replace(w.config(""), "provider \"layerbuild\" {", "provider \"layerbuild\" {\n  cache = "+cache, 1)
		return text + fmt.Sprintf("\nresource \"layerbuild_package\" \"p\" {\n  runtimes = [\"python3.12\"]\n  output_path = %q\n  python = { requirements = [\"idna==3.6\"] }\n}", filepath.Join(w.dir, "layer.zip"))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config(`{ s3 = { bucket = "s3://acme/x" } }`), ExpectError: sentenceLike("must be the name of a bucket")},
			{Config: config(`{ s3 = { bucket = "acme-cache", prefix = "/x" } }`), ExpectError: sentenceLike("must not be empty or start with a slash")},
			{Config: config(`{ s3 = {} }`), ExpectError: sentenceLike(`"bucket" is required`)},
			{Config: config(`{ s3 = { bucket = "acme-cache", read_only = true } }`), ConfigPlanChecks: expectEmpty()},
		},
	})
	if n := len(w.aws.Calls("PutObject")); n != 0 || len(w.aws.Calls("GetObject")) != 1 {
		t.Errorf("%d uploads with read_only", n)
	}
	if err := os.RemoveAll(w.cache); err != nil {
		t.Fatal(err)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config(`{ s3 = { bucket = "acme-cache", prefix = "p/", kms_key_id = "alias/cache", region = "eu-west-1" } }`), ConfigPlanChecks: expectEmpty()},
		},
	})
	objects := w.aws.Objects("acme-cache")
	if len(objects) != 2 || !strings.HasPrefix(objects[0].Key, "p/sha256/") || objects[0].KMSKeyID != "alias/cache" {
		t.Errorf("the bucket holds %+v", objects)
	}
}

// TestSharedCacheThatIsNoHelp plans with buckets that fail in one way or
// another: the plan succeeds, and one warning says why.
func TestSharedCacheThatIsNoHelp(t *testing.T) {
	t.Parallel()
	denied := func(operation string) *lambdatest.Fault {
		return &lambdatest.Fault{Operation: operation, Status: 403, ErrorType: "AccessDenied", Message: "no", Times: -1}
	}
	for name, c := range map[string]struct {
		fault    *lambdatest.Fault
		bucket   string // "" is the one that is there
		endpoint string // "" is AWS's
		warning  string // "" is none
		objects  int
	}{
		"may not write":  {denied("PutObject"), "", "", `(?s)could not be written.*s3:PutObject`, 0},
		"may not read":   {denied("GetObject"), "", "", "", 3}, // S3 answers so for what is not there, too
		"another region": {nil, "elsewhere", "", "write its region into cache.s3", 0},
		"down":           {nil, "", "http://127.0.0.1:9", `(?s)could not be read.*refused`, 0},
		"overloaded":     {&lambdatest.Fault{Operation: "GetObject", Status: 503, ErrorType: "SlowDown", Message: "slow", Times: -1}, "", "", "SlowDown", 3},
		"cut":            {&lambdatest.Fault{Operation: "PutObject", Reset: true, Times: -1}, "", "", "could not be written", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			index, aws := indextest.New(t, universe), lambdatest.New(t)
			aws.CreateBucket(region, "acme-cache", false)
			aws.CreateBucket("us-west-2", "elsewhere", false)
			if c.fault != nil {
				aws.Inject(*c.fault)
			}
			text := cachedPipeline(aws.URL(), "", "requests", "")
			if c.bucket != "" {
				text = strings.ReplaceAll(text, "acme-cache", c.bucket)
			}
			if c.endpoint != "" {
				text = strings.Replace(text, fmt.Sprintf("s3     = %q", aws.URL()), fmt.Sprintf("s3 = %q", c.endpoint), 1)
			}
			m := newMachine(t, nil).uses("PIP_INDEX_URL=" + index.URL())
			m.write("main.tf", text)
			m.write("src/shared.py", "VALUE = 1\n")
			out := m.terraform(0, "plan", "-out=saved.tfplan")
			if n := strings.Count(out, "The shared cache did not work as it should"); n != min(len(c.warning), 1) {
				t.Errorf("%d warnings, want %d:\n%s", n, min(len(c.warning), 1), out)
			}
			if !sentenceLike(c.warning).MatchString(out) {
				t.Errorf("the plan does not say %q:\n%s", c.warning, out)
			}
			if n := len(aws.Objects("acme-cache")); n != c.objects {
				t.Errorf("the bucket holds %d objects, want %d", n, c.objects)
			}
		})
	}
}

// TestForgedObjectsAreHealed has somebody write other bytes into the bucket: the
// next machine does not use them, says so and puts the right ones back.
func TestForgedObjectsAreHealed(t *testing.T) {
	t.Parallel()
	index, aws := indextest.New(t, universe), lambdatest.New(t)
	aws.CreateBucket(region, "acme-cache", false)
	first := newMachine(t, nil).uses("PIP_INDEX_URL=" + index.URL())
	first.write("main.tf", cachedPipeline(aws.URL(), "", "requests", ""))
	first.write("src/shared.py", "VALUE = 1\n")
	first.terraform(0, "plan", "-out=saved.tfplan")
	right := map[string]string{}
	for _, o := range aws.Objects("acme-cache") {
		right[o.Key] = string(o.Body)
		aws.PutObject("acme-cache", o.Key, []byte("forged"))
	}
	second := newMachine(t, first).uses("PIP_INDEX_URL=" + index.URL())
	out := second.terraform(0, "apply", "saved.tfplan")
	if !sentenceLike("is not what its name").MatchString(out) {
		t.Errorf("the apply does not say what is wrong in the bucket:\n%s", out)
	}
	// The zip was built, not asked for: who asks for it finds the forgery.
	third := newMachine(t, second).uses("PIP_INDEX_URL=" + index.URL())
	third.write("main.tf", cachedPipeline(aws.URL(), "", "requests", "third"))
	third.terraform(0, "apply", "-auto-approve")
	for _, o := range aws.Objects("acme-cache") {
		if string(o.Body) != right[o.Key] {
			t.Errorf("%s is still forged", o.Key)
		}
	}
	if live := aws.Live(region, "deps"); len(live) != 2 || live[0].CodeSHA256 != live[1].CodeSHA256 {
		t.Errorf("AWS has %+v", live)
	}
}
