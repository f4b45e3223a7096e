package lockfile

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// Read reads package-lock.json and npm-shrinkwrap.json (versions 1 to 3),
// yarn.lock (classic and berry) or pnpm-lock.yaml (versions 6 and 9). The content
// tells which, whatever the file's name. No registry is asked.
//
// What a user can act on is a *LockFileError; a missing file is fs.ErrNotExist.
func Read(name string, o Options) (*locked.Graph, error) {
	title := filepath.Base(name)
	b, err := filetree.ReadDocument(name)
	if err != nil {
		return nil, fmt.Errorf("reading lock file %q: %w", title, err)
	}
	if o.PackageJSON != "" {
		if o.PackageJSON, err = filepath.Abs(o.PackageJSON); err != nil {
			return nil, fmt.Errorf("reading lock file %q: %w", title, err)
		}
	}
	r := &lockReader{title: title, dir: filepath.Dir(name), options: o}
	b = jsonscan.TrimBOM(b)
	if err := r.whole(b); err != nil {
		return nil, err
	}
	tool, stranger := whose(r.title, b)
	r.lock = &locked.Graph{File: r.title, Tool: tool, Packages: map[string]*locked.Package{}, Bare: tool != locked.NPM}
	switch tool {
	case locked.NPM:
		err = r.readPackageLock(b)
	case locked.Yarn1:
		err = r.readYarnClassic(b)
	case locked.Berry:
		err = r.readYarnBerry(b)
	case locked.Pnpm:
		err = r.readPnpmLock(b)
	default:
		err = r.fault("", "it is %s; those of npm (package-lock.json, npm-shrinkwrap.json), Yarn (yarn.lock) and pnpm (pnpm-lock.yaml) are read: %s", stranger.what, stranger.wayOut)
	}
	if err != nil {
		return nil, err
	}
	r.lock.Prune()
	return r.lock, r.safe()
}

// whole refuses what a merge left unfinished.
func (r *lockReader) whole(b []byte) error {
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "<<<<<<< ") || strings.HasPrefix(line, ">>>>>>> ") {
			return r.fault("", "it holds the marks of a merge conflict: solve it and let the package manager write the file anew")
		}
	}
	return nil
}

// safe refuses names that are no folder's: they become paths.
func (r *lockReader) safe() error {
	for _, key := range slices.Sorted(maps.Keys(r.lock.Packages)) {
		for _, e := range r.lock.Packages[key].Edges {
			if e.To == "" {
				continue
			}
			if err := manifest.CheckName(e.Name); err != nil {
				return r.fault(strconv.Quote(e.Name), "it is wanted by %s, and %v", r.lock.Packages[key], err)
			}
		}
	}
	return nil
}
