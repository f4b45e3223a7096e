// Package nodejs knows what a Node.js layer holds: it reads manifests and lock
// files, chooses versions and places them in node_modules as npm 11 does, for a
// target and never for the host, and reads the tarballs.
package nodejs

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Target is what packages are chosen for, in the words of package.json's os,
// cpu, libc and engines.
type Target struct {
	Runtime string // Lambda's id, such as "nodejs22.x"
	Arch    string // Lambda's word, such as "arm64"
	OS      string // "linux"
	CPU     string // "x64" or "arm64"
	Libc    string // "glibc"
	Node    string // full version of the runtime, such as "22.21.0"
}

// TargetFor returns what packages are chosen for on a Lambda runtime.
func TargetFor(t runtimes.Target) Target {
	cpu := "x64"
	if t.Architecture == runtimes.ARM64 {
		cpu = "arm64"
	}
	return Target{Runtime: t.ID, Arch: t.Architecture, OS: "linux", CPU: cpu, Libc: "glibc", Node: t.NodeVersion}
}

// String names the target, such as "nodejs22.x arm64".
func (t Target) String() string { return t.Runtime + " " + t.Arch }

// Dependency is an entry of a dependencies object: the order of the object is
// the order of placement.
type Dependency struct {
	Name string // of the folder
	Spec string // a range, a tag, an alias "npm:other@1", an address, …
}

// Manifest is what a package.json, or a version in a registry document, says.
// Malformed parts are as npm reads them: mostly absent.
type Manifest struct {
	Name, Version string

	Dependencies         []Dependency // without those that OptionalDependencies name
	OptionalDependencies []Dependency
	PeerDependencies     []Dependency
	DevDependencies      []Dependency // of a project; of a registry's version always empty
	OptionalPeers        map[string]bool
	// Bundled names the dependencies that come in the tarball.
	Bundled []string

	Engines       []Dependency // "node", "npm", …
	OS, CPU, Libc []string
	Bin           []Dependency // command, path in the package
	Deprecated    string       // the message, "" where it is not
	// InstallScript is set where preinstall, install, postinstall or a
	// binding.gyp would run on "npm install".
	InstallScript bool
	// Shrinkwrap is set where the tarball brings an npm-shrinkwrap.json.
	Shrinkwrap bool

	Tarball   string // address
	Integrity string // Subresource Integrity; "" in old documents
	Shasum    string // SHA-1 in hexadecimal, "" where there is none
}

// Packument is a registry's document of a package.
type Packument struct {
	Name     string
	Registry string // its address without credentials, "" where not known
	DistTags map[string]string
	// Versions are in the document's order.
	Versions []Release
	// Timed is set where the document says when versions were uploaded.
	Timed bool

	once       sync.Once
	descending []numbered
}

// Release is a version in a Packument. Its manifest is decoded when asked for:
// most never are.
type Release struct {
	Version string
	// Uploaded is zero where the document has no times.
	Uploaded   time.Time
	Deprecated bool
	Engines    string // the range of "node", "" for any
	refusesNPM bool   // its range of "npm" leaves npm 11 out
	raw        []byte
	manifest   *Manifest // in place of raw, where it is known already
}

// Registry answers what npm asks a registry for. Errors that tell of the
// request, not of the network, are *ResolveError.
type Registry interface {
	// Packument returns the document of a name, such as "@aws-sdk/client-s3".
	Packument(ctx context.Context, name string) (*Packument, error)
	// Manifest returns the full manifest of one version.
	Manifest(ctx context.Context, name, version string) (*Manifest, error)
	// Bundle returns what the tarball of m brings besides the package itself:
	// the manifests below node_modules by their path there, such as
	// "node_modules/a/node_modules/b", and npm-shrinkwrap.json, nil where
	// there is none.
	Bundle(ctx context.Context, m *Manifest) (packages map[string]*Manifest, shrinkwrap []byte, err error)
}

// Package is one folder of a tree.
type Package struct {
	Path    string // "node_modules/a/node_modules/@scope/b"
	Name    string // of the package; not of the folder where an alias is used
	Version string
	// URL is the tarball's address without credentials; "" where the package
	// comes in the tarball of another.
	URL string
	// Integrity is the tarball's Subresource Integrity, the strongest known.
	Integrity string

	Dev, Optional, DevOptional, Peer, Extraneous bool

	Bundled       bool
	InstallScript bool
	OS, CPU, Libc []string
	Bin           []Dependency
}

// Tree is what node_modules holds for a target.
type Tree struct {
	Packages []Package // sorted by Path
	// Local are the packages that are on disk, sorted by Path.
	Local []LocalPackage
	// Notes are sentences for the user on what is not as one would expect.
	Notes []string
}

// LocalPackage is a folder of a tree that comes from the user's own disk: a
// member of a workspace or a "file:" dependency.
type LocalPackage struct {
	Path          string // as in Package
	Name, Version string // Version may be ""
	// Source is a slash path relative to the project: a folder, packed
	// without its node_modules, or, where Archive is set, a packed package.
	Source  string
	Archive bool
	// Integrity is of an archive; "" where nothing tells it.
	Integrity string
}

// ResolveError says why no tree can be made, with npm's own code.
type ResolveError struct {
	// Code is ERESOLVE, ETARGET, E404, EBADPLATFORM, EBADENGINE, EUNSUPPORTED,
	// EOVERRIDE, EINVALIDPACKAGENAME, EINTEGRITY, …
	Code string
	// Name and Spec are of the dependency that failed, RequiredBy of the
	// package that wants it: "the project" or "name@version".
	Name, Spec, RequiredBy string
	// Detail says why, what was tried and what to write instead.
	Detail string
	Err    error // cause, may be nil
}

func (e *ResolveError) Error() string {
	what := e.Name
	if e.Spec != "" {
		what += "@" + e.Spec
	}
	text := fmt.Sprintf("resolving %q", what)
	if e.RequiredBy != "" {
		text += fmt.Sprintf(", required by %q", e.RequiredBy)
	}
	text += fmt.Sprintf(": %s (%s)", e.Detail, e.Code)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *ResolveError) Unwrap() error { return e.Err }
