package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func TestPageIsRevalidated(t *testing.T) {
	t.Parallel()
	i := indextest.New(t, "a 1\n")
	client := newClient(t)
	request := PageRequest{URL: i.URL() + "a/", Accept: "application/vnd.pypi.simple.v1+json"}
	var bodies []string
	for range 2 {
		page, err := client.Page(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		if page.ContentType != request.Accept || page.URL != request.URL {
			t.Errorf("page = %q at %q", page.ContentType, page.URL)
		}
		if page.Cached != (len(bodies) > 0) {
			t.Errorf("request %d: Cached = %t", len(bodies)+1, page.Cached)
		}
		bodies = append(bodies, string(page.Body))
	}
	if bodies[0] != bodies[1] || !strings.Contains(bodies[0], "a-1-py3-none-any.whl") {
		t.Errorf("bodies = %q", bodies)
	}
	if log := i.Requests(); len(log) != 2 || log[0].Status != 200 || log[1].Status != 304 {
		t.Errorf("log = %+v, want 200 and 304", log)
	}
	if err := i.Add("a 2\n"); err != nil {
		t.Fatal(err)
	}
	page, err := client.Page(t.Context(), request)
	if err != nil || page.Cached || !strings.Contains(string(page.Body), "a-2-py3-none-any.whl") {
		t.Errorf("after a release: page = %+v, %v", page, err)
	}
}

func TestAcceptIsPartOfTheKey(t *testing.T) {
	t.Parallel()
	i := indextest.New(t, "a 1\n", indextest.WithMaxAge(time.Minute))
	client := newClient(t)
	for _, c := range []struct{ accept, prefix string }{{"application/vnd.pypi.simple.v1+json", "{"}, {"text/html", "<"}, {"", "<"}} {
		page, err := client.Page(t.Context(), PageRequest{URL: i.URL() + "a/", Accept: c.accept})
		if err != nil || !strings.HasPrefix(string(page.Body), c.prefix) || page.Cached {
			t.Errorf("Accept %q: page = %+v, %v", c.accept, page, err)
		}
	}
}

func TestFreshness(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		header []string
		maxAge time.Duration
		fresh  time.Duration // the last moment without a request; -1 for never
	}{
		{"server names none", nil, 5 * time.Minute, 5*time.Minute - 2*time.Second},
		{"nobody names any", nil, 0, -1},
		{"server's max-age wins", []string{"Cache-Control", "public, max-age=60"}, time.Hour, 58 * time.Second},
		{"server's max-age is bounded", []string{"Cache-Control", "max-age=31536000"}, 0, 10*time.Minute - 2*time.Second},
		{"age counts", []string{"Cache-Control", "max-age=60", "Age", "30"}, 0, 28 * time.Second},
		{"age above max-age", []string{"Cache-Control", "max-age=60", "Age", "90"}, 0, -1},
		{"no-cache", []string{"Cache-Control", "No-Cache, max-age=60"}, time.Hour, -1},
		{"no-store", []string{"Cache-Control", "no-store"}, time.Hour, -1},
		{"malformed", []string{"Cache-Control", "max-age=soon"}, time.Minute, 58 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var requests counter
				client := newClient(t, func(o *Options) {
					o.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
						requests.next()
						return response(r, http.StatusOK, "body", c.header...), nil
					})
				})
				ask := func() int {
					if _, err := client.Page(t.Context(), PageRequest{URL: "https://index.test/a/", MaxAge: c.maxAge}); err != nil {
						t.Fatal(err)
					}
					return requests.count()
				}
				ask()
				if c.fresh < 0 {
					if n := ask(); n != 2 {
						t.Errorf("%d requests, want two", n)
					}
					return
				}
				time.Sleep(c.fresh)
				if n := ask(); n != 1 {
					t.Errorf("after %v: %d requests, want one", c.fresh, n)
				}
				time.Sleep(4 * time.Second)
				if n := ask(); n != 2 {
					t.Errorf("after 4 s more: %d requests, want two", n)
				}
			})
		})
	}
}

func TestNoStoreIsNotKept(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		fmt.Fprint(w, "private")
	})
	client := newClient(t)
	if _, err := client.Page(t.Context(), PageRequest{URL: server.URL}); err != nil {
		t.Fatal(err)
	}
	client.offline = true
	var forbidden *OfflineError
	if _, err := client.Page(t.Context(), PageRequest{URL: server.URL}); !errors.As(err, &forbidden) {
		t.Errorf("err = %v, want an OfflineError", err)
	}
}

func TestOutageIsAnErrorThoughACopyIsStored(t *testing.T) {
	t.Parallel()
	var requests counter
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if requests.next() > 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	client := newClient(t)
	if _, err := client.Page(t.Context(), PageRequest{URL: server.URL}); err != nil {
		t.Fatal(err)
	}
	var status *StatusError
	if _, err := client.Page(t.Context(), PageRequest{URL: server.URL}); !errors.As(err, &status) || status.Code != 500 {
		t.Errorf("err = %v, want status 500", err)
	}
}

func TestPageLimits(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	g := gzip.NewWriter(&bomb)
	if _, err := g.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bomb" {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
			return
		}
		fmt.Fprint(w, "0123456789")
	})
	client := newClient(t)
	if _, err := client.Page(t.Context(), PageRequest{URL: server.URL, MaxBytes: 10}); err != nil {
		t.Errorf("body of the limit: %v", err)
	}
	for _, r := range []PageRequest{{URL: server.URL + "/x", MaxBytes: 9}, {URL: server.URL + "/bomb", MaxBytes: 1 << 16}} {
		var size *SizeError
		if _, err := client.Page(t.Context(), r); !errors.As(err, &size) || size.Limit != r.MaxBytes || size.URL != r.URL {
			t.Errorf("%s: err = %v, want a SizeError", r.URL, err)
		}
	}
}

func TestTruncatedPageIsAskedForAgain(t *testing.T) {
	t.Parallel()
	var requests counter
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "9")
		if requests.next() == 1 {
			fmt.Fprint(w, "the")
			return
		}
		fmt.Fprint(w, "the whole")
	})
	page, err := newClient(t).Page(t.Context(), PageRequest{URL: server.URL})
	if err != nil || string(page.Body) != "the whole" {
		t.Errorf("page = %v, %v", page, err)
	}
}

func TestPinnedPage(t *testing.T) {
	t.Parallel()
	i := indextest.New(t, "a 1\n")
	client := newClient(t)
	metadata := "Metadata-Version: 2.1\nName: a\nVersion: 1\n\nServed by a test.\n"
	request := PageRequest{URL: i.FileURL("a-1-py3-none-any.whl") + ".metadata", Digest: store.Sum([]byte(metadata))}
	for n := range 3 {
		page, err := client.Page(t.Context(), request)
		if err != nil || string(page.Body) != metadata || page.Cached != (n == 1) {
			t.Fatalf("request %d: page = %+v, %v", n+1, page, err)
		}
		if n == 1 { // bit rot: the third request must fetch again
			path := client.store.Path(request.Digest)
			if err := errors.Join(os.Chmod(path, 0o644), os.WriteFile(path, []byte(strings.ToUpper(metadata)), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if log := i.Requests(); len(log) != 2 {
		t.Errorf("log = %+v, want two requests", log)
	}
	request.Digest = store.Sum([]byte("another"))
	_, err := client.Page(t.Context(), request)
	var wrong *store.DigestError
	if !errors.As(err, &wrong) || wrong.Got != store.Sum([]byte(metadata)) || !strings.Contains(err.Error(), request.URL) {
		t.Errorf("err = %v, want a DigestError with the URL", err)
	}
	if client.store.Has(request.Digest, -1) {
		t.Error("the wrong document was stored")
	}
}

func TestConcurrentPagesShareARequest(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	var requests counter
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.next()
		<-release
		fmt.Fprint(w, "body")
	})
	client := newClient(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			page, err := client.Page(t.Context(), PageRequest{URL: server.URL})
			if err != nil || string(page.Body) != "body" {
				t.Errorf("page = %v, %v", page, err)
			}
		})
	}
	// All are waiting once the flight has 20 passengers.
	waitFor(t, func() bool {
		client.pages.mu.Lock()
		defer client.pages.mu.Unlock()
		for _, f := range client.pages.calls {
			return f.waiting == 20
		}
		return false
	})
	close(release)
	wg.Wait()
	if n := requests.count(); n != 1 {
		t.Errorf("%d requests, want one", n)
	}
}

func TestFlightOutlivesItsFirstCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g flights[string]
		work := func(ctx context.Context) (string, error) {
			select {
			case <-time.After(time.Minute):
				return "done", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		first, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := g.do(first, "k", work); !errors.Is(err, context.Canceled) {
				t.Errorf("first caller: %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if v, err := g.do(t.Context(), "k", work); v != "done" || err != nil {
				t.Errorf("second caller: %q, %v", v, err)
			}
		})
		synctest.Wait()
		leave()
		wg.Wait()

		alone, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		start := time.Now()
		if _, err := g.do(alone, "k", work); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("last caller: %v", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("work ended after %v, want one second", took)
		}
	})
}

func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited for a minute in vain")
		}
	}
}

func TestDamagedRecordIsFetchedAgain(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			t.Error("a page that is not stored was revalidated")
		}
		w.Header().Set("ETag", `"1"`)
		fmt.Fprint(w, "body")
	})
	client := newClient(t)
	request := PageRequest{URL: server.URL + "/", MaxAge: time.Hour}
	if err := client.store.PutRecord(pageBucket, "*/*\n"+request.URL, []byte("no json\nbody")); err != nil {
		t.Fatal(err)
	}
	page, err := client.Page(t.Context(), request)
	if err != nil || page.Cached || string(page.Body) != "body" {
		t.Errorf("page = %+v, %v", page, err)
	}
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	i := indextest.New(t, "a 1\n", indextest.WithTLS())
	client := newClient(t, func(o *Options) { o.Transport = i.Transport() })
	page, err := client.Page(t.Context(), PageRequest{URL: i.URL() + "A"})
	if err != nil || page.URL != i.URL()+"a/" {
		t.Errorf("page = %+v, %v", page, err)
	}
}
