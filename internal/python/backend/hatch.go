package backend

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

const hatchAt = "tool.hatch.build.targets.wheel"

// hatchBuild are the settings of a wheel: those of the target go before those
// of all targets.
type hatchBuild struct{ all, wheel table }

func (b hatchBuild) texts(key string) ([]string, error) {
	if value, ok := b.wheel[key]; ok {
		return texts(value, hatchAt+"."+key)
	}
	return texts(b.all[key], "tool.hatch.build."+key)
}

func (b hatchBuild) value(key string) any {
	if value, ok := b.wheel[key]; ok {
		return value
	}
	return b.all[key]
}

// hatchParts follows "Build configuration" and "Wheel builder" in Hatch's
// documentation.
func hatchParts(p *project) ([]part, error) {
	all := below(p.Tool, "hatch", "build")
	b := hatchBuild{all, below(all, "targets", "wheel")}
	selects := []string{"include", "exclude", "artifacts", "packages", "only-include", "sources", "force-include", "ignore-vcs",
		"directory", "reproducible", "dev-mode-dirs", "dev-mode-exact", "skip-excluded-dirs", "require-runtime-dependencies", "require-runtime-features"}
	err := errors.Join(only(all, "tool.hatch.build", append(slices.Clone(selects), "targets")...),
		only(b.wheel, hatchAt, append(slices.Clone(selects), "bypass-selection", "strict-naming", "core-metadata-version", "versions")...))
	if err != nil {
		return nil, err
	}
	keep, err := b.keep(p)
	if err != nil {
		return nil, err
	}
	roots, sources, err := b.roots(p)
	if err != nil {
		return nil, err
	}
	var parts []part
	for _, root := range roots {
		parts = append(parts, part{from: root, to: renamed(root, sources), keep: keep})
	}
	if len(roots) == 0 {
		// Sources rename folders at any depth, so that each top one is its own part.
		if parts, err = b.topParts(p, sources, keep); err != nil {
			return nil, err
		}
	}
	forced, _ := b.value("force-include").(table)
	for _, from := range slices.Sorted(maps.Keys(forced)) {
		to, isText := forced[from].(string)
		clean, err := inside(from, hatchAt+".force-include")
		if err != nil || !isText {
			return nil, changes(hatchAt + ".force-include")
		}
		if strings.HasPrefix(from, "/") || strings.HasPrefix(from, "~") {
			return nil, changes(hatchAt + ".force-include")
		}
		parts = append(parts, part{from: clean, to: strings.Trim(to, "/")})
	}
	return parts, nil
}

// keep returns which files go into the wheel.
func (b hatchBuild) keep(p *project) (func(string) bool, error) {
	include, err1 := b.texts("include")
	exclude, err2 := b.texts("exclude")
	artifacts, err3 := b.texts("artifacts")
	packages, err4 := b.texts("packages")
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	if len(include) > 0 {
		for _, name := range packages {
			include = append(slices.Clone(include), "/"+strings.Trim(path.Clean(name), "/")+"/")
		}
	}
	included, err1 := newPatterns(include, hatchAt+".include")
	excluded, err2 := newPatterns(append(slices.Clone(exclude), "*.py[cdo]", "/dist"), hatchAt+".exclude")
	wanted, err3 := newPatterns(artifacts, hatchAt+".artifacts")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	ignored := func(string) bool { return false }
	if off, _ := b.value("ignore-vcs").(bool); !off {
		var err error
		if ignored, err = p.gitIgnored(); err != nil {
			return nil, err
		}
	}
	return func(name string) bool {
		switch {
		case excluded.match(name):
			return false
		case wanted.match(name):
			return true
		case ignored(name):
			return false
		}
		return len(include) == 0 || included.match(name)
	}, nil
}

// roots returns the files and folders that are looked at, none for all of the
// project, and the prefixes that the wheel renames.
func (b hatchBuild) roots(p *project) (roots []string, sources map[string]string, err error) {
	include, err1 := b.texts("include")
	only, err2 := b.texts("only-include")
	packages, err3 := b.texts("packages")
	sources, err4 := b.sources()
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, nil, err
	}
	if len(include)+len(only)+len(packages) == 0 {
		if only, packages, err = hatchDefault(p); err != nil {
			return nil, nil, err
		}
	}
	for _, name := range packages {
		clean, err := inside(name, hatchAt+".packages")
		if err != nil {
			return nil, nil, err
		}
		if dir := path.Dir(clean); dir != "." && !strings.ContainsAny(clean, "*?[") {
			sources[dir] = ""
		}
		packages[slices.Index(packages, name)] = clean
	}
	if len(only) > 0 {
		roots = only
	} else if len(include) == 0 {
		roots = packages
	}
	for i, name := range roots {
		if roots[i], err = inside(name, hatchAt+".only-include"); err != nil {
			return nil, nil, err
		}
	}
	return roots, sources, nil
}

// sources returns the prefixes that the wheel renames.
func (b hatchBuild) sources() (map[string]string, error) {
	out := map[string]string{}
	switch value := b.value("sources").(type) {
	case nil:
	case []any:
		names, err := texts(value, hatchAt+".sources")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			clean, err := inside(name, hatchAt+".sources")
			if err != nil {
				return nil, err
			}
			out[clean] = ""
		}
	case table:
		for from, to := range value {
			text, ok := to.(string)
			clean, err := inside(from, hatchAt+".sources")
			if err != nil || !ok || clean == "." {
				return nil, changes(hatchAt + ".sources")
			}
			out[clean] = strings.Trim(text, "/")
		}
	default:
		return nil, changes(hatchAt + ".sources")
	}
	return out, nil
}

// renamed returns the place of a path in the wheel: the longest of the prefixes
// that it lies at or below is exchanged.
func renamed(name string, sources map[string]string) string {
	best, found := "", false
	for from := range sources {
		if (name == from || strings.HasPrefix(name, from+"/")) && (!found || len(from) > len(best)) {
			best, found = from, true
		}
	}
	if !found {
		return strings.TrimPrefix(name, ".")
	}
	return path.Join(sources[best], strings.TrimPrefix(name[len(best):], "/"))
}

// topParts returns every file of the project that is kept as a part of its own.
func (b hatchBuild) topParts(p *project, sources map[string]string, keep func(string) bool) ([]part, error) {
	var parts []part
	err := p.walk(".", func(name string) error {
		if keep(name) {
			parts = append(parts, part{from: name, to: renamed(name, sources)})
		}
		return nil
	})
	return parts, err
}

// hatchDefault returns what is packed where nothing is said: "Default file
// selection" of the wheel builder.
func hatchDefault(p *project) (only, packages []string, err error) {
	raw, _ := p.Project["name"].(string)
	for _, name := range []string{strings.ReplaceAll(raw, "-", "_"), strings.ReplaceAll(p.name, "-", "_")} {
		switch {
		case name == "":
		case p.isPackage(name):
			return nil, []string{name}, nil
		case p.isPackage("src/" + name):
			return nil, []string{"src/" + name}, nil
		case p.isFile(name + ".py"):
			return []string{name + ".py"}, nil, nil
		default:
			found, err := fs.Glob(p.fsys, "*/"+name+"/__init__.py")
			if err != nil {
				return nil, nil, err
			}
			if len(found) == 1 {
				namespace, _, _ := strings.Cut(found[0], "/")
				return nil, []string{namespace}, nil
			}
		}
	}
	return nil, nil, p.noPackage(moduleName(cmp.Or(p.name, raw)))
}
