package python

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
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// DefaultIndex is the index that is asked where a Spec names none.
const DefaultIndex = "https://pypi.org/simple/"

// pageMaxAge is how long a page is fresh where the index does not say.
const pageMaxAge = 10 * time.Minute

// maxPage caps a project's page in bytes; the largest known has 20 MB.
const maxPage = 256 << 20

// Index is a package index: the address below which each project has its page.
type Index struct {
	URL string
	// Packages are names, or globs of names, that this index alone serves; it
	// serves no other. Empty: it serves every name that no index claims.
	Packages []string
	// Unusable is set where the address is none: asking the index is this error.
	Unusable error `json:"-"`
}

// claims reports whether the index is the only source of a name.
func (x Index) claims(name string) bool {
	return slices.ContainsFunc(x.Packages, func(pattern string) bool {
		ok, err := path.Match(NormalizeName(pattern), name)
		return err == nil && ok
	})
}

// catalog answers what the indexes hold. Pages and metadata are asked for once
// and kept for all targets of a resolution.
type catalog struct {
	client  *fetch.Client
	indexes []Index
	records *store.Store // may be nil
	// given and folders are the wheels on no index, by name; names with alone
	// set have a given one for every target, so that no index is asked.
	given, folders map[string][]file
	alone          map[string]bool
	linkPages      []string

	ctx    context.Context // of the background requests
	tasks  sync.WaitGroup
	mu     sync.Mutex
	pages  map[string]*future[*page]
	metas  map[string]*future[*wheelMetadata]
	links  map[string]*future[map[string][]file]
	making making
}

// page is what an index says about one name.
type page struct {
	name  string
	index string // address of the index that has it, without credentials; "" if none
	asked []string
	after []string // indexes that would be asked next, if this one did not have it
	// claimed is set where the index that was asked serves the name alone.
	claimed bool
	base    *url.URL

	prefix   string      // of the addresses of all files
	wheels   []wheelFile // in the order of the page
	versions int         // wheelFile.order is below
	files    []file      // source distributions
}

// future is an answer that is on its way.
type future[T any] struct {
	done  chan struct{}
	value T
	err   error
}

func (f *future[T]) wait(ctx context.Context) (T, error) {
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// ask returns the future under key, started by the first who asks.
func ask[T any](c *catalog, futures map[string]*future[T], key string, get func(context.Context) (T, error)) *future[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := futures[key]; ok {
		return f
	}
	f := &future[T]{done: make(chan struct{})}
	futures[key] = f
	c.tasks.Go(func() {
		defer close(f.done)
		f.value, f.err = get(c.ctx)
	})
	return f
}

// page starts to fetch a project's page from the first index that has it.
func (c *catalog) page(name string) *future[*page] {
	return ask(c, c.pages, name, func(ctx context.Context) (*page, error) { return c.fetchPage(ctx, name) })
}

// sources returns the indexes that may serve a name, in order of precedence.
func (c *catalog) sources(name string) []Index {
	var claiming, open []Index
	for _, x := range c.indexes {
		switch {
		case x.claims(name):
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

func (c *catalog) fetchPage(ctx context.Context, name string) (*page, error) {
	p := &page{name: name}
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
func (c *catalog) indexPage(ctx context.Context, name string) (*page, error) {
	p := &page{name: name}
	sources := c.sources(name)
	for i, x := range sources {
		p.claimed = len(x.Packages) > 0
		if x.Unusable != nil {
			return nil, x.Unusable
		}
		address := strings.TrimSuffix(x.URL, "/") + "/" + name + "/"
		p.asked = append(p.asked, fetch.Redact(x.URL))
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
		p.index, p.prefix = fetch.Redact(x.URL), l.prefix
		p.wheels, p.versions, p.files = l.wheels, l.versions, l.others
		for _, next := range sources[i+1:] {
			p.after = append(p.after, fetch.Redact(next.URL))
		}
		return p, nil
	}
	return p, nil
}

// listing returns the listing of a project's page and the address the page came
// from. A stored one that cannot be read is replaced.
func (c *catalog) listing(ctx context.Context, address, name string) (*listing, string, error) {
	request := fetch.PageRequest{
		URL: address, Accept: simpleAccept, MaxBytes: maxPage, MaxAge: pageMaxAge,
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
func (p *page) address(f *file) (string, error) {
	if f.link != nil {
		return f.link.URL, nil
	}
	u, err := p.base.Parse(p.prefix + f.url)
	if err != nil {
		return "", fmt.Errorf("reading the address of %q on the index %s: %w", f.name, p.index, err)
	}
	u.User, u.Fragment = nil, ""
	return u.String(), nil
}

// locked is address as a lock may hold it.
func (p *page) locked(f *file) (string, error) {
	address, err := p.address(f)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("reading the address of %q on the index %s: %w", f.name, p.index, err)
	}
	return bareAddress(u), nil
}

// bareAddress leaves out of the address of a file what may be a credential: the
// query too, where indexes put signatures.
func bareAddress(u *url.URL) string {
	bare := *u
	bare.User, bare.RawQuery, bare.ForceQuery, bare.Fragment, bare.RawFragment = nil, "", false, "", ""
	return bare.String()
}

// wheelMetadata is the METADATA of a wheel, or why it cannot be used.
type wheelMetadata struct {
	Metadata
	fault    string
	recorded bool // its requirements are those of another machine: see sdist.Wheel
}

// metadata starts to fetch what a wheel says of itself.
func (c *catalog) metadata(p *page, f *file) *future[*wheelMetadata] {
	key := f.sha256
	if key == "" {
		key = p.index + " " + p.prefix + f.url
		if f.link != nil {
			key = f.link.URL
		}
	}
	return ask(c, c.metas, key, func(ctx context.Context) (*wheelMetadata, error) {
		m, err := c.fetchMetadata(ctx, p, f)
		if err != nil {
			return nil, fmt.Errorf("reading the metadata of %q: %w", f.name, err)
		}
		return m, nil
	})
}

// fetchMetadata reads the companion file of PEP 658 where the index has one,
// else the wheel itself by ranges. A failed request is an error: it must not
// look like a version that does not fit. What was read and is no valid metadata
// is a fault of the wheel.
func (c *catalog) fetchMetadata(ctx context.Context, p *page, f *file) (*wheelMetadata, error) {
	if sdist.Is(f.name) {
		return c.sdistMetadata(ctx, p, f)
	}
	address, err := p.address(f)
	if err != nil {
		return nil, err
	}
	body, err := c.metadataBytes(ctx, address, f)
	if fault, ok := errors.AsType[*wheelFault](err); ok {
		return &wheelMetadata{fault: fault.Error()}, nil
	}
	if err != nil {
		return nil, err
	}
	return readMetadata(p.name, body), nil
}

// metadataBytes returns METADATA. What was read out of a wheel is kept by the
// host and the digest of the wheel: the digest is only what its index claims, so
// that no other index may speak for it.
func (c *catalog) metadataBytes(ctx context.Context, address string, f *file) ([]byte, error) {
	const bucket = "wheel-metadata"
	if f.link != nil {
		if body, ok, err := c.linkMetadata(ctx, f.link); ok {
			return body, err
		}
	}
	if f.metadata {
		if body, err := c.companion(ctx, address, f); !fetch.IsNotFound(err) {
			return body, err
		}
	}
	keep := c.records != nil && f.sha256 != ""
	key := f.sha256
	if u, err := url.Parse(address); err == nil {
		key = u.Host + " " + f.sha256
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

func readMetadata(name string, body []byte) *wheelMetadata {
	m, err := ParseMetadata(body)
	if err != nil {
		return &wheelMetadata{fault: "its metadata is not valid: " + err.Error()}
	}
	if NormalizeName(m.Name) != name {
		return &wheelMetadata{fault: fmt.Sprintf("its metadata names another distribution, %q", m.Name)}
	}
	return &wheelMetadata{Metadata: m}
}

func (c *catalog) companion(ctx context.Context, address string, f *file) ([]byte, error) {
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
