// Package fetch is the only room that speaks HTTP. It knows credentials,
// proxies, retries, ranges, freshness, limits and digest checks; what the bytes
// mean is for its callers to know.
package fetch

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch/transport"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Options configure a Client. Store is required; every other zero value is a
// usable default.
type Options struct {
	// Store keeps pages, blobs and the locks between processes.
	Store *store.Store
	// Offline forbids every request: what the store holds is served whatever
	// its age, all else is an *OfflineError.
	Offline bool
	// UserAgent is sent with every request.
	UserAgent string
	// Logger gets a line for each file that was fetched (INFO) and for each
	// request (DEBUG), with the context of the caller; nil discards them. No
	// line holds a credential.
	Logger *slog.Logger
	// Secrets learns every credential that requests are made with; nil is a new
	// one.
	Secrets *secret.Keeper
	// NetrcPath names the netrc file; "" is $NETRC, else .netrc (on Windows
	// also _netrc) in the home directory. It is read where a request has no other
	// credentials; one that is missing or cannot be read is no error.
	NetrcPath string
	// Credentials is asked, when not nil, for URLs that have no credentials of
	// their own, of Authorize or of netrc: before the first request, shortly
	// before what it gave expires, and once more where a server answers 401 to
	// it. Its error is the error of the request.
	Credentials CredentialSource
	// Certificates are files of certificates in PEM to trust besides those of
	// the system and the environment. One that cannot be read is the error of
	// the first request.
	Certificates []string
	// Received, when not nil, is told how many more bytes of a file have arrived,
	// from several goroutines at once.
	Received func(bytes int)
	// Retries is how often a request is repeated after the first attempt: 0
	// means 4, a negative number none.
	Retries int
	// Transport replaces the transports that New would make, and with them
	// proxies and certificates from the environment; for tests.
	Transport http.RoundTripper
}

// LogFetched is the message of the line that the log gets for each file.
const LogFetched = "fetched a file"

// Client fetches pages and blobs. It is safe for concurrent use. Connections
// stay open for later requests for a while.
type Client struct {
	store     *store.Store
	offline   bool
	userAgent string
	log       *slog.Logger
	secrets   *secret.Keeper
	retries   int
	received  func(bytes int)
	transport http.RoundTripper
	keys      keyring
	wallet    wallet
	slots     *semaphore.Weighted // of all requests
	blobSlots *semaphore.Weighted // of blobs
	large     *semaphore.Weighted // of bodies that are held in memory
	pages     flights[*Page]
	blobs     flights[store.Digest]
	matched   sync.Map // integrity and SHA-256 of blobs that have both

	// Waits, variable for tests alone.
	silence  time.Duration // of a server, until a file is given up
	backoff  time.Duration // before the first retry
	lockWait time.Duration // for another process that fetches the same blob
}

const (
	defaultRetries = 4
	parallel       = 48 // requests that may be under way at once
	blobParallel   = 8  // of them for blobs
)

// New returns a client. Proxies come from HTTP_PROXY, HTTPS_PROXY and NO_PROXY,
// certificates from the system and from SSL_CERT_FILE, SSL_CERT_DIR,
// REQUESTS_CA_BUNDLE and NODE_EXTRA_CA_CERTS: all are read with the first
// request, so that a client whose answers are all stored does not pay for them.
func New(o Options) *Client {
	c := &Client{
		store:     o.Store,
		offline:   o.Offline,
		userAgent: o.UserAgent,
		log:       cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
		secrets:   cmp.Or(o.Secrets, &secret.Keeper{}),
		received:  o.Received,
		retries:   max(0, cmp.Or(o.Retries, defaultRetries)),
		transport: o.Transport,
		wallet:    wallet{ask: o.Credentials},
		slots:     semaphore.NewWeighted(parallel),
		blobSlots: semaphore.NewWeighted(blobParallel),
		large:     semaphore.NewWeighted(largeParallel),
		silence:   maxSilence,
		backoff:   250 * time.Millisecond,
		lockWait:  2 * time.Minute,
	}
	if c.received == nil {
		c.received = func(int) {}
	}
	c.keys.secrets, c.wallet.secrets = c.secrets, c.secrets
	c.keys.netrc = sync.OnceValues(func() ([]login, error) {
		logins, err := loadNetrc(o.NetrcPath)
		for _, l := range logins {
			c.secrets.Learn("", l.password)
		}
		return logins, err
	})
	if c.transport == nil {
		c.transport = transport.New(c.log, o.Certificates)
	}
	return c
}

// Login remembers the user and password in an index's URL for later requests
// to its scheme, host and port, and returns the URL without them. Page and Blob
// do the same for their URLs; call it for URLs that will be met without.
func (c *Client) Login(rawURL string) (string, error) {
	u, err := c.parse(rawURL)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

// Secrets returns what the client knows of secrets.
func (c *Client) Secrets() *secret.Keeper { return c.secrets }

// parse returns the URL without user info and fragment, and remembers the user
// info.
func (c *Client) parse(rawURL string) (*url.URL, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		// The error of url.Parse quotes the URL with all that is in it.
		return nil, fmt.Errorf("reading URL %q: it is malformed", Redact(rawURL))
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("reading URL %q: want http:// or https:// and a host", redact(u))
	}
	if secret.HoldsAccount(u.EscapedPath()) || secret.HoldsAccount(u.Path) {
		return nil, fmt.Errorf("reading a URL: %w", &AddressError{Host: u.Host, Reason: AddressCredentials, Within: true})
	}
	if u.User != nil {
		c.keys.add(u)
		u.User = nil
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// PageRequest asks for a document that is held in memory.
type PageRequest struct {
	// URL may carry a user and a password.
	URL string
	// Accept is the header of that name; "" is */*.
	Accept string
	// MaxBytes caps the decoded body: 0 means 64 MiB.
	MaxBytes int64
	// MaxAge is how long a stored copy is served without asking where the
	// server names no max-age; a max-age of the server wins, up to 10 minutes.
	MaxAge time.Duration
	// Digest, when not zero, makes the document immutable: it is checked,
	// kept as a blob, and never asked for again.
	Digest store.Digest
	// Distill, when not nil, turns an answer into what is stored and served in
	// place of its body, so that a large document is read once. It must be a
	// pure function, and must not modify body; its error is the error of the
	// request, and nothing is stored then. A document by digest is not distilled.
	Distill func(body []byte, contentType string) ([]byte, error)
	// Distillation names what Distill does and its version: copies that
	// another distillation made are not served.
	Distillation string
	// Renew disregards the stored copy and replaces it: for a caller that
	// cannot use it. A document by digest is not renewed.
	Renew bool
}

// Page is a document. Callers that asked for the same one at the same time
// share it: it must not be changed.
type Page struct {
	// Body is the decoded body, or what Distill made of it.
	Body []byte
	// ContentType is the header of that name; "" for a document by digest
	// that came from the store.
	ContentType string
	// URL is the address after redirects, without user info, query and
	// fragment: the base of relative links.
	URL string
	// Cached says that the body came from the store, perhaps after the server
	// confirmed it.
	Cached bool
}

// Source names a blob.
type Source struct {
	// URL may carry a user and a password.
	URL string
	// SHA256 is the wanted digest; zero takes what the server sends, unless
	// Integrity says what is wanted.
	SHA256 store.Digest
	// Integrity is what a blob must be whose SHA-256 is not known.
	Integrity Integrity
	// Size is the exact number of bytes; 0 when unknown.
	Size int64
	// MaxBytes caps a blob of unknown size: 0 means 4 GiB.
	MaxBytes int64
	// Vet, when not nil, judges the complete and digest-checked file before it
	// enters the store; its error keeps the file out. It ends with ctx. It is not asked about a
	// blob that the store already holds. It must read by offset and not close.
	Vet func(ctx context.Context, f *os.File, size int64) error
}

// Part is a piece of a remote file: Data starts at Offset of Total bytes.
type Part struct {
	Data          []byte
	Offset, Total int64
}
