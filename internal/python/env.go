package python

import (
	"context"
	"fmt"
	"sync"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/configuration"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Env is what resolving and packing reach. It is safe for concurrent use and must
// not be copied after its first use.
type Env struct {
	Client   *fetch.Client
	Store    *store.Store
	Segments Segments
	// Getenv reads the environment, which may name package indexes.
	Getenv func(string) string
	// NewClient returns a client that trusts the certificates of a file too.
	NewClient func(certificates string) *fetch.Client
	// CodeArtifact returns the address of the Python index of a repository.
	CodeArtifact func(context.Context, *CodeArtifactSpec) (string, error)

	once     sync.Once
	settings *settings
	err      error
}

// Segments keeps wheels that are made in memory, deflated: those of one are a blob
// of the store, from which a layer copies them as they are.
type Segments interface {
	// Made returns the archive of the files that are kept under a key, and makes
	// and keeps them where there are none. With doubt it compares what is kept with
	// what is made.
	Made(ctx context.Context, key string, doubt bool, files func() (map[string][]byte, error)) (*filetree.Archive, error)
	// NotedMade returns the blob of a key, if Made noted one.
	NotedMade(key string) (store.Digest, bool)
	// Vet looks at a wheel that is kept, whose digest was checked.
	Vet(ctx context.Context, a *filetree.Archive, sum store.Digest) error
}

// settings are how the indexes are reached: a client that trusts the certificates
// that pip is told of, and the indexes of the environment and of the user's files.
type settings struct {
	client  *fetch.Client
	indexes []index.Index
}

// reach returns the settings. The environment and the files of pip and uv are read
// once, when the first package needs them, so that packages without Python never see
// their faults.
func (e *Env) reach() (*settings, error) {
	e.once.Do(func() { e.settings, e.err = e.readSettings() })
	return e.settings, e.err
}

func (e *Env) readSettings() (*settings, error) {
	read, err := configuration.ReadIndexSettings(e.Getenv, "", nil)
	if err != nil {
		return nil, err
	}
	s := &settings{client: e.Client, indexes: read.Indexes}
	if read.Certificates != "" {
		s.client = e.NewClient(read.Certificates)
	}
	// A lock names files without credentials, so the client learns those of
	// the indexes before any build.
	return s, login(s.client, read)
}

// learn hands the credentials that variables gave a requirements file to the client.
func (e *Env) learn(file *pep508.RequirementsFile) error {
	reached, err := e.reach()
	if err != nil {
		return settingsError(err)
	}
	address, err := learn(reached.client, file.Accounts, file.Parts)
	return fault.Tie(fault.At("python", "requirements_file"), fmt.Sprintf("The index address %q cannot be read", address), err)
}

// reachFor returns the settings for what the lock holds. Settings that cannot be
// used are an error only where a wheel is still to be fetched.
func (e *Env) reachFor(ctx context.Context, l *Lock) (*settings, error) {
	s, err := e.reach()
	if err == nil {
		return s, nil
	}
	for _, w := range l.Chosen.Wheels {
		if ctx.Err() != nil || !e.Store.Has(w.SHA256, -1) {
			return nil, settingsError(err)
		}
	}
	return &settings{client: e.Client}, nil
}
