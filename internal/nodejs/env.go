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
	config, err := configuration(dir, e.Environ)
	if err != nil {
		return nil, err
	}
	client, err := registry.NewClient(e.Client, config)
	if err != nil {
		return nil, fault.Tie(fault.At("nodejs"), unusable, err)
	}
	if r.byDir == nil {
		r.byDir = map[string]*registry.Client{}
	}
	r.byDir[dir] = client
	return client, nil
}

const unusable = "Unusable npm configuration"

// configuration returns npm's configuration in a folder.
func configuration(dir string, environ func() []string) (*registry.Npmrc, error) {
	var list []string
	if environ != nil {
		list = environ()
	}
	config, err := registry.LoadNpmrc(dir, list)
	return config, fault.Tie(fault.At("nodejs"), unusable, err)
}
