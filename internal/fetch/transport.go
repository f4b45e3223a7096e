package fetch

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Go dials a connection for every request that waits while the first
	// handshake is under way; over HTTP/2 two carry them all as fast.
	multiplexedConns = 2
	plainConns       = 16
)

// lazyTransport makes a transport for the first request: to read the
// certificates of a system takes as long as to resolve from a full cache.
type lazyTransport struct {
	open func(context.Context) (*transport, error)

	once sync.Once
	made atomic.Bool // once is over
	t    *transport
	err  error
}

func newLazyTransport(log *slog.Logger, certificates []string) *lazyTransport {
	return &lazyTransport{open: func(ctx context.Context) (*transport, error) { return newTransport(ctx, log, certificates) }}
}

// RoundTrip sends the request. The error of a transport that cannot be made is
// a *setupError.
func (l *lazyTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	l.once.Do(func() {
		l.t, l.err = l.open(req.Context())
		l.made.Store(true)
	})
	if l.err != nil {
		return nil, &setupError{err: l.err}
	}
	return l.t.RoundTrip(req)
}

// CloseIdleConnections closes the connections that no request uses.
func (l *lazyTransport) CloseIdleConnections() {
	if l.made.Load() && l.err == nil {
		l.t.CloseIdleConnections()
	}
}

// setupError is a fault of this machine, which no other attempt cures.
type setupError struct{ err error }

func (e *setupError) Error() string { return e.err.Error() }
func (e *setupError) Unwrap() error { return e.err }

// transport sends requests over few connections to hosts that speak HTTP/2,
// and over more to those that do not.
type transport struct {
	multiplexed *http.Transport
	plain       *http.Transport
	old         sync.Map // hosts under https that answered in HTTP/1
}

func newTransport(ctx context.Context, log *slog.Logger, certificates []string) (*transport, error) {
	roots, err := rootCAs(ctx, log, certificates)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	base := func(conns int) *http.Transport {
		return &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         dialer.DialContext,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
			TLSHandshakeTimeout: 20 * time.Second,
			IdleConnTimeout:     90 * time.Second,
			MaxConnsPerHost:     conns,
			MaxIdleConnsPerHost: conns,
			Protocols:           new(http.Protocols),
			// A response may have no more header than this.
			MaxResponseHeaderBytes: 256 << 10,
		}
	}
	t := &transport{multiplexed: base(multiplexedConns), plain: base(plainConns)}
	t.plain.Protocols.SetHTTP1(true)
	t.multiplexed.Protocols.SetHTTP1(true)
	t.multiplexed.Protocols.SetHTTP2(true)
	t.multiplexed.OnProxyConnectResponse, t.plain.OnProxyConnectResponse = tunnelled, tunnelled
	t.multiplexed.HTTP2 = &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second}
	return t, nil
}

// tunnelled tells why a proxy makes no tunnel to a host.
func tunnelled(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{Host: proxy.Host, Code: resp.StatusCode, Secure: true, Credentials: proxy.User != nil}
}

// RoundTrip sends the request over the connections that suit its host.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, old := t.old.Load(req.URL.Host); old || req.URL.Scheme == "http" {
		return t.plain.RoundTrip(req)
	}
	resp, err := t.multiplexed.RoundTrip(req)
	if err == nil && resp.ProtoMajor < 2 {
		t.old.Store(req.URL.Host, nil)
	}
	return resp, err
}

// CloseIdleConnections closes the connections that no request uses.
func (t *transport) CloseIdleConnections() {
	t.multiplexed.CloseIdleConnections()
	t.plain.CloseIdleConnections()
}
