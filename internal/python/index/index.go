// Package index answers what the package indexes hold. It reads their pages (the
// Simple repository API, PEP 503 and 691), wheels on disk and pages of links, and
// metadata without whole wheels (PEP 658, ranges). A Project is a page as one target may use it: the candidates, the
// best first. It chooses nothing.
package index

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// DefaultIndex is the index that is asked where a Spec names none.
const DefaultIndex = "https://pypi.org/simple/"

// pageMaxAge is how long a page is fresh where the index does not say.
const pageMaxAge = 10 * time.Minute

// Index is a package index: the address below which each project has its page.
type Index struct {
	URL string
	// Packages are names, or globs of names, that this index alone serves; it
	// serves no other. Empty: it serves every name that no index claims.
	Packages []string
	// Unusable is set where the address is none: asking the index is this error.
	Unusable error `json:"-"`
}

// Claims reports whether the index is the only source of a name.
func (x Index) Claims(name string) bool {
	return slices.ContainsFunc(x.Packages, func(pattern string) bool {
		ok, err := path.Match(pep508.NormalizeName(pattern), name)
		return err == nil && ok
	})
}

// Catalog answers what the indexes hold. Pages and metadata are asked for once
// and kept for all targets of a resolution.
type Catalog struct {
	client  *fetch.Client
	indexes []Index
	records *store.Store // may be nil
	// given and folders are the wheels on no index, by name; names with alone
	// set have a given one for every target, so that no index is asked.
	given, folders map[string][]File
	alone          map[string]bool
	linkPages      []string

	Ctx    context.Context // of the background requests
	cancel context.CancelFunc
	Tasks  sync.WaitGroup
	pages  Futures[*Page]
	metas  Futures[*WheelMetadata]
	links  Futures[map[string][]File]
	making Making
}

// Page is what an index says about one name.
type Page struct {
	Name  string
	Index string // address of the index that has it, without credentials; "" if none
	Asked []string
	After []string // indexes that would be asked next, if this one did not have it
	// Claimed is set where the index that was asked serves the name alone.
	Claimed bool
	base    *url.URL
	client  *fetch.Client

	files []File
	// Wheels and Sdists are the files whose name and version can be read, in the
	// order of the page. The others, all of them old, are no candidates for anybody.
	Wheels, Sdists []WheelFile
	versions       int // Release.order is below
}

// Future is an answer that is on its way.
type Future[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// Wait returns the answer, or the error of the context if that ends before.
func (f *Future[T]) Wait(ctx context.Context) (T, error) {
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// Futures are answers by key, each of which is asked for once.
type Futures[T any] struct {
	mu    sync.Mutex
	byKey map[string]*Future[T]
}

// Ask returns the answer under key, which get begins to look for if nobody asked
// before, as a task of the catalog.
func (fs *Futures[T]) Ask(c *Catalog, key string, get func(context.Context) (T, error)) *Future[T] {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f, ok := fs.byKey[key]; ok {
		return f
	}
	f := &Future[T]{done: make(chan struct{})}
	if fs.byKey == nil {
		fs.byKey = map[string]*Future[T]{}
	}
	fs.byKey[key] = f
	c.Tasks.Go(func() {
		defer close(f.done)
		f.value, f.err = get(c.Ctx)
	})
	return f
}

// Sources are where files come from: see Spec, which has the same fields.
type Sources struct {
	Targets       []wheel.Target
	Indexes       []Index
	NoIndex       bool
	Given, Linked []wheel.GivenWheel
	LinkPages     []string
	Store         *store.Store
}

// NewCatalog returns the catalog of some sources. ctx is that of its requests,
// which run in the background: close waits for them.
func NewCatalog(ctx context.Context, c *fetch.Client, s *Sources) (*Catalog, error) {
	indexes := s.Indexes
	if len(indexes) == 0 && !s.NoIndex {
		indexes = []Index{{URL: DefaultIndex}}
	}
	background, cancel := context.WithCancel(ctx)
	cat := &Catalog{client: c, Ctx: background, cancel: cancel, records: s.Store}
	for _, x := range indexes {
		if x.Unusable != nil {
			cat.indexes = append(cat.indexes, x)
			continue
		}
		address, err := c.Login(x.URL)
		if err != nil {
			cancel()
			return nil, fmt.Errorf("reading the index address %q: %w", fetch.Redact(x.URL), err)
		}
		cat.indexes = append(cat.indexes, Index{URL: address, Packages: x.Packages})
	}
	if err := cat.take(s); err != nil {
		cancel()
		return nil, err
	}
	return cat, nil
}

// Close ends the requests of the catalog, and waits until they have ended.
func (c *Catalog) Close() {
	c.cancel()
	c.Tasks.Wait()
}

// Page starts to fetch a project's page from the first index that has it.
func (c *Catalog) Page(name string) *Future[*Page] {
	return c.pages.Ask(c, name, func(ctx context.Context) (*Page, error) { return c.fetchPage(ctx, name) })
}

// sources returns the indexes that may serve a name, in order of precedence.
func (c *Catalog) sources(name string) []Index {
	var claiming, open []Index
	for _, x := range c.indexes {
		switch {
		case x.Claims(name):
			claiming = append(claiming, x)
		case len(x.Packages) == 0:
			open = append(open, x)
		}
	}
	if len(claiming) > 0 {
		return claiming
	}
	return open
}

func (c *Catalog) fetchPage(ctx context.Context, name string) (*Page, error) {
	p := &Page{Name: name, client: c.client}
	if !c.alone[name] {
		if err := c.indexPage(ctx, p); err != nil {
			return nil, err
		}
	}
	files, err := c.linked(ctx, name)
	if err != nil {
		return nil, err
	}
	p.files = append(p.files, files...)
	p.read()
	return p, nil
}

// indexPage puts on the page what the first index that has the name says of it.
func (c *Catalog) indexPage(ctx context.Context, p *Page) error {
	sources := c.sources(p.Name)
	for i, x := range sources {
		p.Claimed = len(x.Packages) > 0
		if x.Unusable != nil {
			return x.Unusable
		}
		p.Asked = append(p.Asked, fetch.Redact(x.URL))
		files, base, err := c.listing(ctx, strings.TrimSuffix(x.URL, "/")+"/"+p.Name+"/")
		unreadable, ok := errors.AsType[*pageFault](err)
		switch {
		case fetch.IsNotFound(err):
			// Only "no such page" leads on to the next index. Any other
			// failure must not: a stranger's project of the same name may
			// wait there.
			continue
		case ok:
			return fmt.Errorf("asking the index %s about %q: %w", fetch.Redact(x.URL), p.Name, unreadable.err)
		case err != nil:
			return fmt.Errorf("asking the index about %q: %w", p.Name, err)
		}
		p.Index, p.base, p.files = fetch.Redact(x.URL), base, files
		for _, next := range sources[i+1:] {
			p.After = append(p.After, fetch.Redact(next.URL))
		}
		return nil
	}
	return nil
}

// listing returns the files of a project's page and the address that their links
// start from. A stored listing that cannot be read is replaced.
func (c *Catalog) listing(ctx context.Context, address string) ([]File, *url.URL, error) {
	request := fetch.PageRequest{
		URL: address, Accept: simpleAccept, MaxBytes: filetree.MaxPage, MaxAge: pageMaxAge,
		Distill: distillPage, Distillation: listingForm,
	}
	for {
		got, err := c.client.Page(ctx, request)
		if err != nil {
			return nil, nil, err
		}
		files, base, err := readListing(got.Body)
		if err == nil {
			from, err := startOfLinks(got.URL, base)
			return files, from, err
		}
		if request.Renew || !got.Cached {
			return nil, nil, err
		}
		request.Renew = true
	}
}

// startOfLinks returns the address that the links of a page start from: its own, or
// the base that it names. The error is a *pageFault.
func startOfLinks(address, base string) (*url.URL, error) {
	from, err := url.Parse(address)
	if err == nil && base != "" {
		from, err = from.Parse(base)
	}
	if err != nil {
		return nil, &pageFault{err}
	}
	return from, nil
}

// address returns where a file of the page lies, without credentials; "" for
// one on disk.
func (p *Page) address(f *File) (string, error) {
	if f.linked {
		return f.url, nil
	}
	u, err := p.base.Parse(f.url)
	if err != nil {
		return "", fmt.Errorf("reading the address of %q on the index %s: %w", f.Filename, p.Index, err)
	}
	u.User, u.Fragment = nil, ""
	return u.String(), nil
}

// Locked is address as a lock may hold it, "" for a file on disk: without what may be
// a credential, such as a query with a signature.
func (p *Page) Locked(f *File) (string, error) {
	address, err := p.address(f)
	if err != nil || address == "" {
		return "", err
	}
	kept, err := p.client.Keep(address)
	if err != nil {
		return "", fmt.Errorf("reading the address of %q on the index %s: %w", f.Filename, p.Index, err)
	}
	return kept.String(), nil
}

// WheelMetadata is the METADATA of a wheel, or why it cannot be used.
type WheelMetadata struct {
	wheel.Metadata
	Fault    string
	Recorded bool // its requirements are those of another machine: see sdist.Wheel
}

// Metadata starts to fetch what a wheel says of itself.
func (c *Catalog) Metadata(p *Page, f *File) *Future[*WheelMetadata] {
	key := f.SHA256
	if key == "" {
		key = p.Index + " " + f.url
	}
	return c.metas.Ask(c, key, func(ctx context.Context) (*WheelMetadata, error) {
		m, err := c.fetchMetadata(ctx, p, f)
		if err != nil {
			return nil, fmt.Errorf("reading the metadata of %q: %w", f.Filename, err)
		}
		return m, nil
	})
}

// fetchMetadata reads the companion file of PEP 658 where the index has one,
// else the wheel itself by ranges. A failed request is an error: it must not
// look like a version that does not fit. What was read and is no valid metadata
// is a fault of the wheel.
func (c *Catalog) fetchMetadata(ctx context.Context, p *Page, f *File) (*WheelMetadata, error) {
	if sdist.Is(f.Filename) {
		return c.sdistMetadata(ctx, p, f)
	}
	address, err := p.address(f)
	if err != nil {
		return nil, err
	}
	body, err := c.metadataBytes(ctx, address, f)
	if fault, ok := errors.AsType[*wheelFault](err); ok {
		return &WheelMetadata{Fault: fault.Error()}, nil
	}
	if err != nil {
		return nil, err
	}
	return readMetadata(p.Name, f.Filename, body), nil
}

// metadataBytes returns METADATA. What was read out of a wheel is kept by the
// host and the digest of the wheel: the digest is only what its index claims, so
// that no other index may speak for it.
func (c *Catalog) metadataBytes(ctx context.Context, address string, f *File) ([]byte, error) {
	switch {
	case f.Path != "":
		return diskMetadata(f.Path)
	case f.StandIn:
		return c.givenMetadata(ctx, f)
	}
	if f.metadata {
		if body, err := c.companion(ctx, address, f); !fetch.IsNotFound(err) {
			return body, err
		}
	}
	if f.SHA256 == "" {
		return c.embedded(ctx, address)
	}
	key := f.SHA256
	if u, err := url.Parse(address); err == nil {
		key = u.Host + " " + f.SHA256
	}
	return c.kept("wheel-metadata", key, func() ([]byte, error) { return c.embedded(ctx, address) })
}

// kept returns what the store keeps under a key, or else what get returns, which it
// keeps from then on.
func (c *Catalog) kept(bucket, key string, get func() ([]byte, error)) ([]byte, error) {
	if c.records == nil {
		return get()
	}
	if body, _, err := c.records.GetRecord(bucket, key); err == nil && len(body) > 0 {
		return body, nil
	}
	body, err := get()
	if err != nil {
		return nil, err
	}
	return body, c.records.PutRecord(bucket, key, body)
}

func readMetadata(name, filename string, body []byte) *WheelMetadata {
	m, err := wheel.ParseMetadata(body)
	if err != nil {
		return &WheelMetadata{Fault: "its metadata is not valid: " + err.Error()}
	}
	if pep508.NormalizeName(m.Name) != name {
		return &WheelMetadata{Fault: fmt.Sprintf("its metadata names another distribution, %q", m.Name)}
	}
	if w, err := wheel.ParseWheelName(filename); err == nil && !m.Is(w.Name, w.Version) {
		return &WheelMetadata{Fault: fmt.Sprintf("its metadata says version %q", m.Version)}
	}
	return &WheelMetadata{Metadata: m}
}

func (c *Catalog) companion(ctx context.Context, address string, f *File) ([]byte, error) {
	request := fetch.PageRequest{URL: address + ".metadata", MaxBytes: maxMetadata, MaxAge: pageMaxAge}
	if f.metadataSHA256 != "" {
		digest, err := store.ParseDigest(f.metadataSHA256)
		if err != nil {
			return nil, err
		}
		request.Digest = digest
	}
	got, err := c.client.Page(ctx, request)
	if err != nil {
		return nil, err
	}
	return got.Body, nil
}

// SameIndex reports whether two addresses are of one index.
func SameIndex(a, b string) bool { return strings.TrimRight(a, "/") == strings.TrimRight(b, "/") }
