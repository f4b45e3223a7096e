package fetch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func TestAddressesOfStrangers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://files.example.com/a/b.whl":                              "https://files.example.com/a/b.whl",
		"https://user:word@h/lib-1.0.0.tgz?X-Amz-Signature=abc#sha256=0": "https://h/lib-1.0.0.tgz",
		"http://127.0.0.1:8080/lib.tgz?download=1":                       "http://127.0.0.1:8080/lib.tgz",
		"https://h/a b.whl":                                              "https://h/a%20b.whl",
		"https://h/a%2Fb.whl":                                            "https://h/a%2Fb.whl",
		"file:///etc/passwd":                                             "",
		"file://server/share/x":                                          "",
		"/etc/passwd":                                                    "",
		"../up.tgz":                                                      "",
		"ftp://h/x":                                                      "",
		"git+https://h/x.git":                                            "",
		"https:///x":                                                     "",
		"https:x":                                                        "",
		"C:\\x":                                                          "",
		"data:text/plain,x":                                              "",
		"https://h/" + strings.Repeat("a", maxAddress): "",
	} {
		got, err := ParseAddress(text)
		if _, refused := errors.AsType[*AddressError](err); got.String() != want || refused != (want == "") {
			t.Errorf("ParseAddress(%.40q) = %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestOwnAddressesAreKeptOrRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]AddressReason{
		"https://h/a.zip?X-Amz-Signature=1":     AddressQuery,
		"https://h/a.zip?x=1;private_token=abc": AddressQuery,
		"https://user@h/a.zip":                  AddressCredentials,
		"https://h/a.zip#sha256=1":              AddressFragment,
		"file:///a.zip":                         AddressScheme,
	} {
		_, err := ParseOwnAddress(text)
		if refused, ok := errors.AsType[*AddressError](err); !ok || refused.Reason != want {
			t.Errorf("ParseOwnAddress(%q): got %v, want the reason %d", text, err, want)
		}
	}
	const kept = "https://h:8443/a.zip?version=1&platform=linux"
	a, err := ParseOwnAddress(kept)
	if err != nil || a.String() != kept || a.Host() != "h:8443" || a.Base() != "a.zip" {
		t.Errorf("got %q of %q at %q, %v", a.Base(), a, a.Host(), err)
	}
}

// TestAddressInALock takes an address as it was written, and refuses one that
// somebody put there by hand.
func TestAddressInALock(t *testing.T) {
	t.Parallel()
	var line struct {
		URL Address `json:"url,omitzero"`
	}
	for text, ok := range map[string]bool{
		`{"url":"https://h/a"}`: true, `{}`: true, `{"url":""}`: true,
		`{"url":"file:///etc/passwd"}`: false, `{"url":"https://u:p@h/"}`: false, `{"url":"https://h/?token=x"}`: false,
		`{"url":"https://h/simple=https://u:p@host/"}`: false, `{"url":"https://h/a?from=https%3A%2F%2Fu%3Ap%40host"}`: false,
	} {
		if err := json.Unmarshal([]byte(text), &line); (err == nil) != ok {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

// TestVariablesInAddresses keeps the value of a variable out of what is kept, and
// gives it to nobody but the host whose address it is a part of.
func TestVariablesInAddresses(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.Secrets().LearnPart("NPM_TOKEN", "CANARYsecret", "host:8080")
	kept, err := c.Keep("http://host:8080/CANARYsecret/a/-/a-1.0.0.tgz?sig=CANARYsecret")
	if err != nil || kept.String() != "http://host:8080/${NPM_TOKEN}/a/-/a-1.0.0.tgz" {
		t.Fatalf("Keep = %q, %v", kept, err)
	}
	again, err := ParseKept(kept.String())
	if err != nil || again != kept || c.Reveal(again) != "http://host:8080/CANARYsecret/a/-/a-1.0.0.tgz" {
		t.Errorf("%q is read as %q, which leads to %q, %v", kept, again, c.Reveal(again), err)
	}
	for _, hostile := range []string{"http://stranger/${NPM_TOKEN}/x", "http://host:8080@stranger/${NPM_TOKEN}"} {
		a, err := c.Keep(hostile)
		if err != nil || strings.Contains(c.Reveal(a), "CANARY") {
			t.Errorf("%s leads to %q, %v", hostile, c.Reveal(a), err)
		}
		if b, err := ParseKept(hostile); err == nil && strings.Contains(c.Reveal(b), "CANARY") {
			t.Errorf("%s in a lock leads to %q, %v", hostile, c.Reveal(b), err)
		}
	}
}

// TestAccountsWithinAddresses: no request is made for an address whose path holds
// another with an account, escaped or not, nor is one followed that a server sends
// us to.
func TestAccountsWithinAddresses(t *testing.T) {
	t.Parallel()
	const host = "127.0.0.1:9"
	paths := []string{"/simple=https://u:CANARY@h/", "/https%3A%2F%2Fu%3ACANARY%40h%2F", "/x/https%253A%252F%252FCANARY%2540h", "/https:%2F%2Fu:CANARY@h"}
	var redirected string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/page" {
			w.Header().Set("Location", redirected)
			w.WriteHeader(http.StatusFound)
			return
		}
		t.Errorf("%s was asked for", r.URL)
	}))
	t.Cleanup(server.Close)
	for _, path := range paths {
		c := newClient(t)
		_, err := c.Page(t.Context(), PageRequest{URL: "https://" + host + path})
		if refused, ok := errors.AsType[*AddressError](err); !ok || refused.Reason != AddressCredentials || !refused.Within || refused.Host != host || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: got %v", path, err)
		}
		if _, err := ParseAddress("https://" + host + path); err == nil {
			t.Errorf("%s is parsed", path)
		}
		if got := Redact("https://" + host + path); strings.Contains(got, "CANARY") {
			t.Errorf("Redact(%q) = %q", path, got)
		}
		redirected = path
		if _, err := c.Page(t.Context(), PageRequest{URL: server.URL + "/page"}); err == nil || strings.Contains(err.Error(), "CANARY") || !strings.Contains(err.Error(), "it names no usable address") {
			t.Errorf("%s, where a server sends us: %v", path, err)
		}
	}
}

// FuzzParseAddress holds that what was parsed may be kept: it is one of http or
// https, and parses again to itself.
func FuzzParseAddress(f *testing.F) {
	f.Add("https://user:word@h/x?sig=1#f")
	f.Add("http://h:1/%zz")
	f.Add("https://h/simple=http://u:p@host/x?to=https://token@h")
	f.Add("https://h/https%253A%252F%252Fu%253Ap%2540host")
	f.Fuzz(func(t *testing.T, text string) {
		defer indextest.Budget(t, len(text))()
		a, err := ParseAddress(text)
		if err != nil {
			return
		}
		if !strings.HasPrefix(a.String(), "http://") && !strings.HasPrefix(a.String(), "https://") || strings.ContainsAny(a.String(), " \n?#") || secret.HoldsAccount(a.String()) {
			t.Errorf("ParseAddress(%q) = %q", text, a)
		}
		again, err := ParseOwnAddress(a.String())
		if err != nil || again != a {
			t.Errorf("%q parses again to %q, %v", a, again, err)
		}
	})
}

// TestPagesAreKeptWithoutValuesOfVariables looks for the value in every file of
// the cache.
func TestPagesAreKeptWithoutValuesOfVariables(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"text": `{"url":"%s/CANARYsecret/a.tgz"}`, "no text": "\x00\xff %s/CANARYsecret/a"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "max-age=300")
			fmt.Fprintf(w, body, "http://"+r.Host)
		}))
		t.Cleanup(server.Close)
		dir := t.TempDir()
		s, err := store.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(t, func(o *Options) { o.Store = s })
		c.Secrets().LearnPart("NPM_TOKEN", "CANARYsecret", strings.TrimPrefix(server.URL, "http://"))
		for range 2 {
			page, err := c.Page(t.Context(), PageRequest{URL: server.URL + "/CANARYsecret/a"})
			if err != nil || !strings.Contains(string(page.Body), server.URL+"/CANARYsecret/a") {
				t.Fatalf("%s: got %q, %v", name, page.Body, err)
			}
		}
		err = filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			raw, err := os.ReadFile(file)
			if strings.Contains(string(raw), "CANARY") {
				t.Errorf("%s: %s holds the value", name, file)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
