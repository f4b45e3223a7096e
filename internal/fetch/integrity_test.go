package fetch

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// The digests of "hello", by coreutils.
const (
	helloSHA1   = "sha1-qvTGHdzF6KLavt4PO0gs2a6pQ00="
	helloSHA256 = "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
	helloSHA384 = "sha384-WeF0h3dEjGnea4ANejO7+5/xtGPkQ1TDVTvNucZm+pASWjx5+QOXvfX2oT3oKGhP"
	helloSHA512 = "sha512-m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw=="
	otherSHA512 = "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
)

func integrity(t testing.TB, text string) Integrity {
	t.Helper()
	i, err := ParseIntegrity(text)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestParseIntegrity(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text, want string
		weak             bool
	}{
		{"one", helloSHA512, helloSHA512, false},
		{"the strongest", helloSHA1 + " " + helloSHA512 + "  " + helloSHA256, helloSHA512, false},
		{"several of one", otherSHA512 + " " + helloSHA512, otherSHA512 + " " + helloSHA512, false},
		{"twice the same", helloSHA512 + "\n" + helloSHA512, helloSHA512, false},
		{"options", helloSHA256 + "?x=y", helloSHA256, false},
		{"unknown ones", "md5-XUFAKrxLKna5cZ2REBfFkg== " + helloSHA1, helloSHA1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := integrity(t, c.text); got.String() != c.want || got.Weak() != c.weak || got.IsZero() {
				t.Errorf("got %s, weak %t", got, got.Weak())
			}
		})
	}
	for _, text := range []string{"", " ", "sha512", "sha512-", "sha512-!!", "sha512-aGVsbG8=", "md5-XUFAKrxLKna5cZ2REBfFkg==", helloSHA512 + "x"} {
		if got, err := ParseIntegrity(text); err == nil {
			t.Errorf("ParseIntegrity(%q) = %s, want an error", text, got)
		}
	}
}

func TestIntegrityChecksReaders(t *testing.T) {
	t.Parallel()
	for _, text := range []string{helloSHA1, helloSHA256, helloSHA384, helloSHA512, otherSHA512 + " " + helloSHA512} {
		if err := integrity(t, text).Check(strings.NewReader("hello")); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		var wrong *IntegrityError
		if err := integrity(t, text).Check(strings.NewReader("hallo")); !errors.As(err, &wrong) || wrong.Size != 5 {
			t.Errorf("%s: got %v, want an IntegrityError of 5 bytes", text, err)
		}
	}
	if got, err := ReadIntegrity(strings.NewReader("hello")); err != nil || got.String() != helloSHA512 {
		t.Errorf("ReadIntegrity = %s, %v, want %s", got, err, helloSHA512)
	}
}

// serveHello serves "hello", and counts.
func serveHello(t *testing.T) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte("hello"))
	})
	return server.URL + "/hello.tgz", asked
}

func TestBlobByIntegrityIsFetchedOnce(t *testing.T) {
	t.Parallel()
	for _, text := range []string{helloSHA1, helloSHA256, helloSHA512} {
		url, asked := serveHello(t)
		c := newClient(t)
		want := integrity(t, text)
		if found := c.locate(Source{Integrity: want}); text != helloSHA256 && !found.SHA256.IsZero() {
			t.Errorf("%s: known before it was fetched", text)
		}
		for range 2 {
			if got := readBlob(t, c, Source{URL: url, Integrity: want}); got != "hello" {
				t.Errorf("%s: got %q", text, got)
			}
		}
		digest := c.locate(Source{Integrity: want}).SHA256
		if digest.Hex() != "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" {
			t.Errorf("%s: known as %s", text, digest)
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("%s: asked %d times, want once", text, n)
		}
		// A blob that was lost is fetched again.
		if err := c.store.Evict(digest); err != nil {
			t.Fatal(err)
		}
		if got := readBlob(t, c, Source{URL: url, Integrity: want}); got != "hello" || asked.Load() != 2 {
			t.Errorf("%s: got %q after %d requests", text, got, asked.Load())
		}
	}
}

// TestRecordsOfIntegritiesAreNotBelieved gives the cache a record that maps a good
// integrity to other bytes, as somebody who once could write there would.
func TestRecordsOfIntegritiesAreNotBelieved(t *testing.T) {
	t.Parallel()
	for _, text := range []string{helloSHA1, helloSHA512} {
		url, asked := serveHello(t)
		c := newClient(t)
		w, err := c.store.NewWriter()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("evil!")); err != nil {
			t.Fatal(err)
		}
		evil := w.Sum()
		if err := errors.Join(w.Commit(evil), c.store.PutRecord(integrityBucket, text, []byte(evil.Hex()))); err != nil {
			t.Fatal(err)
		}
		if f, ok, err := c.Stored(t.Context(), Source{URL: url, Integrity: integrity(t, text)}); ok || err != nil {
			t.Errorf("%s: the other bytes are served: %v, %v", text, f, err)
		}
		for range 2 {
			if got := readBlob(t, c, Source{URL: url, Integrity: integrity(t, text)}); got != "hello" || asked.Load() != 1 {
				t.Errorf("%s: got %q after %d requests, want hello after one", text, got, asked.Load())
			}
		}
	}
}

// TestDamagedBlobsHealWhereTheyAreRead breaks a blob on disk in several ways.
func TestDamagedBlobsHealWhereTheyAreRead(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func([]byte) []byte{
		"truncated":     func(b []byte) []byte { return b[:2] },
		"a flipped bit": func(b []byte) []byte { b[1] ^= 1; return b },
		"empty":         func([]byte) []byte { return nil },
		"longer":        func(b []byte) []byte { return append(b, 'x') },
	} {
		for _, source := range []Source{{Integrity: integrity(t, helloSHA512)}, {SHA256: store.Sum([]byte("hello"))}, {SHA256: store.Sum([]byte("hello")), Size: 5}} {
			url, asked := serveHello(t)
			source.URL = url
			c := newClient(t)
			readBlob(t, c, source)
			file := c.store.Path(store.Sum([]byte("hello")))
			if err := errors.Join(os.Chmod(file, 0o644), os.WriteFile(file, damage([]byte("hello")), 0o644)); err != nil {
				t.Fatal(err)
			}
			// Another process, which has not seen the file before.
			s, err := store.Open(c.store.Dir())
			if err != nil {
				t.Fatal(err)
			}
			other := newClient(t, func(o *Options) { o.Store = s })
			if got := readBlob(t, other, source); got != "hello" || asked.Load() != 2 {
				t.Errorf("%s: got %q after %d requests, want hello after two", name, got, asked.Load())
			}
		}
	}
}

func TestBlobOfAnotherIntegrityIsRefused(t *testing.T) {
	t.Parallel()
	url, _ := serveHello(t)
	c := newClient(t)
	_, err := c.Blob(t.Context(), Source{URL: url, Integrity: integrity(t, otherSHA512)})
	var wrong *IntegrityError
	if !errors.As(err, &wrong) || wrong.Want != otherSHA512 || wrong.Got != helloSHA512 {
		t.Errorf("got %v, want an IntegrityError with both", err)
	}
	if n := kept(t, c.store); n != 0 {
		t.Errorf("%d files are kept, want none", n)
	}
}

// TestBlobByIntegrityIsResumed cuts the first answer: the hash must see each
// byte once.
func TestBlobByIntegrityIsResumed(t *testing.T) {
	t.Parallel()
	content := noise(3 << 20)
	want, err := ReadIntegrity(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for name, ranges := range map[string]bool{"with ranges": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("ETag", `"a"`)
				if asked.Add(1) == 1 {
					w.Header().Set("Content-Length", "3145728")
					_, _ = w.Write([]byte(content[:2<<20]))
					panic(http.ErrAbortHandler)
				}
				if !ranges {
					r.Header.Del("Range")
				}
				http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
			})
			if got := readBlob(t, newClient(t), Source{URL: server.URL, Integrity: want}); got != content {
				t.Errorf("got %d bytes, want the %d", len(got), len(content))
			}
		})
	}
}

func FuzzParseIntegrity(f *testing.F) {
	f.Add(helloSHA512 + " " + helloSHA1)
	f.Add("sha384-")
	f.Add("sha256-a?b sha1")
	f.Fuzz(func(t *testing.T, text string) {
		defer indextest.Budget(t, len(text))()
		parsed, err := ParseIntegrity(text)
		if err != nil {
			return
		}
		again, err := ParseIntegrity(parsed.String())
		if err != nil || again.String() != parsed.String() {
			t.Errorf("%q becomes %q, which becomes %q, %v", text, parsed, again, err)
		}
	})
}
