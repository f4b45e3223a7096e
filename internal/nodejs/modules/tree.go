// Package modules holds the answer of a resolution or of a lock file: which
// packages node_modules holds for a target, each at its path.
package modules

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

	Bundled       bool
	OS, CPU, Libc []string
}

// Tree is what node_modules holds for a target.
type Tree struct {
	Packages []Package // sorted by Path
	// Local are the packages that are on disk, sorted by Path.
	Local []Local
	// Notes are sentences for the user on what is not as one would expect.
	Notes []string
}

// Local is a folder of a tree that comes from the user's own disk: a
// member of a workspace or a "file:" dependency.
type Local struct {
	Path          string // as in Package
	Name, Version string // Version may be ""
	// Source is a slash path relative to the project: a folder, packed
	// without its node_modules, or, where Archive is set, a packed package.
	Source  string
	Archive bool
	// Integrity is of an archive; "" where nothing tells it.
	Integrity string
}
