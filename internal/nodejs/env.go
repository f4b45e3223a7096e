package nodejs

import (
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
)

// registryOf returns the client for the registries of a project, which from then
// on knows their credentials for tarballs too.
func (e *Env) registryOf(dir string) (*registry.Client, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if known := e.registries[dir]; known != nil {
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
	if e.registries == nil {
		e.registries = map[string]*registry.Client{}
	}
	e.registries[dir] = client
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
