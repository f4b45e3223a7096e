package locked

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
)

// TreeFor returns what the lock file puts into node_modules for a target, as
// "npm ci --omit=dev" does, for package-lock in npm's own places. It is a pure
// function of the lock, the target and the registry's manifests, and these are
// asked for only where the lock file is silent: the platform and the scripts of
// what package-lock 1, yarn and pnpm name, the libc of platform packages, the
// integrity of what yarn berry names, and platform packages that a lock file
// written on another system lacks.
//
// What a user can act on is a *ResolveError or a *LockFileError.
func TreeFor(ctx context.Context, r registry.Registry, l *Graph, t manifest.Target) (*modules.Tree, error) {
	c := &completion{registry: r, target: t, Graph: l.clone(), asked: map[string]bool{}, notes: map[string]bool{}}
	err := c.run(ctx)
	if err != nil {
		return nil, err
	}
	w := &treeWriter{completion: c, tree: &modules.Tree{}, folders: map[string]*Package{}}
	if c.Placed {
		err = w.asPlaced()
	} else {
		err = w.anew()
	}
	if err != nil {
		return nil, err
	}
	if err := errors.Join(w.checkAsked(), w.checkLinked(), w.refuseUnsealed()); err != nil {
		return nil, err
	}
	if err := w.locate(ctx); err != nil {
		return nil, err
	}
	return w.finish(), nil
}

// Direct returns the folders of what the project asks for itself, sorted.
func (l *Graph) Direct() []string {
	var names []string
	for _, e := range l.Packages[l.Root].Edges {
		if e.To != "" {
			names = append(names, e.Name)
		}
	}
	return names
}

func (l *Graph) clone() *Graph {
	c := *l
	c.Packages = make(map[string]*Package, len(l.Packages))
	for key, p := range l.Packages {
		q := *p
		q.Edges = slices.Clone(p.Edges)
		c.Packages[key] = &q
	}
	return &c
}

// treeWriter turns what is live of a lock into a tree.
type treeWriter struct {
	*completion
	tree    *modules.Tree
	weak    []string            // what only a SHA-1 seals
	bare    []string            // keys of what has no digest
	folders map[string]*Package // by their places
}

// asPlaced takes the folders that npm chose. What lies in a folder that a link
// points to comes where the link is.
func (w *treeWriter) asPlaced() error {
	links := map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(w.live)) {
		if p := w.Packages[key]; p.Local != "" && p.Path != "" {
			links[p.Local] = append(links[p.Local], p.Path)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(w.live)) {
		if key == w.Root {
			continue
		}
		places := FoldersOf(w.Packages[key].Path, links, nil)
		if len(places) == 0 {
			return &Error{File: w.File, Entry: w.Packages[key].String(), Reason: fmt.Sprintf("it is outside of the project, at %q", w.Packages[key].Path)}
		}
		for _, at := range places {
			if err := w.put(key, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// FoldersOf returns where a path comes in the tree, sorted: what lies in a folder that
// links lead to, by the folder's path, comes where each link is. through are the folders
// that were passed on the way, as links may lead in circles.
func FoldersOf(at string, links map[string][]string, through []string) []string {
	if strings.HasPrefix(at, manifest.ModulesFolder+"/") {
		return []string{at}
	}
	var folders []string
	for local, places := range links {
		rest, ok := strings.CutPrefix(at, local+"/"+manifest.ModulesFolder+"/")
		if !ok || slices.Contains(through, local) {
			continue
		}
		for _, place := range places {
			for _, f := range FoldersOf(place, links, append(slices.Clip(through), local)) {
				folders = append(folders, f+"/"+manifest.ModulesFolder+"/"+rest)
			}
		}
	}
	slices.Sort(folders)
	return folders
}

// put adds a package to the tree, in a folder.
func (w *treeWriter) put(key, at string) error {
	p := w.Packages[key]
	w.folders[at] = p
	if p.Local != "" {
		w.tree.Local = append(w.tree.Local, modules.Local{Path: at, Name: p.Name, Version: p.Version, Source: p.Local, Archive: IsArchiveName(p.Local), Integrity: p.Integrity})
		return nil
	}
	out := modules.Package{Path: at, Name: p.Name, Version: p.Version, Bundled: p.Bundled, OS: p.OS, CPU: p.CPU, Libc: p.Libc}
	if out.Bundled {
		w.tree.Packages = append(w.tree.Packages, out)
		return nil
	}
	if p.Integrity == "" {
		w.bare = append(w.bare, key)
		return nil
	}
	integrity, err := fetch.ParseIntegrity(p.Integrity)
	if err != nil {
		return &Error{File: w.File, Entry: p.String(), Reason: "its integrity is unreadable", Err: err}
	}
	if integrity.Weak() {
		w.weak = append(w.weak, p.String())
	}
	out.Integrity, out.URL = integrity.String(), p.URL
	w.tree.Packages = append(w.tree.Packages, out)
	return nil
}

// refuseUnsealed refuses tarballs without a digest.
func (w *treeWriter) refuseUnsealed() error {
	if len(w.bare) == 0 {
		return nil
	}
	var names []string
	remote := false
	for _, key := range w.bare {
		names = append(names, w.Packages[key].String())
		remote = remote || w.Packages[key].Remote
	}
	slices.Sort(names)
	names = slices.Compact(names)
	reason := "it has no integrity there, so the tarball cannot be checked"
	if more := len(names) - 1; more == 1 {
		reason += "; the same is true of " + names[1]
	} else if more > 1 {
		reason += fmt.Sprintf("; the same is true of %d others: %s", more, modules.Some(names[1:]))
	}
	return &Error{File: w.File, Entry: names[0], Reason: reason + ". " + w.Tool.sealing(remote)}
}

// locate gives every tarball its address.
func (w *treeWriter) locate(ctx context.Context) error {
	for i := range w.tree.Packages {
		p := &w.tree.Packages[i]
		if p.Bundled {
			continue
		}
		if p.URL = w.registry.Locate(p.Name, p.Version, p.URL); p.URL != "" {
			continue
		}
		m, err := w.registry.Manifest(ctx, p.Name, p.Version)
		if err != nil {
			return fmt.Errorf("locating the tarball of %q: %w", p.Name+"@"+p.Version, err)
		}
		p.URL = m.Tarball
	}
	return nil
}
