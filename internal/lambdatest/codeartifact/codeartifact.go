// Package codeartifact is the stand-in of CodeArtifact: repositories, and tokens by
// themselves.
package codeartifact

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

// CodeArtifact is repositories and tokens.
type CodeArtifact struct {
	*wire.State
	repositories []repository
	tokens       map[string]issued
	tokenLife    time.Duration
}

// New returns the service on a state.
func New(state *wire.State) *CodeArtifact { return &CodeArtifact{State: state} }

// call is one request on its way through, handler what carries it out.
type (
	call    struct{ *wire.Request }
	handler func(*CodeArtifact, *call) wire.Reply
)

// Route finds the operation of a call, and what carries it out; nil for none.
func (a *CodeArtifact) Route(r *wire.Request) wire.Handler {
	handle := (&call{r}).route()
	if handle == nil {
		return nil
	}
	return func(r *wire.Request) wire.Reply { return handle(a, &call{r}) }
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
	if owner == "" {
		owner = wire.Account
	}
	a.repositories = append(a.repositories, repository{domain: domain, owner: owner, name: name, address: strings.TrimSuffix(address, "/")})
}

// LimitTokens makes the tokens of CodeArtifact that are given from now on live
// so long, whatever was asked for; 0 gives what was asked.
func (a *CodeArtifact) LimitTokens(life time.Duration) {
	a.Lock()
	defer a.Unlock()
	a.tokenLife = life
}

// RevokeTokens makes all tokens that were given useless.
func (a *CodeArtifact) RevokeTokens() {
	a.Lock()
	defer a.Unlock()
	a.tokens = nil
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
	var tokens []string
	for token := range a.tokens {
		tokens = append(tokens, token)
	}
	return tokens
}

func (c *call) route() handler {
	switch c.Method + " " + c.URL.Path {
	case "POST /v1/authorization-token":
		c.Operation = "GetAuthorizationToken"
		return getAuthorizationToken
	case "GET /v1/repository/endpoint":
		c.Operation = "GetRepositoryEndpoint"
		return getRepositoryEndpoint
	}
	return nil
}

func getAuthorizationToken(a *CodeArtifact, c *call) wire.Reply {
	domain, owner := c.domain()
	var seconds int
	if _, err := fmt.Sscan(c.URL.Query().Get("duration"), &seconds); err != nil || seconds != 0 && (seconds < 900 || seconds > 43200) {
		return c.Invalid(c.URL.Query().Get("duration"), "durationSeconds", "Member must be 0 or between 900 and 43200")
	}
	if !a.hasDomain(domain, owner) {
		return c.Fail(http.StatusNotFound, "ResourceNotFoundException", fmt.Sprintf("Domain not found. Domain '%s' owned by account '%s' does not exist.", domain, owner))
	}
	life := time.Duration(seconds) * time.Second
	if a.tokenLife != 0 {
		life = a.tokenLife
	}
	if a.tokens == nil {
		a.tokens = map[string]issued{}
	}
	token := fmt.Sprintf("codeartifact-token-%d.%s", a.Next(), strings.Repeat("x", 600))
	expires := time.Now().Add(life).Truncate(time.Millisecond)
	a.tokens[token] = issued{domain: domain, expires: expires}
	return wire.OK(map[string]any{"authorizationToken": token, "expiration": float64(expires.UnixMilli()) / 1000})
}

func getRepositoryEndpoint(a *CodeArtifact, c *call) wire.Reply {
	domain, owner := c.domain()
	query := c.URL.Query()
	for _, r := range a.repositories {
		if r.domain == domain && r.owner == owner && r.name == query.Get("repository") {
			return wire.OK(map[string]string{"repositoryEndpoint": fmt.Sprintf("%s/%s/%s/", r.address, query.Get("format"), r.name)})
		}
	}
	return c.Fail(http.StatusNotFound, "ResourceNotFoundException", fmt.Sprintf("Repository not found. Repository '%s' in domain '%s' owned by account '%s' does not exist.", query.Get("repository"), domain, owner))
}

// domain returns the domain of a call and its owner.
func (c *call) domain() (domain, owner string) {
	query := c.URL.Query()
	if owner = query.Get("domain-owner"); owner == "" {
		owner = wire.Account
	}
	return query.Get("domain"), owner
}

func (a *CodeArtifact) hasDomain(domain, owner string) bool {
	for _, r := range a.repositories {
		if r.domain == domain && r.owner == owner {
			return true
		}
	}
	return false
}
