package lockfile

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/configuration"
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

func (r *lockReader) readPoetry(b []byte) error {
	var head struct {
		Metadata struct {
			Version any `toml:"lock-version"`
		} `toml:"metadata"`
	}
	if err := r.toml(b, &head); err != nil {
		return err
	}
	version, _ := head.Metadata.Version.(string)
	if !slices.Contains([]string{"1.0", "1.1", "2.0", "2.1"}, version) {
		return r.fault("", "its lock-version is %v, and versions 1.0, 1.1, 2.0 and 2.1 are understood", head.Metadata.Version)
	}
	if len(r.packages) > 0 {
		return r.fault("", "it has no workspace members to choose from")
	}
	var l poetryLock
	if err := r.toml(b, &l); err != nil {
		return err
	}
	for i := range l.Packages {
		p := &l.Packages[i]
		p.Name = pep508.NormalizeName(p.Name)
		if p.Name == "" {
			return r.fault("", "a package in it has no name")
		}
		if p.Files == nil {
			p.Files = named(l.Metadata.Files, p.Name)
		}
	}
	r.groups = slices.DeleteFunc(r.groups, func(group string) bool { return group == poetryMain })
	if version != "2.1" {
		return r.poetryWalk(&l)
	}
	if err := r.poetryKnown(&l); err != nil {
		return err
	}
	for _, t := range r.targets {
		if err := r.poetryTarget(&l, t); err != nil {
			return err
		}
	}
	return nil
}

func (r *lockReader) poetryKnown(l *poetryLock) error {
	groups := []string{}
	for _, p := range l.Packages {
		groups = append(groups, p.Groups...)
	}
	groups = slices.DeleteFunc(normalizeAll(groups), func(group string) bool { return group == poetryMain })
	if err := r.known("group", r.groups, groups); err != nil {
		return err
	}
	return r.known("extra", r.extras, normalizeAll(slices.Collect(maps.Keys(l.Extras))))
}

// poetryTarget takes the packages of a lock of version 2.1.
func (r *lockReader) poetryTarget(l *poetryLock, t wheel.Target) error {
	if err := r.poetryPython(l, t); err != nil {
		return err
	}
	for i := range l.Packages {
		p := &l.Packages[i]
		wanted := false
		for _, group := range normalizeAll(p.Groups) {
			if group != poetryMain && !slices.Contains(r.groups, group) {
				continue
			}
			marker, err := r.poetryMarker(p, group)
			if err != nil {
				return err
			}
			ok, err := r.holds(p.title(), marker, t.Env(), r.extras)
			if err != nil {
				return err
			}
			wanted = wanted || ok
		}
		if !wanted {
			continue
		}
		e := p.entry()
		if e.index != "" {
			r.account(account{name: p.Source.Reference, address: p.Source.URL, poetry: true})
		}
		for name := range p.Dependencies {
			e.requires = append(e.requires, pep508.NormalizeName(name))
		}
		if err := r.tell(r.takePoetry(p, e, t)); err != nil {
			return err
		}
	}
	return nil
}

// poetryPython faults targets that the project does not run on.
func (r *lockReader) poetryPython(l *poetryLock, t wheel.Target) error {
	ranges, err := pep440.ParsePoetryRange(l.Metadata.Python)
	if err != nil {
		return r.fault("", "its python-versions %q cannot be read: %v", l.Metadata.Python, err)
	}
	if !slices.ContainsFunc(ranges, func(s pep440.Specifiers) bool { return s.AdmitsMinor(t.Minor) }) {
		return r.fault("", "it is for Python %s, which %s is not: drop the runtime, or widen the range in the project and lock again", l.Metadata.Python, t.Runtime)
	}
	return nil
}

func (p *poetryPackage) title() string { return p.Name + " " + p.Version }

// poetryMarker returns the condition for a package as part of a group.
func (r *lockReader) poetryMarker(p *poetryPackage, group string) (string, error) {
	switch m := p.Markers.(type) {
	case nil:
		return "", nil
	case string:
		return m, nil
	case map[string]any:
		marker := named(m, group)
		if marker == nil {
			return "", nil
		}
		if text, ok := marker.(string); ok {
			return text, nil
		}
	}
	return "", r.fault(p.title(), "its markers are neither a text nor a text for each group")
}

func (p *poetryPackage) entry() *lockEntry {
	e := &lockEntry{name: p.Name, version: p.Version}
	if p.Source.Type == "legacy" {
		e.index = configuration.WithoutUser(p.Source.URL)
	}
	for _, f := range p.Files {
		file := lockedFile{name: f.Name, hashes: sha256Only(f.Hash)}
		switch p.Source.Type {
		case "url":
			e.direct, file.url = p.Source.URL, p.Source.URL
		case "file":
			e.direct, file.path = p.Source.URL, p.Source.URL
			file.name = path.Base(strings.ReplaceAll(file.path, `\`, "/"))
		}
		if strings.HasSuffix(file.name, ".whl") {
			e.files = append(e.files, file)
			continue
		}
		e.sdist, e.source = true, &file
	}
	return e
}

func (r *lockReader) takePoetry(p *poetryPackage, e *lockEntry, t wheel.Target) error {
	if done, err := r.standIn(e, t); done || err != nil {
		return err
	}
	switch s := p.Source; s.Type {
	case "", "legacy", "url", "file":
		return r.take(e, t)
	case "directory":
		return r.local(e, path.Clean(s.URL), t)
	default:
		return r.vcs(e, s.Type, s.URL, s.Resolved)
	}
}
