package fetch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

const (
	defaultPageBytes = 64 << 20
	// maxFresh bounds the max-age of a server: an index moves.
	maxFresh   = 10 * time.Minute
	pageBucket = "pages"
)

// Page returns a document. A stored copy is served while it is fresh, else
// confirmed by its ETag or Last-Modified. The error of a refusal is a
// *StatusError, of a body over the limit a *SizeError, of a wrong digest a
// *store.DigestError. Callers that ask at the same time share one request.
func (c *Client) Page(ctx context.Context, r PageRequest) (*Page, error) {
	u, err := c.parse(r.URL)
	if err != nil {
		return nil, err
	}
	if r.MaxBytes == 0 {
		r.MaxBytes = defaultPageBytes
	}
	if r.Accept == "" {
		r.Accept = "*/*"
	}
	key := r.Accept + "\n" + u.String()
	switch {
	case !r.Digest.IsZero():
		key += "\n" + r.Digest.Hex()
	case r.Distill != nil:
		key += "\n" + r.Distillation
	}
	flight := key
	if r.Renew {
		flight += "\nrenew"
	}
	page, err := c.pages.do(ctx, flight, func(ctx context.Context) (*Page, error) {
		if !r.Digest.IsZero() {
			return c.pinnedPage(ctx, u, r)
		}
		return c.page(ctx, u, r, key)
	})
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("fetching %s: %w", redact(u), context.Cause(ctx))
	}
	return page, err
}

// pageEntry is the first line of a stored page, in JSON; the body follows.
type pageEntry struct {
	// Status is 200, 404 or 410. An absence is served in offline mode alone.
	Status   int    `json:"status"`
	URL      string `json:"url"`
	Type     string `json:"type,omitempty"`
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"modified,omitempty"`
	// Fresh is the max-age that the server named, in seconds; -1 for none.
	Fresh int64 `json:"fresh"`

	body    []byte
	written time.Time
}

func (c *Client) page(ctx context.Context, u *url.URL, r PageRequest, key string) (*Page, error) {
	var stored *pageEntry
	if !r.Renew {
		stored = c.storedPage(ctx, u.Host, key)
	}
	if c.offline {
		return offlinePage(stored, u)
	}
	if stored != nil && stored.Status == http.StatusOK && stored.fresh(r.MaxAge) {
		return stored.page(), nil
	}
	header := http.Header{"Accept": {r.Accept}}
	if stored != nil && stored.Status == http.StatusOK {
		setIf(header, "If-None-Match", stored.ETag)
		setIf(header, "If-Modified-Since", stored.Modified)
	}
	var page *Page
	err := c.get(ctx, u, header, func(a *http.Response) (err error) {
		page, err = c.takePage(ctx, u, a, r, key, stored)
		return err
	})
	if IsNotFound(err) {
		var status *StatusError
		errors.As(err, &status)
		c.keepPage(ctx, u.Host, key, &pageEntry{Status: status.Code, URL: status.URL, Fresh: -1})
	}
	return page, err
}

// takePage makes a page of an answer and keeps it.
func (c *Client) takePage(ctx context.Context, u *url.URL, a *http.Response, r PageRequest, key string, stored *pageEntry) (*Page, error) {
	fresh, keep := freshness(a.Header)
	if a.StatusCode == http.StatusNotModified {
		if stored == nil {
			return nil, &StatusError{URL: redact(a.Request.URL), Code: a.StatusCode}
		}
		stored.Fresh = fresh
		c.keepPage(ctx, u.Host, key, stored)
		return stored.page(), nil
	}
	if a.StatusCode != http.StatusOK {
		return nil, &StatusError{URL: redact(a.Request.URL), Code: a.StatusCode}
	}
	body, done, err := c.readBody(ctx, a, r.MaxBytes)
	if err != nil {
		return nil, err
	}
	defer done()
	contentType := a.Header.Get("Content-Type")
	if r.Distill != nil {
		whole := body
		if body, err = filetree.Await(ctx, func() ([]byte, error) { return r.Distill(whole, contentType) }); err != nil {
			return nil, err
		}
	}
	entry := &pageEntry{
		Status: a.StatusCode, URL: baseURL(a.Request.URL), Type: contentType,
		ETag: a.Header.Get("ETag"), Modified: a.Header.Get("Last-Modified"), Fresh: fresh, body: body,
	}
	if keep {
		c.keepPage(ctx, u.Host, key, entry)
	}
	page := entry.page()
	page.Cached = false
	return page, nil
}

// offlinePage returns the stored page whatever its age.
func offlinePage(stored *pageEntry, u *url.URL) (*Page, error) {
	switch {
	case stored == nil:
		return nil, &OfflineError{URL: redact(u)}
	case stored.Status != http.StatusOK:
		return nil, fmt.Errorf("fetching %s: %w", redact(u), &StatusError{URL: stored.URL, Code: stored.Status})
	}
	return stored.page(), nil
}

func (e *pageEntry) page() *Page {
	return &Page{Body: e.body, ContentType: e.Type, URL: e.URL, Cached: true}
}

// fresh reports whether the entry may be served without asking. A copy from
// the future is not: the clock was wrong then or is now.
func (e *pageEntry) fresh(fallback time.Duration) bool {
	limit := fallback
	if e.Fresh >= 0 {
		limit = time.Duration(e.Fresh) * time.Second
	}
	age := time.Since(e.written)
	return age >= 0 && age < limit
}

// storedPage returns the stored page of the key, or nil.
func (c *Client) storedPage(ctx context.Context, host, key string) *pageEntry {
	raw, written, err := c.store.GetRecord(pageBucket, key)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			c.log.WarnContext(ctx, "reading a stored page", "error", err)
		}
		return nil
	}
	if bytes.Contains(raw, []byte("${")) && utf8.Valid(raw) {
		raw = []byte(c.secrets.Reveal(string(raw), host))
	}
	line, body, _ := bytes.Cut(raw, []byte("\n"))
	entry := &pageEntry{body: body, written: written}
	if err := json.Unmarshal(line, entry); err != nil {
		c.log.WarnContext(ctx, "reading a stored page", "error", err)
		return nil
	}
	return entry
}

// keepPage stores the page, without the values of variables in its addresses; one
// that is no text and holds such a value is not stored. A failure costs a request
// next time, and must not cost this one its answer.
func (c *Client) keepPage(ctx context.Context, host, key string, entry *pageEntry) {
	line, err := json.Marshal(entry)
	if err == nil {
		raw := append(append(line, '\n'), entry.body...)
		if kept := c.secrets.Conceal(string(raw), host); kept != string(raw) {
			if !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
				return
			}
			raw = []byte(kept)
		}
		err = c.store.PutRecord(pageBucket, key, raw)
	}
	if err != nil {
		c.log.WarnContext(ctx, "storing a page", "error", err)
	}
}

// freshness reads Cache-Control and Age (RFC 9111): the seconds for which the
// answer is fresh, or -1 when the server does not say, and whether it may be
// kept.
func freshness(h http.Header) (seconds int64, keep bool) {
	seconds, keep = -1, true
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store":
			return 0, false
		case "no-cache":
			return 0, true
		case "max-age":
			if n, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 64); err == nil {
				age, _ := strconv.ParseInt(h.Get("Age"), 10, 64)
				seconds = min(max(n-max(age, 0), 0), int64(maxFresh/time.Second))
			}
		}
	}
	return seconds, keep
}

// pinnedPage returns the document with the digest of the request.
func (c *Client) pinnedPage(ctx context.Context, u *url.URL, r PageRequest) (*Page, error) {
	body, err := c.pinnedBody(r)
	if err == nil {
		return &Page{Body: body, URL: baseURL(u), Cached: true}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("fetching %s: %w", redact(u), err)
	}
	if c.offline {
		return nil, &OfflineError{URL: redact(u)}
	}
	var page *Page
	err = c.get(ctx, u, http.Header{"Accept": {r.Accept}}, func(a *http.Response) error {
		if a.StatusCode != http.StatusOK {
			return &StatusError{URL: redact(a.Request.URL), Code: a.StatusCode}
		}
		body, done, err := c.readBody(ctx, a, r.MaxBytes)
		if err != nil {
			return err
		}
		defer done()
		page = &Page{Body: body, ContentType: a.Header.Get("Content-Type"), URL: baseURL(a.Request.URL)}
		return c.store.Keep(r.Digest, bytes.NewReader(body))
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// pinnedBody reads the document from the store and checks it once more; a
// damaged one is evicted and absent.
func (c *Client) pinnedBody(r PageRequest) ([]byte, error) {
	f, err := c.store.Open(r.Digest, -1)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(f, r.MaxBytes+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if int64(len(body)) > r.MaxBytes {
		return nil, &SizeError{URL: Redact(r.URL), Limit: r.MaxBytes}
	}
	if store.Sum(body) != r.Digest {
		return nil, errors.Join(fs.ErrNotExist, c.store.Evict(r.Digest))
	}
	return body, nil
}

// baseURL is a URL for resolving links. A query never matters for that, and
// may hold a signature.
func baseURL(u *url.URL) string {
	base := *u
	base.User, base.RawQuery, base.ForceQuery, base.Fragment, base.RawFragment = nil, "", false, "", ""
	return base.String()
}

func setIf(h http.Header, key, value string) {
	if value != "" {
		h.Set(key, value)
	}
}
