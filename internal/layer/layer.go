// Package layer is the pipeline from what a user asks for to a layer zip on
// disk, and its nouns: Spec, Lock, Artifact.
//
// It keeps two verbs apart. Resolve chooses and never packs: it turns a Spec
// into a Lock, the whole recipe. Build packs and never chooses: it turns a Lock
// into bytes, and with a full store it makes no request. The bytes are a pure
// function of the lock and of the local files whose tree digest is in it; no
// clock, path, mode bit, locale or core count reaches them.
package layer

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/codeartifact"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/download"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/image"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/local"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/segment"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Builder resolves and builds layers with one cache and one HTTP client. It is
// safe for concurrent use. The cache is opened when it is first needed: what
// changes nothing needs none.
type Builder struct {
	options Options
	open    func() (*cache, error)
	own     *local.Own

	mu   sync.Mutex
	said atomic.Bool // that records are not used
	// outputs are the files that this Builder wrote, by absolute path.
	outputs map[string]store.Digest
}

// cache is what a Builder keeps on disk and reaches over the network.
type cache struct {
	store     *store.Store
	own       *local.Own
	client    *fetch.Client // of all but Python
	artifacts *codeartifact.Domains
	local     *local.Env
	downloads *download.Env
	images    *image.Env
	python    *python.Env
	node      *nodejs.Env
	segments  *segment.Cache
}

// Options say where a Builder keeps its cache and what it may reach.
type Options struct {
	// Run is the run of the CLI that the Builder works for.
	Run Run
	// CacheDir is the cache's directory; it is created when needed.
	CacheDir string
	// CacheKey signs the records of the cache; where it is "", they are not signed
	// and those of the folder are believed.
	CacheKey string
	// Offline allows only what the cache holds.
	Offline bool
	// UserAgent names the provider and its version to the registries.
	UserAgent string
	// Getenv reads the environment, which may name package indexes, and which
	// requirements files may name.
	Getenv func(string) string
	// Environ lists the environment as "key=value", which may configure npm;
	// nil is an empty one.
	Environ func() []string
	// CABundle is a file of certificates to trust besides the system's, or "".
	CABundle string
	// Logger gets a line for each phase and each file that was fetched, and what
	// a container engine writes while it builds (INFO), and a line for each
	// request (DEBUG), with the context of the call; nil drops them.
	Logger *slog.Logger
	// Received is told how many more bytes of a file have arrived; nil is nobody.
	Received func(bytes int)
	// Secrets learns the credentials that are met, and what came out of variables
	// of the environment; nil is a new one.
	Secrets *secret.Keeper
	// CodeArtifact is asked about hosts of AWS CodeArtifact alone; nil reaches
	// them as any other host.
	CodeArtifact CodeArtifact
	// Remote returns what the cache shares with other machines; nil is
	// nothing. RemoteReadOnly only takes from it.
	Remote         func() (Remote, error)
	RemoteReadOnly bool
	// TrustBuilds shares which result a container build had, too: who can
	// write to the Remote decides then what is in it.
	TrustBuilds bool
}

// The messages of the lines that the log gets when a file was fetched, and when a
// phase has ended.
const (
	LogFetched  = fetch.LogFetched
	LogResolved = "resolved a layer"
	LogBuilt    = "built a layer"
)

// NewBuilder returns a Builder. Nothing is opened or read yet.
func NewBuilder(o Options) *Builder {
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	own := local.NewOwn(o.CacheDir, o.Getenv("TF_DATA_DIR"), o.Getenv("TF_LOG_PATH"))
	open := sync.OnceValues(func() (*cache, error) { return openCache(o, own) })
	own.Wrote = func(path string) bool {
		c, err := open()
		if err != nil {
			return false
		}
		_, _, err = c.store.GetRecord("outputs", path)
		return err == nil
	}
	return &Builder{options: o, open: open, own: own, outputs: map[string]store.Digest{}}
}

// lazily returns a part of the cache, which is opened when it is first needed.
func lazily[E any](b *Builder, part func(*cache) *E) func() (*E, error) {
	return func() (*E, error) {
		c, err := b.open()
		if err != nil {
			return nil, err
		}
		return part(c), nil
	}
}

func openCache(o Options, own *local.Own) (*cache, error) {
	s, err := store.Open(o.CacheDir)
	if err != nil {
		return nil, &fault.Error{
			Summary: fmt.Sprintf("The cache directory %q cannot be used", o.CacheDir),
			Detail:  sentence(err) + " Set cache_dir in the provider block, or LAYERBUILD_CACHE_DIR, to a directory that can be written.",
			Err:     err,
		}
	}
	if o.CacheKey != "" {
		if err := s.SignRecords(o.CacheKey); err != nil {
			return nil, &fault.Error{
				Summary: "The key of the cache is too short", Err: err,
				Detail: fmt.Sprintf("LAYERBUILD_CACHE_KEY has %d bytes. Set it to a random text of at least %d, such as the output of \"openssl rand -hex 32\".", len(o.CacheKey), store.MinKey),
			}
		}
	}
	if s, err = shareStore(s, o); err != nil {
		return nil, err
	}
	c := &cache{store: s, own: own, segments: segment.New(s), artifacts: codeartifact.New(o.CodeArtifact, o.Offline)}
	c.client = c.newClient(o)
	c.local = &local.Env{Store: c.store, Segments: c.segments}
	c.downloads = &download.Env{Client: c.client, Store: c.store, Segments: c.segments}
	c.images = &image.Env{
		Client: c.client, Store: c.store, Segments: c.segments, Getenv: o.Getenv, Log: o.Logger, Offline: o.Offline, Trusted: o.TrustBuilds,
	}
	c.python = &python.Env{
		Client: c.client, Store: c.store, Segments: c.segments, Getenv: o.Getenv, CodeArtifact: c.artifacts.Index,
		NewClient: func(certificates string) *fetch.Client { return c.newClient(o, certificates) },
	}
	c.node = &nodejs.Env{Client: c.client, Store: c.store, Environ: o.Environ, Segments: c.segments}
	return c, nil
}

// newClient returns a client that trusts some certificates besides those that
// every client does; "" is none.
func (c *cache) newClient(o Options, certificates ...string) *fetch.Client {
	certificates = slices.DeleteFunc(append(certificates, o.CABundle), func(name string) bool { return name == "" })
	return fetch.New(fetch.Options{
		Store: c.store, Offline: o.Offline, UserAgent: o.UserAgent, Logger: o.Logger, Secrets: o.Secrets, Received: o.Received, Credentials: c.artifacts.Credentials, Certificates: certificates,
	})
}

// What the cache keeps: files that no run has used for so long go first.
const (
	cacheBytes = 10 << 30
	cacheAge   = 90 * 24 * time.Hour
	tidyEvery  = 24 * time.Hour
)

// Tidy trims the cache, at most once a day.
func (b *Builder) Tidy(ctx context.Context) error {
	c, err := b.open()
	if err != nil {
		return err
	}
	if _, last, err := c.store.GetRecord("tidy", "last"); err == nil && time.Since(last) < tidyEvery {
		return nil
	}
	if err := c.store.PutRecord("tidy", "last", nil); err != nil {
		return err
	}
	_, err = c.store.Trim(ctx, cacheBytes, cacheAge)
	return err
}

// CodeArtifact asks AWS for what its CodeArtifact repositories want.
type CodeArtifact = codeartifact.AWS

// Run is one run of the CLI. It starts the provider several times: once for the
// plan and once for the apply.
type Run struct {
	// CLI names the process of the CLI, Provider that of the provider. Where CLI
	// is "" nothing is known of the run.
	CLI, Provider string
	// Started is when the CLI was started.
	Started time.Time
}

// CurrentRun tells which run of the CLI this process belongs to.
func CurrentRun() Run {
	name, started, ok := store.Parent()
	if !ok {
		return Run{}
	}
	return Run{CLI: name, Provider: strconv.Itoa(os.Getpid()), Started: started}
}

// Remote is where machines share what they fetched and built.
//
// It holds two things, both named by a digest that the lock or the plan names
// too: the files that a lock is made of, and whole zips. Nothing else is
// shared, so that nobody who writes there can change what gets built: what maps
// a question to an answer (index pages, resolutions, which segment a tree was
// deflated to) would have to be believed. The one exception has to be asked for:
// with Options.TrustBuilds, the results of container builds by their inputs.
type Remote = store.Remote

// shareStore ties the store to what the options say that it shares.
func shareStore(s *store.Store, o Options) (*store.Store, error) {
	if o.Remote == nil {
		return s, nil
	}
	remote, err := o.Remote()
	if err != nil || remote == nil {
		return s, err
	}
	return s.WithRemote(remote, o.RemoteReadOnly), nil
}

// sumFile returns the digest of a zip.
func sumFile(ctx context.Context, path string) (store.Digest, error) {
	sum, _, err := store.SumFile(ctx, path)
	if err != nil {
		return store.Digest{}, fmt.Errorf("reading the zip: %w", err)
	}
	return sum, nil
}
