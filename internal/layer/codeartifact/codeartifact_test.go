package codeartifact

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
)

// awsOfTest hands out the token "t" and notes what for.
type awsOfTest struct{ calls []string }

func (a *awsOfTest) CodeArtifactToken(_ context.Context, domain, owner, region string) (string, time.Time, error) {
	a.calls = append(a.calls, strings.Join([]string{"token", domain, owner, region}, " "))
	return "t", time.Time{}, nil
}

func (a *awsOfTest) CodeArtifactEndpoint(context.Context, string, string, string, string, string) (string, error) {
	a.calls = append(a.calls, "endpoint")
	return "", nil
}

// TestHosts: only hosts of CodeArtifact itself, over HTTPS at its port, get a token.
func TestHosts(t *testing.T) {
	t.Parallel()
	aws := &awsOfTest{}
	a := New(aws, false)
	for _, c := range []struct {
		address, asked string
		want           fetch.Credential
	}{
		{"https://acme-123456789012.d.codeartifact.eu-west-1.amazonaws.com/pypi/wheels/simple/x/", "token acme 123456789012 eu-west-1", fetch.Credential{User: "aws", Password: "t"}},
		{"https://my-team-2-123456789012.d.codeartifact.eu-west-1.amazonaws.com/npm/store/x", "token my-team-2 123456789012 eu-west-1", fetch.Credential{Bearer: "t"}},
		{"https://ACME-123456789012.d.codeartifact.cn-north-1.amazonaws.com.cn:443/pypi/w/", "token acme 123456789012 cn-north-1", fetch.Credential{User: "aws", Password: "t"}},
		{"https://acme-123456789012.d.codeartifact.us-east-1.on.aws/pypi/w/", "token acme 123456789012 us-east-1", fetch.Credential{User: "aws", Password: "t"}},
		{"http://acme-123456789012.d.codeartifact.eu-west-1.amazonaws.com/pypi/w/", "", fetch.Credential{}},
		{"https://acme-123456789012.d.codeartifact.eu-west-1.amazonaws.com:8443/pypi/w/", "", fetch.Credential{}},
		{"https://acme-123456789012.d.codeartifact.eu-west-1.amazonaws.com.evil.example/pypi/w/", "", fetch.Credential{}},
		{"https://acme-1234.d.codeartifact.eu-west-1.amazonaws.com/pypi/w/", "", fetch.Credential{}},
		{"https://x.acme-123456789012.d.codeartifact.eu-west-1.amazonaws.com/pypi/w/", "", fetch.Credential{}},
		{"https://pypi.org/simple/", "", fetch.Credential{}},
	} {
		u, err := url.Parse(c.address)
		if err != nil {
			t.Fatal(err)
		}
		aws.calls = nil
		got, _, found, err := a.Credentials(t.Context(), u)
		if err != nil || got != c.want || found != (c.asked != "") || strings.Join(aws.calls, ";") != c.asked {
			t.Errorf("%s: %+v, %t, %v after %q, want %+v after %q", c.address, got, found, err, aws.calls, c.want, c.asked)
		}
	}
	u := &url.URL{Scheme: "https", Host: "acme-123456789012.d.codeartifact.eu-west-1.amazonaws.com", Path: "/pypi/"}
	if _, _, found, err := New(nil, false).Credentials(t.Context(), u); found || err != nil {
		t.Errorf("without AWS: %t, %v", found, err)
	}
}
