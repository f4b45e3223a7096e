// Package codeartifact knows the repositories of AWS CodeArtifact behind hosts, and
// has AWS asked for what they want.
package codeartifact

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
)

// AWS is asked for what its CodeArtifact repositories want. A domain
// owner of "" is the caller's account, a region of "" the provider's. Errors
// hold no credential.
type AWS interface {
	// CodeArtifactToken returns a token for the repositories of a domain, and
	// when it expires.
	CodeArtifactToken(ctx context.Context, domain, owner, region string) (token string, expires time.Time, err error)
	// CodeArtifactEndpoint returns the address of a repository for a package
	// format, such as "pypi"; it ends in a slash.
	CodeArtifactEndpoint(ctx context.Context, domain, repository, owner, region, format string) (string, error)
}

// Domains knows the CodeArtifact domains behind hosts. AWS is asked when one
// of them is about to be reached, and not before.
type Domains struct {
	aws     AWS // nil: there is none
	offline bool

	mu    sync.Mutex
	hosts map[string]domain                  // by scheme and host, as AWS named them
	known map[python.CodeArtifactSpec]string // addresses of indexes
}

// New returns a Domains. aws may be nil: then no host is known. Offline, AWS is not
// asked for addresses.
func New(aws AWS, offline bool) *Domains {
	return &Domains{aws: aws, offline: offline, hosts: map[string]domain{}, known: map[python.CodeArtifactSpec]string{}}
}

// domain is a CodeArtifact domain in a region.
type domain struct{ name, owner, region string }

// codeArtifactHost is "<domain>-<owner>.d.codeartifact.<region>.<suffix>":
// "Accessing CodeArtifact over IPv4 or dualstack endpoints" in its user guide.
var codeArtifactHost = regexp.MustCompile(`^([a-z][a-z0-9-]*[a-z0-9])-([0-9]{12})\.d\.codeartifact(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com|amazonaws\.com\.cn|on\.aws)$`)

// Credentials is a fetch.CredentialSource: a fresh token for CodeArtifact's
// hosts. Its npm endpoints take it as bearer token, all others as password.
func (a *Domains) Credentials(ctx context.Context, u *url.URL) (fetch.Credential, time.Time, bool, error) {
	d, ok := a.domainOf(u)
	if !ok || a.aws == nil {
		return fetch.Credential{}, time.Time{}, false, nil
	}
	token, expires, err := a.aws.CodeArtifactToken(ctx, d.name, d.owner, d.region)
	if err != nil {
		return fetch.Credential{}, time.Time{}, false, err
	}
	if strings.HasPrefix(u.Path, "/npm/") {
		return fetch.Credential{Bearer: token}, expires, true, nil
	}
	return fetch.Credential{User: "aws", Password: token}, expires, true, nil
}

// domainOf returns the domain that serves a URL.
func (a *Domains) domainOf(u *url.URL) (domain, bool) {
	a.mu.Lock()
	d, ok := a.hosts[u.Scheme+"://"+u.Host]
	a.mu.Unlock()
	if ok {
		return d, true
	}
	m := codeArtifactHost.FindStringSubmatch(strings.ToLower(u.Hostname()))
	if m == nil || u.Scheme != "https" || u.Port() != "" && u.Port() != "443" {
		return domain{}, false
	}
	return domain{name: m[1], owner: m[2], region: m[3]}, true
}

// Index returns the address of a repository's Python index.
func (a *Domains) Index(ctx context.Context, s *python.CodeArtifactSpec) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if address, ok := a.known[*s]; ok {
		return address, nil
	}
	switch {
	case a.aws == nil:
		return "", errors.New("there are no AWS settings to reach it with")
	case a.offline:
		return "", errors.New("offline mode forbids to ask AWS for its address: write the address as url")
	}
	endpoint, err := a.aws.CodeArtifactEndpoint(ctx, s.Domain, s.Repository, s.DomainOwner, s.Region, "pypi")
	if err != nil {
		return "", err
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", fmt.Errorf("reading the address that AWS names: %w", err)
	}
	a.hosts[u.Scheme+"://"+u.Host] = domain{name: s.Domain, owner: s.DomainOwner, region: s.Region}
	a.known[*s] = u.JoinPath("simple/").String()
	return a.known[*s], nil
}
