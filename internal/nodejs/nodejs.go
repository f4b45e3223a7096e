// Package nodejs knows what a Node.js layer holds. It turns a [Spec] into a [Lock],
// which names every package with its place, address and digest, and a Lock into
// files at their paths in a layer.
//
// Two verbs are kept apart. [Resolve] chooses: it obeys a lock file of npm, Yarn or
// pnpm, or chooses versions and places them in node_modules as npm 11 does, for a
// target and never for the host. [Lock.Pack] packs: it fetches, checks and deflates
// tarballs, and chooses nothing.
package nodejs

import (
	"context"
	"path/filepath"
	"sync"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/packlist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/tarball"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Env is what resolving and packing reach. It is safe for concurrent use and must
// not be copied after its first use.
type Env struct {
	Client   *fetch.Client
	Store    *store.Store
	Segments Segments
	// Environ lists the environment as "key=value", which may configure npm; nil is
	// an empty one.
	Environ func() []string

	mu         sync.Mutex
	registries map[string]*registry.Client // by the folder of the project whose .npmrc names them
}

// Segments keeps the files of tarballs deflated: those of one are a blob of the
// store, from which a layer copies them as they are.
type Segments interface {
	// Encoder names the encoder: another one makes other bytes of a file.
	Encoder() string
	// Deflate keeps the files that add gives to the packer, and returns the digest
	// of their segment.
	Deflate(ctx context.Context, add func(filetree.Packer) error) (store.Digest, error)
	// Confirm reports whether a segment holds just the files that add gives. Where
	// nobody can have planted it, add is not called.
	Confirm(ctx context.Context, segment store.Digest, add func(filetree.Packer) error) (bool, error)
	// Files returns the files of a segment that the store has.
	Files(segment store.Digest, origin filetree.Origin) (filetree.Tree, error)
}

// PackList tells which files of the folder of a package "npm pack" packs. project is
// the folder of the project that it is part of.
func PackList(folder, project string) (*packlist.List, error) {
	return packlist.Read(filepath.FromSlash(folder), filepath.FromSlash(project))
}

// EntryFiles returns the files of a package that its package.json names as what
// others load or run: see [tarball.EntryFiles].
func EntryFiles(packageJSON []byte) []string { return tarball.EntryFiles(packageJSON) }

// RelativeNames returns what the relative names in the source of a module lead to:
// see [tarball.RelativeNames].
func RelativeNames(file string, source []byte) []string {
	return tarball.RelativeNames(file, source)
}

// About is what the package.json of an installed package says to people.
type About = tarball.About
