package nodejs

import (
	"sync"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
)

// registries are the clients for npm's registries, by the folder of the project
// whose .npmrc names them. Each is made once.
type registries struct {
	mu    sync.Mutex
	byDir map[string]*registry.Client
}

// registryOf returns the client for the registries of a project, which from then
// on knows their credentials for tarballs too.
func (e *Env) registryOf(dir string) (*registry.Client, error) {
	r := &e.registries
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.byDir[dir]; known != nil {
		return known, nil
	}
	var environ []string
	if e.Environ != nil {
		environ = e.Environ()
	}
	config, err := registry.LoadNpmrc(dir, environ)
	if err == nil {
		var client *registry.Client
		if client, err = registry.NewClient(e.Client, config); err == nil {
			if r.byDir == nil {
				r.byDir = map[string]*registry.Client{}
			}
			r.byDir[dir] = client
			return client, nil
		}
	}
	return nil, fault.Tie(fault.At("nodejs"), "Unusable npm configuration", err)
}
