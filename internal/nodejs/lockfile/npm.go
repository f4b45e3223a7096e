package lockfile

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// packageLock is package-lock.json and npm-shrinkwrap.json. Version 1 has
// Dependencies alone, version 3 Packages alone, version 2 both. See
// https://docs.npmjs.com/cli/configuring-npm/package-lock-json.
type packageLock struct {
	LockfileVersion int                   `json:"lockfileVersion"`
	Packages        map[string]*npmEntry  `json:"packages"`
	Dependencies    map[string]*npmLocked `json:"dependencies"`
}

// packageLockReader turns a package-lock into a graph.
type packageLockReader struct {
	*lockReader
	packages map[string]*npmEntry // by npm's path
	paths    int                  // bytes of the paths that version 1 spells by nesting
}

func (r *lockReader) readPackageLock(b []byte) error {
	p := &packageLockReader{lockReader: r}
	file, err := p.decode(b)
	switch {
	case err != nil:
		return err
	case file.LockfileVersion > 3:
		return r.fault("", "its lockfileVersion is %d; 1, 2 and 3 are known", file.LockfileVersion)
	case p.packages == nil:
		return r.fault("", "it has no \"packages\": run npm install")
	}
	r.lock.Placed = true
	r.lock.Bare = file.Packages == nil // what packages want is for the registry to say
	return p.build()
}

// decode reads the file. Packages of version 1 get the form of version 3.
func (r *packageLockReader) decode(b []byte) (file packageLock, err error) {
	if err := json.Unmarshal(b, &file); err != nil {
		return file, r.fault("", "it is not JSON that npm writes: %s", jsonscan.Explain(b, err))
	}
	r.packages = file.Packages
	if r.packages == nil && file.LockfileVersion <= 1 && (file.LockfileVersion == 1 || file.Dependencies != nil) {
		r.packages = map[string]*npmEntry{}
		err = r.inflate("", file.Dependencies)
	}
	return file, err
}

// ReadShrinkwrap returns the packages that the npm-shrinkwrap.json of a tarball lists,
// by their path below the package, with the addresses and integrities that it has.
func ReadShrinkwrap(raw []byte) (map[string]*manifest.Manifest, error) {
	r := &packageLockReader{lockReader: &lockReader{title: "npm-shrinkwrap.json"}}
	if _, err := r.decode(jsonscan.TrimBOM(raw)); err != nil {
		return nil, err
	}
	found := map[string]*manifest.Manifest{}
	for at, e := range r.packages {
		if name := folderName(at); name != "" && e != nil {
			e.Name = cmp.Or(e.Name, name)
			found[at] = &e.Manifest
		}
	}
	return found, nil
}

// build makes the graph: folders first, then the project, then who wants whom.
func (r *packageLockReader) build() error {
	for _, at := range slices.Sorted(maps.Keys(r.packages)) {
		e := r.packages[at]
		switch {
		case e == nil:
			return r.fault(at, "its entry is null: run npm install")
		case at != "" && (path.Clean(at) != at || strings.HasPrefix(at, "/") || strings.Contains(at, "\\")):
			return r.fault(at, "its path is none that npm writes")
		case folderName(at) == "":
			continue // the project, and what links point to
		}
		if err := r.add(at, e); err != nil {
			return err
		}
	}
	if err := r.project(); err != nil {
		return err
	}
	for key, p := range r.lock.Packages {
		from := key
		if p.Local != "" && r.packages[key].Link && !p.Linked {
			from = p.Local
		}
		for i := range p.Edges {
			e := &p.Edges[i]
			e.To = r.lock.Find(from, e.Name)
			if spec, err := manifest.ParseSpec(e.Name, e.Spec); err == nil && !spec.FromRegistry() && e.To != "" {
				r.lock.Packages[e.To].Remote = true
			}
		}
	}
	return r.inSync()
}

// add makes the package at a path below node_modules.
func (r *packageLockReader) add(at string, e *npmEntry) error {
	p := locked.FromManifest(&e.Manifest)
	p.Path, p.Name, p.Extraneous = at, cmp.Or(e.Name, folderName(at)), e.Extraneous
	r.lock.Packages[at] = p
	local, onDisk := strings.CutPrefix(p.URL, "file:")
	if onDisk || e.Link {
		p.Local, p.URL = path.Clean(local), ""
	}
	if !e.Link {
		p.Bundled = e.InBundle && r.comesBundled(at)
		return nil
	}
	target := r.packages[p.Local]
	if target == nil {
		p.Fault = fmt.Sprintf("it links to %q, which the lock file does not hold: run npm install", p.Local)
		return nil
	}
	target, err := r.onDisk(p.Local, target)
	if err != nil {
		return err
	}
	linked := locked.FromManifest(&target.Manifest)
	linked.Path, linked.Name, linked.Local, linked.URL = at, cmp.Or(linked.Name, p.Name), p.Local, ""
	linked.Extraneous = p.Extraneous || target.Extraneous
	if linked.Linked = manifest.Outside(p.Local); !linked.Linked {
		linked.Edges = locked.NPM.ProjectEdges(&target.Manifest)
	}
	r.lock.Packages[at] = linked
	return nil
}

// comesBundled reports whether a bundled package comes in the tarball of another:
// of the nearest package around it that bundles. Where that is a project, which has
// no tarball, npm fetches what it bundles as anything else.
func (r *packageLockReader) comesBundled(at string) bool {
	e := r.packages[at]
	for {
		i := strings.LastIndex(at, "/"+manifest.ModulesFolder+"/")
		if i < 0 || folderName(at[:i]) == "" {
			return false
		}
		at = at[:i]
		around := r.packages[at]
		switch {
		case around == nil || around.Link:
			return false
		case len(around.Bundled) > 0 || !around.InBundle:
			return true
		case r.lock.Bare && e.Tarball == "" && e.Integrity == "":
			return true // version 1 does not tell who bundles
		}
	}
}

// onDisk returns the package.json of a folder that a link points to, as npm
// does: it may be newer than the lock file.
func (r *packageLockReader) onDisk(folder string, locked *npmEntry) (*npmEntry, error) {
	e, err := r.manifest(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return locked, nil
	}
	return e, err
}

// project makes the root: the package.json, or what the lock file remembers.
func (r *packageLockReader) project() error {
	folder := ""
	if r.options.Workspace != "" && !r.topAlone() {
		members := map[string][]string{}
		for at, p := range r.lock.Packages {
			name := folderName(at)
			same := func(link string) bool { return r.lock.Packages[link].Local == p.Local }
			if r.packages[at].Link && r.packages[p.Local] != nil && !slices.ContainsFunc(members[name], same) {
				members[name] = append(members[name], at)
			}
		}
		key, err := r.member(members)
		if err != nil {
			return err
		}
		folder = r.lock.Packages[key].Local
	}
	e, err := r.wished()
	if err != nil {
		return err
	}
	r.top = e
	if folder != "" {
		r.lock.Root, r.lock.Placed = folder, false
		if e, err = r.onDisk(folder, r.packages[folder]); err != nil {
			return err
		}
	}
	p := &locked.Package{Name: e.Name, Version: e.Version, Edges: locked.NPM.ProjectEdges(&e.Manifest)}
	if folder == "" && len(e.Workspaces) > 0 && !r.topAlone() {
		p.Edges = r.withMembers(p.Edges)
	}
	r.lock.Packages[r.lock.Root] = p
	return nil
}

// wished returns what the project at the top wants.
func (r *packageLockReader) wished() (*npmEntry, error) {
	e, err := r.manifest(".")
	switch {
	case r.options.PackageJSON != "" || !errors.Is(err, fs.ErrNotExist):
		return e, err
	case r.lock.Bare:
		return r.unwritten(), nil
	case r.packages[""] == nil:
		return nil, r.fault("", "it does not say what the project requires: put package.json beside it")
	}
	return r.packages[""], nil
}

// unwritten returns the wishes that a lock file of version 1 shows by itself:
// all that lies at the top and is not for development.
func (r *packageLockReader) unwritten() *npmEntry {
	e := &npmEntry{}
	for at, entry := range r.packages {
		name := folderName(at)
		switch wish := (manifest.Dependency{Name: name, Spec: "*"}); {
		case at != manifest.ModulesFolder+"/"+name || entry.Dev || entry.Extraneous:
		case entry.Optional:
			e.OptionalDependencies = append(e.OptionalDependencies, wish)
		default:
			e.Dependencies = append(e.Dependencies, wish)
		}
	}
	return e
}

// withMembers adds the links to the members of the workspace.
func (r *packageLockReader) withMembers(edges []locked.Edge) []locked.Edge {
	wanted := map[string]bool{}
	for _, e := range edges {
		wanted[e.Name] = strings.HasPrefix(e.Spec, "file:") || strings.HasPrefix(e.Spec, "link:")
	}
	for at, e := range r.packages {
		name := folderName(at)
		if !e.Link || at != manifest.ModulesFolder+"/"+name || wanted[name] || strings.HasPrefix(e.Tarball, "..") {
			continue
		}
		edges = slices.DeleteFunc(edges, func(e locked.Edge) bool { return e.Name == name })
		edges = append(edges, locked.Edge{Name: name, Spec: "file:" + e.Tarball})
	}
	return locked.SortEdges(edges)
}

// folderName returns the package folder that a path ends in, such as
// "@scope/name"; "" for what is not right below a node_modules.
func folderName(at string) string {
	i := strings.LastIndex("/"+at, "/"+manifest.ModulesFolder+"/")
	if i < 0 {
		return ""
	}
	name := ("/" + at)[i+len(manifest.ModulesFolder)+2:]
	slashes := strings.Count(name, "/")
	if name == "" || slashes > 1 || (slashes == 1) != strings.HasPrefix(name, "@") {
		return ""
	}
	return name
}
