package lockfile

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
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
	r := &lockReader{title: title, files: diskFiles{dir: filepath.Dir(name)}, options: o}
	return r.read(b)
}

func (r *lockReader) read(b []byte) (*locked.Graph, error) {
	b = []byte(strings.TrimPrefix(string(b), "\ufeff"))
	if err := r.whole(b); err != nil {
		return nil, err
	}
	var l *locked.Graph
	var err error
	switch family(b) {
	case locked.NPM:
		r.tool = "npm"
		l, err = r.readPackageLock(b)
	case locked.Yarn1:
		r.tool = "yarn"
		l, err = r.readYarnClassic(b)
	case locked.Berry:
		r.tool = "yarn"
		if err = r.checkYAML(b); err == nil {
			l, err = r.readYarnBerry(b)
		}
	case locked.Pnpm:
		r.tool = "pnpm"
		if err = r.checkYAML(b); err == nil {
			l, err = r.readPnpmLock(b)
		}
	default:
		return nil, r.fault("", "it is %s; those of npm (package-lock.json, npm-shrinkwrap.json), Yarn (yarn.lock) and pnpm (pnpm-lock.yaml) are read: %s", stranger(r.title, b), wayOut(r.title, b))
	}
	if err != nil {
		return nil, err
	}
	l.File = r.title
	l.Prune()
	return l, r.safe(l)
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
func (r *lockReader) safe(l *locked.Graph) error {
	for _, key := range slices.Sorted(maps.Keys(l.Packages)) {
		for _, e := range l.Packages[key].Edges {
			if e.To == "" {
				continue
			}
			if err := manifest.CheckName(e.Name); err != nil {
				return r.fault(strconv.Quote(e.Name), "it is wanted by %s, and %v", l.Packages[key], err)
			}
		}
	}
	return nil
}
