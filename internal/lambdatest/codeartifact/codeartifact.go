// Package codeartifact is the stand-in of CodeArtifact: repositories, and tokens by
// themselves.
package codeartifact

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

// CodeArtifact is repositories and tokens.
type CodeArtifact struct {
	*wire.State
	repositories []repository
	tokens       map[string]issued
}

// New returns the service on a state.
func New(state *wire.State) *CodeArtifact {
	return &CodeArtifact{State: state, tokens: map[string]issued{}}
}

// Route finds the operation of a call, and what carries it out; nil for none.
func (a *CodeArtifact) Route(c *wire.Request) wire.Handler {
	return c.Find([]wire.Route{
		{Method: "POST", Path: "v1/authorization-token", Operation: "GetAuthorizationToken", Handle: a.getAuthorizationToken},
		{Method: "GET", Path: "v1/repository/endpoint", Operation: "GetRepositoryEndpoint", Handle: a.getRepositoryEndpoint},
	})
}

// repository is one of CodeArtifact's, in some region.
type repository struct {
	domain, owner, name string
	address             string // of the server that stands for it
}

// issued is a token of CodeArtifact.
type issued struct {
	domain  string
	expires time.Time
}

// AddRepository makes a CodeArtifact repository in all regions, of an owner, ""
// for the account of the calls. Its endpoint is the address, with
// "<format>/<name>/" below.
func (a *CodeArtifact) AddRepository(domain, owner, name, address string) {
	a.Lock()
	defer a.Unlock()
	a.repositories = append(a.repositories, repository{domain: domain, owner: cmp.Or(owner, wire.Account), name: name, address: strings.TrimSuffix(address, "/")})
}

// RevokeTokens makes all tokens that were given useless.
func (a *CodeArtifact) RevokeTokens() {
	a.Lock()
	defer a.Unlock()
	clear(a.tokens)
}

// Admits reports whether a request carries a valid token of the domain as
// CodeArtifact wants it: as password of any user, or as bearer token.
func (a *CodeArtifact) Admits(domain string, r *http.Request) bool {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		_, token, _ = r.BasicAuth()
	}
	a.Lock()
	defer a.Unlock()
	given, ok := a.tokens[token]
	return ok && given.domain == domain && time.Now().Before(given.expires)
}

// Tokens returns the tokens that were given and not revoked, in no order.
func (a *CodeArtifact) Tokens() []string {
	a.Lock()
	defer a.Unlock()
	return slices.Collect(maps.Keys(a.tokens))
}

func (a *CodeArtifact) getAuthorizationToken(c *wire.Request) wire.Reply {
	domain, owner := domainOf(c)
	var seconds int
	if _, err := fmt.Sscan(c.URL.Query().Get("duration"), &seconds); err != nil || seconds != 0 && (seconds < 900 || seconds > 43200) {
		return c.Invalid(c.URL.Query().Get("duration"), "durationSeconds", "Member must be 0 or between 900 and 43200")
	}
	if !a.hasDomain(domain, owner) {
		return c.Fail(http.StatusNotFound, "ResourceNotFoundException", fmt.Sprintf("Domain not found. Domain '%s' owned by account '%s' does not exist.", domain, owner))
	}
	token := fmt.Sprintf("codeartifact-token-%d.%s", a.Next(), strings.Repeat("x", 600))
	expires := time.Now().Add(time.Duration(seconds) * time.Second).Truncate(time.Millisecond)
	a.tokens[token] = issued{domain: domain, expires: expires}
	return wire.OK(map[string]any{"authorizationToken": token, "expiration": float64(expires.UnixMilli()) / 1000})
}

func (a *CodeArtifact) getRepositoryEndpoint(c *wire.Request) wire.Reply {
	domain, owner := domainOf(c)
	query := c.URL.Query()
	for _, r := range a.repositories {
		if r.domain == domain && r.owner == owner && r.name == query.Get("repository") {
			return wire.OK(map[string]string{"repositoryEndpoint": fmt.Sprintf("%s/%s/%s/", r.address, query.Get("format"), r.name)})
		}
	}
	return c.Fail(http.StatusNotFound, "ResourceNotFoundException", fmt.Sprintf("Repository not found. Repository '%s' in domain '%s' owned by account '%s' does not exist.", query.Get("repository"), domain, owner))
}

// domainOf returns the domain of a call and its owner.
func domainOf(c *wire.Request) (domain, owner string) {
	query := c.URL.Query()
	return query.Get("domain"), cmp.Or(query.Get("domain-owner"), wire.Account)
}

func (a *CodeArtifact) hasDomain(domain, owner string) bool {
	return slices.ContainsFunc(a.repositories, func(r repository) bool { return r.domain == domain && r.owner == owner })
}
