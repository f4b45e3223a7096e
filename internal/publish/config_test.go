package publish

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

const layerOfNobody = "arn:aws:lambda:eu-west-1:123456789012:layer:deps"

func TestNewNeedsNoCredentialsAndMakesNoCall(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p, err := New(t.Context(), Config{Endpoints: Endpoints{Lambda: a.URL(), S3: a.URL(), STS: a.URL()}})
	if err != nil || p == nil {
		t.Fatalf("New: %v", err)
	}
	if n := len(a.Calls()); n != 0 {
		t.Errorf("New made %d calls, want none", n)
	}
}

func TestNewNamesTheFaultySetting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config awsclient.Config
		want   string
	}{
		"region":      {Config{Region: "eu-west-99"}, `"eu-west-99"`},
		"retry mode":  {Config{RetryMode: "patient"}, `"patient"`},
		"endpoint":    {Config{Endpoints: Endpoints{S3: "localhost"}}, "endpoints.s3"},
		"http proxy":  {Config{HTTPProxy: new("http://user:hunter2@[::")}, "http_proxy"},
		"https proxy": {Config{HTTPSProxy: new("://user:hunter2@x")}, "https_proxy"},
	} {
		_, err := New(t.Context(), c.config)
		var fault *awsclient.ConfigError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want a ConfigError with %s", name, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows a password: %v", name, err)
		}
	}
	if _, err := New(t.Context(), Config{Region: "eu-west-99", SkipRegionValidation: true}); err != nil {
		t.Errorf("skip_region_validation: %v, want no error", err)
	}
}

func TestCredentialsNeverShowInErrors(t *testing.T) {
	t.Parallel()
	const key, secret, token = "AKIDNOTTOBESHOWN", "secret/not+to+be+shown", "token-not-to-be-shown"
	canonical := "The request signature we calculated does not match the signature you provided.\n\n" +
		"The Canonical String for this request should have been\n'GET\n/\n\nhost:x\nx-amz-security-token:another-session-token\n'"
	for name, fault := range map[string]lambdatest.Fault{
		"signature":  {Operation: "ListFunctions", Status: 403, ErrorType: "InvalidSignatureException", Message: canonical},
		"echo":       {Operation: "ListFunctions", Status: 400, ErrorType: "InvalidParameterValueException", Message: "odd: " + key + " " + secret + " " + token},
		"validation": {Operation: "GetCallerIdentity", Status: 403, ErrorType: "InvalidClientTokenId", Message: "The security token " + token + " of " + key + " is invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := lambdatest.New(t)
			fault.Times = -1
			a.Inject(fault)
			p := against(t, a, func(c *Config) { c.AccessKey, c.SecretKey, c.Token = key, secret, token })
			_, err := usersOf(t.Context(), p, "", layerOfNobody)
			if err == nil {
				t.Fatal("no error")
			}
			for _, hidden := range []string{key, secret, token, "another-session-token"} {
				if strings.Contains(err.Error(), hidden) {
					t.Errorf("the error shows %q: %v", hidden, err)
				}
			}
		})
	}
}

func TestFailureToConnectIsNotKept(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	a.Inject(lambdatest.Fault{Operation: "GetCallerIdentity", Status: 403, ErrorType: "InvalidClientTokenId", Message: "not yet known"})
	_, err := usersOf(t.Context(), p, "", layerOfNobody)
	var fault *awsclient.ConfigError
	if !errors.As(err, &fault) || !strings.Contains(err.Error(), "not yet known") {
		t.Errorf("got %v, want a ConfigError with AWS's words", err)
	}
	if _, err := usersOf(t.Context(), p, "", layerOfNobody); err != nil {
		t.Errorf("the second time: %v, want no error", err)
	}
}

func TestAssumeRoleChain(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a, func(c *Config) {
		c.AssumeRole = []AssumeRole{
			{RoleARN: "arn:aws:iam::123456789012:role/first", SessionName: "one"},
			{RoleARN: "arn:aws:iam::123456789012:role/deploy", SessionName: "two"},
		}
	})
	if _, err := usersOf(t.Context(), p, "", layerOfNobody); err != nil {
		t.Fatal(err)
	}
	if got := keys(a.Calls("AssumeRole")); !slices.Equal(slices.Compact(got), []string{"AKIDEXAMPLE", "ASIAFIRST"}) {
		t.Errorf("roles were assumed by %q, want the configured key, then the first role", got)
	}
	if got := keys(a.Calls("ListFunctions")); !slices.Equal(got, []string{"ASIADEPLOY"}) {
		t.Errorf("the call was made by %q, want the last role", got)
	}
}

func TestAssumeRoleWithWebIdentity(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a, func(c *Config) {
		c.AccessKey, c.SecretKey = "", ""
		c.AssumeRoleWithWebIdentity = &AssumeRoleWithWebIdentity{
			RoleARN: "arn:aws:iam::123456789012:role/ci", SessionName: "job", WebIdentityToken: "oidc-token",
		}
	})
	if _, err := usersOf(t.Context(), p, "", layerOfNobody); err != nil {
		t.Fatal(err)
	}
	if got := keys(a.Calls("ListFunctions")); !slices.Equal(got, []string{"ASIACI"}) {
		t.Errorf("the call was made by %q, want the role", got)
	}
}

func keys(calls []lambdatest.Call) []string {
	var keys []string
	for _, c := range calls {
		keys = append(keys, c.AccessKey)
	}
	return keys
}

func TestAllowedAccounts(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	for name, c := range map[string]struct {
		allowed, forbidden []string
		refused            bool
	}{
		"allowed":       {allowed: []string{"123456789012"}},
		"not allowed":   {allowed: []string{"999999999999"}, refused: true},
		"forbidden":     {forbidden: []string{"123456789012"}, refused: true},
		"not forbidden": {forbidden: []string{"999999999999"}},
	} {
		p := against(t, a, func(set *Config) { set.AllowedAccountIDs, set.ForbiddenAccountIDs = c.allowed, c.forbidden })
		_, err := usersOf(t.Context(), p, "", layerOfNobody)
		var fault *awsclient.ConfigError
		if got := errors.As(err, &fault) && strings.Contains(err.Error(), "123456789012"); got != c.refused || !got && err != nil {
			t.Errorf("%s: %v, want refused %t", name, err, c.refused)
		}
	}
}

func TestCallsNameTheProvider(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a, func(c *Config) { c.UserAgent, c.UserAgentVersion = "terraform-provider-layerbuild", "1.2.3" })
	if _, err := usersOf(t.Context(), p, "", layerOfNobody); err != nil {
		t.Fatal(err)
	}
	if got := a.Calls("ListFunctions")[0].UserAgent; !strings.Contains(got, "terraform-provider-layerbuild/1.2.3") {
		t.Errorf("user agent %q does not name the provider", got)
	}
}

// The rest of the sources: environment and shared files. These tests change
// the environment, so they do not run beside others.

func withEnvironment(t *testing.T, set map[string]string) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("HOME", t.TempDir())
	for name, value := range set {
		t.Setenv(name, value)
	}
}

func TestSettingsFromTheEnvironment(t *testing.T) {
	a := lambdatest.New(t)
	withEnvironment(t, map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-central-1",
		"AWS_ENDPOINT_URL": a.URL(),
	})
	p, err := New(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := usersOf(t.Context(), p, "", layerOfNobody); err != nil {
		t.Fatal(err)
	}
	if c := a.Calls("ListFunctions")[0]; c.AccessKey != "AKIDENVIRONMENT" || c.Region != "eu-central-1" {
		t.Errorf("called as %q in %q, want what the environment says", c.AccessKey, c.Region)
	}
}

func TestSettingsFromSharedFiles(t *testing.T) {
	a := lambdatest.New(t)
	withEnvironment(t, map[string]string{"AWS_ACCESS_KEY_ID": "AKIDENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "secret"})
	folder := t.TempDir()
	config, credentials := filepath.Join(folder, "config"), filepath.Join(folder, "credentials")
	for path, text := range map[string]string{
		config:      "[profile team]\nregion = eu-north-1\n",
		credentials: "[team]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := New(t.Context(), Config{
		Profile: "team", SharedConfigFiles: []string{config}, SharedCredentialsFiles: []string{credentials},
		Endpoints: Endpoints{Lambda: a.URL(), STS: a.URL()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := usersOf(t.Context(), p, "", layerOfNobody); err != nil {
		t.Fatal(err)
	}
	if c := a.Calls("ListFunctions")[0]; c.AccessKey != "AKIDPROFILE" || c.Region != "eu-north-1" {
		t.Errorf("called as %q in %q, want what the profile says", c.AccessKey, c.Region)
	}
}

func TestMissingSettingsAreNamed(t *testing.T) {
	a := lambdatest.New(t)
	for name, c := range map[string]struct {
		environment map[string]string
		want        string
	}{
		"credentials": {map[string]string{"AWS_REGION": "eu-west-1"}, "no AWS credentials were found: set a profile"},
		"region":      {map[string]string{"AWS_ACCESS_KEY_ID": "AKIDENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "secret"}, "AWS_REGION"},
	} {
		t.Run(name, func(t *testing.T) {
			withEnvironment(t, c.environment)
			p, err := New(t.Context(), Config{Endpoints: Endpoints{Lambda: a.URL(), STS: a.URL()}, SkipCredentialsValidation: true})
			if err != nil {
				t.Fatal(err)
			}
			_, err = usersOf(t.Context(), p, "", layerOfNobody)
			var fault *awsclient.ConfigError
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want a ConfigError with %q in one line", err, c.want)
			}
		})
	}
}
