package fetch

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// Credential is what requests to a place are authorized with: a user and a
// password (RFC 7617), or, where Bearer is set, that token (RFC 6750) alone.
type Credential struct{ User, Password, Bearer string }

// CredentialSource returns the credential for a URL and the moment at which it
// expires, zero for never; false where it has none for that URL. What it
// returns holds for the origin of the URL and the first segment of its path.
type CredentialSource func(ctx context.Context, u *url.URL) (Credential, time.Time, bool, error)

// credentialMargin is how long before its expiry a credential is replaced: a
// request that begins with it must end with it.
const credentialMargin = time.Minute

// Authorize makes requests to URLs below the prefix carry the credential. Below
// means the same scheme, host and port, and the segments of the prefix's path
// first. Of several prefixes the longest wins, and of two equal ones the later;
// a user in the URL of an index wins where that URL has more of its path in
// common. The error names the prefix, redacted, and nothing of the credential.
func (c *Client) Authorize(prefix string, cr Credential) error {
	u, err := url.Parse(prefix)
	if err != nil {
		return fmt.Errorf("reading URL %q: it is malformed", Redact(prefix))
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("reading URL %q: want http:// or https:// and a host", redact(u))
	}
	if cr == (Credential{}) {
		return fmt.Errorf("authorizing %q: the credential is empty", redact(u))
	}
	if strings.ContainsFunc(cr.Bearer, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return fmt.Errorf("authorizing %q: the token holds characters that no header may", redact(u))
	}
	cr.teach(c.secrets)
	c.keys.grant(u, cr)
	return nil
}

// authorize adds the credentials of the request's place, if there are any, and
// returns where they came from and, of the dynamic source, which they are. A URL
// that names only the user is no answer where the source has one.
func (c *Client) authorize(ctx context.Context, req *http.Request) (source string, cr Credential, err error) {
	source = c.keys.authorize(req)
	if _, password, basic := req.BasicAuth(); source != "" && (source != fromURL || !basic || password != "") {
		return source, Credential{}, nil
	}
	cr, found, err := c.wallet.authorize(ctx, req)
	if found {
		source = fromDynamic
	}
	return source, cr, err
}

// grant is a credential for the URLs below a prefix.
type grant struct {
	host string   // an origin
	path []string // segments; the first is empty
	cr   Credential
}

func (k *keyring) grant(u *url.URL, cr Credential) {
	g := grant{host: origin(u), path: strings.Split(strings.TrimRight(u.EscapedPath(), "/"), "/"), cr: cr}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.grants = slices.DeleteFunc(k.grants, func(old grant) bool {
		return old.host == g.host && slices.Equal(old.path, g.path)
	})
	k.grants = append(k.grants, g)
	slices.SortStableFunc(k.grants, func(a, b grant) int { return cmp.Compare(len(b.path), len(a.path)) })
}

// forPrefix returns the longest grant that u is below.
func (k *keyring) forPrefix(u *url.URL) (grant, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if len(k.grants) == 0 {
		return grant{}, false
	}
	host, path := origin(u), strings.Split(u.EscapedPath(), "/")
	for _, segment := range path {
		if name, err := url.PathUnescape(segment); err != nil || name == ".." {
			return grant{}, false // a server may take it to be below something else
		}
	}
	for _, g := range k.grants {
		if g.host == host && len(g.path) <= len(path) && common(g.path, path) == len(g.path) {
			return g, true
		}
	}
	return grant{}, false
}

// teach makes the secret parts of the credential known.
func (cr Credential) teach(k *secret.Keeper) {
	k.Learn("", cr.Password)
	k.Learn("", cr.Bearer)
}

// set puts the credential into the request.
func (cr Credential) set(req *http.Request) {
	if cr.Bearer != "" {
		req.Header.Set("Authorization", "Bearer "+cr.Bearer)
		return
	}
	req.SetBasicAuth(cr.User, cr.Password)
}

// wallet keeps what the dynamic source gave until shortly before it expires.
type wallet struct {
	ask     CredentialSource // or nil
	secrets *secret.Keeper
	flights flights[held]

	mu   sync.Mutex
	held map[string]held // by walletKey
}

type held struct {
	cr    Credential
	found bool
	until time.Time // zero is for ever
}

// authorize adds the credentials of the source, if it has any for the URL.
func (w *wallet) authorize(ctx context.Context, req *http.Request) (Credential, bool, error) {
	if w.ask == nil {
		return Credential{}, false, nil
	}
	key := walletKey(req.URL)
	if cr, ok := w.known(key); ok {
		cr.set(req)
		return cr, true, nil
	}
	h, err := w.flights.do(ctx, key, func(ctx context.Context) (held, error) {
		cr, expires, found, err := w.ask(ctx, req.URL)
		if err != nil || !found {
			return held{}, err
		}
		cr.teach(w.secrets)
		if !expires.IsZero() {
			expires = expires.Add(-credentialMargin)
		}
		h := held{cr: cr, found: true, until: expires}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.held == nil {
			w.held = map[string]held{}
		}
		w.held[key] = h
		return h, nil
	})
	if err != nil {
		return Credential{}, false, err
	}
	if h.found {
		h.cr.set(req)
	}
	return h.cr, h.found, nil
}

func (w *wallet) known(key string) (Credential, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h, ok := w.held[key]
	if !ok || !h.until.IsZero() && !time.Now().Before(h.until) {
		return Credential{}, false
	}
	return h.cr, true
}

// refused drops the credential, unless another request has replaced it.
func (w *wallet) refused(u *url.URL, cr Credential) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if key := walletKey(u); w.held[key].cr == cr {
		delete(w.held, key)
	}
}

func walletKey(u *url.URL) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	return origin(u) + "/" + first
}
