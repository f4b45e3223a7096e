package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
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

// patience is the time that is left to wait for a file, shared by its attempts.
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

// stop ends the attempt and charges its silence to the patience.
func (w *silenceWatch) stop() {
	w.pause(0)
	w.patience.used = min(w.patience.limit, max(w.patience.used, w.patience.limit-w.left))
	w.cancel(nil)
}

// roundTrip sends a request. The header of the answer is as good as the floor, and
// reads of its body go on with the watch.
func (w *silenceWatch) roundTrip(transport http.RoundTripper, req *http.Request) (*http.Response, *guardedBody, error) {
	resp, err := transport.RoundTrip(req)
	if err != nil {
		w.pause(0)
		return nil, nil, w.explain(req, err)
	}
	w.pause(floorBytes)
	body := &guardedBody{body: resp.Body, watch: w, req: req, limit: math.MaxInt64}
	resp.Body, resp.Request = body, req
	return resp, body, nil
}

// explain replaces the error of a request that the watch ended by the reason.
func (w *silenceWatch) explain(req *http.Request, err error) error {
	if errors.Is(context.Cause(req.Context()), errSilent) {
		return &SilentError{URL: redact(req.URL), Host: req.URL.Host, Silence: w.patience.limit}
	}
	return err
}

// guardedBody feeds the watch and marks read errors as temporary.
type guardedBody struct {
	body  io.ReadCloser
	watch *silenceWatch
	req   *http.Request
	n     int64
	limit int64 // of bytes
	last  bool  // the watch ends with it
}

// Read reads from the server.
func (g *guardedBody) Read(p []byte) (int, error) {
	g.watch.wait()
	n, err := g.body.Read(p)
	g.watch.pause(n)
	if g.n += int64(n); g.n > g.limit {
		return 0, &SizeError{URL: redact(g.req.URL), Limit: g.limit}
	}
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, g.watch.explain(g.req, &temporary{err: fmt.Errorf("reading the answer: %w", err)})
}

// Close closes the body.
func (g *guardedBody) Close() error {
	if g.last {
		defer g.watch.stop()
	}
	return g.body.Close()
}
