package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAuthorizeServesWhatIsBelowThePrefix(t *testing.T) {
	t.Parallel()
	client := newClient(t)
	for prefix, cr := range map[string]Credential{
		"https://host/npm/":         {Bearer: "short"},
		"https://Host:443/npm/team": {Bearer: "long"},
		"https://host:8443/":        {User: "me", Password: "p:w"},
		"http://plain/":             {Bearer: "plain"},
	} {
		if err := client.Authorize(prefix, cr); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.Login("https://url:pw@host/simple/"); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"https://host/npm":                        "Bearer short",
		"https://host/npm/lodash":                 "Bearer short",
		"https://host/npm/teams/lodash":           "Bearer short",
		"https://HOST:443/npm/team/@a%2fb":        "Bearer long",
		"https://host/npm/team":                   "Bearer long",
		"https://host/simple/x/":                  "Basic dXJsOnB3",
		"https://host/npm/team/../other":          "Basic dXJsOnB3",
		"https://host/npm/team/%2e%2e/x":          "Basic dXJsOnB3",
		"https://host:8443/any":                   "Basic bWU6cDp3",
		"http://host/npm/lodash":                  "",
		"https://sub.host/npm/lodash":             "",
		"https://host.example/npm/lodash":         "",
		"http://plain:8080/npm/lodash":            "",
		"http://plain/":                           "Bearer plain",
		"https://host:8443@elsewhere/npm/lodash/": "",
	} {
		req, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.URL.User = nil
		client.keys.authorize(req)
		if got := req.Header.Get("Authorization"); got != want {
			t.Errorf("%s: Authorization = %q, want %q", address, got, want)
		}
	}
}

func TestAuthorizeReplacesAndRefuses(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer second" {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	client := newClient(t)
	if err := client.Authorize(server.URL+"/npm/", Credential{Bearer: "first"}); err != nil {
		t.Fatal(err)
	}
	_, err := client.Page(t.Context(), PageRequest{URL: server.URL + "/npm/x"})
	if !IsUnauthorized(err) || !strings.Contains(err.Error(), "to the credentials that are configured for this address") {
		t.Errorf("err = %v", err)
	}
	if err := client.Authorize(server.URL+"/npm", Credential{Bearer: "second"}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Page(t.Context(), PageRequest{URL: server.URL + "/npm/x"}); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		prefix string
		cr     Credential
		want   string
	}{
		{"//host/path/", Credential{Bearer: "x"}, `reading URL "//host/path/": want http:// or https:// and a host`},
		{"https://u:hunter2@/", Credential{Bearer: "x"}, `reading URL "https:///": want http:// or https:// and a host`},
		{"https://host/%zz?hunter2", Credential{Bearer: "x"}, `reading URL "(a URL that does not parse)": it is malformed`},
		{"https://host/", Credential{}, `authorizing "https://host/": the credential is empty`},
		{"https://host/", Credential{Bearer: "hunter2\r\nX: y"}, `authorizing "https://host/": the token holds characters that no header may`},
	} {
		if err := client.Authorize(c.prefix, c.cr); err == nil || err.Error() != c.want {
			t.Errorf("Authorize(%q) = %v, want %s", c.prefix, err, c.want)
		}
	}
}

// issuer is a dynamic source that counts what it gave.
type issuer struct {
	mu      sync.Mutex
	asked   []string
	valid   time.Duration // of each token; 0 is for ever
	err     error
	waiting chan struct{} // when not nil, an answer waits for it
}

func (i *issuer) credentials(_ context.Context, u *url.URL) (Credential, time.Time, bool, error) {
	if i.waiting != nil {
		<-i.waiting
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.err != nil {
		return Credential{}, time.Time{}, false, i.err
	}
	if strings.HasPrefix(u.Path, "/public/") {
		return Credential{}, time.Time{}, false, nil
	}
	i.asked = append(i.asked, u.Path)
	var expires time.Time
	if i.valid != 0 {
		expires = time.Now().Add(i.valid)
	}
	return Credential{User: "aws", Password: fmt.Sprint("token", len(i.asked))}, expires, true, nil
}

func TestDynamicCredentialsAreAskedOnceForAHost(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		fmt.Fprint(w, user, ":", password)
	})
	source := &issuer{valid: time.Hour, waiting: make(chan struct{})}
	client := newClient(t, func(o *Options) { o.Credentials = source.credentials })
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			page, err := client.Page(t.Context(), PageRequest{URL: fmt.Sprint(server.URL, "/pypi/", n)})
			if err != nil || string(page.Body) != "aws:token1" {
				t.Errorf("page = %v, %v", page, err)
			}
		})
	}
	close(source.waiting)
	group.Wait()
	if len(source.asked) != 1 {
		t.Errorf("asked for %q, want once", source.asked)
	}
	named := withUser(t, server.URL, url.User("aws"))
	if page, err := client.Page(t.Context(), PageRequest{URL: named + "/pypi/x"}); err != nil || string(page.Body) != "aws:token1" {
		t.Errorf("a URL that names only the user: %v, %v", page, err)
	}
	client = newClient(t, func(o *Options) { o.Credentials = source.credentials })
	page, err := client.Page(t.Context(), PageRequest{URL: server.URL + "/public/x"})
	if err != nil || string(page.Body) != ":" {
		t.Errorf("a URL that the source does not know: %v, %v", page, err)
	}
}

func TestDynamicCredentialsYieldToStaticOnes(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		fmt.Fprint(w, user, r.Header.Get("Authorization") == "Bearer granted")
	})
	netrc := filepath.Join(t.TempDir(), "netrc")
	if err := os.WriteFile(netrc, []byte("machine 127.0.0.1 login filed password x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	source := &issuer{err: errors.New("must not be asked")}
	client := newClient(t, func(o *Options) { o.Credentials, o.NetrcPath = source.credentials, netrc })
	if err := client.Authorize(server.URL+"/granted/", Credential{Bearer: "granted"}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/granted/x": "true", "/other/x": "filedfalse"} {
		page, err := client.Page(t.Context(), PageRequest{URL: server.URL + path})
		if err != nil || string(page.Body) != want {
			t.Errorf("%s: page = %v, %v, want %s", path, page, err, want)
		}
	}
}

func TestDynamicCredentialsAreRenewed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		valid  time.Duration
		accept string // the only password that the server takes; "" takes all
		want   string // the passwords that two requests get to use
		asked  int
		fails  bool
	}{
		"kept":                     {valid: time.Hour, want: "token1 token1", asked: 1},
		"kept for ever":            {want: "token1 token1", asked: 1},
		"expired":                  {valid: credentialMargin - time.Second, want: "token1 token2", asked: 2},
		"revoked":                  {valid: time.Hour, accept: "token2", want: "token1 token2 token2", asked: 2},
		"refused for good":         {valid: time.Hour, accept: "none", want: "token1 token2 token2 token3", asked: 3, fails: true},
		"refused, and for no time": {valid: time.Second, accept: "none", want: "token1 token2 token3 token4", asked: 4, fails: true},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var seen []string
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, password, _ := r.BasicAuth()
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, password)
				if c.accept != "" && password != c.accept {
					w.WriteHeader(http.StatusUnauthorized)
				}
			})
			source := &issuer{valid: c.valid}
			client := newClient(t, func(o *Options) { o.Credentials = source.credentials })
			for n := range 2 {
				_, err := client.Page(t.Context(), PageRequest{URL: fmt.Sprint(server.URL, "/pypi/", n)})
				if IsUnauthorized(err) != c.fails {
					t.Errorf("err = %v", err)
				}
				if c.fails && (err == nil || !strings.Contains(err.Error(), "to a token that was made for it")) {
					t.Errorf("err = %v, want it to name the token's origin", err)
				}
			}
			if got := strings.Join(seen, " "); got != c.want || len(source.asked) != c.asked {
				t.Errorf("the server saw %q after %d tokens, want %q and %d", got, len(source.asked), c.want, c.asked)
			}
		})
	}
}

func TestDynamicCredentialsStayWithTheirHost(t *testing.T) {
	t.Parallel()
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "" {
			t.Errorf("the other host got Authorization %q", got)
		}
		fmt.Fprint(w, "hello")
	})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/public/asset", http.StatusFound)
	})
	source := &issuer{}
	client := newClient(t, func(o *Options) { o.Credentials = source.credentials })
	if got := readBlob(t, client, Source{URL: server.URL + "/pypi/x.whl"}); got != "hello" || len(source.asked) != 1 {
		t.Errorf("blob = %q after %d tokens", got, len(source.asked))
	}
}

func TestErrorOfTheDynamicSourceIsTheRequests(t *testing.T) {
	t.Parallel()
	var requests counter
	server := serve(t, func(http.ResponseWriter, *http.Request) { requests.next() })
	fault := errors.New("no credentials of AWS")
	client := newClient(t, func(o *Options) { o.Credentials = (&issuer{err: fault}).credentials })
	_, err := client.Page(t.Context(), PageRequest{URL: server.URL + "/pypi/x"})
	if want := "fetching " + server.URL + "/pypi/x: no credentials of AWS"; !errors.Is(err, fault) || err.Error() != want {
		t.Errorf("err = %v, want %s", err, want)
	}
	if requests.count() != 0 {
		t.Errorf("%d requests were sent", requests.count())
	}
}
