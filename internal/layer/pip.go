package layer

import (
	"context"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
)

// pip is how Python's indexes are reached: a client that trusts what the
// settings of pip name, and the indexes of the environment and the user's files.
// It is read when the first package needs it: the settings of one tool are no
// matter of what has nothing to do with it.
type pip struct {
	client  *fetch.Client
	indexes []python.Index
}

// readPip reads the environment and the files of pip and uv.
func (c *cache) readPip(o Options) (*pip, error) {
	settings, err := python.ReadIndexSettings(c.getenv, "", nil)
	if err != nil {
		return nil, err
	}
	p := &pip{client: c.client, indexes: settings.Indexes}
	if settings.Certificates != "" {
		if p.client, err = c.newClient(o, settings.Certificates); err != nil {
			return nil, err
		}
	}
	// A lock names files without credentials, so the client learns those of
	// the indexes before any build.
	return p, login(p.client, settings)
}

// pipFor is pip for what the lock holds. Settings that cannot be used are an
// error only where a wheel is still to be fetched.
func (c *cache) pipFor(ctx context.Context, l *python.Lock) (*pip, error) {
	p, err := c.pip()
	if err == nil {
		return p, nil
	}
	for _, w := range l.Wheels {
		if ctx.Err() != nil || !c.store.Has(w.SHA256, -1) {
			return nil, pipError(err)
		}
	}
	return &pip{client: c.client}, nil
}
