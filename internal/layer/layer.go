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
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/segment"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Builder resolves and builds layers with one cache and one HTTP client. It is
// safe for concurrent use. The cache is opened when it is first needed: what
// changes nothing needs none.
type Builder struct {
	open func() (*cache, error)
	// getenv reads the environment, which requirements files may name. environ
	// lists it, which may configure npm.
	getenv  func(string) string
	environ func() []string
	log     *slog.Logger
	own     *ownPaths

	mu   sync.Mutex
	said atomic.Bool // that records are not used
	// outputs are the files that this Builder wrote, by absolute path.
	outputs map[string]store.Digest
	run     Run
}

// cache is what a Builder keeps on disk and reaches over the network.
type cache struct {
	own       *ownPaths
	store     *store.Store
	client    *fetch.Client // of all but Python
	pip       func() (*pip, error)
	getenv    func(string) string
	log       *slog.Logger
	offline   bool
	results   bool // of container builds are shared
	artifacts *artifacts
	node      *nodejs.Env
	segments  *segment.Cache
}

// Options say where a Builder keeps its cache and what it may reach.
type Options struct {
	// Run is the run of the CLI that the Builder works for.
	Run Run
	// CacheDir is the cache's directory; it is created when needed.
	CacheDir string
	// Offline allows only what the cache holds.
	Offline bool
	// UserAgent names the provider and its version to the registries.
	UserAgent string
	// Getenv reads the environment, which may name package indexes.
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

// NewBuilder returns a Builder. Nothing is opened or read yet.
func NewBuilder(o Options) *Builder {
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	own := newOwnPaths(o)
	open := sync.OnceValues(func() (*cache, error) { return openCache(o, own) })
	own.wrote = func(path string) bool {
		c, err := open()
		if err != nil {
			return false
		}
		_, _, err = c.store.GetRecord("outputs", path)
		return err == nil
	}
	return &Builder{
		own:     own,
		getenv:  o.Getenv,
		log:     o.Logger,
		open:    open,
		environ: o.Environ,
		outputs: map[string]store.Digest{},
		run:     o.Run,
	}
}

func openCache(o Options, own *ownPaths) (*cache, error) {
	s, err := store.Open(o.CacheDir)
	if err != nil {
		return nil, &fault.Error{
			Summary: fmt.Sprintf("The cache directory %q cannot be used", o.CacheDir),
			Detail:  sentence(err) + " Set cache_dir in the provider block, or LAYERBUILD_CACHE_DIR, to a directory that can be written.",
			Err:     err,
		}
	}
	if s, err = shareStore(s, o); err != nil {
		return nil, err
	}
	c := &cache{store: s, segments: segment.New(s), own: own, getenv: o.Getenv, log: o.Logger, offline: o.Offline, results: o.TrustBuilds, artifacts: newArtifacts(o.CodeArtifact, o.Offline)}
	if c.client, err = c.newClient(o); err != nil {
		return nil, err
	}
	c.pip = sync.OnceValues(func() (*pip, error) { return c.readPip(o) })
	c.node = &nodejs.Env{Client: c.client, Store: c.store, Environ: o.Environ, Segments: c.segments}
	return c, nil
}

// newClient returns a client that trusts some certificates besides those that
// every client does; "" is none.
func (c *cache) newClient(o Options, certificates ...string) (*fetch.Client, error) {
	certificates = slices.DeleteFunc(append(certificates, o.CABundle), func(name string) bool { return name == "" })
	return fetch.New(fetch.Options{
		Store: c.store, Offline: o.Offline, UserAgent: o.UserAgent, Logger: c.log, Secrets: o.Secrets, Credentials: c.artifacts.credentials, Certificates: certificates,
	})
}

// What the cache keeps: files that no run has used for so long go first.
const (
	cacheBytes = 10 << 30
	cacheAge   = 90 * 24 * time.Hour
	tidyEvery  = 24 * time.Hour
)

// Tidy trims the cache, at most once a day whoever calls it.
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

// Spec is what a user asks for, in the user's words and order.
type Spec struct {
	Runtimes      []string
	Architectures []string
	Python        *PythonSpec
	NodeJS        *NodeSpec
	Files         []FileSpec
	Downloads     []DownloadSpec
	Images        []ImageSpec
	Builds        []BuildSpec
	// Exclude holds globs over layer paths, Prune presets of them; what Keep
	// matches stays nevertheless. Executables are globs of files that are
	// marked executable.
	Exclude, Prune, Keep, Executables []string
	// Kind is KindLayer, also as "", or KindFunction.
	Kind string
	// Triggers force a new resolution when they change.
	Triggers map[string]string
	// CutOff bounds what the index is asked for.
	CutOff CutOff
	// Reconsider resolves anew where nothing but the cut-off changed.
	Reconsider bool
	// Output is where the zip goes, if the user said so: it is no input. Beside is
	// where a file beside it goes.
	Output, Beside string
	// Made are local files that an earlier apply made and that may be missing
	// here. They are no input either.
	Made Made `json:"-"`
	// own is what the run writes, set by Resolve.
	own *ownPaths
}

// PythonSpec asks for Python distributions.
type PythonSpec struct {
	// Requirements and Constraints are PEP 508 strings.
	Requirements []string
	Constraints  []string
	// RequirementsFile is a path, or "".
	RequirementsFile string
	// LockFile is the path of a lock file of uv, Poetry, Pipenv or PEP 751, or
	// "". It is obeyed, never resolved again; Groups and Extras of it are taken
	// besides the project's own dependencies.
	LockFile       string
	Groups, Extras []string
	// Package names the workspace member whose dependencies are taken from a
	// uv.lock; "": those of the project beside it, or of every member.
	Package string
	// RequireHashes wants a digest for every distribution, those that are
	// only needed by others too. One digest anywhere asks for it as well.
	RequireHashes bool
	// Indexes serve their packages alone, before all other indexes.
	Indexes []IndexSpec
	// Wheels stand in for what has no wheel on an index. FindLinks are
	// directories with wheels, and addresses of pages with links to wheels,
	// that are searched besides the indexes.
	Wheels    []WheelSpec
	FindLinks []string
	// Sdist says what source distributions are good for: "", nothing, or
	// SdistPure.
	Sdist string
	// ExcludeNewer is set where the package names a cut-off of its own.
	ExcludeNewer bool
	// Scripts adds console scripts and other programs of the distributions.
	Scripts bool
	// Overlaps says what becomes of a path that two distributions write with
	// different content: "", an error, or OverlapsLast.
	Overlaps string
	// Prerelease makes pre-releases versions as any other.
	Prerelease bool
	// Exclude names distributions that are resolved and then left out.
	Exclude []string
	// ExcludeRuntimeSDK leaves out boto3, botocore and what only they need.
	ExcludeRuntimeSDK bool
}

// FileSpec asks for local files: a directory or a file by Source, or Content.
type FileSpec struct {
	Source  string
	Content *string
	// Target is the layer path. A directory's content lands below it; a
	// file lands at it, or in it when it ends in "/".
	Target           string
	Include, Exclude []string
	// IgnoreFile names the ignore files of a source; "": .layerignore, where
	// there is one.
	IgnoreFile string
	// Symlinks is LinksFollow, also as "", or LinksError.
	Symlinks string
	// Package is as in FileLock.
	Package string
}

// CutOff is the moment after which releases do not exist.
type CutOff struct {
	// At is the moment; zero means none.
	At time.Time
	// Explicit is set when the user named the moment. Otherwise it follows
	// from a minimum release age, and exact pins are exempt from it.
	Explicit bool
}

// AgeCutOff returns the cut-off that keeps out releases younger than age: the
// last midnight UTC that is at least age before now, so that all runs of one
// day agree.
func AgeCutOff(now time.Time, age time.Duration) CutOff {
	if age <= 0 {
		return CutOff{}
	}
	return CutOff{At: now.UTC().Add(-age).Truncate(24 * time.Hour)}
}

// Artifact is a layer zip that was built.
type Artifact struct {
	// SHA256 and Size are of the zip, Unzipped is the sum of its files, in
	// bytes.
	SHA256   store.Digest
	Size     int64
	Unzipped int64
	// Warnings are sentences that a user should see.
	Warnings []Warning
	// Findings are what the checks found; none are looked for where the zip is
	// one that was planned.
	Findings []Finding
}

// Warning is something a user should know of and may act on.
type Warning = fault.Warning

// InputError is a fault of one argument.
type InputError = fault.Error

// Severity is what a finding of a check means.
type Severity = fault.Severity

// The severities of the checks.
const (
	SeverityError   = fault.SeverityError
	SeverityWarning = fault.SeverityWarning
	SeverityOff     = fault.SeverityOff
)

// Sentence writes the text of an error as a sentence.
func Sentence(text string) string { return fault.Sentence(text) }

// targets returns the runtimes of a family on every architecture, runtimes
// first.
func (s Spec) targets(family string) ([]runtimes.Target, error) {
	var targets []runtimes.Target
	for i, id := range s.Runtimes {
		r, err := runtimes.Lookup(id)
		if err != nil {
			return nil, &fault.Error{
				At:      fault.At("runtimes").Index(i),
				Summary: fmt.Sprintf("Unknown runtime %q", id),
				Detail:  sentence(err),
				Err:     err,
			}
		}
		if r.Family != family {
			continue
		}
		for _, a := range s.Architectures {
			targets = append(targets, runtimes.Target{Runtime: r, Architecture: a})
		}
	}
	return targets, nil
}
