package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are dialled within the process, so that a
// fake clock governs both ends.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// slowly calls test with a client of a server with that handler, under a fake clock.
func slowly(t *testing.T, handler http.HandlerFunc, test func(t *testing.T, c *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		listener := pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		server := &http.Server{Handler: handler}
		go func() { _ = server.Serve(listener) }()
		transport := &http.Transport{DialContext: listener.dial}
		test(t, newClient(t, func(o *Options) { o.Transport = transport }))
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
}

// pause waits, or until the client has left.
func pause(r *http.Request, d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Context().Done():
	}
}

// ways are all that ask a server for bytes.
var ways = map[string]func(context.Context, *Client) error{
	"page": func(ctx context.Context, c *Client) error {
		_, err := c.Page(ctx, PageRequest{URL: "http://slow.test/file"})
		return err
	},
	"blob": func(ctx context.Context, c *Client) error {
		f, err := c.Blob(ctx, Source{URL: "http://slow.test/file"})
		if err == nil {
			err = f.Close()
		}
		return err
	},
	"tail": func(ctx context.Context, c *Client) error {
		_, err := c.Tail(ctx, "http://slow.test/file", 10)
		return err
	},
	"other protocol": func(ctx context.Context, c *Client) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://slow.test/file", nil)
		if err != nil {
			return err
		}
		resp, err := c.Transport().RoundTrip(req)
		if err != nil {
			return err
		}
		_, err = io.ReadAll(resp.Body)
		return errors.Join(err, resp.Body.Close())
	},
}

func TestSilentServerIsGivenUp(t *testing.T) {
	t.Parallel()
	send := func(w http.ResponseWriter, n int) {
		fmt.Fprint(w, strings.Repeat("x", n))
		_ = http.NewResponseController(w).Flush()
	}
	for name, handler := range map[string]http.HandlerFunc{
		"no header": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"no end":    func(w http.ResponseWriter, r *http.Request) { send(w, 5000); <-r.Context().Done() },
		"no end of a redirect": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/other")
			w.Header().Set("Content-Length", "9")
			w.WriteHeader(http.StatusFound)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"a byte each 9 s": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				send(w, 1)
				pause(r, 9*time.Second)
			}
		},
	} {
		for way, fetch := range ways {
			if name == "no end of a redirect" && way == "other protocol" {
				continue // it follows none
			}
			t.Run(name+"/"+way, func(t *testing.T) {
				t.Parallel()
				slowly(t, handler, func(t *testing.T, c *Client) {
					begin := time.Now()
					err := fetch(t.Context(), c)
					silent, ok := errors.AsType[*SilentError](err)
					if !ok || silent.Host != "slow.test" || silent.Silence != 30*time.Second || !strings.Contains(err.Error(), `"slow.test" sent nothing for 30 s`) {
						t.Errorf("err = %v, want a *SilentError that names the server", err)
					}
					if took := time.Since(begin); took < 29*time.Second || took > 31*time.Second {
						t.Errorf("given up after %s, want 30 s", took)
					}
				})
			})
		}
	}
}

// TestSilenceOfAllAttemptsCounts has connections that break after 12 s of silence.
func TestSilenceOfAllAttemptsCounts(t *testing.T) {
	t.Parallel()
	for way, fetch := range ways {
		if way == "other protocol" {
			continue // its caller counts the attempts
		}
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			handler := func(_ http.ResponseWriter, r *http.Request) {
				pause(r, 12*time.Second)
				panic(http.ErrAbortHandler)
			}
			slowly(t, handler, func(t *testing.T, c *Client) {
				begin := time.Now()
				err := fetch(t.Context(), c)
				if _, ok := errors.AsType[*SilentError](err); !ok {
					t.Errorf("err = %v, want a *SilentError", err)
				}
				if took := time.Since(begin); took < 29*time.Second || took > 31*time.Second {
					t.Errorf("given up after %s, want 30 s", took)
				}
			})
		})
	}
}

// TestSlowServerIsWaitedFor has one that thinks for 25 s and then sends 100 bytes a
// second for two minutes.
func TestSlowServerIsWaitedFor(t *testing.T) {
	t.Parallel()
	for way, fetch := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			handler := func(w http.ResponseWriter, r *http.Request) {
				pause(r, 25*time.Second)
				for range 120 {
					fmt.Fprint(w, strings.Repeat("x", 100))
					_ = http.NewResponseController(w).Flush()
					pause(r, time.Second)
				}
			}
			slowly(t, handler, func(t *testing.T, c *Client) {
				if err := fetch(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestSilentHostIsGivenUp has a host that accepts no connection.
func TestSilentHostIsGivenUp(t *testing.T) {
	t.Parallel()
	for way, fetch := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := roundTripper(func(req *http.Request) (*http.Response, error) {
					httptrace.ContextClientTrace(req.Context()).ConnectStart("tcp", "slow.test:80")
					<-req.Context().Done()
					return nil, context.Cause(req.Context())
				})
				c := newClient(t, func(o *Options) { o.Transport = transport })
				begin := time.Now()
				if _, ok := errors.AsType[*SilentError](fetch(t.Context(), c)); !ok || time.Since(begin) != 30*time.Second {
					t.Errorf("given up after %s, want a *SilentError after 30 s", time.Since(begin))
				}
			})
		})
	}
}
