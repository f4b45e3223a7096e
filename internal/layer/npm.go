package layer

import (
	"errors"
	"net/url"
	"sync"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
)

// registries are the clients for npm's registries, by the folder of the project
// whose .npmrc names them. Each is made once.
type registries struct {
	environ func() []string

	mu    sync.Mutex
	byDir map[string]*nodejs.Client
}

func newRegistries(environ func() []string) *registries {
	if environ == nil {
		environ = func() []string { return nil }
	}
	return &registries{environ: environ, byDir: map[string]*nodejs.Client{}}
}

// npmFor returns the client for the registries of a project, which from then on
// knows their credentials for tarballs too.
func (c *cache) npmFor(dir string) (*nodejs.Client, error) {
	c.npm.mu.Lock()
	defer c.npm.mu.Unlock()
	if known := c.npm.byDir[dir]; known != nil {
		return known, nil
	}
	config, err := nodejs.LoadNpmrc(dir, c.npm.environ())
	if err == nil {
		var client *nodejs.Client
		if client, err = nodejs.NewClient(c.client, config); err == nil {
			c.npm.byDir[dir] = client
			return client, nil
		}
	}
	return nil, fault.Tie(fault.At("nodejs"), "Unusable npm configuration", err)
}

// withoutLogin returns an address that may be kept: what names a user is cut.
func withoutLogin(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("reading the address of a tarball: it is malformed")
	}
	if u.User == nil {
		return address, nil
	}
	u.User = nil
	return u.String(), nil
}
