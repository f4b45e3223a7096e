// Package python turns Python requirements and lock files into a lock of wheels
// for Lambda runtimes, and a lock into the files of a layer. It is the face of
// its closets, each of which can be read alone:
//
//   - pep440: versions and specifiers
//   - pep508: requirements, markers, requirements files
//   - imports: what sources import, and what of it a runtime finds
//   - wheel: names, tags and targets; what a lock holds; how a wheel is installed
//   - index: pages, settings of pip and uv, links, mirrors, what was withdrawn
//   - resolve: the solver, and why there is no answer
//   - backend: what a wheel of a project holds, by its pyproject.toml
//   - sdist: the wheel of a pure source distribution
//   - lockfile: uv, Poetry, Pipenv, PEP 751, and projects on disk
//
// No Python is needed on the host, and no code of a distribution is run.
package python

import (
	"context"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/imports"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/lockfile"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/resolve"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// DefaultIndex is the public index.
const DefaultIndex = index.DefaultIndex

// Each noun of the room is of its closet.
//
//nolint:revive // the closets document them
type (
	Input            = pep508.Input
	RequirementsFile = pep508.RequirementsFile

	Target     = wheel.Target
	Wheel      = wheel.Wheel
	Lock       = wheel.Lock
	GivenWheel = wheel.GivenWheel
	Module     = wheel.Module
	About      = wheel.About
	Bringing   = wheel.Bringing
	LeaveOut   = wheel.LeaveOut

	Distribution = wheel.Distribution
	World        = imports.World
	Unfound      = imports.Missing

	Index         = index.Index
	IndexSettings = index.Settings
	Packer        = index.Packer

	Spec = resolve.Spec

	LockFile        = lockfile.LockFile
	LockFileOptions = lockfile.Options
	LocalPackage    = lockfile.LocalPackage
	Pin             = lockfile.Pin
)

// These are the errors that a user can act on.
//
//nolint:revive // the closets document them
type (
	ChangedWheelError = wheel.ChangedWheelError
	DirectURL         = wheel.DirectURL
	HashError         = resolve.HashError
	LockFileError     = lockfile.Error
	Missing           = wheel.Missing
	NoDigest          = wheel.NoDigest
	NoVersion         = wheel.NoVersion
	NoWheel           = wheel.NoWheel
	Rejected          = wheel.Rejected
	Undecided         = wheel.Undecided
	Unsat             = wheel.Unsat
)

// NormalizeName is [pep508.NormalizeName].
func NormalizeName(name string) string { return pep508.NormalizeName(name) }

// ParseInput is [pep508.ParseInput].
func ParseInput(s, source string) (Input, error) { return pep508.ParseInput(s, source) }

// ReadRequirementsFile is [pep508.ReadRequirementsFile].
func ReadRequirementsFile(name string, getenv func(string) string) (*RequirementsFile, error) {
	return pep508.ReadRequirementsFile(name, getenv)
}

// TargetFor is [wheel.TargetFor].
func TargetFor(t runtimes.Target) Target { return wheel.TargetFor(t) }

// TargetsFor is [wheel.TargetsFor].
func TargetsFor(targets []runtimes.Target) []Target { return wheel.TargetsFor(targets) }

// RuntimeSDK is [wheel.RuntimeSDK].
func RuntimeSDK() []string { return wheel.RuntimeSDK() }

// BesideSDK is [wheel.BesideSDK].
func BesideSDK(wheels []Wheel) []string { return wheel.BesideSDK(wheels) }

// LinkKind is [index.LinkKind].
func LinkKind(place string) (kind, where string) { return index.LinkKind(place) }

// ReadGivenWheel is [wheel.ReadGivenWheel].
func ReadGivenWheel(ctx context.Context, name, source string) (GivenWheel, error) {
	return wheel.ReadGivenWheel(ctx, name, source)
}

// ReadWheelFolder is [wheel.ReadWheelFolder].
func ReadWheelFolder(ctx context.Context, name, source string) ([]GivenWheel, error) {
	return wheel.ReadWheelFolder(ctx, name, source)
}

// SourceKey is [wheel.SourceKey].
func SourceKey(digest store.Digest) string { return wheel.SourceKey(digest) }

// DistributionsIn is [wheel.DistributionsIn].
func DistributionsIn(a *filetree.Archive, tree filetree.Tree, targets []Target) ([]Distribution, error) {
	return wheel.DistributionsIn(a, tree, targets)
}

// Findings is [wheel.Findings].
func Findings(tree filetree.Tree) ([]string, error) { return wheel.Findings(tree) }

// Within is [wheel.Within].
func Within(name string) (string, bool) { return wheel.Within(name) }

// NewWorld is [imports.NewWorld].
func NewWorld(r runtimes.Runtime, files filetree.Tree, folders []string, read func(*filetree.Entry) ([]byte, error)) *World {
	return imports.NewWorld(r, files, folders, read)
}

// WhoBrings is [wheel.WhoBrings].
func WhoBrings(module string, metadata []byte, t Target) Bringing {
	return wheel.WhoBrings(module, metadata, t)
}

// KeepImported is [wheel.KeepImported].
func KeepImported(modules []Module, folders []string) error {
	return wheel.KeepImported(modules, folders)
}

// LoadedWithPackages is [wheel.LoadedWithPackages].
func LoadedWithPackages(modules []Module) error { return wheel.LoadedWithPackages(modules) }

// ReadIndexSettings is [index.ReadIndexSettings].
func ReadIndexSettings(getenv func(string) string, project string, targets []Target) (*IndexSettings, error) {
	return index.ReadIndexSettings(getenv, project, targets)
}

// Withdrawn is [index.Withdrawn].
func Withdrawn(ctx context.Context, c *fetch.Client, l *Lock, indexes []Index) ([]string, error) {
	return index.Withdrawn(ctx, c, l, indexes)
}

// Resolve is [resolve.Resolve].
func Resolve(ctx context.Context, c *fetch.Client, s Spec) (*Lock, error) {
	return resolve.Resolve(ctx, c, s)
}

// ReadLockFile is [lockfile.ReadLockFile].
func ReadLockFile(ctx context.Context, name string, o LockFileOptions, targets []Target) (*LockFile, error) {
	return lockfile.ReadLockFile(ctx, name, o, targets)
}
