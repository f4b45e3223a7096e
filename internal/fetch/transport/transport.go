// Package transport sends requests: few connections to hosts that speak HTTP/2, the
// certificates and proxies of the machine, and nothing made before the first request.
package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	// Go dials a connection for every request that waits while the first
	// handshake is under way; over HTTP/2 two carry them all as fast.
	multiplexedConns = 2
	plainConns       = 16
)

// Transport sends requests over few connections to hosts that speak HTTP/2,
// and over more to those that do not.
type Transport struct {
	multiplexed *http.Transport
	plain       *http.Transport
	old         sync.Map // hosts under https that answered in HTTP/1

	// Certificates are read for the first request: to read those of a system takes as
	// long as to resolve from a full cache.
	roots   func(context.Context) (*x509.CertPool, error)
	trusted sync.Once
	fault   error
}

// New returns a transport that trusts the certificates of the files too.
func New(log *slog.Logger, certificates []string) *Transport {
	return newTransport(func(ctx context.Context) (*x509.CertPool, error) { return rootCAs(ctx, log, certificates) })
}

func newTransport(roots func(context.Context) (*x509.CertPool, error)) *Transport {
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	base := func(conns int) *http.Transport {
		return &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    20 * time.Second,
			IdleConnTimeout:        90 * time.Second,
			MaxConnsPerHost:        conns,
			MaxIdleConnsPerHost:    conns,
			Protocols:              new(http.Protocols),
			OnProxyConnectResponse: tunnelled,
			// A response may have no more header than this.
			MaxResponseHeaderBytes: 256 << 10,
		}
	}
	t := &Transport{multiplexed: base(multiplexedConns), plain: base(plainConns), roots: roots}
	t.plain.Protocols.SetHTTP1(true)
	t.multiplexed.Protocols.SetHTTP1(true)
	t.multiplexed.Protocols.SetHTTP2(true)
	t.multiplexed.HTTP2 = &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second}
	return t
}

// SetupError is a fault of this machine, which no other attempt cures.
type SetupError struct{ Err error }

func (e *SetupError) Error() string { return e.Err.Error() }
func (e *SetupError) Unwrap() error { return e.Err }

// tunnelled tells why a proxy makes no tunnel to a host.
func tunnelled(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{Host: proxy.Host, Code: resp.StatusCode, Secure: true, Credentials: proxy.User != nil}
}

// RoundTrip sends the request over the connections that suit its host. The error of
// certificates that cannot be read is a *SetupError.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	t.trusted.Do(func() {
		pool, err := t.roots(req.Context())
		t.multiplexed.TLSClientConfig.RootCAs, t.plain.TLSClientConfig.RootCAs, t.fault = pool, pool, err
	})
	if t.fault != nil {
		return nil, &SetupError{Err: t.fault}
	}
	if _, old := t.old.Load(req.URL.Host); old || req.URL.Scheme == "http" {
		return t.plain.RoundTrip(req)
	}
	resp, err := t.multiplexed.RoundTrip(req)
	if err == nil && resp.ProtoMajor < 2 {
		t.old.Store(req.URL.Host, nil)
	}
	return resp, err
}

// ProxyError is a proxy that refuses to pass a request on.
type ProxyError struct {
	// Host is that of the proxy, with its port.
	Host string
	Code int
	// Secure says that the request was for an https address.
	Secure bool
	// Credentials says that a user was sent.
	Credentials bool
}

func (e *ProxyError) Error() string {
	text := fmt.Sprintf("the proxy %q answered %d %s", e.Host, e.Code, http.StatusText(e.Code))
	variable := "HTTP_PROXY"
	if e.Secure {
		variable = "HTTPS_PROXY"
	}
	switch {
	case e.Code != http.StatusProxyAuthRequired:
		return text + ": name hosts that are reached without it in NO_PROXY, or let it pass them"
	case e.Credentials:
		return text + fmt.Sprintf(" to the user and the password of %s: correct them there", variable)
	}
	return text + fmt.Sprintf(": write a user and a password into %s: http://<user>:<password>@%s. Escape special characters of the password, such as %%40 for @", variable, e.Host)
}
