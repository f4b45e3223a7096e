package lockfile

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// pylock is a pylock.toml (the "pylock.toml" specification, PEP 751).
type pylock struct {
	Version        string          `toml:"lock-version"`
	Environments   []string        `toml:"environments"`
	RequiresPython string          `toml:"requires-python"`
	Extras         []string        `toml:"extras"`
	Groups         []string        `toml:"dependency-groups"`
	DefaultGroups  []string        `toml:"default-groups"`
	Packages       []pylockPackage `toml:"packages"`
}

type pylockPackage struct {
	Name           string `toml:"name"`
	Version        string `toml:"version"`
	Marker         string `toml:"marker"`
	RequiresPython string `toml:"requires-python"`
	Index          string `toml:"index"`
	Dependencies   []struct {
		Name string `toml:"name"`
	} `toml:"dependencies"`
	VCS *struct {
		Type   string `toml:"type"`
		URL    string `toml:"url"`
		Path   string `toml:"path"`
		Commit string `toml:"commit-id"`
	} `toml:"vcs"`
	Directory *struct {
		Path string `toml:"path"`
	} `toml:"directory"`
	Archive *pylockFile  `toml:"archive"`
	Sdist   *pylockFile  `toml:"sdist"`
	Wheels  []pylockFile `toml:"wheels"`
}

type pylockFile struct {
	Name   string            `toml:"name"`
	URL    string            `toml:"url"`
	Path   string            `toml:"path"`
	Size   int64             `toml:"size"`
	Hashes map[string]string `toml:"hashes"`
}

// locked prefers the file name in the address to the one that the tool wrote,
// which may be normalised.
func (f *pylockFile) locked() lockedFile {
	name := cmp.Or(f.Name, path.Base(strings.ReplaceAll(f.Path, `\`, "/")))
	if last := pep508.FileOf(f.URL); strings.HasSuffix(last, ".whl") || sdist.Is(last) {
		name = last
	}
	return lockedFile{name: name, url: f.URL, path: f.Path, hashes: f.Hashes, size: f.Size}
}

func (r *lockReader) readPylock(b []byte) error {
	var head struct {
		Version any `toml:"lock-version"`
	}
	if err := r.toml(b, &head); err != nil {
		return err
	}
	if head.Version == nil {
		return r.fault("", "it has no lock-version, so it is damaged or is not a pylock.toml")
	}
	if text, _ := head.Version.(string); text != "1.0" && !strings.HasPrefix(text, "1.") {
		return r.fault("", "its lock-version is %v, and versions 1.x are understood", head.Version)
	}
	var l pylock
	if err := r.toml(b, &l); err != nil {
		return err
	}
	if len(r.packages) > 0 {
		return r.fault("", "it has no workspace members to choose from")
	}
	if err := r.known("dependency group", r.groups, normalizeAll(slices.Concat(l.Groups, l.DefaultGroups))); err != nil {
		return err
	}
	if err := r.known("extra", r.extras, normalizeAll(l.Extras)); err != nil {
		return err
	}
	for _, t := range r.targets {
		if err := r.pylockTarget(&l, t); err != nil {
			return err
		}
	}
	return nil
}

func (r *lockReader) pylockTarget(l *pylock, t wheel.Target) error {
	if err := r.admits("", l.RequiresPython, t); err != nil {
		return err
	}
	// The default groups stand for the project's own dependencies.
	env := t.Env()
	env.DependencyGroups = normalizeAll(slices.Concat(r.groups, l.DefaultGroups))
	supported := len(l.Environments) == 0
	for _, marker := range l.Environments {
		ok, err := r.holds("", marker, env, r.extras)
		if err != nil {
			return err
		}
		supported = supported || ok
	}
	if !supported {
		return r.fault("", "it does not support %s, only environments where %s: lock again for more", t, strings.Join(l.Environments, " or "))
	}
	for i := range l.Packages {
		p := &l.Packages[i]
		e := p.entry()
		if e.name == "" {
			return r.fault("", "a package in it has no name")
		}
		ok, err := r.holds(e.title(), p.Marker, env, r.extras)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := r.tell(r.takePylock(p, e, t)); err != nil {
			return err
		}
	}
	return nil
}

func (p *pylockPackage) entry() *lockEntry {
	e := &lockEntry{name: pep508.NormalizeName(p.Name), version: p.Version, sdist: p.Sdist != nil || p.Archive != nil}
	for _, d := range p.Dependencies {
		e.requires = append(e.requires, pep508.NormalizeName(d.Name))
	}
	if p.Sdist != nil {
		source := p.Sdist.locked()
		e.source = &source
	}
	for i := range p.Wheels {
		e.files = append(e.files, p.Wheels[i].locked())
	}
	if p.Archive != nil {
		f := p.Archive.locked()
		e.direct = cmp.Or(f.path, f.url)
		if strings.HasSuffix(f.name, ".whl") {
			e.files = append(e.files, f)
		} else if e.source == nil {
			e.source = &f
		}
	}
	return e
}

func (r *lockReader) takePylock(p *pylockPackage, e *lockEntry, t wheel.Target) error {
	if err := r.admits(e.title(), p.RequiresPython, t); err != nil {
		return err
	}
	if p.Directory != nil && path.Clean(p.Directory.Path) == "." {
		return nil // the project that the file was made for
	}
	if done, err := r.standIn(e, t); done || err != nil {
		return err
	}
	switch {
	case p.Directory != nil:
		return r.local(e, p.Directory.Path, t)
	case p.VCS != nil:
		return r.vcs(e, cmp.Or(p.VCS.Type, "git"), cmp.Or(p.VCS.URL, p.VCS.Path), p.VCS.Commit)
	}
	return r.take(e, t)
}
