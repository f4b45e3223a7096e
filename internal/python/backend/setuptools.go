package backend

import (
	"cmp"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

const setuptoolsAt = "tool.setuptools"

// trivialSetup is a setup.py that leaves everything to pyproject.toml.
var trivialSetup = regexp.MustCompile(`^(?:\s|#[^\n]*\n|#[^\n]*$|"""[^"]*"""|import setuptools\n|from (?:setuptools|distutils\.core) import setup\n|if __name__ == ["']__main__["']:\n|(?:setuptools\.)?setup\(\))*$`)

// setuptoolsParts follows "Package discovery and namespace packages" and "Data
// files support" in setuptools' documentation.
func setuptoolsParts(p *project) []part {
	t := below(p.Tool, "setuptools")
	p.only(t, setuptoolsAt, "packages", "package-dir", "py-modules", "package-data", "exclude-package-data",
		"include-package-data", "dynamic", "zip-safe", "license-files", "platforms", "script-files")
	if len(p.Project) == 0 {
		p.refuse("its pyproject.toml has no [project] table")
	}
	if body, err := p.read("setup.py"); err == nil && !trivialSetup.Match(body) || p.isFile("setup.py") && err != nil {
		p.refuse("its setup.py may change what a wheel of it holds")
	}
	if body, err := p.read("setup.cfg"); err == nil && regexp.MustCompile(`(?m)^\[(?:options|metadata|files|build_py|build)`).Match(body) {
		p.refuse("its setup.cfg may change what a wheel of it holds")
	}
	packages, modules := setuptoolsFind(p, t)
	var parts []part
	for name, file := range modules {
		parts = append(parts, part{from: file, to: name + ".py"})
	}
	data := setuptoolsData(p, t, packages)
	for name, dir := range packages {
		parts = append(parts, part{from: dir, to: strings.ReplaceAll(name, ".", "/"), keep: func(file string) bool {
			if path.Dir(file) == path.Clean(dir) && strings.HasSuffix(file, ".py") {
				return file != "setup.py"
			}
			return data(name, file)
		}})
	}
	return parts
}

// setuptoolsFind returns the folders of packages by their dotted names, and the
// files of modules by their names.
func setuptoolsFind(p *project, t table) (packages, modules map[string]string) {
	folder := map[string]string{}
	for name, value := range below(t, "package-dir") {
		text, ok := value.(string)
		if folder[name] = p.inside(text, setuptoolsAt+".package-dir"); !ok {
			p.changes(setuptoolsAt + ".package-dir")
		}
	}
	packages, modules = map[string]string{}, map[string]string{}
	names := p.texts(t, setuptoolsAt, "py-modules")
	for _, name := range names {
		if !importable(name) || strings.Contains(name, ".") {
			p.changes(setuptoolsAt + ".py-modules")
		}
		modules[name] = path.Join(folder[""], name+".py")
	}
	switch listed := t["packages"].(type) {
	case nil:
		if names == nil {
			return setuptoolsDiscover(p, folder)
		}
	case []any:
		for _, name := range p.texts(t, setuptoolsAt, "packages") {
			if !importable(strings.TrimSuffix(name, "-stubs")) {
				p.changes(setuptoolsAt + ".packages")
			}
			packages[name] = folderOf(name, folder)
		}
	case table:
		p.only(listed, setuptoolsAt+".packages", "find")
		packages = setuptoolsFinder(p, below(listed, "find"), folder)
	default:
		p.changes(setuptoolsAt + ".packages")
	}
	return packages, modules
}

// folderOf returns the folder of a package, by the one of its nearest parent.
func folderOf(name string, folder map[string]string) string {
	parts := strings.Split(name, ".")
	for n := len(parts); n > 0; n-- {
		if dir, ok := folder[strings.Join(parts[:n], ".")]; ok {
			return path.Join(append([]string{dir}, parts[n:]...)...)
		}
	}
	return path.Join(append([]string{folder[""]}, parts...)...)
}

// setuptoolsFinder is [tool.setuptools.packages.find].
func setuptoolsFinder(p *project, find table, folder map[string]string) map[string]string {
	const at = setuptoolsAt + ".packages.find"
	p.only(find, at, "where", "include", "exclude", "namespaces")
	where, include, exclude := p.texts(find, at, "where"), p.texts(find, at, "include"), p.texts(find, at, "exclude")
	if where == nil {
		where = []string{cmp.Or(folder[""], ".")}
	}
	if include == nil {
		include = []string{"*"}
	}
	namespaces, set := find["namespaces"].(bool)
	packages := map[string]string{}
	for _, dir := range where {
		dir = p.inside(dir, at+".where")
		maps.Copy(packages, p.packagesIn(dir, include, exclude, func(folder string) bool { return !set || namespaces || p.isPackage(folder) }))
	}
	return packages
}

// packagesIn returns the folders below dir whose dotted names are included and
// not excluded.
func (p *project) packagesIn(dir string, include, exclude []string, looks func(folder string) bool) map[string]string {
	packages := map[string]string{}
	err := fs.WalkDir(p.fsys, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || name == dir {
			return err
		}
		dotted := strings.ReplaceAll(relativeTo(name, dir), "/", ".")
		if strings.Contains(d.Name(), ".") || slices.Contains(neverFolders, d.Name()) || !looks(name) {
			return fs.SkipDir
		}
		if fnmatched(include, dotted) && !fnmatched(exclude, dotted) {
			packages[dotted] = name
		}
		if slices.Contains(exclude, dotted+"*") || slices.Contains(exclude, dotted+".*") {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil || !p.isDir(dir) {
		p.refuse("its folder %q cannot be read", dir)
	}
	return packages
}

// fnmatched reports whether a dotted name matches one of the globs, in which *
// stands for dots too.
func fnmatched(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		ok, err := path.Match(glob, name)
		return ok && err == nil
	})
}

// notFlat are the names of folders and modules beside pyproject.toml that
// automatic discovery passes over (FlatLayoutPackageFinder and
// FlatLayoutModuleFinder).
var (
	notFlat = strings.Fields(`ci bin debian doc docs documentation manpages news newsfragments changelog test tests unit_test unit_tests
		example examples scripts tools util utils python build benchmark benchmarks exercise exercises htmlcov`)
	notFlatModules = strings.Fields("setup conftest test tests example examples build toxfile noxfile pavement dodo tasks fabfile conanfile manage benchmark benchmarks exercise exercises")
)

// setuptoolsDiscover is automatic discovery: everything below src, or the one
// package or module beside pyproject.toml.
func setuptoolsDiscover(p *project, folder map[string]string) (packages, modules map[string]string) {
	src, set := folder[""]
	if !set {
		src = "src"
	}
	if p.isDir(src) && src != "." {
		return p.packagesIn(src, []string{"*"}, nil, func(string) bool { return true }), p.modulesIn(src)
	}
	packages = p.packagesIn(".", []string{"*"}, nil, func(dir string) bool {
		top, _, _ := strings.Cut(dir, "/")
		return !slices.Contains(notFlat, top) && top[0] != '_' && importable(strings.TrimSuffix(strings.ReplaceAll(dir, "/", "."), "-stubs"))
	})
	tops := map[string]bool{}
	for name := range packages {
		top, _, _ := strings.Cut(name, ".")
		tops[strings.TrimSuffix(top, "-stubs")] = true
	}
	switch len(tops) {
	case 0:
	case 1:
		return packages, nil
	default:
		names := strings.Join(slices.Sorted(maps.Keys(tops)), `", "`)
		p.refuse(`it holds the folders "%s" beside its pyproject.toml, of which setuptools makes no wheel`, names)
	}
	modules = p.modulesIn(".")
	maps.DeleteFunc(modules, func(name, _ string) bool {
		return !importable(name) || name[0] == '_' || slices.Contains(notFlatModules, name)
	})
	if len(modules) != 1 {
		p.noPackage(moduleName(p.name))
	}
	return nil, modules
}

// modulesIn returns the modules in a folder, by their names.
func (p *project) modulesIn(dir string) map[string]string {
	modules := map[string]string{}
	entries, err := fs.ReadDir(p.fsys, dir)
	if err != nil {
		p.refuse("its folder %q cannot be read", dir)
	}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".py"); ok && !e.IsDir() {
			modules[name] = path.Join(dir, e.Name())
		}
	}
	return modules
}
