package fetch

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/backoff"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch/transport"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

const (
	maxRedirects = 10
	// maxBackoff bounds a wait between attempts, maxRetryAfter one that the
	// server asked for.
	maxBackoff    = 8 * time.Second
	maxRetryAfter = 30 * time.Second
)

// temporary marks an error that another attempt may cure.
type temporary struct {
	err   error
	after time.Duration // the server asked to wait so long
}

func (t *temporary) Error() string { return t.err.Error() }
func (t *temporary) Unwrap() error { return t.err }

// get sends a GET until read has taken an answer without error, whose status is 200,
// 206 or 304. read may be called once for each attempt; what it reads fails with
// temporary errors.
func (c *Client) get(ctx context.Context, u *url.URL, header http.Header, read func(*http.Response) error) error {
	p := c.newPatience()
	return c.retry(ctx, u, func() (bool, error) { return false, c.attempt(ctx, u, header, p, read) })
}

// retry calls attempt until it succeeds, fails for good, or the retries are
// used up; an attempt that made progress does not count. Errors name u.
func (c *Client) retry(ctx context.Context, u *url.URL, attempt func() (progress bool, err error)) error {
	for tried := 0; ; tried++ {
		progress, err := attempt()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("fetching %s: %w", redact(u), context.Cause(ctx))
		}
		if progress {
			tried = 0
		}
		var t *temporary
		if !errors.As(err, &t) {
			return named(u, err)
		}
		if tried >= c.retries {
			if tried > 0 {
				t.err = fmt.Errorf("%w (the last of %d attempts)", t.err, tried+1)
			}
			return named(u, t.err)
		}
		wait := cmp.Or(t.after, backoff.Delay(tried, c.backoff, maxBackoff))
		c.log.InfoContext(ctx, "retrying", "url", redact(u), "wait", wait, "error", t.err)
		if backoff.Sleep(ctx, wait) != nil {
			return fmt.Errorf("fetching %s: %w", redact(u), context.Cause(ctx))
		}
	}
}

// named makes err name u, unless it does already.
func named(u *url.URL, err error) error {
	text := redact(u)
	var status *StatusError
	var size *SizeError
	var silent *SilentError
	if errors.As(err, &status) && status.URL == text || errors.As(err, &size) && size.URL == text || errors.As(err, &silent) && silent.URL == text {
		return err
	}
	return fmt.Errorf("fetching %s: %w", text, err)
}

// attempt sends one GET, follows redirects, and lets read have the answer.
func (c *Client) attempt(ctx context.Context, u *url.URL, header http.Header, p *patience, read func(*http.Response) error) error {
	if err := c.slots.Acquire(ctx, 1); err != nil {
		return err
	}
	defer c.slots.Release(1)
	asking := ctx // the watch is not for the requests of others
	ctx, watch := p.watch(ctx)
	defer watch.stop()
	start := time.Now()
	resp, body, source, err := c.send(ctx, asking, u, header, watch)
	if err != nil {
		return err
	}
	if err := judge(resp, source); err != nil {
		drain(body)
		c.keys.explain(err)
		return errors.Join(err, resp.Body.Close())
	}
	err = read(resp)
	c.log.DebugContext(ctx, "request", "url", redact(resp.Request.URL), "status", resp.StatusCode, "bytes", body.n, "took", time.Since(start))
	if closeErr := resp.Body.Close(); err == nil && closeErr != nil {
		err = &temporary{err: closeErr}
	}
	return err
}

// send follows redirects itself: each hop gets the credentials of its own host
// and none of another, and no address ends up in an error or a Referer. Where a
// server refuses a credential of the dynamic source, it gets a new one, once.
func (c *Client) send(ctx, asking context.Context, u *url.URL, header http.Header, watch *silenceWatch) (resp *http.Response, body *guardedBody, source string, err error) {
	renewed := false
	for range maxRedirects + 1 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, nil, "", fmt.Errorf("making the request: the URL is malformed")
		}
		req.Header = header.Clone()
		req.Header.Set("User-Agent", c.userAgent)
		source, cr, err := c.authorize(asking, req)
		if err != nil {
			return nil, nil, "", err
		}
		resp, body, err := watch.roundTrip(c.transport, req)
		if err != nil {
			return nil, nil, "", transportError(u, err)
		}
		next, err := redirect(resp, u)
		if source == fromDynamic && resp.StatusCode == http.StatusUnauthorized && !renewed {
			c.wallet.refused(u, cr)
			next, renewed = u, true
		}
		if next == nil && err == nil {
			return resp, body, source, nil
		}
		drain(body)
		if err = errors.Join(err, body.Close()); err != nil {
			return nil, nil, "", err
		}
		u = next
	}
	return nil, nil, "", fmt.Errorf("following redirects: more than %d", maxRedirects)
}

// redirect returns where the response sends us, or nil when it does not.
func redirect(resp *http.Response, from *url.URL) (*url.URL, error) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	to, err := from.Parse(resp.Header.Get("Location"))
	if err != nil || resp.Header.Get("Location") == "" || secret.HoldsAccount(to.EscapedPath()) || secret.HoldsAccount(to.Path) {
		return nil, fmt.Errorf("following redirect from %s: it names no usable address", redact(from))
	}
	to.User, to.Fragment, to.RawFragment = nil, "", ""
	if to.Scheme != "https" && (to.Scheme != "http" || from.Scheme == "https") || to.Host == "" {
		return nil, fmt.Errorf("following redirect from %s to %s: only https may follow https", redact(from), redact(to))
	}
	return to, nil
}

// judge returns the error of an answer that is no success.
func judge(resp *http.Response, source string) error {
	switch resp.StatusCode {
	case http.StatusOK, http.StatusPartialContent, http.StatusNotModified:
		return nil
	}
	if err := proxyError(resp); err != nil {
		return err
	}
	err := &StatusError{URL: redact(resp.Request.URL), Code: resp.StatusCode, Credentials: source}
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return &temporary{err: err, after: backoff.RetryAfter(resp.Header.Get("Retry-After"), time.Now(), maxRetryAfter)}
	}
	return err
}

// transportError marks the errors that another attempt may cure: all but silence, a
// name that does not exist, a certificate that is not trusted, a proxy that
// refuses, and a transport that cannot be made. What a user can cure is typed.
func transportError(u *url.URL, err error) error {
	if _, ok := errors.AsType[*SilentError](err); ok {
		return err
	}
	if cert, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return certificateError(u, cert)
	}
	if _, ok := errors.AsType[*transport.SetupError](err); ok {
		return err
	}
	if proxy, ok := errors.AsType[*transport.ProxyError](err); ok && proxy.Code < http.StatusInternalServerError {
		return proxy
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return err
	}
	return &temporary{err: err}
}

// drain reads a little of a body that nobody wants, so that the connection can
// be used again.
func drain(body io.Reader) { _, _ = io.CopyN(io.Discard, body, 16<<10) }
