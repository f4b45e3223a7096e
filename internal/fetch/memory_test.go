package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// meter counts the bytes that bodies gave and that nobody is done with.
type meter struct {
	mu        sync.Mutex
	held, max int64
}

func (m *meter) add(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held += n
	m.max = max(m.max, m.held)
}

// zeros is a body of n bytes that counts them.
type zeros struct {
	meter *meter
	left  int64
}

func (z *zeros) Read(b []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(b)), z.left)
	clear(b[:n])
	z.left -= n
	z.meter.add(n)
	return int(n), nil
}

func (z *zeros) Close() error { return nil }

// TestMemoryOfManyPagesIsBounded has 48 pages at once, of which each has 12 MiB: the
// bodies together would have 576 MiB.
func TestMemoryOfManyPagesIsBounded(t *testing.T) {
	t.Parallel()
	const size, pages = 12 << 20, 48
	for _, length := range []int64{size, -1} {
		m := &meter{}
		transport := roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: &zeros{m, size}, ContentLength: length, Request: r}, nil
		})
		c := newClient(t, func(o *Options) { o.Transport = transport })
		var g sync.WaitGroup
		for i := range pages {
			g.Go(func() {
				_, err := c.Page(t.Context(), PageRequest{
					URL: fmt.Sprintf("https://index.test/%d", i), Distillation: "1",
					Distill: func(body []byte, _ string) ([]byte, error) {
						m.add(-int64(len(body)))
						return []byte("short"), nil
					},
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		g.Wait()
		if most := int64(pages*smallBody + largeParallel*size); m.max > most || m.held != 0 {
			t.Errorf("length %d: %d bytes were held at once, want %d at most; %d are left", length, m.max, most, m.held)
		}
		if m.max < size {
			t.Errorf("length %d: only %d bytes were ever held", length, m.max)
		}
	}
}

// TestBodiesOfEachSize reads what is small, at the limits and beyond them.
func TestBodiesOfEachSize(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, smallBody - 1, smallBody, smallBody + 1, 2 * smallBody} {
		for _, limit := range []int{size - 1, size, size + 1} {
			for _, length := range []int64{int64(size), -1} {
				c := newClient(t, func(o *Options) {
					o.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
						body := io.NopCloser(strings.NewReader(strings.Repeat("x", size)))
						return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, ContentLength: length, Request: r}, nil
					})
				})
				if limit <= 0 {
					continue // asks for the default
				}
				page, err := c.Page(t.Context(), PageRequest{URL: "https://index.test/", MaxBytes: int64(limit)})
				if limit < size {
					if tooLarge, ok := errors.AsType[*SizeError](err); !ok || tooLarge.Limit != int64(limit) {
						t.Errorf("%d bytes of %d: %v, want a *SizeError", size, limit, err)
					}
				} else if err != nil || len(page.Body) != size || bytes.Count(page.Body, []byte("x")) != size {
					t.Errorf("%d bytes of %d: %v", size, limit, err)
				}
				if !c.large.TryAcquire(largeParallel) {
					t.Errorf("%d bytes of %d: a place is still taken", size, limit)
				}
			}
		}
	}
}

// TestDistillingIsLeft ends while a page is read.
func TestDistillingIsLeft(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "page") })
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("interrupted")
	never := make(chan struct{})
	defer close(never)
	_, err := newClient(t).Page(ctx, PageRequest{URL: server.URL, Distillation: "1", Distill: func([]byte, string) ([]byte, error) {
		cancel(cause)
		<-never
		return nil, nil
	}})
	if !errors.Is(err, cause) {
		t.Errorf("Page() = %v, want the cause", err)
	}
}
