package registry

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

const registryUniverse = `
a 1.0.0
  dependencies: b ^1
  uploaded: 2024-01-01T00:00:00Z
a 1.1.0
  dependencies: @s/c *, b ^1 || ^2
  optional: native 1.0.0
  libc: glibc
  script: install node x
  uploaded: 2024-02-01T00:00:00Z
a 2.0.0-rc.1
  tag: next
@s/c 1.0.0
  bundled: d 1.0.0
  json: {"_hasShrinkwrap": true}
  file: npm-shrinkwrap.json: {"lockfileVersion": 3}
  file: node_modules/d/node_modules/@s/e/package.json: {"name": "@s/e", "version": "3.0.0", "dependencies": {"f": "1"}}
  file: node_modules/d/test/package.json: {"name": "no-package"}
  file: node_modules/broken/package.json: {
old 1.0.0
  integrity: sha1
older 1.0.0
  integrity: absent
`

// newFetcher returns a client with a store of its own that does not wait
// between attempts for longer than a server asks.
func newFetcher(t *testing.T, o fetch.Options) *fetch.Client {
	t.Helper()
	if o.Store == nil {
		var err error
		if o.Store, err = store.Open(t.TempDir()); err != nil {
			t.Fatal(err)
		}
	}
	client := fetch.New(o)
	return client
}

// newRegistry returns a client for n with further lines of .npmrc, in which
// HOST is the registry's host.
func newRegistry(t *testing.T, n *indextest.NPM, rc string, o fetch.Options) *Client {
	t.Helper()
	config, err := npmrcOf(t, "registry="+n.URL()+"\n"+strings.ReplaceAll(rc, "HOST", n.Host()), "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(newFetcher(t, o), config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClientPackument(t *testing.T) {
	t.Parallel()
	n := indextest.NewNPM(t, registryUniverse, indextest.WithMaxAge(time.Hour))
	kept, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := newRegistry(t, n, "", fetch.Options{Store: kept})
	for range 2 {
		p, err := c.Packument(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		var versions []string
		for _, r := range p.Versions {
			versions = append(versions, r.Version)
		}
		if want := []string{"1.0.0", "1.1.0", "2.0.0-rc.1"}; p.Name != "a" || !slices.Equal(versions, want) || !p.Timed {
			t.Errorf("the document is of %q with %q (timed %t), want %q with %q", p.Name, versions, p.Timed, "a", want)
		}
		if want := map[string]string{"latest": "1.1.0", "next": "2.0.0-rc.1"}; !reflect.DeepEqual(p.DistTags, want) {
			t.Errorf("the tags are %v, want %v", p.DistTags, want)
		}
		m, err := p.Manifest(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		_, integrity := n.Tarball("a", "1.1.0")
		want := &manifest.Manifest{
			Name: "a", Version: "1.1.0", Dependencies: []manifest.Dependency{{Name: "@s/c", Spec: "*"}, {Name: "b", Spec: "^1 || ^2"}},
			OptionalDependencies: []manifest.Dependency{{Name: "native", Spec: "1.0.0"}}, Libc: []string{"glibc"}, InstallScript: true,
			Tarball: n.URL() + "a/-/a-1.1.0.tgz", Integrity: integrity, Shasum: m.Shasum,
		}
		// The text of a kept document is read again for each further manifest.
		for range 2 {
			if len(m.Shasum) != 40 || !reflect.DeepEqual(m, want) {
				t.Errorf("the manifest is\n%+v, want\n%+v", m, want)
			}
			if m, err = p.Manifest(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := c.Packument(t.Context(), "@s/c"); err != nil {
		t.Error(err)
	}
	if got := paths(n); !slices.Equal(got, []string{"/a", "/@s/c"}) {
		t.Errorf("the requests are %q, want one for each name", got)
	}
	offline := newRegistry(t, n, "", fetch.Options{Store: kept, Offline: true})
	if p, err := offline.Packument(t.Context(), "a"); err != nil || len(p.Versions) != 3 {
		t.Errorf("offline: error %v", err)
	}
}

// TestDocumentThatChangesMeanwhile reads a manifest of a document whose text was let
// go, and is another one when it is read again.
func TestDocumentThatChangesMeanwhile(t *testing.T) {
	t.Parallel()
	p, err := ReadPackument([]byte(`{"name":"a","versions":{"1.0.0":{"os":"x"},"1.1.0":{"os":"y"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	p.reload = func(context.Context) (*Packument, error) {
		return ReadPackument([]byte(`{"name":"a","versions":{"0.9.0":{},"1.1.0":{"os":"z"}}}`))
	}
	for _, c := range []struct {
		at   int
		want string // the system, "" for an error
	}{{0, "x"}, {1, "z"}, {0, ""}} {
		m, err := p.Manifest(t.Context(), c.at)
		var gone *manifest.ResolveError
		switch {
		case c.want == "" && (!errors.As(err, &gone) || gone.Code != "ETARGET"):
			t.Errorf("got %v, %v, want ETARGET", m, err)
		case c.want != "" && (err != nil || m.OS[0] != c.want):
			t.Errorf("got %v, %v, want %s", m, err, c.want)
		}
	}
}

// paths are the paths that were asked for, in order.
func paths(n *indextest.NPM) []string {
	var list []string
	for _, r := range n.Requests() {
		list = append(list, r.Path)
	}
	return list
}

func TestClientManifest(t *testing.T) {
	t.Parallel()
	n := indextest.NewNPM(t, registryUniverse)
	c := newRegistry(t, n, "", fetch.Options{})
	m, err := c.Manifest(t.Context(), "@s/c", "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "@s/c" || m.Version != "1.0.0" || !m.Shrinkwrap || !slices.Equal(m.Bundled, []string{"d"}) || m.Integrity == "" {
		t.Errorf("the manifest is %+v", m)
	}
	if got := paths(n); !slices.Equal(got, []string{"/@s/c/1.0.0"}) {
		t.Errorf("the requests are %q, want one", got)
	}
	// A registry that knows no addresses of versions.
	n.Fail(indextest.NPMFault{Path: "/a/1.0.0", Status: 405})
	if m, err := c.Manifest(t.Context(), "a", "1.0.0"); err != nil || m.Version != "1.0.0" || m.Tarball == "" {
		t.Errorf("without addresses of versions: %+v, %v", m, err)
	}
	var fault *manifest.ResolveError
	if _, err := c.Manifest(t.Context(), "a", "9.0.0"); !errors.As(err, &fault) || fault.Code != "ETARGET" {
		t.Errorf("a version that is not there: error %v, want ETARGET", err)
	}
}

func TestClientErrors(t *testing.T) {
	t.Parallel()
	n := indextest.NewNPM(t, registryUniverse)
	c := newRegistry(t, n, "", fetch.Options{Retries: -1})
	n.Fail(indextest.NPMFault{Path: "/forbidden", Status: 403})
	n.Fail(indextest.NPMFault{Path: "/broken", Status: 500})
	for _, c2 := range []struct{ name, code, want string }{
		{"nothing", "E404", "has no such package"},
		{"forbidden", "E403", "write a line such as //" + n.Host() + "/:_authToken=${NPM_TOKEN} into .npmrc"},
		{"../up", "EINVALIDPACKAGENAME", "cannot start with a dot"},
		{"broken", "", "500"},
	} {
		_, err := c.Packument(t.Context(), c2.name)
		var fault *manifest.ResolveError
		if code := ""; errors.As(err, &fault) {
			if code = fault.Code; code != c2.code || fault.Name != c2.name {
				t.Errorf("%s: code %s of %q, want %s", c2.name, code, fault.Name, c2.code)
			}
		} else if c2.code != "" {
			t.Errorf("%s: error %v, want a *ResolveError", c2.name, err)
		}
		if err == nil || !strings.Contains(err.Error(), c2.want) {
			t.Errorf("%s: error %v, want %q in it", c2.name, err, c2.want)
		}
	}
}

func TestClientRetries(t *testing.T) {
	t.Parallel()
	n := indextest.NewNPM(t, registryUniverse)
	n.Fail(indextest.NPMFault{Path: "/a", Status: 429, RetryAfter: "0", Times: 1})
	n.Fail(indextest.NPMFault{Path: "/a", Times: 1})
	c := newRegistry(t, n, "", fetch.Options{})
	if p, err := c.Packument(t.Context(), "a"); err != nil || len(p.Versions) != 3 {
		t.Errorf("error %v, want the document after two bad answers", err)
	}
	if got := len(n.Requests()); got != 3 {
		t.Errorf("%d requests, want 3", got)
	}
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	const token, password = "t0k3n", "p4ssw0rd"
	for _, c := range []struct {
		title, rc string
		option    indextest.Option
		user      string // that the registry saw
		wrong     bool
	}{
		{"a token", "//HOST/:_authToken=" + token, indextest.WithToken(token), "token " + token, false},
		{"without a slash", "//HOST:_authToken=" + token, indextest.WithToken(token), "token " + token, false},
		{"_auth", "//HOST/:_auth=dTpwNHNzdzByZA==", indextest.WithAuth("u", password), "u", false},
		{"a password", "//HOST/:username=u\n//HOST/:_password=cDRzc3cwcmQ", indextest.WithAuth("u", password), "u", false},
		{"a wrong token", "//HOST/:_authToken=" + token, indextest.WithToken("other"), "token " + token, true},
		{"none", "", indextest.WithToken(token), "", true},
		{"one for another path", "//HOST/other/:_authToken=" + token, indextest.WithToken(token), "", true},
		{"one for another host", "//example.com/:_authToken=" + token, indextest.WithToken(token), "", true},
		{"one for no host", "_authToken=" + token, indextest.WithToken(token), "", true},
		{"a variable that is not set", "//HOST/:_authToken=${NOT_SET}", indextest.WithToken(token), "", true},
	} {
		n := indextest.NewNPM(t, registryUniverse, c.option)
		client := newRegistry(t, n, c.rc, fetch.Options{Retries: -1})
		_, err := client.Packument(t.Context(), "a")
		if !c.wrong && err != nil {
			t.Errorf("%s: %v", c.title, err)
		}
		if got := n.Requests()[0].User; got != c.user {
			t.Errorf("%s: the registry saw %q, want %q", c.title, got, c.user)
		}
		if !c.wrong {
			continue
		}
		var fault *manifest.ResolveError
		if !errors.As(err, &fault) || fault.Code != "E401" || !strings.Contains(err.Error(), n.Host()) {
			t.Errorf("%s: error %v, want E401 and the host", c.title, err)
		}
		if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, token) || strings.Contains(text, password) {
			t.Errorf("%s: the error tells the secret: %s", c.title, text)
		}
	}
}

func TestClientCredentialsStayOnTheirHost(t *testing.T) {
	t.Parallel()
	n, elsewhere := indextest.NewNPM(t, "", indextest.WithToken("t0k3n")), indextest.NewNPM(t, registryUniverse)
	_, integrity := elsewhere.Tarball("@s/c", "1.0.0")
	n.AddDocument("@s/c", fmt.Appendf(nil, `{"name":"@s/c","versions":{"1.0.0":{"name":"@s/c","version":"1.0.0","dist":{"tarball":%q,"integrity":%q}}}}`,
		elsewhere.TarballURL("@s/c", "1.0.0"), integrity))
	c := newRegistry(t, n, "//HOST/:_authToken=t0k3n", fetch.Options{})
	m, err := c.Manifest(t.Context(), "@s/c", "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Bundle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	requests := elsewhere.Requests()
	if len(requests) != 1 || requests[0].Path != "/@s/c/-/c-1.0.0.tgz" || requests[0].User != "" {
		t.Errorf("the requests are %+v, want one for the tarball by nobody", requests)
	}
}

func TestClientBundle(t *testing.T) {
	t.Parallel()
	n := indextest.NewNPM(t, registryUniverse)
	c := newRegistry(t, n, "", fetch.Options{})
	m, err := c.Manifest(t.Context(), "@s/c", "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	packages, shrinkwrap, err := c.Bundle(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]*manifest.Manifest{
		"node_modules/d":                   {Name: "d", Version: "1.0.0"},
		"node_modules/d/node_modules/@s/e": {Name: "@s/e", Version: "3.0.0", Dependencies: []manifest.Dependency{{Name: "f", Spec: "1"}}},
	}
	if !reflect.DeepEqual(packages, want) {
		t.Errorf("the packages are %v, want %v", packages, want)
	}
	if got := string(shrinkwrap); got != `{"lockfileVersion": 3}` {
		t.Errorf("the shrinkwrap is %q", got)
	}
	for _, name := range []string{"a", "old"} {
		m, err := c.Manifest(t.Context(), name, "1.0.0")
		if err != nil {
			t.Fatal(err)
		}
		if packages, shrinkwrap, err := c.Bundle(t.Context(), m); err != nil || len(packages) != 0 || shrinkwrap != nil {
			t.Errorf("%s brings %v, %q (%v), want nothing", name, packages, shrinkwrap, err)
		}
	}
	if m, err = c.Manifest(t.Context(), "older", "1.0.0"); err != nil {
		t.Fatal(err)
	}
	var fault *manifest.ResolveError
	if _, _, err := c.Bundle(t.Context(), m); !errors.As(err, &fault) || fault.Code != "EINTEGRITY" {
		t.Errorf("without a digest: error %v, want EINTEGRITY", err)
	}
}

func TestClientBundleIsChecked(t *testing.T) {
	t.Parallel()
	n := indextest.NewNPM(t, registryUniverse)
	other, _ := n.Tarball("a", "1.0.0")
	n.Tamper("@s/c", "1.0.0", other)
	c := newRegistry(t, n, "", fetch.Options{Retries: -1})
	m, err := c.Manifest(t.Context(), "@s/c", "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	var fault *fetch.IntegrityError
	if _, _, err := c.Bundle(t.Context(), m); !errors.As(err, &fault) {
		t.Errorf("a tarball that is another: error %v, want a *fetch.IntegrityError", err)
	}
}

func TestClientLocate(t *testing.T) {
	t.Parallel()
	n := indextest.NewNPM(t, registryUniverse)
	c := newRegistry(t, n, "", fetch.Options{})
	for _, c2 := range []struct{ resolved, want string }{
		{"", n.URL() + "a/-/a-1.0.0.tgz"},
		{"https://registry.npmjs.org/a/-/a-1.0.0.tgz", n.URL() + "a/-/a-1.0.0.tgz"},
		{"https://example.com/a.tgz", "https://example.com/a.tgz"},
	} {
		if got := c.Locate("a", "1.0.0", c2.resolved); got != c2.want {
			t.Errorf("the tarball found at %q is at %q, want %q", c2.resolved, got, c2.want)
		}
	}
}

func TestClientAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	n := indextest.NewNPM(t, registryUniverse)
	n.AddDocument("page", []byte("<html>"))
	n.AddDocument("cut", []byte(`{"name":"cut","versions":{"1.0.0":{"name":"cut"`))
	n.AddDocument("liar", []byte(`{"name":"liar","versions":{"1.0.0":{"name":"liar","version":"2.0.0"}}}`))
	c := newRegistry(t, n, "", fetch.Options{Retries: -1})
	for _, name := range []string{"page", "cut"} {
		if _, err := c.Packument(t.Context(), name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v, want one that names it", name, err)
		}
	}
	if m, err := c.Manifest(t.Context(), "liar", "1.0.0"); err == nil {
		t.Errorf("a document of another version is %+v, want an error", m)
	}
}

func TestClientTellsOfTrustSettings(t *testing.T) {
	t.Parallel()
	n := indextest.NewNPM(t, registryUniverse, indextest.WithTLS())
	for _, c := range []struct{ rc, want string }{
		{"cafile=/etc/company.pem", "cafile in .npmrc is not read: name the file of certificates in SSL_CERT_FILE"},
		{"strict-ssl=false", "certificates are always checked"},
	} {
		_, err := newRegistry(t, n, c.rc, fetch.Options{Retries: -1}).Packument(t.Context(), "a")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("with %q: error %v, want %q in it", c.rc, err, c.want)
		}
	}
	if _, err := newRegistry(t, n, "", fetch.Options{Transport: n.Transport()}).Packument(t.Context(), "a"); err != nil {
		t.Errorf("with a certificate that is trusted: %v", err)
	}
}
