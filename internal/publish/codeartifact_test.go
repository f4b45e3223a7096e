package publish

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// withRepository returns an AWS that has one repository, in a domain of the
// account.
func withRepository(t *testing.T) (*lambdatest.AWS, func(*Config)) {
	t.Helper()
	a := lambdatest.New(t)
	a.AddRepository("acme", "", "wheels", "https://acme.example")
	a.AddRepository("partner", "210987654321", "npm-store", "https://partner.example/")
	return a, func(c *Config) { c.Endpoints.CodeArtifact = a.URL() }
}

func TestCodeArtifactToken(t *testing.T) {
	t.Parallel()
	a, artifacts := withRepository(t)
	p := against(t, a, artifacts)
	for _, c := range []struct{ domain, owner, region, asked string }{
		{"acme", "", "", home},
		{"acme", "123456789012", "us-east-1", "us-east-1"},
		{"partner", "210987654321", "ap-south-1", "ap-south-1"},
	} {
		token, expires, err := p.CodeArtifactToken(t.Context(), c.domain, c.owner, c.region)
		if err != nil {
			t.Fatal(err)
		}
		if life := time.Until(expires); life < 59*time.Minute || life > time.Hour {
			t.Errorf("%s: the token lives %s, want an hour", c.domain, life)
		}
		if !strings.HasPrefix(token, "codeartifact-token-") {
			t.Errorf("%s: token %q", c.domain, token)
		}
		calls := a.Calls("GetAuthorizationToken")
		if got := calls[len(calls)-1].Region; got != c.asked {
			t.Errorf("%s: asked in %s, want %s", c.domain, got, c.asked)
		}
	}
}

func TestCodeArtifactEndpoint(t *testing.T) {
	t.Parallel()
	a, artifacts := withRepository(t)
	p := against(t, a, artifacts)
	for _, c := range []struct{ domain, repository, owner, format, want string }{
		{"acme", "wheels", "", "pypi", "https://acme.example/pypi/wheels/"},
		{"partner", "npm-store", "210987654321", "npm", "https://partner.example/npm/npm-store/"},
	} {
		got, err := p.CodeArtifactEndpoint(t.Context(), c.domain, c.repository, c.owner, "", c.format)
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.repository, got, err, c.want)
		}
	}
}

func TestCodeArtifactFailuresAreSentences(t *testing.T) {
	t.Parallel()
	t.Run("absent domain", func(t *testing.T) {
		t.Parallel()
		a, artifacts := withRepository(t)
		_, _, err := against(t, a, artifacts).CodeArtifactToken(t.Context(), "nobody", "", "")
		want := `asking for a token of the CodeArtifact domain "nobody": ResourceNotFoundException: Domain not found. Domain 'nobody' owned by account '123456789012' does not exist.`
		if err == nil || err.Error() != want || errors.Is(err, ErrNotFound) {
			t.Errorf("err = %v, want %s", err, want)
		}
	})
	t.Run("absent repository", func(t *testing.T) {
		t.Parallel()
		a, artifacts := withRepository(t)
		_, err := against(t, a, artifacts).CodeArtifactEndpoint(t.Context(), "acme", "nothing", "", "", "pypi")
		if err == nil || !strings.Contains(err.Error(), "Repository 'nothing' in domain 'acme'") {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("no permission", func(t *testing.T) {
		t.Parallel()
		a, artifacts := withRepository(t)
		a.Inject(lambdatest.Fault{Operation: "GetAuthorizationToken", Status: 403, ErrorType: "AccessDeniedException", Message: "User is not authorized", Times: -1})
		_, _, err := against(t, a, artifacts).CodeArtifactToken(t.Context(), "acme", "", "")
		denied, ok := errors.AsType[*AccessDeniedError](err)
		if !ok || denied.Action != "codeartifact:GetAuthorizationToken" {
			t.Errorf("err = %v, want an AccessDeniedError", err)
		}
	})
	t.Run("unknown region", func(t *testing.T) {
		t.Parallel()
		a, artifacts := withRepository(t)
		_, _, err := against(t, a, artifacts).CodeArtifactToken(t.Context(), "acme", "", "eu-west-99")
		if limit, ok := errors.AsType[*LimitError](err); !ok || limit.Attribute != "region" {
			t.Errorf("err = %v, want a LimitError of the region", err)
		}
	})
}

func TestCodeArtifactWithoutCredentials(t *testing.T) {
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		t.Setenv(name, "")
	}
	a, artifacts := withRepository(t)
	none := t.TempDir() + "/none"
	p := against(t, a, artifacts, func(c *Config) {
		c.AccessKey, c.SecretKey = "", ""
		c.SharedConfigFiles, c.SharedCredentialsFiles = []string{none}, []string{none}
	})
	_, _, err := p.CodeArtifactToken(t.Context(), "acme", "", "")
	if _, ok := errors.AsType[*ConfigError](err); !ok || !strings.Contains(err.Error(), "no AWS credentials were found: set a profile") {
		t.Errorf("err = %v", err)
	}
	if n := len(a.Calls("GetAuthorizationToken")); n != 0 {
		t.Errorf("%d tokens were asked for", n)
	}
}
