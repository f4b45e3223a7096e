package layer

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
)

// artifactsOfTest stands for AWS: one repository, and the token that it wants.
type artifactsOfTest struct {
	endpoint, token string
	err             error

	mu    sync.Mutex
	calls []string
}

func (a *artifactsOfTest) CodeArtifactToken(_ context.Context, domain, owner, region string) (string, time.Time, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, strings.Join([]string{"token", domain, owner, region}, " "))
	return a.token, time.Now().Add(time.Hour), a.err
}

func (a *artifactsOfTest) CodeArtifactEndpoint(_ context.Context, domain, repository, owner, region, format string) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, strings.Join([]string{"endpoint", domain, repository, owner, region, format}, " "))
	return a.endpoint, a.err
}

// artifactSpec asks for idna from a CodeArtifact repository.
func artifactSpec() Spec {
	return Spec{
		Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"},
		Python: &PythonSpec{
			Requirements: []string{"idna"},
			Indexes:      []python.IndexSpec{{CodeArtifact: &python.CodeArtifactSpec{Domain: "acme", Repository: "wheels"}, Packages: []string{"idna"}}},
		},
	}
}

func TestCodeArtifactRepositoryServesItsPackages(t *testing.T) {
	t.Parallel()
	aws := &artifactsOfTest{token: "good"}
	index := indextest.New(t, "idna 3.7\n", indextest.WithPath("/pypi/wheels"), indextest.WithGuard(func(r *http.Request) bool {
		user, password, _ := r.BasicAuth()
		return user == "aws" && password == "good"
	}))
	aws.endpoint = strings.TrimSuffix(index.URL(), "simple/")
	getenv := func(name string) string {
		return map[string]string{"PIP_INDEX_URL": "http://127.0.0.1:9/simple/", "PIP_CONFIG_FILE": "/dev/null", "UV_NO_CONFIG": "1"}[name]
	}
	b := NewBuilder(Options{CacheDir: t.TempDir(), Getenv: getenv, CodeArtifact: aws})
	lock, err := b.Resolve(t.Context(), artifactSpec(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := lock.Python.Chosen.Wheels[0].URL; got != index.FileURL("idna-3.7-py3-none-any.whl") {
		t.Errorf("the lock names %q", got)
	}
	if _, err := b.Build(t.Context(), lock, Output{Path: t.TempDir() + "/layer.zip"}); err != nil {
		t.Fatal(err)
	}
	want := "endpoint acme wheels   pypi;token acme  "
	if got := strings.Join(aws.calls, ";"); got != want {
		t.Errorf("AWS was asked %q, want %q", got, want)
	}
	// What is locked asks nobody.
	again := NewBuilder(Options{CacheDir: t.TempDir(), Getenv: getenv, CodeArtifact: &artifactsOfTest{err: errors.New("must not be asked")}})
	if same, err := again.Resolve(t.Context(), artifactSpec(), lock); err != nil || same.Python != lock.Python {
		t.Errorf("an unchanged request: %v", err)
	}
}

func TestCodeArtifactFaultsNameTheIndex(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		aws     CodeArtifact
		offline bool
		want    string
	}{
		{"no credentials", &artifactsOfTest{err: errors.New("no AWS credentials were found")}, false, "No AWS credentials were found."},
		{"offline", &artifactsOfTest{}, true, "Offline mode forbids to ask AWS for its address: write the address as url."},
		{"no AWS", nil, false, "There are no AWS settings to reach it with."},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			b := NewBuilder(Options{CacheDir: t.TempDir(), Getenv: func(string) string { return "" }, CodeArtifact: c.aws, Offline: c.offline})
			_, err := b.Resolve(t.Context(), artifactSpec(), nil)
			input, ok := errors.AsType[*fault.Error](err)
			if !ok || input.At.String() != "python.index[0]" || input.Detail != c.want || input.Summary != `The CodeArtifact repository "wheels" cannot be used` {
				t.Errorf("err = %+v, want %s", err, c.want)
			}
		})
	}
}
