package placement

import (
	"context"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// Entry is a line of a dependencies object of a package.json.
type Entry struct {
	Name string // of the folder
	Text string // a range, a tag, an alias "npm:other@1", a folder, …
}

// Manifest is what a version of a package, the project, a member of its
// workspace or a folder on disk says of itself. The lists keep the order of the
// JSON object: it decides between places.
type Manifest struct {
	Name, Version string

	Dependencies []Entry // without the names that Optional has
	Optional     []Entry
	Peers        []Entry
	// OptionalPeers has the names of Peers that need not be there.
	OptionalPeers map[string]bool
	// Development is read of the project, its members and folders alone.
	Development []Entry

	// Bundled names the dependencies that come in the tarball.
	Bundled []string
	// Shrinkwrap is set where the tarball brings an npm-shrinkwrap.json.
	Shrinkwrap bool

	// EngineNode and EngineNPM are the ranges of "engines"; "" is any.
	EngineNode, EngineNPM string
	OS, CPU, Libc         []string

	// Integrity and Tarball tell two packages of one name apart. Either may be
	// "".
	Integrity, Tarball string

	// Origin is the caller's own, returned untouched.
	Origin any
}

// WantKind is the kind of a text.
type WantKind int

// The kinds of texts.
const (
	// Versions are a range or an exact version.
	Versions WantKind = iota
	// Tag is a dist-tag: whatever came from a registry pleases it.
	Tag
	// Folder is a folder on disk.
	Folder
	// Elsewhere is what no registry has: a repository, an address, an archive.
	Elsewhere
)

// Want is what the text of an entry asks for.
type Want struct {
	Kind WantKind
	// Package is the name that the registry is asked for: of an alias the name
	// behind "npm:", else the entry's own.
	Package string
	// Any is set for "", "*" and their like: they accept every version,
	// prereleases as well.
	Any bool
	// Range is what versions must match, of the kind Versions.
	Range semver.Range
	// Path is the slash path of the kind Folder, relative to the folder of the
	// package.json that has the text.
	Path string
}

// Ask names a version that will probably be asked for.
type Ask struct{ Name, Text string }

// Contents is what the tarball of a package brings besides the package.
type Contents struct {
	// Packages are by their path below the package, such as
	// "node_modules/a/node_modules/@scope/b".
	Packages map[string]*Manifest
	// Shrinkwrap has what npm-shrinkwrap.json lists, by the same paths; nil
	// where there is none.
	Shrinkwrap map[string]*Manifest
}

// Source knows the packages. A placement calls it from one goroutine.
type Source interface {
	// Read says what the text of an entry asks for. An error means that the
	// text cannot be understood; where the entry is needed, it is the result.
	Read(name, text string) (Want, error)

	// Choose returns the version that is taken for a name and a text that is
	// not of a folder. It must return the same whenever it is asked the same:
	// the tree so far plays no part. It is asked once for each name and text.
	//
	// An [*Unavailable] says that there is no such version: an optional
	// dependency is then left out. Every other error ends the placement.
	Choose(ctx context.Context, name, text string) (*Manifest, error)

	// Expect tells what will probably be asked next, so that documents can be
	// fetched at once. It returns without waiting.
	Expect(asks []Ask)

	// Open returns what the tarball of a version brings. It is asked for those
	// that name bundled dependencies or say that they have a shrinkwrap.
	Open(ctx context.Context, m *Manifest) (Contents, error)
}

// Override is an entry of the overrides of a package.json.
type Override struct {
	Key string // a name, or name@range of what is overridden
	// Value is what is taken instead: a text, or "$name" for the project's own
	// text of that name. "" is no value, where the entry is an object without
	// "."; an empty text in package.json is "*" here.
	Value string
	Below []Override // within the packages that Key names
}

// Project is what wants packages.
type Project struct {
	Manifest  *Manifest
	Overrides []Override
	// Members are the slash paths of the workspace's members, in order.
	Members []string
	// Folders are the manifests of members and of folders that entries name,
	// by their slash path below the project.
	Folders map[string]*Manifest
}

// Target is what packages must run on.
type Target struct {
	OS, CPU, Libc string // in the words of package.json; "" skips the check
	Node, NPM     string // full versions for "engines"; "" is any
}

// Options are choices of the user.
type Options struct {
	Target Target
	// LegacyPeers ignores all peers, as --legacy-peer-deps.
	LegacyPeers bool
	// StrictPeers refuses conflicts below the project too, as
	// --strict-peer-deps.
	StrictPeers bool
	// OmitDevelopment takes no offence at packages that only development
	// wants and that do not run on the target, as --omit=dev.
	OmitDevelopment bool
}
