// Package indextest serves wheel indexes that are written as text, for tests
// and demonstrations. It speaks the protocol of a real index: the Simple API in
// JSON and HTML, metadata files, ranges, ETags, credentials and TLS.
//
// A universe is a list of releases:
//
//	# a comment
//	requests 2.31.0
//	  requires: urllib3>=1.21.1,<3, charset-normalizer<4
//	  requires: idna; python_version >= "3.6"
//	  python: >=3.7
//	  extra: socks: PySocks!=1.5.7
//	  uploaded: 2024-01-02T03:04:05Z
//	  wheel: py3-none-any
//	  sdist
//	  yanked: broken on Tuesdays
//	  file: requests/api.py: def get(): pass\n
//
// Only the first line of a release is needed: such a release has one wheel,
// py3-none-any, with one importable module. The fields, each of which may be
// repeated where that makes sense:
//
//	requires   requirements, separated by commas
//	python     Requires-Python
//	extra      name of an extra, a colon, and its requirements (may be none)
//	wheel      tags of a wheel, perhaps after a build tag: 1-cp312-abi3-linux_x86_64
//	sdist      there is a source distribution too; without a wheel field, alone
//	uploaded   RFC 3339, or "unknown"; the default is 2024-01-01T00:00:00Z
//	yanked     the reason, which may be empty
//	file       a path in every wheel and its content, with \n, \t and \\ escapes
//	metadata   "absent", or further header lines of METADATA
//
// The text may be a txtar archive: a file named "requests 2.31.0/requests/x.py"
// is in every wheel of that release.
package indextest

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"
)

// Index is a wheel index on a loopback port.
type Index struct {
	server
	projects map[string]*project // by normalised name
	files    map[string]*file    // by file name
}

type config struct {
	withoutMetadata, withoutRanges, htmlOnly bool
	tls                                      bool
	delay                                    time.Duration
	maxAge                                   time.Duration
	user, password                           string
	token                                    string // of an NPM
	path                                     string
	guard                                    func(*http.Request) bool
	fault                                    func(http.ResponseWriter, *http.Request) bool
	content                                  map[string]map[string][]byte
}

// Option changes how an index serves.
type Option func(*config)

// WithoutMetadata leaves out the metadata files (PEP 658).
func WithoutMetadata() Option { return func(c *config) { c.withoutMetadata = true } }

// WithoutRanges makes the index answer every range with the whole file.
func WithoutRanges() Option { return func(c *config) { c.withoutRanges = true } }

// HTMLOnly makes the index know nothing of JSON: pages have no upload times
// and no sizes.
func HTMLOnly() Option { return func(c *config) { c.htmlOnly = true } }

// WithDelay makes every answer wait.
func WithDelay(d time.Duration) Option { return func(c *config) { c.delay = d } }

// WithMaxAge makes pages fresh for a while; without it they are not.
func WithMaxAge(d time.Duration) Option { return func(c *config) { c.maxAge = d } }

// WithAuth wants a user and a password for everything.
func WithAuth(user, password string) Option {
	return func(c *config) { c.user, c.password = user, password }
}

// WithGuard answers 401 to the requests that admit does not let in.
func WithGuard(admit func(*http.Request) bool) Option { return func(c *config) { c.guard = admit } }

// WithPath serves everything below a path such as "/pypi/wheels".
func WithPath(path string) Option { return func(c *config) { c.path = path } }

// WithTLS serves HTTPS with HTTP/2; see CertPEM and Transport.
func WithTLS() Option { return func(c *config) { c.tls = true } }

// WithFault is asked first about every request; when it returns true it has
// answered.
func WithFault(answer func(http.ResponseWriter, *http.Request) bool) Option {
	return func(c *config) { c.fault = answer }
}

// WithFiles adds files to wheels: to one, when of is its file name, else to all
// of the release "name version".
func WithFiles(of string, content map[string][]byte) Option {
	return func(c *config) {
		if c.content == nil {
			c.content = map[string]map[string][]byte{}
		}
		c.content[of] = content
	}
}

// New starts an index that ends with the test. A faulty universe fails it.
func New(t testing.TB, universe string, opts ...Option) *Index {
	t.Helper()
	i, err := Start(universe, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	return i
}

// Start starts an index; Close ends it. Errors name the line of the universe.
func Start(universe string, opts ...Option) (*Index, error) {
	i := &Index{projects: map[string]*project{}, files: map[string]*file{}}
	i.configure(opts)
	if err := i.add(universe); err != nil {
		return nil, err
	}
	i.start(`Basic realm="indextest"`, i.serve)
	return i, nil
}

// URL returns the address of the index: …/simple/. It holds no credentials.
func (i *Index) URL() string { return i.base() + "/simple/" }

func (i *Index) base() string { return i.listener.URL + i.path }

// FileURL returns the address of a file, as the pages of the index name it.
func (i *Index) FileURL(filename string) string {
	return i.base() + i.file(filename).path()
}

func (i *Index) file(name string) *file {
	i.mu.Lock()
	defer i.mu.Unlock()
	f := i.files[name]
	if f == nil {
		panic(fmt.Sprintf("indextest: no file %q", name))
	}
	return f
}

// CertPEM returns the certificate of an index WithTLS, which is its own
// authority.
func (i *Index) CertPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate().Raw})
}

// Certificate is CertPEM, parsed.
func (i *Index) Certificate() *x509.Certificate { return i.listener.Certificate() }

// Add adds releases, files to a release, or changes a release that is there
// already. Pages show it at once.
func (i *Index) Add(universe string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.add(universe)
}

// Withdraw takes a project, or a file of that name, out of the index.
func (i *Index) Withdraw(name string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.projects, normalise(name))
	delete(i.files, name)
	for _, p := range i.projects {
		p.files = slices.DeleteFunc(p.files, func(f *file) bool { return f.name == name })
	}
}

// Wheel returns the bytes of a wheel or source distribution and their sha256 in
// hexadecimal. A file that the index does not have is a mistake of the test, and
// panics.
func (i *Index) Wheel(filename string) (content []byte, sha256 string) {
	f := i.file(filename)
	return slices.Clone(f.content), f.sha256
}

// Files returns the names of all files, sorted.
func (i *Index) Files() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Sorted(maps.Keys(i.files))
}
