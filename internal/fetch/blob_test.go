package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func readBlob(t *testing.T, c *Client, s Source) string {
	t.Helper()
	f, err := c.Blob(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(f)
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// kept counts the files in the store's blobs and tmp folders.
func kept(t *testing.T, s *store.Store) int {
	t.Helper()
	n := 0
	for _, sub := range []string{"blobs", "tmp"} {
		err := filepath.WalkDir(filepath.Join(s.Dir(), "v1", sub), func(_ string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				n++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// noise is n bytes that do not repeat.
func noise(n int) string {
	source := rand.NewChaCha8([32]byte{1})
	b := make([]byte, n)
	_, _ = source.Read(b)
	return string(b)
}

func TestBlobFromAnIndex(t *testing.T) {
	t.Parallel()
	i := indextest.New(t, "a 1\n")
	content, sum := i.Wheel("a-1-py3-none-any.whl")
	digest, err := store.ParseDigest(sum)
	if err != nil {
		t.Fatal(err)
	}
	vetted := 0
	source := Source{
		URL: i.FileURL("a-1-py3-none-any.whl"), SHA256: digest, Size: int64(len(content)),
		Vet: func(_ context.Context, f *os.File, size int64) error {
			vetted++
			b := make([]byte, size)
			if _, err := f.ReadAt(b, 0); err != nil || string(b) != string(content) {
				t.Errorf("Vet saw %d bytes, %v", size, err)
			}
			return nil
		},
	}
	client := newClient(t)
	for range 2 {
		if got := readBlob(t, client, source); got != string(content) {
			t.Errorf("blob has %d bytes, want %d", len(got), len(content))
		}
	}
	if n := len(i.Requests()); n != 1 || vetted != 1 {
		t.Errorf("%d requests and %d vets, want one of each", n, vetted)
	}
	source.SHA256, source.Size = store.Digest{}, 0
	if got := readBlob(t, client, source); got != string(content) {
		t.Errorf("blob of unknown digest has %d bytes, want %d", len(got), len(content))
	}
}

func TestRefusedBlobsAreNotKept(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/chunked" {
			for range 10 {
				fmt.Fprint(w, "0123456789")
				_ = http.NewResponseController(w).Flush()
			}
			return
		}
		fmt.Fprint(w, "hello")
	})
	refusal := errors.New("not a wheel")
	for name, c := range map[string]struct {
		source Source
		is     func(error) bool
	}{
		"wrong digest": {
			Source{URL: server.URL, SHA256: store.Sum([]byte("hallo"))},
			func(err error) bool {
				var wrong *store.DigestError
				return errors.As(err, &wrong) && wrong.Got == store.Sum([]byte("hello")) && wrong.Want == store.Sum([]byte("hallo")) && wrong.Size == 5
			},
		},
		"larger than its size": {
			Source{URL: server.URL, SHA256: store.Sum([]byte("hell")), Size: 4},
			func(err error) bool { var size *SizeError; return errors.As(err, &size) && size.Limit == 4 },
		},
		"larger than the limit": {
			Source{URL: server.URL + "/chunked", MaxBytes: 99},
			func(err error) bool { var size *SizeError; return errors.As(err, &size) && size.Limit == 99 },
		},
		"smaller than its size": {
			Source{URL: server.URL, Size: 6},
			func(err error) bool { return err != nil && strings.Contains(err.Error(), "ended after 5 of 6 bytes") },
		},
		"refused by Vet": {
			Source{URL: server.URL, Vet: func(context.Context, *os.File, int64) error { return refusal }},
			func(err error) bool { return errors.Is(err, refusal) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t)
			_, err := client.Blob(t.Context(), c.source)
			if !c.is(err) || !strings.Contains(err.Error(), c.source.URL) {
				t.Errorf("err = %v", err)
			}
			if n := kept(t, client.store); n != 0 {
				t.Errorf("%d files kept, want none", n)
			}
		})
	}
}

// brokenServer cuts every answer after some bytes; with ranges it goes on where
// it is asked to. It logs the Range and If-Range headers.
type brokenServer struct {
	content func(request int) string
	cut     int
	ranges  bool
	etag    string

	mu  sync.Mutex
	log []string
}

func (b *brokenServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.log = append(b.log, strings.TrimSpace(r.Header.Get("Range")+" "+r.Header.Get("If-Range")))
	n := len(b.log)
	b.mu.Unlock()
	content, from := b.content(n), 0
	if b.etag != "" {
		w.Header().Set("ETag", b.etag)
	}
	if spec := r.Header.Get("Range"); spec != "" && b.ranges {
		_, _ = fmt.Sscanf(spec, "bytes=%d-", &from)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(content)-from))
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	_, _ = io.WriteString(w, content[from:min(len(content), from+b.cut)])
}

func TestBrokenTransferIsResumed(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		content := noise(1000)
		b := &brokenServer{content: func(int) string { return content }, cut: 400, ranges: true, etag: `"v1"`}
		server := httptest.NewUnstartedServer(b)
		server.EnableHTTP2 = http2
		server.StartTLS()
		t.Cleanup(server.Close)
		client := newClient(t, func(o *Options) { o.Transport = server.Client().Transport })
		if got := readBlob(t, client, Source{URL: server.URL, SHA256: store.Sum([]byte(content)), Size: 1000}); got != content {
			t.Errorf("HTTP/2 %t: the blob is not what was served", http2)
		}
		if got, want := strings.Join(b.log, "|"), `|bytes=400- "v1"|bytes=800- "v1"`; got != want {
			t.Errorf("HTTP/2 %t: ranges = %q, want %q", http2, got, want)
		}
	}
}

func TestServerWithoutRangesIsAskedForAll(t *testing.T) {
	t.Parallel()
	content := noise(1000)
	b := &brokenServer{content: func(int) string { return content }, cut: 400, etag: `W/"v1"`}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if len(b.log) == 2 {
			b.cut = 1000
		}
		b.ServeHTTP(w, r)
	})
	if got := readBlob(t, newClient(t), Source{URL: server.URL, SHA256: store.Sum([]byte(content))}); got != content {
		t.Error("the blob is not what was served")
	}
	if got, want := strings.Join(b.log, "|"), `|bytes=400-|bytes=400-`; got != want {
		t.Errorf("ranges = %q, want %q", got, want)
	}
}

func TestFileThatChangesInBetweenIsFetchedAnew(t *testing.T) {
	t.Parallel()
	before, after := noise(2000)[:1000], noise(2000)[1000:]
	b := &brokenServer{cut: 600, ranges: true}
	b.content = func(request int) string {
		switch request {
		case 1:
			return before
		case 3:
			b.cut = 1000
		}
		return after
	}
	server := serve(t, b.ServeHTTP)
	if got := readBlob(t, newClient(t), Source{URL: server.URL, SHA256: store.Sum([]byte(after))}); got != after {
		t.Error("the blob is not what was served")
	}
	if got, want := strings.Join(b.log, "|"), `|bytes=600-|`; got != want {
		t.Errorf("ranges = %q, want %q", got, want)
	}
}

// TestPiecesOfTwoFilesAreNeverJoined has a server that names no version of a file
// whose digest nobody knows.
func TestPiecesOfTwoFilesAreNeverJoined(t *testing.T) {
	t.Parallel()
	before, after := noise(2000)[:1000], noise(2000)[1000:]
	b := &brokenServer{cut: 600, ranges: true}
	b.content = func(request int) string {
		if request == 1 {
			return before
		}
		b.cut = 1000
		return after
	}
	server := serve(t, b.ServeHTTP)
	if got := readBlob(t, newClient(t), Source{URL: server.URL}); got != after {
		t.Error("the blob is not what was served")
	}
}

// TestAnnouncedSizesAreRefusedAtOnce reads nothing of what is too long.
func TestAnnouncedSizesAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	_, err := newClient(t).Blob(t.Context(), Source{URL: server.URL, MaxBytes: 999})
	if size, ok := errors.AsType[*SizeError](err); !ok || size.Limit != 999 {
		t.Errorf("got %v, want the limit of 999 bytes", err)
	}
}

func TestRangeNotSatisfiableStartsAgain(t *testing.T) {
	t.Parallel()
	var requests counter
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch requests.next() {
		case 1:
			w.Header().Set("Content-Length", "10")
			fmt.Fprint(w, "hel")
		case 2:
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		default:
			if spec := r.Header.Get("Range"); spec != "" {
				t.Errorf("Range = %q, want none", spec)
			}
			fmt.Fprint(w, "hello")
		}
	})
	if got := readBlob(t, newClient(t), Source{URL: server.URL, SHA256: store.Sum([]byte("hello"))}); got != "hello" {
		t.Errorf("blob = %q", got)
	}
}

func TestProgressDoesNotCountAsAnAttempt(t *testing.T) {
	t.Parallel()
	content := noise(5 * progressBytes)
	b := &brokenServer{content: func(int) string { return content }, cut: progressBytes, ranges: true}
	server := serve(t, b.ServeHTTP)
	client := newClient(t, func(o *Options) { o.Retries = 1 })
	if got := readBlob(t, client, Source{URL: server.URL, SHA256: store.Sum([]byte(content))}); got != content {
		t.Error("the blob is not what was served")
	}
	if len(b.log) != 5 {
		t.Errorf("%d requests, want 5", len(b.log))
	}
}

func TestConcurrentBlobsDownloadOnce(t *testing.T) {
	t.Parallel()
	i := indextest.New(t, "a 1\n", indextest.WithDelay(20*time.Millisecond))
	content, sum := i.Wheel("a-1-py3-none-any.whl")
	digest, err := store.ParseDigest(sum)
	if err != nil {
		t.Fatal(err)
	}
	// Two clients of one store stand for two processes.
	clients := []*Client{newClient(t)}
	clients = append(clients, newClient(t, func(o *Options) { o.Store = clients[0].store }))
	var wg sync.WaitGroup
	for n := range 40 {
		wg.Go(func() {
			f, err := clients[n%2].Blob(t.Context(), Source{URL: i.FileURL("a-1-py3-none-any.whl"), SHA256: digest})
			if err != nil {
				t.Error(err)
				return
			}
			got, err := io.ReadAll(f)
			if err = errors.Join(err, f.Close()); err != nil || string(got) != string(content) {
				t.Errorf("blob has %d bytes, %v", len(got), err)
			}
		})
	}
	wg.Wait()
	if log := i.Requests(); len(log) != 1 {
		t.Errorf("%d requests, want one", len(log))
	}
}

func TestLockIsNotAwaitedForever(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") })
	client := newClient(t)
	client.lockWait = 10 * time.Millisecond
	digest := store.Sum([]byte("hello"))
	unlock, err := client.store.Lock(t.Context(), "blob "+digest.Hex())
	if err != nil {
		t.Fatal(err)
	}
	if got := readBlob(t, client, Source{URL: server.URL, SHA256: digest}); got != "hello" {
		t.Errorf("blob = %q", got)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
}
