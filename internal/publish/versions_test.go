package publish

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

func TestReadAndDeleteOfWhatIsGone(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	v, _, err := p.Publish(t.Context(), request(zipOf(t, "x")))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.Delete(t.Context(), v.ARN); err != nil {
			t.Errorf("Delete: %v, want nil also the second time", err)
		}
	}
	if _, err := p.Read(t.Context(), v.ARN); !errors.Is(err, ErrNotFound) {
		t.Errorf("Read: %v, want ErrNotFound", err)
	}
	if _, err := p.Read(t.Context(), "arn:aws:lambda:eu-west-1:123456789012:layer:never:1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Read of a layer that never was: %v, want ErrNotFound", err)
	}
	_, err = p.Read(t.Context(), "arn:aws:lambda:eu-west-1:999999999999:layer:deps:1")
	var denied *awsclient.AccessDeniedError
	if !errors.As(err, &denied) || denied.Action != "lambda:GetLayerVersion" {
		t.Errorf("Read in another account: %v, want an AccessDeniedError", err)
	}
}

// The ARN of another account's layer never deletes one's own of that name.
func TestDeleteOfAnotherAccountsVersion(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	if _, _, err := p.Publish(t.Context(), request(zipOf(t, "x"))); err != nil {
		t.Fatal(err)
	}
	err := p.Delete(t.Context(), "arn:aws:lambda:eu-west-1:999999999999:layer:deps:1")
	var denied *awsclient.AccessDeniedError
	if !errors.As(err, &denied) || denied.Action != "lambda:DeleteLayerVersion" {
		t.Errorf("got %v, want an AccessDeniedError", err)
	}
	if n := len(a.Live(home, "deps")); n != 1 {
		t.Errorf("%d versions are left, want one's own", n)
	}
}

func TestReadWaitsForAVersionJustPublished(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	v, _, err := p.Publish(t.Context(), request(zipOf(t, "x")))
	if err != nil {
		t.Fatal(err)
	}
	missing := lambdatest.Fault{Operation: "GetLayerVersion", Status: 404, ErrorType: "ResourceNotFoundException", Message: "not yet", Times: 2}
	a.Inject(missing)
	if got, err := p.Read(t.Context(), v.ARN); err != nil || got.ARN != v.ARN {
		t.Errorf("right after the publish: %v, want the version", err)
	}
	a.Inject(missing)
	if _, err := against(t, a).Read(t.Context(), v.ARN); !errors.Is(err, ErrNotFound) {
		t.Errorf("for a Publisher that did not make it: %v, want ErrNotFound at once", err)
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	var arns []string
	for i := range 3 {
		v, _, err := p.Publish(t.Context(), request(zipOf(t, fmt.Sprint(i))))
		if err != nil {
			t.Fatal(err)
		}
		arns = append(arns, v.ARN)
	}
	other := request(zipOf(t, "other"))
	other.LayerName = "deps-other"
	foreign, _, err := p.Publish(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		name     string
		versions int
		layers   []string
	}{
		{"resize", 2, []string{arns[0], foreign.ARN}},
		{"notify", 0, []string{foreign.ARN, arns[0]}},
		{"index", 1, []string{arns[1]}},
		{"plain", 3, nil},
	} {
		if err := a.CreateFunction(home, f.name, f.versions, f.layers...); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 60 { // more than a page
		if err := a.CreateFunction(home, fmt.Sprintf("many-%02d", i), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.CreateFunction("us-east-1", "elsewhere", 0, arns[2]); err != nil {
		t.Fatal(err)
	}
	got, err := usersOf(t.Context(), p, "", "arn:aws:lambda:eu-west-1:123456789012:layer:deps")
	if err != nil {
		t.Fatal(err)
	}
	want := map[int64][]string{1: {"notify", "resize", "resize:1", "resize:2"}, 2: {"index", "index:1"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestParseARN(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]LayerVersionARN{
		"arn:aws:lambda:eu-west-1:123456789012:layer:deps:7":             {"aws", "eu-west-1", "123456789012", "deps", 7},
		"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:layer:A_b-9:1": {"aws-us-gov", "us-gov-west-1", "123456789012", "A_b-9", 1},
		"arn:aws-cn:lambda:cn-north-1:000000000000:layer:x:2147483648":   {"aws-cn", "cn-north-1", "000000000000", "x", 2147483648},
	} {
		got, err := ParseARN(s)
		if err != nil || got != want {
			t.Errorf("ParseARN(%q) = %+v, %v; want %+v", s, got, err, want)
		}
		if got.String() != s {
			t.Errorf("ParseARN(%q).String() = %q", s, got.String())
		}
	}
	for s, culprit := range map[string]string{
		"":                    `begin with "arn:"`,
		"deps:7":              `begin with "arn:"`,
		"arn:aws:lambda":      "too short",
		"arn:aws:s3:::bucket": `service "s3"`,
		"arn:aws:lambda:eu-west-1:123456789012:function:deps":  "names a function",
		"arn:aws:lambda:eu-west-1:123456789012:event:deps:1":   `names a "event"`,
		"arn:aws:lambda:eu-west-1:123456789012:layer:deps":     "layer:deps:1",
		"arn:aws:lambda:eu-west-1:123456789012:layer":          "6 parts",
		"arn:aws:lambda:eu-west-1:123456789012:layer:deps:7:8": "9 parts",
		"arn::lambda:eu-west-1:123456789012:layer:deps:7":      "partition",
		"arn:aws:lambda::123456789012:layer:deps:7":            "region",
		"arn:aws:lambda:eu-west-1:1234:layer:deps:7":           `account "1234"`,
		"arn:aws:lambda:eu-west-1:12345678901x:layer:deps:7":   `account "12345678901x"`,
		"arn:aws:lambda:eu-west-1:123456789012:layer:de.ps:7":  `"de.ps"`,
		"arn:aws:lambda:eu-west-1:123456789012:layer:deps:":    `version ""`,
		"arn:aws:lambda:eu-west-1:123456789012:layer:deps:0":   `version "0"`,
		"arn:aws:lambda:eu-west-1:123456789012:layer:deps:07":  `version "07"`,
		"arn:aws:lambda:eu-west-1:123456789012:layer:deps:new": `version "new"`,
	} {
		if _, err := ParseARN(s); err == nil || !strings.Contains(err.Error(), culprit) {
			t.Errorf("ParseARN(%q): %v, want an error with %s", s, err, culprit)
		}
	}
}

func FuzzParseARN(f *testing.F) {
	f.Add("arn:aws:lambda:eu-west-1:123456789012:layer:deps:7")
	f.Add("arn:aws:lambda:eu-west-1:123456789012:layer:deps")
	f.Add("arn:aws:lambda::1:layer:::")
	f.Fuzz(func(t *testing.T, s string) {
		defer indextest.Budget(t, len(s))()
		if a, err := ParseARN(s); err == nil && a.String() != s {
			t.Errorf("ParseARN(%q) reads as %q", s, a.String())
		}
	})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("é", n) }
	many := func(n int) []string { return strings.Split(strings.Repeat("python3.12,", n)[:n*11-1], ",") }
	for _, c := range []struct {
		name, attribute string
		err             error
	}{
		{"name", "", CheckName("My_layer-1")},
		{"longest name", "", CheckName(strings.Repeat("a", 140))},
		{"name too long", "layer_name", CheckName(strings.Repeat("a", 141))},
		{"empty name", "layer_name", CheckName("")},
		{"name with a dot", "layer_name", CheckName("a.b")},
		{"name with a letter of its own", "layer_name", CheckName("é")},
		{"name as ARN", "layer_name", CheckName("arn:aws:lambda:eu-west-1:123456789012:layer:deps")},
		{"longest description", "", CheckDescription(long(256))},
		{"description too long", "description", CheckDescription(long(257))},
		{"longest license", "", CheckLicenseInfo(long(512))},
		{"license too long", "license_info", CheckLicenseInfo(long(513))},
		{"most runtimes", "", CheckRuntimes(many(15))},
		{"too many runtimes", "compatible_runtimes", CheckRuntimes(many(16))},
		{"empty runtime", "compatible_runtimes", CheckRuntimes([]string{""})},
		{"both architectures", "", CheckArchitectures([]string{"x86_64", "arm64"})},
		{"unknown architecture", "compatible_architectures", CheckArchitectures([]string{"aarch64"})},
		{"three architectures", "compatible_architectures", CheckArchitectures([]string{"x86_64", "arm64", "arm64"})},
	} {
		var limit *awsclient.LimitError
		switch {
		case c.attribute == "" && c.err != nil:
			t.Errorf("%s: %v, want no error", c.name, c.err)
		case c.attribute != "" && (!errors.As(c.err, &limit) || limit.Attribute != c.attribute):
			t.Errorf("%s: %v, want a LimitError of %s", c.name, c.err, c.attribute)
		}
	}
}

// TestAnswersWithoutContentAreNoAnswers: what stands between us and AWS may
// answer 200 with nothing in it.
func TestAnswersWithoutContentAreNoAnswers(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	v, _, err := p.Publish(t.Context(), request(zipOf(t, "one")))
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"{}", `{"LayerVersionArn":"arn:aws:lambda:eu-west-1:123456789012:layer:other:1"}`} {
		a.Inject(lambdatest.Fault{Operation: "GetLayerVersion", Status: 200, Body: []byte(body)})
		if got, err := p.Read(t.Context(), v.ARN); !errors.Is(err, awsclient.ErrIncomplete) {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}
	functions, err := p.Functions(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.CreateFunction(home, "f", 0); err != nil {
		t.Fatal(err)
	}
	a.Inject(lambdatest.Fault{Operation: "PublishVersion", Status: 200, Body: []byte("{}")})
	if got, err := functions.PublishVersion(t.Context(), "f", ""); err == nil {
		t.Errorf("published version %q of a function", got)
	}
}
