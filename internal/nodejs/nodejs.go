// Package nodejs knows what a Node.js layer holds: it reads manifests and lock
// files, chooses versions and places them in node_modules as npm 11 does, for a
// target and never for the host, and reads the tarballs.
package nodejs

import (
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/lockfile"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/tarball"
)

// What the pipeline knows of the closets.
type (
	Target       = manifest.Target
	Dependency   = manifest.Dependency
	Manifest     = manifest.Manifest
	Override     = manifest.Override
	Project      = manifest.Project
	ResolveError = manifest.ResolveError
	Tree         = modules.Tree
	Client       = registry.Client
	Lock         = lockfile.Lock
	LockOptions  = lockfile.Options
	Facts        = tarball.Facts
	TarballError = tarball.Error
)

var (
	TargetFor     = manifest.TargetFor
	ReadProject   = manifest.ReadProject
	NewProject    = manifest.NewProject
	LoadNpmrc     = registry.LoadNpmrc
	NewClient     = registry.NewClient
	ReadLock      = lockfile.Read
	FromLock      = lockfile.TreeFor
	PackTarball   = tarball.Pack
	ReadFacts     = tarball.ReadFacts
	EntryFiles    = tarball.EntryFiles
	RelativeNames = tarball.RelativeNames
)
