package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// newClient returns a client with a fresh store, short waits and no netrc.
func newClient(t *testing.T, change ...func(*Options)) *Client {
	t.Helper()
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Store: s, UserAgent: "layerbuild/test", NetrcPath: filepath.Join(t.TempDir(), "none")}
	for _, f := range change {
		f(&o)
	}
	c := New(o)
	c.backoff = time.Millisecond
	return c
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// counter counts requests; it is safe for concurrent use.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) next() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return c.n
}

func (c *counter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func TestRetries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status  int
		retried bool
	}{
		{408, true}, {425, true}, {429, true}, {500, true}, {502, true}, {503, true}, {504, true},
		{400, false}, {401, false}, {403, false}, {404, false}, {410, false}, {501, false}, {304, false},
	} {
		t.Run(http.StatusText(c.status), func(t *testing.T) {
			t.Parallel()
			var requests counter
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if requests.next() <= 2 {
					w.WriteHeader(c.status)
					return
				}
				fmt.Fprint(w, "at last")
			})
			page, err := newClient(t).Page(t.Context(), PageRequest{URL: server.URL})
			if c.retried {
				if err != nil || string(page.Body) != "at last" || requests.count() != 3 {
					t.Errorf("page = %v, %v after %d requests, want success at the third", page, err, requests.count())
				}
				return
			}
			var status *StatusError
			if !errors.As(err, &status) || status.Code != c.status || requests.count() != 1 {
				t.Errorf("err = %v after %d requests, want status %d after one", err, requests.count(), c.status)
			}
		})
	}
}

func TestRetriesEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ retries, requests int }{{0, 5}, {2, 3}, {-1, 1}} {
		var requests counter
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			requests.next()
			w.WriteHeader(http.StatusBadGateway)
		})
		client := newClient(t, func(o *Options) { o.Retries = c.retries })
		_, err := client.Page(t.Context(), PageRequest{URL: server.URL + "/x"})
		var status *StatusError
		if !errors.As(err, &status) || requests.count() != c.requests {
			t.Errorf("Retries %d: %v after %d requests, want %d", c.retries, err, requests.count(), c.requests)
		}
		want := server.URL + "/x answered 502 Bad Gateway"
		if c.requests > 1 {
			want += fmt.Sprintf(" (the last of %d attempts)", c.requests)
		}
		if err == nil || err.Error() != want {
			t.Errorf("err = %v, want %q", err, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			value string
			least time.Duration
			most  time.Duration
		}{
			{time.Now().Add(5 * time.Second).UTC().Format(http.TimeFormat), 4 * time.Second, 5 * time.Second},
			{"2", 2 * time.Second, 2 * time.Second},
			{"86400", 30 * time.Second, 30 * time.Second},
			{"soon", 0, 20 * time.Millisecond},
			{"-5", 0, 20 * time.Millisecond},
		} {
			var requests counter
			client := newClient(t, func(o *Options) {
				o.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
					if requests.next() == 1 {
						return response(r, http.StatusTooManyRequests, "", "Retry-After", c.value), nil
					}
					return response(r, http.StatusOK, "body"), nil
				})
			})
			start := time.Now()
			if _, err := client.Page(t.Context(), PageRequest{URL: "http://index.test/" + c.value}); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took < c.least || took > c.most {
				t.Errorf("Retry-After %q: waited %v, want %v to %v", c.value, took, c.least, c.most)
			}
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func response(r *http.Request, status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{
		StatusCode: status, Header: h, Request: r, ProtoMajor: 1,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func TestConnectionErrorsAreRetried(t *testing.T) {
	t.Parallel()
	var requests counter
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if requests.next() <= 2 {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, "at last")
	})
	page, err := newClient(t).Page(t.Context(), PageRequest{URL: server.URL})
	if err != nil || string(page.Body) != "at last" {
		t.Errorf("page = %v, %v", page, err)
	}
}

func TestUntrustedCertificateIsNotRetried(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	client := newClient(t, func(o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	_, err := client.Page(t.Context(), PageRequest{URL: server.URL})
	if err == nil || !strings.Contains(err.Error(), "certificate") || strings.Contains(log.String(), "retrying") {
		t.Errorf("err = %v, log %q, want a certificate error without retries", err, log.String())
	}
}

func TestSlowServerEndsWithTheContext(t *testing.T) {
	t.Parallel()
	began := make(chan struct{}, 1)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "begin")
		_ = http.NewResponseController(w).Flush()
		began <- struct{}{}
		<-r.Context().Done()
	})
	cause := errors.New("the user has left")
	for name, fetch := range map[string]func(context.Context, *Client) error{
		"page": func(ctx context.Context, c *Client) error {
			_, err := c.Page(ctx, PageRequest{URL: server.URL})
			return err
		},
		"blob": func(ctx context.Context, c *Client) error {
			_, err := c.Blob(ctx, Source{URL: server.URL})
			return err
		},
		"tail": func(ctx context.Context, c *Client) error {
			_, err := c.Tail(ctx, server.URL, 10)
			return err
		},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			<-began
			cancel(cause)
		}()
		client := newClient(t)
		if err := fetch(ctx, client); !errors.Is(err, cause) || !strings.Contains(err.Error(), server.URL) {
			t.Errorf("%s: err = %v, want the cause and the URL", name, err)
		}
		if left, err := os.ReadDir(filepath.Join(client.store.Dir(), "v1", "tmp")); err != nil || len(left) != 0 {
			t.Errorf("%s: left %v in tmp (%v)", name, left, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/simple/x":
			http.Redirect(w, r, "/other/x/?token=abc", http.StatusMovedPermanently)
		case "/other/x/":
			if referer := r.Header.Get("Referer"); referer != "" {
				t.Errorf("Referer = %q, want none", referer)
			}
			fmt.Fprint(w, "found")
		case "/nowhere":
			w.WriteHeader(http.StatusFound)
		case "/bad":
			w.Header().Set("Location", "http://%zz/secret")
			w.WriteHeader(http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		default:
			http.Redirect(w, r, "/loop", http.StatusTemporaryRedirect)
		}
	})
	client := newClient(t)
	page, err := client.Page(t.Context(), PageRequest{URL: server.URL + "/simple/x"})
	if err != nil || string(page.Body) != "found" || page.URL != server.URL+"/other/x/" {
		t.Errorf("page = %+v, %v, want the URL after the redirect", page, err)
	}
	for path, want := range map[string]string{
		"/loop":    "following redirects: more than 10",
		"/nowhere": "names no usable address",
		"/bad":     "names no usable address",
		"/file":    "only https may follow https",
	} {
		_, err := client.Page(t.Context(), PageRequest{URL: server.URL + path})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: err = %v, want %q", path, err, want)
		}
	}
}

func TestRedirectFromHTTPSToHTTPIsRefused(t *testing.T) {
	t.Parallel()
	var requests counter
	plain := serve(t, func(w http.ResponseWriter, r *http.Request) { requests.next() })
	server := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	t.Cleanup(server.Close)
	client := newClient(t, func(o *Options) { o.Transport = server.Client().Transport })
	_, err := client.Page(t.Context(), PageRequest{URL: server.URL})
	if err == nil || !strings.Contains(err.Error(), "only https may follow https") || requests.count() != 0 {
		t.Errorf("err = %v, %d requests to the plain server", err, requests.count())
	}
}

func TestURLsThatCannotBeFetched(t *testing.T) {
	t.Parallel()
	client := newClient(t)
	for _, bad := range []string{"", "pypi.org/simple", "ftp://u:secret@host/x", "https:///x", "http://%zz:secret@x", "https://u:secret@ho st/"} {
		_, pageErr := client.Page(t.Context(), PageRequest{URL: bad})
		_, blobErr := client.Blob(t.Context(), Source{URL: bad})
		_, tailErr := client.Tail(t.Context(), bad, 1)
		_, rangeErr := client.Range(t.Context(), bad, 0, 1)
		_, loginErr := client.Login(bad)
		for _, err := range []error{pageErr, blobErr, tailErr, rangeErr, loginErr} {
			if err == nil || !strings.HasPrefix(err.Error(), "reading URL ") || strings.Contains(err.Error(), "secret") {
				t.Errorf("URL %q: err = %v", bad, err)
			}
		}
	}
}

func TestOffline(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=0")
		switch r.URL.Path {
		case "/absent":
			http.NotFound(w, r)
		default:
			fmt.Fprint(w, "hello")
		}
	})
	online := newClient(t)
	page := PageRequest{URL: server.URL + "/page?token=abc"}
	pinned := PageRequest{URL: server.URL + "/pinned", Digest: store.Sum([]byte("hello"))}
	blob := Source{URL: server.URL + "/blob", SHA256: store.Sum([]byte("hello")), Size: 5}
	for _, r := range []PageRequest{page, pinned} {
		if _, err := online.Page(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := online.Page(t.Context(), PageRequest{URL: server.URL + "/absent"}); !IsNotFound(err) {
		t.Fatalf("err = %v", err)
	}
	server.Close()

	offline := newClient(t, func(o *Options) { o.Store, o.Offline = online.store, true })
	for _, r := range []PageRequest{page, pinned} {
		if got, err := offline.Page(t.Context(), r); err != nil || string(got.Body) != "hello" || !got.Cached {
			t.Errorf("%s: page = %+v, %v", r.URL, got, err)
		}
	}
	if got := readBlob(t, offline, blob); got != "hello" {
		t.Errorf("blob = %q", got)
	}
	if _, err := offline.Page(t.Context(), PageRequest{URL: server.URL + "/absent"}); !IsNotFound(err) {
		t.Errorf("a known absence: err = %v, want 404", err)
	}

	unknown := server.URL + "/unknown?token=abc"
	_, pageErr := offline.Page(t.Context(), PageRequest{URL: unknown})
	_, pinnedErr := offline.Page(t.Context(), PageRequest{URL: unknown, Digest: store.Sum([]byte("x"))})
	_, blobErr := offline.Blob(t.Context(), Source{URL: unknown, SHA256: store.Sum([]byte("x"))})
	_, tailErr := offline.Tail(t.Context(), unknown, 1)
	_, rangeErr := offline.Range(t.Context(), unknown, 0, 1)
	for _, err := range []error{pageErr, pinnedErr, blobErr, tailErr, rangeErr} {
		var forbidden *OfflineError
		if !errors.As(err, &forbidden) || forbidden.URL != server.URL+"/unknown?token=(hidden)" {
			t.Errorf("err = %v, want an OfflineError with the redacted URL", err)
		}
	}
}
