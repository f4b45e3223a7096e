package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// remote is a store.Remote in memory.
type remote struct {
	mu      sync.Mutex
	objects map[string]string
	asked   []string
}

func (r *remote) String() string { return "mem://remote/" }

func (r *remote) Get(_ context.Context, name string) (io.ReadCloser, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, name)
	content, ok := r.objects[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(strings.NewReader(content)), nil
}

func (r *remote) Has(context.Context, string) (bool, error) { return false, fs.ErrNotExist }

func (r *remote) Put(_ context.Context, name string, o store.Object, _ bool) error {
	body, err := io.ReadAll(io.NewSectionReader(o.Body, 0, o.Size))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.objects[name] = string(body)
	return err
}

func sharingClient(t *testing.T, r *remote, offline bool) *Client {
	t.Helper()
	return newClient(t, func(o *Options) { o.Store, o.Offline = o.Store.WithRemote(r, false), offline })
}

// The names of "hello", with digests of coreutils.
const (
	helloShared    = "sha256/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	helloShared512 = "sha512/9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043"
)

func TestSharedNames(t *testing.T) {
	t.Parallel()
	digest := store.Sum([]byte("hello"))
	for _, c := range []struct {
		source Source
		want   string
	}{
		{Source{SHA256: digest}, helloShared},
		{Source{SHA256: digest, Integrity: integrity(t, helloSHA512)}, helloShared},
		{Source{Integrity: integrity(t, helloSHA256)}, helloShared},
		{Source{Integrity: integrity(t, helloSHA512)}, helloShared512},
		{Source{Integrity: integrity(t, helloSHA1)}, ""},
		{Source{Integrity: integrity(t, helloSHA512+" "+otherSHA512)}, ""},
		{Source{}, ""},
	} {
		if got := c.source.sharedName(); got != c.want {
			t.Errorf("the name by %s and %q is %q, want %q", c.source.SHA256, c.source.Integrity, got, c.want)
		}
	}
}

// TestBlobComesFromTheRemoteBeforeTheServer needs no server, also offline.
func TestBlobComesFromTheRemoteBeforeTheServer(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]Source{
		helloShared:    {URL: "http://127.0.0.1:9/hello", SHA256: store.Sum([]byte("hello")), Size: 5},
		helloShared512: {URL: "http://127.0.0.1:9/hello", Integrity: integrity(t, helloSHA512)},
	} {
		for _, offline := range []bool{false, true} {
			r := &remote{objects: map[string]string{name: "hello"}}
			vetted := 0
			source.Vet = func(context.Context, *os.File, int64) error { vetted++; return nil }
			client := sharingClient(t, r, offline)
			for range 2 {
				if got := readBlob(t, client, source); got != "hello" {
					t.Errorf("%s: blob is %q", name, got)
				}
			}
			if len(r.asked) != 1 || vetted != 1 {
				t.Errorf("%s: %d questions and %d vets, want one of each", name, len(r.asked), vetted)
			}
			f, ok, err := client.Stored(t.Context(), source)
			if !ok || err != nil {
				t.Fatalf("%s: Stored = %t, %v", name, ok, err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestStoredAsksTheRemoteAlone(t *testing.T) {
	t.Parallel()
	source := Source{URL: "http://127.0.0.1:9/hello", SHA256: store.Sum([]byte("hello"))}
	if _, ok, err := newClient(t).Stored(t.Context(), source); ok || err != nil {
		t.Errorf("Stored without a remote = %t, %v", ok, err)
	}
	if _, ok, err := sharingClient(t, &remote{}, false).Stored(t.Context(), source); ok || err != nil {
		t.Errorf("Stored of an absent object = %t, %v", ok, err)
	}
	f, ok, err := sharingClient(t, &remote{objects: map[string]string{helloShared: "hello"}}, false).Stored(t.Context(), source)
	if !ok || err != nil {
		t.Fatalf("Stored = %t, %v", ok, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestForgedObjectsDoNotReachTheStore judges objects as answers of servers are.
func TestForgedObjectsDoNotReachTheStore(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	refusal := errors.New("it holds a bomb")
	for name, c := range map[string]struct {
		object  string
		source  Source
		refused bool
	}{
		"digest":    {helloShared, Source{SHA256: store.Sum([]byte("hello"))}, false},
		"integrity": {helloShared512, Source{Integrity: integrity(t, helloSHA512)}, false},
		"vet":       {helloShared, Source{SHA256: store.Sum([]byte("hello")), Vet: func(context.Context, *os.File, int64) error { return refusal }}, true},
	} {
		content := "hallo"
		if c.refused {
			content = "hello"
		}
		r := &remote{objects: map[string]string{c.object: content}}
		client := sharingClient(t, r, false)
		c.source.URL = server.URL
		if c.refused {
			if _, err := client.Blob(t.Context(), c.source); !errors.Is(err, refusal) {
				t.Errorf("%s: Blob = %v, want the refusal", name, err)
			}
			continue
		}
		if got := readBlob(t, client, c.source); got != "hello" {
			t.Errorf("%s: blob is %q, want that of the server", name, got)
		}
		if err := client.store.Share(t.Context()); err != nil || r.objects[c.object] != "hello" {
			t.Errorf("%s: the remote holds %q (%v), want it put right", name, r.objects[c.object], err)
		}
	}
}

func TestFetchedBlobsAreOffered(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	for want, source := range map[string]Source{
		helloShared:    {},
		helloShared512: {Integrity: integrity(t, helloSHA512)},
	} {
		r := &remote{objects: map[string]string{}}
		client := sharingClient(t, r, false)
		source.URL = server.URL
		readBlob(t, client, source)
		if err := client.store.Share(t.Context()); err != nil || len(r.objects) != 1 || r.objects[want] != "hello" {
			t.Errorf("the remote holds %q, %v, want %q", r.objects, err, want)
		}
	}
}

func TestOfflineWithoutTheObjectIsAnOfflineError(t *testing.T) {
	t.Parallel()
	client := sharingClient(t, &remote{}, true)
	_, err := client.Blob(t.Context(), Source{URL: "http://127.0.0.1:9/hello", SHA256: store.Sum([]byte("hello"))})
	if _, ok := errors.AsType[*OfflineError](err); !ok {
		t.Errorf("Blob = %v, want an OfflineError", err)
	}
}
