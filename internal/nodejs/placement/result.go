package placement

import "github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"

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
	// Notes are sentences on what is not as one would expect, but for engines.
	Notes []string
}

// IsProduction reports whether the package is a part of what production needs.
func (p *Package) IsProduction() bool {
	return p.LeftOut == Installed && !p.Marks.Has(Dev|Extraneous)
}
