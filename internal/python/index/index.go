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
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
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
	mu     sync.Mutex
	pages  map[string]*Future[*Page]
	metas  map[string]*Future[*WheelMetadata]
	links  map[string]*Future[map[string][]File]
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

	prefix   string      // of the addresses of all files
	Wheels   []WheelFile // in the order of the page
	versions int         // wheelFile.order is below
	files    []File      // source distributions
}

// Future is an answer that is on its way.
type Future[T any] struct {
	Done  chan struct{}
	Value T
	Err   error
}

// Wait returns the answer, or the error of the context if that ends before.
func (f *Future[T]) Wait(ctx context.Context) (T, error) {
	select {
	case <-f.Done:
		return f.Value, f.Err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// ask returns the future under key, started by the first who asks.
func ask[T any](c *Catalog, futures map[string]*Future[T], key string, get func(context.Context) (T, error)) *Future[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := futures[key]; ok {
		return f
	}
	f := &Future[T]{Done: make(chan struct{})}
	futures[key] = f
	c.Tasks.Go(func() {
		defer close(f.Done)
		f.Value, f.Err = get(c.Ctx)
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
	cat := &Catalog{
		client: c, Ctx: background, cancel: cancel, records: s.Store, pages: map[string]*Future[*Page]{}, metas: map[string]*Future[*WheelMetadata]{},
	}
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
	return ask(c, c.pages, name, func(ctx context.Context) (*Page, error) { return c.fetchPage(ctx, name) })
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
		var err error
		if p, err = c.indexPage(ctx, name); err != nil {
			return nil, err
		}
	}
	files, err := c.linked(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(files) > 0 {
		p.add(files)
	}
	return p, nil
}

// indexPage returns what the first index that has the name says of it.
func (c *Catalog) indexPage(ctx context.Context, name string) (*Page, error) {
	p := &Page{Name: name, client: c.client}
	sources := c.sources(name)
	for i, x := range sources {
		p.Claimed = len(x.Packages) > 0
		if x.Unusable != nil {
			return nil, x.Unusable
		}
		address := strings.TrimSuffix(x.URL, "/") + "/" + name + "/"
		p.Asked = append(p.Asked, fetch.Redact(x.URL))
		l, from, err := c.listing(ctx, address, name)
		fault, unreadable := errors.AsType[*pageFault](err)
		switch {
		case fetch.IsNotFound(err):
			// Only "no such page" leads on to the next index. Any other
			// failure must not: a stranger's project of the same name may
			// wait there.
			continue
		case unreadable:
			return nil, fmt.Errorf("asking the index %s about %q: %w", fetch.Redact(x.URL), name, fault.err)
		case err != nil:
			return nil, fmt.Errorf("asking the index about %q: %w", name, err)
		}
		if p.base, err = url.Parse(from); err != nil {
			return nil, fmt.Errorf("asking the index %s about %q: %w", fetch.Redact(x.URL), name, err)
		}
		if l.base != "" {
			if p.base, err = p.base.Parse(l.base); err != nil {
				return nil, fmt.Errorf("asking the index %s about %q: %w", fetch.Redact(x.URL), name, err)
			}
		}
		p.Index, p.prefix = fetch.Redact(x.URL), l.prefix
		p.Wheels, p.versions, p.files = l.wheels, l.versions, l.others
		for _, next := range sources[i+1:] {
			p.After = append(p.After, fetch.Redact(next.URL))
		}
		return p, nil
	}
	return p, nil
}

// listing returns the listing of a project's page and the address the page came
// from. A stored one that cannot be read is replaced.
func (c *Catalog) listing(ctx context.Context, address, name string) (*listing, string, error) {
	request := fetch.PageRequest{
		URL: address, Accept: simpleAccept, MaxBytes: filetree.MaxPage, MaxAge: pageMaxAge,
		Distill: distillPage(name), Distillation: listingForm,
	}
	for {
		got, err := c.client.Page(ctx, request)
		if err != nil {
			return nil, "", err
		}
		l, err := readListing(got.Body)
		if err == nil {
			return l, got.URL, nil
		}
		if request.Renew || !got.Cached {
			return nil, "", err
		}
		request.Renew = true
	}
}

// address returns where a file of the page lies, without credentials; "" for
// one on disk.
func (p *Page) address(f *File) (string, error) {
	if f.Link != nil {
		return f.Link.URL, nil
	}
	u, err := p.base.Parse(p.prefix + f.url)
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
		key = p.Index + " " + p.prefix + f.url
		if f.Link != nil {
			key = f.Link.URL
		}
	}
	return ask(c, c.metas, key, func(ctx context.Context) (*WheelMetadata, error) {
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
	const bucket = "wheel-metadata"
	if f.Link != nil {
		if body, ok, err := c.linkMetadata(ctx, f.Link); ok {
			return body, err
		}
	}
	if f.metadata {
		if body, err := c.companion(ctx, address, f); !fetch.IsNotFound(err) {
			return body, err
		}
	}
	keep := c.records != nil && f.SHA256 != ""
	key := f.SHA256
	if u, err := url.Parse(address); err == nil {
		key = u.Host + " " + f.SHA256
	}
	if keep {
		if body, _, err := c.records.GetRecord(bucket, key); err == nil {
			return body, nil
		}
	}
	body, err := c.embedded(ctx, address)
	if err != nil || !keep {
		return body, err
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

// Sdists calls visit for every source distribution whose version can be read.
func (p *Page) Sdists(visit func(f *File, r *Release)) {
	for i := range p.files {
		f := &p.files[i]
		base, ok := strings.CutSuffix(f.Filename, ".tar.gz")
		if !ok {
			if base, ok = strings.CutSuffix(f.Filename, ".zip"); !ok {
				continue
			}
		}
		dash := strings.LastIndexByte(base, '-')
		if dash < 0 || pep508.NormalizeName(base[:dash]) != p.Name {
			continue
		}
		if v, err := pep440.Parse(base[dash+1:]); err == nil {
			visit(f, &Release{v, v.Key(), base[dash+1:]})
		}
	}
}

// SameIndex reports whether two addresses are of one index.
func SameIndex(a, b string) bool { return strings.TrimRight(a, "/") == strings.TrimRight(b, "/") }
