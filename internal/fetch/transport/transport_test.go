package transport

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestConnectionsPerHost counts the connections that 40 requests at once open.
func TestConnectionsPerHost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		http2 bool
		proto string
		most  int32
	}{{"HTTP/2", true, "2", multiplexedConns}, {"HTTP/1 under TLS", false, "1", multiplexedConns + plainConns}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var conns atomic.Int32
			more := make(chan struct{}) // closed at the first connection over multiplexedConns
			var known atomic.Bool       // the second round knows what the host speaks
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if known.Load() && !c.http2 { // requests at once need more connections
					select {
					case <-more:
					case <-time.After(time.Minute):
					}
				}
				fmt.Fprint(w, r.ProtoMajor)
			}))
			server.EnableHTTP2 = c.http2
			server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
				if s == http.StateNew && conns.Add(1) == multiplexedConns+1 {
					close(more)
				}
			}
			server.StartTLS()
			t.Cleanup(server.Close)
			client := &http.Client{Transport: trusting(t, server)}
			for round := range 2 {
				known.Store(round > 0)
				var wg sync.WaitGroup
				for n := range 40 {
					wg.Go(func() {
						body, err := get(t, client, fmt.Sprintf("%s/%d", server.URL, n))
						if err != nil || body != c.proto {
							t.Errorf("got %q, %v, want an answer over HTTP/%s", body, err, c.proto)
						}
					})
				}
				wg.Wait()
			}
			if n := conns.Load(); n > c.most || !c.http2 && n <= multiplexedConns {
				t.Errorf("%d connections, want at most %d", n, c.most)
			}
		})
	}
}

func get(t *testing.T, client *http.Client, address string) (string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(answer.Body)
	return string(body), errors.Join(err, answer.Body.Close())
}

// trusting returns a transport that trusts the server.
func trusting(t *testing.T, server *httptest.Server) *Transport {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return newTransport(func(context.Context) (*x509.CertPool, error) { return pool, nil })
}

func TestCertificatesAreReadForTheFirstRequest(t *testing.T) {
	t.Parallel()
	fault := errors.New("no certificates")
	made := 0
	lazy := newTransport(func(context.Context) (*x509.CertPool, error) {
		made++
		return nil, fault
	})
	if made != 0 {
		t.Errorf("the certificates were read %d times before any request", made)
	}
	for range 2 {
		_, err := get(t, &http.Client{Transport: lazy}, "https://index.test/")
		if _, ok := errors.AsType[*SetupError](err); !ok || !errors.Is(err, fault) {
			t.Errorf("err = %v, want the fault", err)
		}
	}
	if made != 1 {
		t.Errorf("%d attempts to read them, want one", made)
	}
}
