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

func (r *lockReader) readPylock(b []byte) (func(wheel.Target) ([]*lockEntry, error), error) {
	var head struct {
		Version any `toml:"lock-version"`
	}
	if err := r.toml(b, &head); err != nil {
		return nil, err
	}
	text, _ := head.Version.(string)
	if err := r.understood("lock-version", head.Version, "versions 1.x are", strings.HasPrefix(text, "1.")); err != nil {
		return nil, err
	}
	var l pylock
	if err := r.toml(b, &l); err != nil {
		return nil, err
	}
	return func(t wheel.Target) ([]*lockEntry, error) { return r.pylockEntries(&l, t) },
		r.offers("dependency group", slices.Concat(l.Groups, l.DefaultGroups), l.Extras)
}

func (r *lockReader) pylockEntries(l *pylock, t wheel.Target) (entries []*lockEntry, err error) {
	if err := r.admits("", l.RequiresPython, pythonRange, t); err != nil {
		return nil, err
	}
	// The default groups stand for the project's own dependencies.
	env := t.Env()
	env.DependencyGroups = normalizeAll(slices.Concat(r.Groups, l.DefaultGroups))
	if err := r.supported(t, l.Environments, env, r.Extras, "lock again for more"); err != nil {
		return nil, err
	}
	for i := range l.Packages {
		p := &l.Packages[i]
		e := r.pylockEntry(p)
		if e.name == "" {
			return entries, r.fault("", "a package in it has no name")
		}
		ok, err := r.holds(e.title(), p.Marker, env, r.Extras)
		if err != nil {
			return entries, err
		}
		if !ok {
			continue
		}
		if err := r.admits(e.title(), p.RequiresPython, pythonRange, t); err != nil {
			r.faults = append(r.faults, err)
			continue
		}
		if e.folder == "" || path.Clean(e.folder) != "." { // else the project that the file was made for
			entries = append(entries, e)
		}
	}
	return entries, nil
}

func (r *lockReader) pylockEntry(p *pylockPackage) *lockEntry {
	e := &lockEntry{name: pep508.NormalizeName(p.Name), version: p.Version}
	for _, d := range p.Dependencies {
		e.requires = append(e.requires, pep508.NormalizeName(d.Name))
	}
	for i := range p.Wheels {
		e.files = append(e.files, p.Wheels[i].locked())
	}
	if p.Archive != nil {
		f := p.Archive.locked()
		e.direct = cmp.Or(f.path, f.url)
		e.add(f)
	}
	if p.Sdist != nil {
		source := p.Sdist.locked()
		e.source = &source
	}
	if p.Directory != nil {
		e.folder = p.Directory.Path
	} else if p.VCS != nil {
		e.unfit = r.vcs(e, cmp.Or(p.VCS.Type, "git"), cmp.Or(p.VCS.URL, p.VCS.Path), p.VCS.Commit)
	}
	return e
}
