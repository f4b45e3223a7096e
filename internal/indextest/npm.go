package indextest

import (
	"crypto/sha1" //nolint:gosec // the digest that npm calls shasum
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// NPM is a registry of Node.js packages on a loopback port.
//
// A universe is a list of versions:
//
//	# a comment
//	express 5.1.0
//	  dependencies: accepts ^2.0.0, old npm:accepts@1 || 2
//	  optional: fsevents ~2.3.2
//	  peer: react ^18 || ^19
//	  optional-peer: react-dom *
//	  bundled: cookie 1.0.2
//	  engines: node >=18, npm >=9
//	  os: linux, !win32
//	  cpu: x64
//	  libc: glibc
//	  bin: express bin/cli.js
//	  exec: bin/cli.js
//	  tag: latest, next
//	  deprecated: use another
//	  script: postinstall node build.js
//	  uploaded: 2024-01-02T03:04:05Z
//	  integrity: sha1
//	  json: {"type": "module", "exports": {"import": "./index.js"}}
//	  file: lib/a.js: module.exports = 1\n
//	@scope/name 1.0.0
//
// Only the first line of a version is needed: such a version has a package.json
// and an index.js in its tarball. Lists are separated by commas; the fields may
// be repeated. "bundled" puts packages into the tarball, below node_modules,
// and names them in bundleDependencies. "integrity" is "sha1" where the
// document names the shasum alone, or "absent". "json" adds members to the
// manifest, or replaces them. The tag latest is the last version of a name in
// the universe that is no prerelease, unless another has it.
//
// The text may be a txtar archive: a file named "express 5.1.0/lib/x.js" is in
// the tarball of that version.
type NPM struct {
	server
	packages  map[string]*npmPackage
	documents map[string][]byte // served as they are
	faults    []*npmFault
}

// WithToken wants a bearer token for everything but tarballs on another host.
func WithToken(token string) Option { return func(c *config) { c.token = token } }

// NewNPM starts a registry that ends with the test. A faulty universe fails it.
func NewNPM(t testing.TB, universe string, opts ...Option) *NPM {
	t.Helper()
	n, err := StartNPM(universe, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// StartNPM starts a registry; Close ends it. Errors name the line of the
// universe. Of the options, those that tell of wheels mean nothing here.
func StartNPM(universe string, opts ...Option) (*NPM, error) {
	n := &NPM{packages: map[string]*npmPackage{}, documents: map[string][]byte{}}
	n.configure(opts)
	if err := n.add(universe); err != nil {
		return nil, err
	}
	fault := n.fault
	n.fault = func(w http.ResponseWriter, r *http.Request) bool { return fault != nil && fault(w, r) || n.fails(w, r) }
	n.start(`Bearer realm="indextest"`, n.answer)
	return n, nil
}

// URL returns the address of the registry, with a slash at its end and without
// credentials.
func (n *NPM) URL() string { return n.listener.URL + "/" }

// Host returns the host and port of the registry, as .npmrc names them.
func (n *NPM) Host() string { return n.listener.Listener.Addr().String() }

// TarballURL returns the address of a version's tarball, as its manifest names
// it.
func (n *NPM) TarballURL(name, version string) string {
	return n.listener.URL + tarballPath(name, version)
}

// Tarball returns the bytes of a version's tarball and its Subresource
// Integrity. A version that the registry does not have is a mistake of the
// test, and panics.
func (n *NPM) Tarball(name, version string) (content []byte, integrity string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v := n.find(name, version)
	return slices.Clone(v.tarball), v.integrity
}

// Tamper changes the tarball of a version, but not what the registry says of it.
func (n *NPM) Tamper(name, version string, content []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.find(name, version).tarball = content
}

func (n *NPM) find(name, version string) *npmVersion {
	if p := n.packages[name]; p != nil {
		for _, v := range p.versions {
			if v.version == version {
				return v
			}
		}
	}
	panic(fmt.Sprintf("indextest: no version %q", name+"@"+version))
}

// Add adds versions, or changes those that are there already.
func (n *NPM) Add(universe string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.add(universe)
}

// AddDocument makes the registry answer with a document as it is, in place of
// what a universe says of that name: for recorded ones, without tarballs.
func (n *NPM) AddDocument(name string, document []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.documents[name] = document
}

// Withdraw takes a name, or "name@version", out of the registry.
func (n *NPM) Withdraw(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.packages, what)
	delete(n.documents, what)
	for name, p := range n.packages {
		p.versions = slices.DeleteFunc(p.versions, func(v *npmVersion) bool { return name+"@"+v.version == what })
	}
}

// NPMFault is an answer in place of the right one.
type NPMFault struct {
	// Path is the path that is answered so, such as "/@scope/name" or
	// "/a/-/a-1.0.0.tgz".
	Path string
	// Status is the answer's; 0 leaves the answer and cuts its body short.
	Status int
	// RetryAfter is the header of that name, "" for none.
	RetryAfter string
	// Times is how often; 0 for always.
	Times int
}

type npmFault struct {
	NPMFault
	left int
}

// Fail makes the registry answer badly.
func (n *NPM) Fail(f NPMFault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = append(n.faults, &npmFault{f, f.Times})
}

// npmPackage is what the registry has of a name.
type npmPackage struct {
	name     string
	tags     map[string]string // beside those that follow from the order
	versions []*npmVersion
}

type npmVersion struct {
	version  string
	manifest members // without dist
	uploaded string
	tarball  []byte

	integrity, shasum string
	shown             string // "", "sha1" or "absent"
}

// latest is the version that the tag names where nothing else says so.
func (p *npmPackage) latest() string {
	last := ""
	for _, v := range p.versions {
		if last == "" || !strings.Contains(v.version, "-") {
			last = v.version
		}
	}
	return last
}

// add parses the text and builds its tarballs; mu is held or not needed yet.
func (n *NPM) add(universe string) error {
	releases, err := parseNPM(universe)
	if err != nil {
		return err
	}
	for _, r := range releases {
		p := n.packages[r.name]
		if p == nil {
			p = &npmPackage{name: r.name, tags: map[string]string{}}
			n.packages[r.name] = p
		}
		maps.Copy(r.files, n.content[r.name+" "+r.version])
		v := &npmVersion{version: r.version, manifest: r.manifest, uploaded: r.uploaded, shown: r.integrity}
		if v.tarball, err = r.pack(); err != nil {
			return err
		}
		sha, old := sha512.Sum512(v.tarball), sha1.Sum(v.tarball) //nolint:gosec // npm's
		v.integrity, v.shasum = "sha512-"+base64.StdEncoding.EncodeToString(sha[:]), hex.EncodeToString(old[:])
		at := slices.IndexFunc(p.versions, func(old *npmVersion) bool { return old.version == v.version })
		if at >= 0 {
			p.versions[at] = v
		} else {
			p.versions = append(p.versions, v)
		}
		for _, tag := range r.tags {
			p.tags[tag] = v.version
		}
	}
	return nil
}
