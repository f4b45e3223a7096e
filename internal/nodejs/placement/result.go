package placement

import "github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"

// Marks say for what a package is in the tree, in npm's words.
type Marks struct {
	Dev         bool // only development wants it
	Optional    bool // only optional dependencies want it
	DevOptional bool // only both together
	Peer        bool // only peers want it
	// Extraneous: nothing but optional peers lead to it. npm lists it in its
	// lock and does not install it.
	Extraneous bool
	// Bundled: it counts as a part of another package's tarball for npm, be it
	// there or not: see Package.Tarball.
	Bundled bool
}

// LeftOut says why a package has a place and is not installed.
type LeftOut int

// The reasons for which optional packages are left out.
const (
	Installed      LeftOut = iota // it is not left out
	OtherPlatform                 // os, cpu or libc refuse the target
	OtherEngine                   // "engines" refuses the target
	WithoutPackage                // it serves nothing but what is left out
)

// Package is a folder of the tree.
type Package struct {
	// Path is "node_modules/a/node_modules/@scope/b", or the path of a member or
	// a folder on disk.
	Path     string
	Manifest *manifest.Manifest
	Marks    Marks
	LeftOut  LeftOut
	// Link is the path of the folder that Path leads to; "" where it is none.
	Link string
	// Tarball is the path of the package in whose tarball this one comes; ""
	// where it has a tarball of its own. A package that npm marks as bundled
	// but that no tarball has must be fetched: npm does not, and breaks.
	Tarball string
	// On is set for a folder on disk: the project's member, or a "file:" one.
	On bool
}

// Tree is the answer.
type Tree struct {
	// Packages are sorted by path, as npm sorts them.
	Packages []Package
	Notes    []Note
}

// NoteKind says what a note tells.
type NoteKind int

// The kinds of notes.
const (
	// Dropped: an optional dependency could not be had.
	Dropped NoteKind = iota
	// Refuses: "engines" of a package that is needed refuses the target.
	Refuses
	// Completed: npm's tree would lack a package that is needed; this one has
	// it.
	Completed
	// Overruled: two overrides contradict each other for a package that both are
	// about. The demand's is not followed below Path.
	Overruled
)

// Note tells something that is no error.
type Note struct {
	Kind   NoteKind
	Demand Demand // what wants the package; zero where nothing special does
	// Path is the package's folder, where it has one.
	Path string
	// Manifest is of the package of the kind Refuses.
	Manifest *manifest.Manifest
	Err      error // of Dropped
}
