package lockfile

import (
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
	old      bool                 // version 1: what packages want is for the registry to say
	lock     *locked.Graph
	top      *npmEntry // what the project at the top says
	paths    int       // bytes of the paths that version 1 spells by nesting
}

func (r *lockReader) readPackageLock(b []byte) (*locked.Graph, error) {
	var file packageLock
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, r.fault("", "it is not JSON that npm writes: %s", jsonscan.Explain(b, err))
	}
	p := &packageLockReader{lockReader: r, packages: file.Packages}
	switch {
	case file.LockfileVersion > 3:
		return nil, r.fault("", "its lockfileVersion is %d; 1, 2 and 3 are known", file.LockfileVersion)
	case file.Packages != nil:
	case file.LockfileVersion <= 1 && (file.LockfileVersion == 1 || file.Dependencies != nil):
		p.old = true
		file.LockfileVersion = 1
		p.packages = map[string]*npmEntry{}
		if err := p.inflate("", file.Dependencies); err != nil {
			return nil, err
		}
	default:
		return nil, r.fault("", "it has no \"packages\": run npm install")
	}
	p.lock = &locked.Graph{Format: "package-lock " + string(rune('0'+file.LockfileVersion)), Tool: locked.NPM, Packages: map[string]*locked.Package{}, Placed: true}
	return p.lock, p.build()
}

// build makes the graph: folders first, then the project, then who wants whom.
func (r *packageLockReader) build() error {
	for at, e := range r.packages {
		if e == nil {
			return r.fault(at, "its entry is null: run npm install")
		}
		if at == "" {
			continue
		}
		if clean := path.Clean(at); clean != at || strings.HasPrefix(at, "/") || strings.Contains(at, "\\") {
			return r.fault(at, "its path is none that npm writes")
		}
	}
	for _, at := range slices.Sorted(maps.Keys(r.packages)) {
		if folderName(at) == "" {
			continue // the project, and what links point to
		}
		if err := r.add(at, r.packages[at]); err != nil {
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
	p := &locked.Package{Path: at, Name: string(e.Name), Version: string(e.Version), URL: string(e.Resolved), Integrity: string(e.Integrity), Extraneous: e.Extraneous, Peer: e.Peer}
	if p.Name == "" {
		p.Name = folderName(at)
	}
	if e.Link {
		p.Local, p.URL = path.Clean(strings.TrimPrefix(p.URL, "file:")), ""
		target := r.packages[p.Local]
		if target == nil {
			p.Fault = fmt.Sprintf("it links to %q, which the lock file does not hold: run npm install", p.Local)
			r.lock.Packages[at] = p
			return nil
		}
		target, err := r.onDisk(p.Local, target)
		if err != nil {
			return err
		}
		if target.Name != "" {
			p.Name = string(target.Name)
		}
		p.Version, p.Edges = string(target.Version), target.edges(locked.NPM, true)
		if p.Linked = outsideProject(p.Local); p.Linked {
			p.Edges = slices.DeleteFunc(p.Edges, func(e locked.Edge) bool { return e.Kind == locked.Dev })
		}
		describe(p, target)
		p.Extraneous = p.Extraneous || target.Extraneous
		r.lock.Packages[at] = p
		return nil
	}
	if local, ok := strings.CutPrefix(p.URL, "file:"); ok {
		p.Local, p.URL = path.Clean(local), ""
	}
	p.Bundled = e.InBundle && r.comesBundled(at)
	p.Bare = r.old && p.Fetched()
	p.Unsealed = p.Fetched() && p.Integrity == "" && locked.UnsupportedSource(p.URL) == ""
	describe(p, e)
	p.Edges = e.edges(locked.NPM, false)
	r.lock.Packages[at] = p
	return nil
}

// describe takes what an entry says of the platform and of installing.
func describe(p *locked.Package, e *npmEntry) {
	p.OS, p.CPU, p.Libc, p.Node = e.OS, e.CPU, e.Libc, e.Engines["node"]
	p.Script, p.Bin = e.HasInstallScript, e.bin(p.Name)
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
		case len(around.Bundles) > 0 || !around.InBundle:
			return true
		case r.old && e.Resolved == "" && e.Integrity == "":
			return true // version 1 does not tell who bundles
		}
	}
}

// outsideProject reports whether a slash path leads out of the project.
func outsideProject(folder string) bool {
	return folder == ".." || strings.HasPrefix(folder, "../") || path.IsAbs(folder)
}

// onDisk returns the package.json of a folder that a link points to, as npm
// does: it may be newer than the lock file.
func (r *packageLockReader) onDisk(folder string, locked *npmEntry) (*npmEntry, error) {
	e, err := r.manifestOnDisk(path.Join(folder, "package.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return locked, nil
	}
	return e, err
}

// project makes the root: the package.json, or what the lock file remembers.
func (r *packageLockReader) project() error {
	folder := ""
	if r.options.Workspace != "" && !r.topAlone() {
		var err error
		if folder, err = r.member(); err != nil {
			return err
		}
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
	p := &locked.Package{Name: string(e.Name), Version: string(e.Version), Edges: e.edges(locked.NPM, true)}
	if folder == "" && len(e.Workspaces) > 0 && !r.topAlone() {
		p.Edges = r.withMembers(p.Edges)
	}
	r.lock.Packages[r.lock.Root] = p
	return nil
}

// wished returns what the project at the top wants.
func (r *packageLockReader) wished() (*npmEntry, error) {
	name := r.options.PackageJSON
	if name == "" {
		name = "package.json"
	}
	e, err := r.manifestOnDisk(name)
	if r.options.PackageJSON == "" && errors.Is(err, fs.ErrNotExist) {
		if r.old {
			return r.unwritten(), nil
		}
		if r.packages[""] == nil {
			return nil, r.fault("", "it does not say what the project requires: put package.json beside it")
		}
		return r.packages[""], nil
	}
	return e, err
}

// unwritten returns the wishes that a lock file of version 1 shows by itself:
// all that lies at the top and is not for development.
func (r *packageLockReader) unwritten() *npmEntry {
	e := &npmEntry{Dependencies: jsonTexts{}, OptionalDependencies: jsonTexts{}}
	for at, entry := range r.packages {
		name := folderName(at)
		switch {
		case at != manifest.ModulesFolder+"/"+name || entry.Dev || entry.Extraneous:
		case entry.Optional:
			e.OptionalDependencies[name] = "*"
		default:
			e.Dependencies[name] = "*"
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
		if !e.Link || at != manifest.ModulesFolder+"/"+name || wanted[name] || strings.HasPrefix(string(e.Resolved), "..") {
			continue
		}
		edges = slices.DeleteFunc(edges, func(e locked.Edge) bool { return e.Name == name })
		edges = append(edges, locked.Edge{Name: name, Spec: "file:" + string(e.Resolved)})
	}
	return locked.SortEdges(edges)
}

// member returns the folder of the workspace member that was chosen.
func (r *packageLockReader) member() (string, error) {
	want := path.Clean(strings.ReplaceAll(r.options.Workspace, "\\", "/"))
	var known []string
	for at, e := range r.packages {
		if !e.Link {
			continue
		}
		folder := path.Clean(strings.TrimPrefix(string(e.Resolved), "file:"))
		if folder == want || folderName(at) == r.options.Workspace {
			if r.packages[folder] != nil {
				return folder, nil
			}
		}
		known = append(known, folderName(at))
	}
	return "", r.noMember(known)
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
