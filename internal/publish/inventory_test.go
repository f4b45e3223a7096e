package publish

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// numbersOf returns the numbers of versions in their order.
func numbersOf(versions []Version) []int64 {
	var numbers []int64
	for _, v := range versions {
		numbers = append(numbers, v.Number)
	}
	return numbers
}

// TestVersionsAreListed publishes 120 versions, three pages, of which every
// tenth is for arm64, and deletes one.
func TestVersionsAreListed(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	p.client.Paces.Of(home, 1)
	for n := range 120 {
		r := request(zipOf(t, fmt.Sprint(n)))
		r.Description = fmt.Sprintf("number %d", n+1)
		r.Architectures = []string{"x86_64"}
		if n%10 == 0 {
			r.Architectures = []string{"arm64"}
		}
		if _, _, err := p.Publish(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	const layer = "arn:aws:lambda:eu-west-1:123456789012:layer:deps"
	if err := p.Delete(t.Context(), layer+":119"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, region, layer string
		choice              Selection
		first               []int64
		count, calls        int
	}{
		{"all", home, "deps", Selection{}, []int64{120, 118, 117}, 119, 3},
		{"by_arn", "", layer, Selection{}, []int64{120, 118, 117}, 119, 3},
		{"newest", home, "deps", Selection{Newest: 2}, []int64{120, 118}, 2, 1},
		{"a_page_and_more", home, "deps", Selection{Newest: 51}, []int64{120, 118}, 51, 2},
		{"arm64", home, "deps", Selection{Architecture: "arm64"}, []int64{111, 101, 91}, 12, 1},
		{"newest_arm64", home, "deps", Selection{Architecture: "arm64", Newest: 1}, []int64{111}, 1, 1},
		{"no_runtime", home, "deps", Selection{Runtime: "nodejs22.x"}, nil, 0, 1},
		{"unknown", home, "never", Selection{}, nil, 0, 1},
		{"another_region", "us-east-1", "deps", Selection{}, nil, 0, 1},
	} {
		before := len(a.Calls("ListLayerVersions"))
		got, err := p.Versions(t.Context(), c.region, c.layer, c.choice)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(got) != c.count || !slices.Equal(numbersOf(got)[:len(c.first)], c.first) {
			t.Errorf("%s: %d versions, %v; want %d that begin with %v", c.name, len(got), numbersOf(got), c.count, c.first)
		}
		if calls := len(a.Calls("ListLayerVersions")) - before; calls != c.calls {
			t.Errorf("%s: %d calls, want %d", c.name, calls, c.calls)
		}
	}
	newest, err := p.Versions(t.Context(), home, "deps", Selection{Newest: 1})
	if err != nil {
		t.Fatal(err)
	}
	v := newest[0]
	if v.ARN != layer+":120" || v.LayerARN != layer || v.Description != "number 120" || !slices.Equal(v.Architectures, []string{"x86_64"}) ||
		v.CreatedDate == "" || v.CodeSHA256 != "" || v.CodeSize != 0 {
		t.Errorf("the newest version is listed as %+v", v)
	}
}

func TestVersionsOfWhatCannotBeListed(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	_, err := p.Versions(t.Context(), "", "arn:aws:lambda:eu-west-1:999999999999:layer:theirs", Selection{})
	const foreign = "so name a version: arn:aws:lambda:eu-west-1:999999999999:layer:theirs:<number>"
	if err == nil || !strings.Contains(err.Error(), foreign) {
		t.Errorf("another account's layer: %v, want %q", err, foreign)
	}
	if denied, ok := errors.AsType[*AccessDeniedError](err); !ok || denied.Action != "lambda:ListLayerVersions" {
		t.Errorf("another account's layer: %v, want an AccessDeniedError in it", err)
	}
	_, err = p.Versions(t.Context(), "us-east-1", "arn:aws:lambda:eu-west-1:123456789012:layer:deps", Selection{})
	if limit, ok := errors.AsType[*LimitError](err); !ok || limit.Attribute != "region" {
		t.Errorf("an ARN of another region: %v, want a LimitError of region", err)
	}
	for _, layer := range []string{"", "no spaces", "arn:aws:lambda:eu-west-1:123456789012:layer:deps:3", "arn:aws:s3:::bucket"} {
		if _, err := p.Versions(t.Context(), home, layer, Selection{}); err == nil {
			t.Errorf("%q was taken for a layer", layer)
		}
	}
	a.Inject(lambdatest.Fault{Operation: "ListLayerVersions", Status: http.StatusForbidden, ErrorType: "AccessDeniedException", Message: "no"})
	_, err = p.Versions(t.Context(), home, "deps", Selection{})
	if err == nil || strings.Contains(err.Error(), "another account") {
		t.Errorf("one's own layer without permission: %v, want nothing of another account", err)
	}
	if denied, ok := errors.AsType[*AccessDeniedError](err); !ok || denied.Action != "lambda:ListLayerVersions" {
		t.Errorf("one's own layer without permission: %v, want an AccessDeniedError", err)
	}
}

func TestParseLayerARN(t *testing.T) {
	t.Parallel()
	want := LayerVersionARN{Partition: "aws-cn", Region: "cn-north-1", AccountID: "123456789012", Name: "deps"}
	got, err := ParseLayerARN("arn:aws-cn:lambda:cn-north-1:123456789012:layer:deps")
	if err != nil || got != want || got.String() != "arn:aws-cn:lambda:cn-north-1:123456789012:layer:deps" {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	want.Number = 7
	if got, err := ParseLayerARN("arn:aws-cn:lambda:cn-north-1:123456789012:layer:deps:7"); err != nil || got != want {
		t.Errorf("with a version: got %+v, %v, want %+v", got, err, want)
	}
	for _, s := range []string{
		"", "deps", "arn:aws:lambda:eu-west-1:123456789012:layer:", "arn:aws:lambda:eu-west-1:123456789012:layer",
		"arn:aws:lambda:eu-west-1:123456789012:layer:deps:", "arn:aws:lambda:eu-west-1:123456789012:layer:deps:0", "arn:aws:lambda:eu-west-1:1234:layer:deps",
	} {
		if got, err := ParseLayerARN(s); err == nil {
			t.Errorf("%q is read as %+v, want an error", s, got)
		}
	}
}

func FuzzParseLayerARN(f *testing.F) {
	for _, seed := range []string{"arn:aws:lambda:eu-west-1:123456789012:layer:deps", "arn:aws:lambda:eu-west-1:123456789012:layer:deps:7", "arn:::::layer::"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		defer indextest.Budget(t, len(s))()
		if a, err := ParseLayerARN(s); err == nil && a.String() != s {
			t.Errorf("ParseLayerARN(%q) reads as %q", s, a.String())
		}
	})
}
