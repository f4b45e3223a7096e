package lockfile

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// uvLock is a uv.lock of version 1, any revision: revisions only add to it.
type uvLock struct {
	RequiresPython   string         `toml:"requires-python"`
	SupportedMarkers []string       `toml:"supported-markers"`
	Conflicts        [][]uvConflict `toml:"conflicts"`
	Manifest         struct {
		Members []string                  `toml:"members"`
		Groups  map[string][]uvDependency `toml:"dependency-groups"`
	} `toml:"manifest"`
	Packages []uvPackage `toml:"package"`

	byName map[string][]int // places in Packages
	roots  []int
}

// uvConflict is one of several that must not be asked for together: an extra or
// a group of a package, or with neither the package itself.
type uvConflict struct {
	Package string `toml:"package"`
	Extra   string `toml:"extra"`
	Group   string `toml:"group"`
}

type uvPackage struct {
	Name     string                    `toml:"name"`
	Version  string                    `toml:"version"`
	Source   uvSource                  `toml:"source"`
	Forks    []string                  `toml:"resolution-markers"`
	Needs    []uvDependency            `toml:"dependencies"`
	Optional map[string][]uvDependency `toml:"optional-dependencies"`
	Dev      map[string][]uvDependency `toml:"dev-dependencies"`
	Wheels   []uvFile                  `toml:"wheels"`
	Sdist    *uvFile                   `toml:"sdist"`
	Metadata struct {
		Extras []string       `toml:"provides-extras"`
		Dev    map[string]any `toml:"requires-dev"`
	} `toml:"metadata"`
}

type uvSource struct {
	Registry  string `toml:"registry"`
	Git       string `toml:"git"`
	URL       string `toml:"url"`
	Path      string `toml:"path"`
	Directory string `toml:"directory"`
	Editable  string `toml:"editable"`
	Virtual   string `toml:"virtual"`
}

// local returns the folder of a source on disk, "" for other sources.
func (s uvSource) local() string { return cmp.Or(s.Directory, s.Editable, s.Virtual) }

type uvDependency struct {
	Name    string   `toml:"name"`
	Version string   `toml:"version"`
	Source  uvSource `toml:"source"`
	Extras  []string `toml:"extra"`
	Asked   []string `toml:"extras"` // the same, in the workspace's own groups
	Marker  string   `toml:"marker"`
}

type uvFile struct {
	URL      string `toml:"url"`
	Path     string `toml:"path"`
	Filename string `toml:"filename"`
	Hash     string `toml:"hash"`
	Size     int64  `toml:"size"`
}

func (r *lockReader) readUV(b []byte) (func(wheel.Target) ([]*lockEntry, error), error) {
	var head struct {
		Version any `toml:"version"`
	}
	if err := r.toml(b, &head); err != nil {
		return nil, err
	}
	if err := r.understood("format version", head.Version, "version 1 is", head.Version == int64(1)); err != nil {
		return nil, err
	}
	var l uvLock
	if err := r.toml(b, &l); err != nil {
		return nil, err
	}
	return func(t wheel.Target) ([]*lockEntry, error) { return r.uvEntries(&l, t) }, r.settleUV(&l)
}

// settleUV normalises names, finds the roots and checks what was asked for.
func (r *lockReader) settleUV(l *uvLock) error {
	l.byName = map[string][]int{}
	var members []int
	for i := range l.Packages {
		p := &l.Packages[i]
		if p.Name = pep508.NormalizeName(p.Name); p.Name == "" {
			return r.fault("", "a package in it has no name")
		}
		l.byName[p.Name] = append(l.byName[p.Name], i)
		switch {
		case p.Source.local() == ".":
			l.roots = append(l.roots, i)
		case slices.Contains(l.Manifest.Members, p.Name):
			members = append(members, i)
		}
	}
	all := slices.Concat(l.roots, members)
	if len(r.Packages) > 0 {
		names := make([]string, 0, len(all))
		for _, i := range all {
			names = append(names, l.Packages[i].Name)
		}
		if err := r.known("workspace member", r.Packages, names); err != nil {
			return err
		}
		l.roots = slices.DeleteFunc(all, func(i int) bool { return !slices.Contains(r.Packages, l.Packages[i].Name) })
	} else if len(l.roots) == 0 {
		l.roots = members
	}
	if len(l.roots) == 0 && len(l.Manifest.Groups) == 0 {
		return r.fault("", "it holds no project of its own: no package has the source \".\", and there are no workspace members")
	}
	groups, extras := slices.Collect(maps.Keys(l.Manifest.Groups)), []string(nil)
	for _, i := range l.roots {
		p := &l.Packages[i]
		groups = slices.AppendSeq(slices.AppendSeq(groups, maps.Keys(p.Dev)), maps.Keys(p.Metadata.Dev))
		extras = append(slices.AppendSeq(extras, maps.Keys(p.Optional)), p.Metadata.Extras...)
	}
	if err := r.known("dependency group", r.Groups, groups); err != nil {
		return err
	}
	return r.known("extra", r.Extras, extras)
}

// uvEntries returns the packages that the roots need on a target.
func (r *lockReader) uvEntries(l *uvLock, t wheel.Target) ([]*lockEntry, error) {
	if err := r.admits("", l.RequiresPython, pythonRange, t); err != nil {
		return nil, err
	}
	w := &uvWalk{lockReader: r, lock: l, env: t.Env()}
	if err := w.supported(t, l.SupportedMarkers, w.env, nil, "change tool.uv.environments and lock again"); err != nil {
		return nil, err
	}
	if err := w.activate(); err != nil {
		return nil, err
	}
	reached, err := w.walk()
	var entries []*lockEntry
	for _, i := range slices.Sorted(maps.Keys(reached)) {
		// The code of the project itself is the user's to add, unless it is a
		// workspace member that another package needs.
		if n := reached[i]; n.needed || !slices.Contains(l.roots, i) {
			entries = append(entries, r.uvEntry(&l.Packages[i], n))
		}
	}
	return entries, err
}

func (r *lockReader) uvEntry(p *uvPackage, n *lockNode) *lockEntry {
	s := p.Source
	e := &lockEntry{
		name: p.Name, version: p.Version, direct: cmp.Or(s.Path, s.URL), folder: s.local(), codeless: s.Virtual != "",
		extras: slices.Collect(maps.Keys(n.extras)), requires: slices.Collect(maps.Keys(n.needs)),
	}
	if s.Git != "" {
		_, commit, _ := strings.Cut(s.Git, "#")
		e.unfit = r.vcs(e, "git", s.Git, commit)
	}
	for _, f := range p.Wheels {
		e.files = append(e.files, s.file(f))
	}
	if p.Sdist != nil {
		source := s.file(*p.Sdist)
		e.source = &source
	}
	return e
}

// file returns a file of a package from the source. Paths on disk are relative to
// the registry, where that is a folder.
func (s uvSource) file(f uvFile) lockedFile {
	place := f.Path
	if place != "" && !path.IsAbs(place) {
		place = path.Join(cmp.Or(pathOf(s.Registry), strings.ReplaceAll(s.Registry, `\`, "/")), place)
	}
	locked := fileAt(cmp.Or(s.Path, place, f.URL, s.URL))
	if locked.path == "" {
		locked.name = cmp.Or(f.Filename, locked.name)
	}
	locked.hashes, locked.size = sha256Only(f.Hash), f.Size
	return locked
}
