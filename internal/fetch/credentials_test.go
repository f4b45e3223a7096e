package fetch

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// withUser puts user info into a URL.
func withUser(t *testing.T, rawURL string, user *url.Userinfo) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = user
	return u.String()
}

func TestCredentialsOfTheURLServeItsHost(t *testing.T) {
	t.Parallel()
	i := indextest.New(t, "a 1\n", indextest.WithAuth("me", "p@ss:word"))
	client := newClient(t)
	if _, err := client.Page(t.Context(), PageRequest{URL: i.URL() + "a/"}); !IsUnauthorized(err) || !strings.Contains(err.Error(), "no credentials were sent") {
		t.Errorf("without credentials: err = %v", err)
	}
	wrong := withUser(t, i.URL(), url.UserPassword("me", "guess"))
	if _, err := client.Page(t.Context(), PageRequest{URL: wrong + "a/"}); !IsUnauthorized(err) || !strings.Contains(err.Error(), "to the user and password of the index's URL") {
		t.Errorf("with wrong credentials: err = %v", err)
	}
	clean, err := client.Login(withUser(t, i.URL(), url.UserPassword("me", "p@ss:word")))
	if err != nil || clean != i.URL() {
		t.Errorf("Login = %q, %v, want %q", clean, err, i.URL())
	}
	for _, address := range []string{i.URL(), i.URL() + "a/", i.FileURL("a-1-py3-none-any.whl")} {
		page, err := client.Page(t.Context(), PageRequest{URL: address})
		if err != nil || page.URL != address {
			t.Errorf("%s: page = %v, %v", address, page, err)
		}
	}
}

func TestCredentialsStayWithTheirHost(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.URL.Path+" "+r.Header.Get("Authorization"))
		fmt.Fprint(w, "hello")
	})
	first := serve(t, func(w http.ResponseWriter, r *http.Request) {
		// base64 of "me:secret".
		if got := r.Header.Get("Authorization"); got != "Basic bWU6c2VjcmV0" {
			t.Errorf("%s: Authorization = %q", r.URL.Path, got)
		}
		if r.URL.Path == "/again" {
			fmt.Fprint(w, "hello")
			return
		}
		target, _ := url.Parse(other.URL + r.URL.Path)
		if r.URL.Path == "/tempting" {
			target.User = url.UserPassword("me", "secret")
		}
		http.Redirect(w, r, target.String(), http.StatusFound)
	})
	client := newClient(t)
	base := withUser(t, first.URL, url.UserPassword("me", "secret"))
	for _, path := range []string{"/page", "/tempting"} {
		if _, err := client.Page(t.Context(), PageRequest{URL: base + path}); err != nil {
			t.Fatal(err)
		}
	}
	if got := readBlob(t, client, Source{URL: base + "/blob", SHA256: store.Sum([]byte("hello"))}); got != "hello" {
		t.Errorf("blob = %q", got)
	}
	if _, err := client.Page(t.Context(), PageRequest{URL: first.URL + "/again"}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"/page ", "/tempting ", "/blob "}; !slices.Equal(seen, want) {
		t.Errorf("the other host saw %q, want %q", seen, want)
	}
}

func TestNetrc(t *testing.T) {
	t.Parallel()
	i := indextest.New(t, "a 1\n", indextest.WithAuth("me", "from netrc"))
	path := filepath.Join(t.TempDir(), "netrc")
	text := "default login nobody password leak\nmachine 127.0.0.1 login me password \"from netrc\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	client := newClient(t, func(o *Options) { o.NetrcPath = path })
	for _, base := range []string{i.URL(), withUser(t, i.URL(), url.User("me"))} {
		if _, err := client.Page(t.Context(), PageRequest{URL: base + "a/"}); err != nil {
			t.Errorf("%s: %v", Redact(base), err)
		}
	}
	wrong := withUser(t, i.URL(), url.UserPassword("me", "of the URL"))
	if _, err := client.Page(t.Context(), PageRequest{URL: wrong}); !IsUnauthorized(err) {
		t.Errorf("the URL's password must win over netrc: err = %v", err)
	}
	other := withUser(t, i.URL(), url.User("somebody"))
	if _, err := newClient(t, func(o *Options) { o.NetrcPath = path }).Page(t.Context(), PageRequest{URL: other}); !IsUnauthorized(err) || !strings.Contains(err.Error(), "index's URL") {
		t.Errorf("another user must not get the password: err = %v", err)
	}
}

func TestNetrcDefaultIsNotSent(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "netrc")
	if err := os.WriteFile(path, []byte("machine elsewhere login a password b\ndefault login nobody password leak\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "" {
			t.Errorf("Authorization = %q, want none", got)
		}
	})
	if _, err := newClient(t, func(o *Options) { o.NetrcPath = path }).Page(t.Context(), PageRequest{URL: server.URL}); err != nil {
		t.Fatal(err)
	}
}

// TestUnreadableNetrc: a file that cannot be read, here a directory, is passed
// over, as by pip and uv, and told of where a server wants credentials.
func TestUnreadableNetrc(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(o *Options) { o.NetrcPath = t.TempDir() })
	open := serve(t, func(http.ResponseWriter, *http.Request) {})
	if _, err := client.Page(t.Context(), PageRequest{URL: open.URL}); err != nil {
		t.Errorf("a server without credentials: %v", err)
	}
	closed := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	_, err := client.Page(t.Context(), PageRequest{URL: closed.URL})
	if !IsUnauthorized(err) || !strings.Contains(err.Error(), "reading netrc: ") || !strings.Contains(err.Error(), "machine 127.0.0.1 login <user> password <password>") {
		t.Errorf("a server with credentials: %v", err)
	}
}

func TestParseNetrc(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []login
	}{
		{"", nil},
		{"machine a login b password c", []login{{host: "a", user: "b", password: "c"}}},
		{"machine a\r\n\tlogin b\r\n\tpassword c\r\n", []login{{host: "a", user: "b", password: "c"}}},
		{"# machine x login y password z\nmachine a login b password #c", []login{{host: "a", user: "b", password: "#c"}}},
		{`machine a login "b c" password "d\"e\\"`, []login{{host: "a", user: "b c", password: `d"e\`}}},
		{"machine a account x password c login b", []login{{host: "a", user: "b", password: "c"}}},
		{"macdef m\nmachine x login y password z\n\nmachine a login b password c", []login{{host: "a", user: "b", password: "c"}}},
		{"default login x password y machine a login b password c", []login{{host: "a", user: "b", password: "c"}}},
		{"login x password y machine a", nil},
		{"machine", nil},
		{"machine a password \"unclosed", []login{{host: "a", password: "unclosed"}}},
	} {
		if got := parseNetrc(c.text); !slices.Equal(got, c.want) {
			t.Errorf("parseNetrc(%q) = %+v, want %+v", c.text, got, c.want)
		}
	}
}

func FuzzParseNetrc(f *testing.F) {
	f.Add("machine a login b password c\nmacdef m\nx\n\ndefault login d password e\n")
	f.Add(`machine a login "b\" c" # x`)
	f.Fuzz(func(t *testing.T, text string) {
		defer indextest.Budget(t, len(text))()
		for _, l := range parseNetrc(text) {
			if l.user == "" && l.password == "" {
				t.Errorf("parseNetrc(%q) has an empty login", text)
			}
		}
	})
}

func TestLoginsOfOneHostGoByPath(t *testing.T) {
	t.Parallel()
	var k keyring
	for _, raw := range []string{
		"https://one:1@host/group/one/simple/", "https://two:2@Host:443/group/two/simple/", "http://plain:3@host/",
		"https://port:4@host:8443/", "https://one:5@host/group/one/simple/",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		k.add(u)
	}
	for address, want := range map[string]string{
		"https://host/group/one/files/x.whl": "one:5",
		"https://HOST/group/two/files/x.whl": "two:2",
		"https://host:8443/group/one/":       "port:4",
		"http://host/group/one/":             "plain:3",
		"https://sub.host/group/one/":        ":",
		"http://host:443/":                   ":",
	} {
		req, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		k.authorize(req)
		user, password, _ := req.BasicAuth()
		if got := user + ":" + password; got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

// TestSecretsLeaveNoTrace sends passwords and tokens through everything that
// succeeds and fails, and looks for them in errors, log and store.
func TestSecretsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/page?X-Amz-Signature="+secret, http.StatusFound)
		case "/gone", "/forbidden", "/down":
			w.WriteHeader(map[string]int{"/gone": 410, "/forbidden": 403, "/down": 503}[r.URL.Path])
		case "/cut":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "hello")
		default:
			w.Header().Set("Etag", `"1"`)
			fmt.Fprint(w, "hello")
		}
	})
	dead := serve(t, nil)
	dead.Close()
	var log bytes.Buffer
	client := newClient(t, func(o *Options) {
		o.Retries = 1
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	var texts []string
	for _, host := range []string{server.URL, dead.URL} {
		base := withUser(t, host, url.UserPassword("user", secret))
		for _, path := range []string{"/page", "/redirect", "/gone", "/forbidden", "/down", "/cut"} {
			address := base + path + "?token=" + secret
			page, err := client.Page(t.Context(), PageRequest{URL: address})
			if page != nil {
				texts = append(texts, page.URL)
			}
			_, pinnedErr := client.Page(t.Context(), PageRequest{URL: address, Digest: store.Sum([]byte("hallo"))})
			f, blobErr := client.Blob(t.Context(), Source{URL: address})
			if f != nil {
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
			}
			_, tailErr := client.Tail(t.Context(), address, 2)
			texts = append(texts, fmt.Sprint(err, pinnedErr, blobErr, tailErr))
		}
	}
	texts = append(texts, log.String())
	texts = append(texts, storedTexts(t, client.store)...)
	for _, text := range texts {
		if strings.Contains(text, secret) {
			t.Errorf("the secret is in %q", text)
		}
	}
	if !strings.Contains(log.String(), "token=(hidden)") {
		t.Errorf("the log names no redacted URL:\n%s", log.String())
	}
}

// storedTexts returns the paths and contents of all files of a store.
func storedTexts(t *testing.T, s *store.Store) []string {
	t.Helper()
	var texts []string
	err := filepath.WalkDir(s.Dir(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		texts = append(texts, path, string(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}
