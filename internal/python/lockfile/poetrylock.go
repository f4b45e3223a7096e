package lockfile

import (
	"maps"
	"path"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// poetryMain is the group of the project's own dependencies.
const poetryMain = "main"

// poetryLock is a poetry.lock. Since lock-version 2.1 each package tells the
// groups and the marker under which it is installed; before that, they follow
// from the pyproject.toml beside it.
type poetryLock struct {
	Packages []poetryPackage     `toml:"package"`
	Extras   map[string][]string `toml:"extras"`
	Metadata struct {
		Version string                  `toml:"lock-version"`
		Python  string                  `toml:"python-versions"`
		Files   map[string][]poetryFile `toml:"files"` // before 2.0
	} `toml:"metadata"`
}

type poetryPackage struct {
	Name         string              `toml:"name"`
	Version      string              `toml:"version"`
	Groups       []string            `toml:"groups"`
	Markers      any                 `toml:"markers"` // a marker, or one for each group
	Files        []poetryFile        `toml:"files"`
	Dependencies map[string]any      `toml:"dependencies"`
	Extras       map[string][]string `toml:"extras"`
	Source       struct {
		Type      string `toml:"type"`
		URL       string `toml:"url"`
		Reference string `toml:"reference"`
		Resolved  string `toml:"resolved_reference"`
	} `toml:"source"`
}

type poetryFile struct {
	Name string `toml:"file"`
	Hash string `toml:"hash"`
}

func (r *lockReader) readPoetry(b []byte) (func(wheel.Target) ([]*lockEntry, error), error) {
	var head struct {
		Metadata struct {
			Version any `toml:"lock-version"`
		} `toml:"metadata"`
	}
	if err := r.toml(b, &head); err != nil {
		return nil, err
	}
	version, _ := head.Metadata.Version.(string)
	known := slices.Contains([]string{"1.0", "1.1", "2.0", "2.1"}, version)
	if err := r.understood("lock-version", head.Metadata.Version, "versions 1.0, 1.1, 2.0 and 2.1 are", known); err != nil {
		return nil, err
	}
	var l poetryLock
	if err := r.toml(b, &l); err != nil {
		return nil, err
	}
	var groups []string
	for i := range l.Packages {
		p := &l.Packages[i]
		if p.Name = pep508.NormalizeName(p.Name); p.Name == "" {
			return nil, r.fault("", "a package in it has no name")
		}
		if p.Files == nil {
			p.Files, _ = named(l.Metadata.Files, p.Name)
		}
		p.Groups = normalizeAll(p.Groups)
		groups = append(groups, p.Groups...)
	}
	isMain := func(group string) bool { return group == poetryMain }
	r.Groups = slices.DeleteFunc(r.Groups, isMain)
	if version != "2.1" {
		return r.poetryWalk(&l)
	}
	return func(t wheel.Target) ([]*lockEntry, error) { return r.poetryEntries(&l, t) },
		r.offers("group", slices.DeleteFunc(groups, isMain), slices.Collect(maps.Keys(l.Extras)))
}

// poetryEntries returns the packages of a lock of version 2.1.
func (r *lockReader) poetryEntries(l *poetryLock, t wheel.Target) (entries []*lockEntry, err error) {
	if err := r.admits("", l.Metadata.Python, pep440.ParsePoetryRange, t); err != nil {
		return nil, err
	}
	for i := range l.Packages {
		p := &l.Packages[i]
		wanted := false
		for _, group := range p.Groups {
			if group != poetryMain && !slices.Contains(r.Groups, group) {
				continue
			}
			marker, err := r.poetryMarker(p, group)
			if err != nil {
				return entries, err
			}
			ok, err := r.holds(p.title(), marker, t.Env(), r.Extras)
			if err != nil {
				return entries, err
			}
			wanted = wanted || ok
		}
		if wanted {
			e := r.poetryEntry(p)
			e.requires = normalizeAll(slices.Collect(maps.Keys(p.Dependencies)))
			entries = append(entries, e)
		}
	}
	return entries, nil
}

func (p *poetryPackage) title() string { return p.Name + " " + p.Version }

// poetryMarker returns the condition for a package as part of a group.
func (r *lockReader) poetryMarker(p *poetryPackage, group string) (string, error) {
	marker := p.Markers
	if m, ok := marker.(map[string]any); ok {
		marker, _ = named(m, group)
	}
	text, ok := marker.(string)
	if !ok && marker != nil {
		return "", r.fault(p.title(), "its markers are neither a text nor a text for each group")
	}
	return text, nil
}

func (r *lockReader) poetryEntry(p *poetryPackage) *lockEntry {
	e := &lockEntry{name: p.Name, version: p.Version}
	s := p.Source
	switch s.Type {
	case "":
	case "legacy":
		e.from = account{name: s.Reference, address: s.URL, poetry: true}
	case "url", "file":
		e.direct = s.URL
	case "directory":
		e.folder = path.Clean(s.URL)
	default:
		e.unfit = r.vcs(e, s.Type, s.URL, s.Resolved)
	}
	for _, f := range p.Files {
		file := lockedFile{name: f.Name}
		switch s.Type {
		case "url":
			file.url = s.URL
		case "file":
			file = fileAt(s.URL)
		}
		file.hashes = sha256Only(f.Hash)
		e.add(file)
	}
	return e
}
