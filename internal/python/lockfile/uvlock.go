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

func (r *lockReader) readUV(b []byte) error {
	var head struct {
		Version any `toml:"version"`
	}
	if err := r.toml(b, &head); err != nil {
		return err
	}
	if head.Version != int64(1) {
		if head.Version == nil {
			return r.fault("", "it has no format version, so it is damaged or is not a uv.lock")
		}
		return r.fault("", "its format version is %v, and version 1 is understood", head.Version)
	}
	var l uvLock
	if err := r.toml(b, &l); err != nil {
		return err
	}
	if err := r.settleUV(&l); err != nil {
		return err
	}
	for _, t := range r.targets {
		if err := r.uvTarget(&l, t); err != nil {
			return err
		}
	}
	return nil
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
	if len(r.packages) > 0 {
		names := make([]string, 0, len(all))
		for _, i := range all {
			names = append(names, l.Packages[i].Name)
		}
		if err := r.known("workspace member", r.packages, names); err != nil {
			return err
		}
		l.roots = slices.DeleteFunc(all, func(i int) bool { return !slices.Contains(r.packages, l.Packages[i].Name) })
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
	if err := r.known("dependency group", r.groups, normalizeAll(groups)); err != nil {
		return err
	}
	return r.known("extra", r.extras, normalizeAll(extras))
}

func (r *lockReader) uvTarget(l *uvLock, t wheel.Target) error {
	if err := r.admits("", l.RequiresPython, t); err != nil {
		return err
	}
	w := &uvWalk{lockReader: r, lock: l, env: t.Env()}
	if err := w.supported(t); err != nil {
		return err
	}
	if err := w.activate(); err != nil {
		return err
	}
	reached, err := w.walk()
	if err != nil {
		return err
	}
	roots := map[int]bool{}
	for _, i := range l.roots {
		roots[i] = true
	}
	for _, i := range slices.Sorted(maps.Keys(reached)) {
		// The code of the project itself is the user's to add, unless it is a
		// workspace member that another package needs.
		if roots[i] && !reached[i].needed {
			continue
		}
		if err := r.tell(r.takeUV(&l.Packages[i], reached[i], t)); err != nil {
			return err
		}
	}
	return nil
}

// takeUV adds one package to what is locked for the target.
func (r *lockReader) takeUV(p *uvPackage, n *lockNode, t wheel.Target) error {
	e := &lockEntry{
		name: p.Name, version: p.Version, sdist: p.Sdist != nil, direct: cmp.Or(p.Source.Path, p.Source.URL),
		extras: slices.Collect(maps.Keys(n.extras)), requires: slices.Collect(maps.Keys(n.needs)),
	}
	s := p.Source
	if done, err := r.standIn(e, t); done || err != nil {
		return err
	}
	switch {
	case s.Virtual != "":
		return nil // has dependencies, and no code that is to be installed
	case s.Git != "":
		_, commit, _ := strings.Cut(s.Git, "#")
		return r.vcs(e, "git", s.Git, commit)
	case s.local() != "":
		return r.local(e, s.local(), t)
	}
	for _, f := range p.Wheels {
		e.files = append(e.files, s.file(f))
	}
	if p.Sdist != nil {
		source := s.file(*p.Sdist)
		e.source = &source
	}
	return r.take(e, t)
}

// file returns a wheel of a package from the source. Paths on disk are relative
// to the registry, where that is a folder.
func (s uvSource) file(f uvFile) lockedFile {
	locked := lockedFile{url: cmp.Or(f.URL, s.URL), hashes: sha256Only(f.Hash), size: f.Size}
	switch {
	case s.Path != "":
		locked.path = s.Path
	case f.Path != "" && strings.HasPrefix(s.Registry, "file:"):
		locked.path = path.Join(pathOf(s.Registry), f.Path)
	case f.Path != "" && path.IsAbs(f.Path):
		locked.path = f.Path
	case f.Path != "":
		locked.path = path.Join(strings.ReplaceAll(s.Registry, `\`, "/"), f.Path)
	}
	if locked.name = path.Base(locked.path); locked.path == "" {
		locked.name = cmp.Or(f.Filename, pep508.FileOf(locked.url))
	}
	return locked
}
