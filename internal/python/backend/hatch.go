package backend

import (
	"cmp"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

const hatchAt = "tool.hatch.build.targets.wheel"

// hatchBuild are the settings of a wheel: those of the target go before those
// of all targets.
type hatchBuild struct {
	*project
	all, wheel table
}

func (b hatchBuild) list(key string) []string {
	if _, ok := b.wheel[key]; ok {
		return b.texts(b.wheel, hatchAt, key)
	}
	return b.texts(b.all, "tool.hatch.build", key)
}

func (b hatchBuild) value(key string) any {
	if value, ok := b.wheel[key]; ok {
		return value
	}
	return b.all[key]
}

// hatchParts follows "Build configuration" and "Wheel builder" in Hatch's
// documentation.
func hatchParts(p *project) []part {
	all := below(p.Tool, "hatch", "build")
	b := hatchBuild{p, all, below(all, "targets", "wheel")}
	selects := []string{"include", "exclude", "artifacts", "packages", "only-include", "sources", "force-include", "ignore-vcs",
		"directory", "reproducible", "dev-mode-dirs", "dev-mode-exact", "skip-excluded-dirs", "require-runtime-dependencies", "require-runtime-features"}
	p.only(all, "tool.hatch.build", append(slices.Clone(selects), "targets")...)
	p.only(b.wheel, hatchAt, append(selects, "bypass-selection", "strict-naming", "core-metadata-version", "versions")...)
	keep := b.keep()
	roots, sources := b.roots()
	if len(roots) == 0 {
		// Sources rename folders at any depth, so that each file is its own part.
		roots = slices.Collect(p.files("."))
		roots = slices.DeleteFunc(roots, func(name string) bool { return !keep(name) })
	}
	var parts []part
	for _, root := range roots {
		parts = append(parts, part{from: root, to: renamed(root, sources), keep: keep})
	}
	forced, _ := b.value("force-include").(table)
	for _, from := range slices.Sorted(maps.Keys(forced)) {
		to, isText := forced[from].(string)
		if !isText || strings.HasPrefix(from, "/") || strings.HasPrefix(from, "~") {
			p.changes(hatchAt + ".force-include")
		}
		parts = append(parts, part{from: p.inside(from, hatchAt+".force-include"), to: strings.Trim(to, "/")})
	}
	return parts
}

// keep returns which files go into the wheel.
func (b hatchBuild) keep() func(name string) bool {
	include := b.list("include")
	if len(include) > 0 {
		for _, name := range b.list("packages") {
			include = append(include, "/"+strings.Trim(path.Clean(name), "/")+"/")
		}
	}
	included := b.patterns(include, hatchAt+".include")
	excluded := b.patterns(append(b.list("exclude"), "*.py[cdo]", "/dist"), hatchAt+".exclude")
	wanted := b.patterns(b.list("artifacts"), hatchAt+".artifacts")
	allTracked, _ := b.value("ignore-vcs").(bool)
	return func(name string) bool {
		switch {
		case excluded(name):
			return false
		case wanted(name):
			return true
		case !allTracked && b.gitIgnored(name):
			return false
		}
		return len(include) == 0 || included(name)
	}
}

// roots returns the files and folders that are looked at, none for all of the
// project, and the prefixes that the wheel renames.
func (b hatchBuild) roots() (roots []string, sources map[string]string) {
	include, only, packages := b.list("include"), b.list("only-include"), b.list("packages")
	sources = b.sources()
	if len(include)+len(only)+len(packages) == 0 {
		only, packages = hatchDefault(b.project)
	}
	for i, name := range packages {
		packages[i] = b.inside(name, hatchAt+".packages")
		if dir := path.Dir(packages[i]); dir != "." && !strings.ContainsAny(packages[i], "*?[") {
			sources[dir] = ""
		}
	}
	for i, name := range only {
		only[i] = b.inside(name, hatchAt+".only-include")
	}
	if len(only) == 0 && len(include) == 0 {
		return packages, sources
	}
	return only, sources
}

// sources returns the prefixes that the wheel renames.
func (b hatchBuild) sources() map[string]string {
	const at = hatchAt + ".sources"
	out := map[string]string{}
	if renames, ok := b.value("sources").(table); ok {
		for from, to := range renames {
			text, ok := to.(string)
			clean := b.inside(from, at)
			if !ok || clean == "." {
				b.changes(at)
			}
			out[clean] = strings.Trim(text, "/")
		}
		return out
	}
	for _, name := range b.list("sources") {
		out[b.inside(name, at)] = ""
	}
	return out
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
		return topless(name)
	}
	return path.Join(sources[best], strings.TrimPrefix(name[len(best):], "/"))
}

// hatchDefault returns what is packed where nothing is said: "Default file
// selection" of the wheel builder.
func hatchDefault(p *project) (only, packages []string) {
	raw := textOf(p.Project["name"])
	for _, name := range []string{strings.ReplaceAll(raw, "-", "_"), strings.ReplaceAll(p.name, "-", "_")} {
		switch {
		case name == "":
		case p.isPackage(name):
			return nil, []string{name}
		case p.isPackage("src/" + name):
			return nil, []string{"src/" + name}
		case p.isFile(name + ".py"):
			return []string{name + ".py"}, nil
		default:
			found, err := fs.Glob(p.fsys, "*/"+name+"/__init__.py")
			if err == nil && len(found) == 1 {
				namespace, _, _ := strings.Cut(found[0], "/")
				return nil, []string{namespace}
			}
		}
	}
	p.noPackage(moduleName(cmp.Or(p.name, raw)))
	return nil, nil
}
