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
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/imports"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Each noun of the room is of its closet.
//
//nolint:revive // the closets document them
type (
	Module       = imports.File
	Metadata     = wheel.Metadata
	Distribution = wheel.Distribution
	Unfound      = imports.Missing
	Collector    = imports.Collector
	Described    = wheel.Described
	DeclaredNeed = wheel.Need
)

// NormalizeName is [pep508.NormalizeName].
func NormalizeName(name string) string { return pep508.NormalizeName(name) }

// DistributionsIn is [wheel.DistributionsIn].
func DistributionsIn(a *filetree.Archive, tree filetree.Tree) ([]Distribution, error) {
	return wheel.DistributionsIn(a, tree)
}

// Describes is [wheel.Describes].
func Describes(path string) (site string, ok bool) { return wheel.Describes(path) }

// Describe is [wheel.Describe].
func Describe(metadata []byte) (Described, bool) { return wheel.Describe(metadata) }

// NeedsOf is [wheel.NeedsOf].
func NeedsOf(all []Described, targets []runtimes.Target, function bool) [][]string {
	return wheel.NeedsOf(all, targets, function)
}

// Within is [wheel.Within].
func Within(name string) (string, bool) { return wheel.Within(name) }

// TargetFor is [wheel.TargetFor].
func TargetFor(t runtimes.Target) wheel.Target { return wheel.TargetFor(t) }

// KeepImported is [imports.Keep].
func KeepImported(modules []Module, folders []string) error { return imports.Keep(modules, folders) }
