package python

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// TestShadowNamesWhoWants: a part of the AWS SDK that came with something else.
func TestShadowNamesWhoWants(t *testing.T) {
	t.Parallel()
	l := &Lock{Chosen: &wheel.Lock{Wheels: []wheel.Wheel{{Name: "aws-xray-sdk", Version: "2.14.0"}, {Name: "botocore", Version: "1.35.0"}}}}
	needing := func(name string) ([]string, error) {
		return map[string][]string{"botocore": {"aws-xray-sdk"}}[name], nil
	}
	if found, err := l.Check(nil, Checks{Needing: needing}); !fault.Tied(err) || len(found) != 0 {
		t.Errorf("without a severity: got %v, %v; want an error", found, err)
	}
	found, err := l.Check(nil, Checks{SDK: fault.SeverityWarning, Needing: needing})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	for _, want := range []string{"botocore is needed by aws-xray-sdk.", "python = { exclude_runtime_sdk = true }"} {
		if !strings.Contains(found[0].Detail, want) {
			t.Errorf("%s, want %q", found[0].Detail, want)
		}
	}
}

func TestAsked(t *testing.T) {
	t.Parallel()
	l := &Lock{Chosen: &wheel.Lock{Wheels: []wheel.Wheel{
		{Name: "idna"}, {Name: "loop", Requires: []string{"loop"}}, {Name: "requests", Requires: []string{"idna", "urllib3"}}, {Name: "urllib3"},
	}}}
	if got, want := l.Asked(), []string{"python:loop", "python:requests"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestContentsOfSeveralVersions lists each version once.
func TestContentsOfSeveralVersions(t *testing.T) {
	t.Parallel()
	l := &Lock{Chosen: &wheel.Lock{Wheels: []wheel.Wheel{{Name: "numpy", Version: "1.26.4"}, {Name: "numpy", Version: "2.1.0"}, {Name: "numpy", Version: "2.1.0"}, {Name: "six", Version: "1.16.0"}}}}
	if got, want := l.Contents(), map[string]string{"python:numpy": "1.26.4, 2.1.0", "python:six": "1.16.0"}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestMalformedIndexes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		index IndexSpec
		want  string
	}{
		{IndexSpec{}, "An index without an address"},
		{IndexSpec{URL: "https://x.example", CodeArtifact: &CodeArtifactSpec{Domain: "acme", Repository: "wheels"}}, "An index with two addresses"},
		{IndexSpec{CodeArtifact: &CodeArtifactSpec{Domain: "Acme", Repository: "wheels"}}, `Malformed CodeArtifact domain "Acme"`},
		{IndexSpec{CodeArtifact: &CodeArtifactSpec{Domain: "acme", Repository: "w/../x"}}, `Malformed CodeArtifact repository "w/../x"`},
		{IndexSpec{CodeArtifact: &CodeArtifactSpec{Domain: "acme", Repository: "wheels", DomainOwner: "me"}}, `Malformed account "me"`},
		{IndexSpec{CodeArtifact: &CodeArtifactSpec{Domain: "acme", Repository: "wheels"}}, "No packages for the index"},
	} {
		if c.want != "No packages for the index" {
			c.index.Packages = []string{"idna"}
		}
		p := &Spec{Indexes: []IndexSpec{c.index}}
		input, ok := errors.AsType[*fault.Error](p.checkIndexes())
		if !ok || !strings.HasPrefix(input.Summary, c.want) {
			t.Errorf("%+v: %v, want %s", c.index, input, c.want)
		}
	}
}
