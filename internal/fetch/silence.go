package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

const (
	// maxSilence is how long the server of a file may be silent, in all attempts
	// together, until the file is given up.
	maxSilence = 30 * time.Second
	// floorBytes is what a server must send not to be silent: 1 KiB in 30 s.
	floorBytes = 1 << 10
)

// SilentError is a server that accepts a connection, or a host that does not even
// do that, and sends nothing.
type SilentError struct {
	// URL is redacted.
	URL  string
	Host string
	// Silence is how long was waited for bytes, in all attempts together.
	Silence time.Duration
}

func (e *SilentError) Error() string {
	return fmt.Sprintf("fetching %s: the server %q sent nothing for %.0f s in all. Check that this machine reaches it, "+
		"through a proxy (HTTPS_PROXY, HTTP_PROXY) if it needs one, and try again later if the server is overloaded",
		e.URL, e.Host, e.Silence.Seconds())
}

// patience is what is left of the waiting for a file, over all attempts.
type patience struct {
	limit time.Duration
	used  time.Duration
}

func (c *Client) newPatience() *patience { return &patience{limit: c.silence} }

// restore forgets the silence of earlier attempts: one has made progress.
func (p *patience) restore() { p.used = 0 }

var errSilent = errors.New("the server sent nothing for too long")

// silenceWatch ends an attempt when the patience is used up. Only the time counts in
// which bytes are waited for: not that of a free connection, nor of the disk.
type silenceWatch struct {
	patience *patience
	cancel   context.CancelCauseFunc

	mu    sync.Mutex
	timer *time.Timer
	since time.Time // when the waiting began; zero is while nobody waits
	left  time.Duration
	heard int64 // bytes since left was full
}

// watch returns a context that ends with the patience. The caller stops the watch.
func (p *patience) watch(ctx context.Context) (context.Context, *silenceWatch) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &silenceWatch{patience: p, cancel: cancel, left: p.limit - p.used}
	w.timer = time.AfterFunc(w.left, func() { cancel(errSilent) })
	w.timer.Stop()
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart:     func(httptrace.DNSStartInfo) { w.wait() },
		ConnectStart: func(string, string) { w.wait() },
		GotConn:      func(httptrace.GotConnInfo) { w.wait() },
	}), w
}

// wait says that bytes are waited for from now on.
func (w *silenceWatch) wait() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.since.IsZero() {
		w.since = time.Now()
		w.timer.Reset(w.left)
	}
}

// pause says that n bytes came, and that nobody waits for more.
func (w *silenceWatch) pause(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.since.IsZero() {
		return
	}
	w.timer.Stop()
	w.left -= time.Since(w.since)
	w.since = time.Time{}
	if w.heard += int64(n); w.heard >= floorBytes {
		w.left, w.heard = w.patience.limit-w.patience.used, 0
	}
}

// answered says that the header of the answer came, which is as good as the floor.
func (w *silenceWatch) answered() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left, w.heard = w.patience.limit-w.patience.used, 0
}

// stop ends the attempt and charges its silence to the patience.
func (w *silenceWatch) stop() {
	w.pause(0)
	w.patience.used = min(w.patience.limit, max(w.patience.used, w.patience.limit-w.left))
	w.cancel(nil)
}

// explain replaces the error of an attempt that the watch ended by the reason.
func (w *silenceWatch) explain(ctx context.Context, u *url.URL, err error) error {
	if errors.Is(context.Cause(ctx), errSilent) {
		return &SilentError{URL: redact(u), Host: u.Host, Silence: w.patience.limit}
	}
	return err
}

// guardedBody feeds the watch and marks read errors as temporary.
type guardedBody struct {
	body  io.Reader
	watch *silenceWatch
	ctx   context.Context
	url   *url.URL
	n     int64
}

func (g *guardedBody) Read(p []byte) (int, error) {
	g.watch.wait()
	n, err := g.body.Read(p)
	g.watch.pause(n)
	g.n += int64(n)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, g.watch.explain(g.ctx, g.url, &temporary{err: fmt.Errorf("reading the answer: %w", err)})
}

// watchedBody is the body of an answer whose request is under a watch of its own.
type watchedBody struct {
	guardedBody
	closer io.Closer
	limit  int64 // of bytes
}

// Read reads; no error is temporary, as somebody else counts the attempts.
func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.guardedBody.Read(p)
	if b.n > b.limit {
		return 0, &SizeError{URL: redact(b.url), Limit: b.limit}
	}
	if t, ok := errors.AsType[*temporary](err); ok {
		err = t.err
	}
	return n, err
}

// Close ends the watch.
func (b *watchedBody) Close() error {
	defer b.watch.stop()
	return b.closer.Close()
}

// watched sends a request of another protocol under a watch of its own. What it answers
// is a document, such as the manifest of an image, but for what that names by digest
// and size.
func (c *Client) watched(req *http.Request) (*http.Response, error) {
	ctx, watch := c.newPatience().watch(req.Context())
	resp, err := c.transport.RoundTrip(req.WithContext(ctx))
	watch.pause(0)
	if err != nil {
		err = watch.explain(ctx, req.URL, err)
		watch.stop()
		return nil, err
	}
	watch.answered()
	body := guardedBody{body: resp.Body, watch: watch, ctx: ctx, url: req.URL}
	limit := int64(math.MaxInt64)
	if !strings.Contains(req.URL.Path, "/blobs/") {
		limit = filetree.MaxSettings
	}
	resp.Body = &watchedBody{guardedBody: body, closer: resp.Body, limit: limit}
	return resp, nil
}
