package lockfile

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

const pipfileWithVariables = `-- Pipfile.lock --
{"_meta": {"pipfile-spec": 6, "requires": {}, "sources": [
  {"name": "pypi", "url": "https://pypi.org/simple"},
  {"name": "own", "url": "http://$CORP_USER:${CORP_PASS}@${CORP_HOST}/${CORP_REPO}/simple"},
  {"name": "unused", "url": "https://${NOBODY}@unused.example/simple"}]},
 "default": {"acme": {"version": "==1.0", "index": "own", "hashes": ["sha256:%s"]}}, "develop": {}}
`

func TestPipenvSourcesWithVariables(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, "acme 1.0\n", indextest.WithAuth("me", "s3cret"), indextest.WithPath("/repository-token"))
	_, digest := idx.Wheel("acme-1.0-py3-none-any.whl")
	read := func() *LockFile {
		t.Helper()
		f, err := ReadLockFile(t.Context(), filepath.Join(unpack(t, strings.Replace(pipfileWithVariables, "%s", digest, 1)), "Pipfile.lock"), Options{}, []wheel.Target{pythontest.Py312})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	host := strings.TrimSuffix(strings.TrimPrefix(idx.URL(), "http://"), "/repository-token/simple/")
	environment := map[string]string{"CORP_USER": "me", "CORP_PASS": "s3cret", "CORP_HOST": host, "CORP_REPO": "repository-token"}

	f := read()
	addresses, parts, err := f.Expand(func(name string) string { return environment[name] })
	if want := []secret.Part{{Name: "CORP_REPO", Value: "repository-token", Host: host}}; !slices.Equal(parts, want) {
		t.Errorf("the path has the variables %v, want %v", parts, want)
	}
	if want := []string{"http://me:s3cret@" + host + "/repository-token/simple"}; err != nil || !slices.Equal(addresses, want) {
		t.Fatalf("Expand = %q, %v, want %q", addresses, err, want)
	}
	if got, want := f.Pins[0].Index, "http://"+host+"/repository-token/simple"; got != want {
		t.Errorf("the pin's index is %q, want %q", got, want)
	}
	client, _ := pythontest.Client(t, nil)
	if _, err := client.Login(addresses[0]); err != nil {
		t.Fatal(err)
	}
	// The lock file's own source goes before the configured index.
	elsewhere := indextest.New(t, "acme 1.0\n  file: acme/other.py: X = 1\n")
	lock, err := f.Locate(t.Context(), client, []index.Index{{URL: elsewhere.URL()}}, []wheel.Target{pythontest.Py312})
	if err != nil || lock.Wheels[0].URL != idx.FileURL("acme-1.0-py3-none-any.whl") || len(elsewhere.Requests()) != 0 {
		t.Errorf("Locate = %+v, %v, and the configured index was asked %d times", lock, err, len(elsewhere.Requests()))
	}

	delete(environment, "CORP_PASS")
	_, _, err = read().Expand(func(name string) string { return environment[name] })
	fault, ok := errors.AsType[*Error](err)
	if want := `the address of its source "own" has the variable CORP_PASS, which is not set`; !ok || fault.Reason != want {
		t.Errorf("err = %v, want %s", err, want)
	}
}

func TestPoetryCredentialsOfTheEnvironment(t *testing.T) {
	t.Parallel()
	text := "-- poetry.lock --\n[[package]]\nname = \"acme\"\nversion = \"1.0\"\ngroups = [\"main\"]\n" +
		"files = [{file = \"acme-1.0-py3-none-any.whl\", hash = \"sha256:" + strings.Repeat("ab", 32) + "\"}]\n" +
		"[package.source]\ntype = \"legacy\"\nurl = \"https://corp.example/simple\"\nreference = \"my-corp\"\n\n" +
		"[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.9\"\ncontent-hash = \"x\"\n" +
		"-- pyproject.toml --\n[tool.poetry.dependencies]\nacme = \"*\"\n"
	for _, version := range []string{"2.1", "2.0"} {
		archive := strings.Replace(text, "\"2.1\"", "\""+version+"\"", 1)
		f, err := ReadLockFile(t.Context(), filepath.Join(unpack(t, archive), "poetry.lock"), Options{}, []wheel.Target{pythontest.Py312})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			env  map[string]string
			want string
		}{
			{nil, "https://corp.example/simple"},
			{map[string]string{"POETRY_HTTP_BASIC_MY_CORP_USERNAME": "me", "POETRY_HTTP_BASIC_MY_CORP_PASSWORD": "pw"}, "https://me:pw@corp.example/simple"},
		} {
			got, _, err := f.Expand(func(name string) string { return c.env[name] })
			if err != nil || !slices.Equal(got, []string{c.want}) {
				t.Errorf("Expand of version %s = %q, %v, want %q", version, got, err, c.want)
			}
		}
	}
}
