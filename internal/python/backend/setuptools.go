package backend

import (
	"cmp"
	"errors"
	"fmt"
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
func setuptoolsParts(p *project) ([]part, error) {
	t := below(p.Tool, "setuptools")
	err := only(t, setuptoolsAt, "packages", "package-dir", "py-modules", "package-data", "exclude-package-data",
		"include-package-data", "dynamic", "zip-safe", "license-files", "platforms", "script-files")
	if err != nil {
		return nil, err
	}
	if len(p.Project) == 0 {
		return nil, errors.New("its pyproject.toml has no [project] table")
	}
	if body, err := p.read("setup.py"); err == nil && !trivialSetup.Match(body) || p.isFile("setup.py") && err != nil {
		return nil, errors.New("its setup.py may change what a wheel of it holds")
	}
	if body, err := p.read("setup.cfg"); err == nil && regexp.MustCompile(`(?m)^\[(?:options|metadata|files|build_py|build)`).Match(body) {
		return nil, errors.New("its setup.cfg may change what a wheel of it holds")
	}
	packages, modules, err := setuptoolsFind(p, t)
	if err != nil {
		return nil, err
	}
	var parts []part
	for name, file := range modules {
		parts = append(parts, part{from: file, to: name + ".py"})
	}
	data, err := setuptoolsData(p, t, packages)
	if err != nil {
		return nil, err
	}
	for name, dir := range packages {
		parts = append(parts, part{from: dir, to: strings.ReplaceAll(name, ".", "/"), keep: func(file string) bool {
			if path.Dir(file) == path.Clean(dir) && strings.HasSuffix(file, ".py") {
				return file != "setup.py"
			}
			return data(name, file)
		}})
	}
	return parts, nil
}

// setuptoolsFind returns the folders of packages by their dotted names, and the
// files of modules by their names.
func setuptoolsFind(p *project, t table) (packages, modules map[string]string, err error) {
	dirs := below(t, "package-dir")
	folder := map[string]string{}
	for name, value := range dirs {
		text, ok := value.(string)
		if folder[name], err = inside(text, setuptoolsAt+".package-dir"); err != nil || !ok {
			return nil, nil, changes(setuptoolsAt + ".package-dir")
		}
	}
	names, err := texts(t["py-modules"], setuptoolsAt+".py-modules")
	if err != nil {
		return nil, nil, err
	}
	modules = map[string]string{}
	for _, name := range names {
		if !importable(name) || strings.Contains(name, ".") {
			return nil, nil, changes(setuptoolsAt + ".py-modules")
		}
		modules[name] = path.Join(folder[""], name+".py")
	}
	switch listed := t["packages"].(type) {
	case nil:
		if names != nil {
			return nil, modules, nil
		}
		return setuptoolsDiscover(p, folder)
	case []any:
		names, err := texts(listed, setuptoolsAt+".packages")
		if err != nil {
			return nil, nil, err
		}
		packages = map[string]string{}
		for _, name := range names {
			if !importable(strings.TrimSuffix(name, "-stubs")) {
				return nil, nil, changes(setuptoolsAt + ".packages")
			}
			packages[name] = folderOf(name, folder)
		}
		return packages, modules, nil
	case table:
		if err := only(listed, setuptoolsAt+".packages", "find"); err != nil {
			return nil, nil, err
		}
		packages, err := setuptoolsFinder(p, below(listed, "find"), folder)
		return packages, modules, err
	}
	return nil, nil, changes(setuptoolsAt + ".packages")
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
func setuptoolsFinder(p *project, find table, folder map[string]string) (map[string]string, error) {
	const at = setuptoolsAt + ".packages.find"
	if err := only(find, at, "where", "include", "exclude", "namespaces"); err != nil {
		return nil, err
	}
	where, err1 := texts(find["where"], at+".where")
	include, err2 := texts(find["include"], at+".include")
	exclude, err3 := texts(find["exclude"], at+".exclude")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	if where == nil {
		where = []string{cmp.Or(folder[""], ".")}
	}
	if include == nil {
		include = []string{"*"}
	}
	namespaces, set := find["namespaces"].(bool)
	packages := map[string]string{}
	for _, dir := range where {
		dir, err := inside(dir, at+".where")
		if err != nil {
			return nil, err
		}
		found, err := p.packagesIn(dir, include, exclude, func(folder string) bool { return !set || namespaces || p.isPackage(folder) })
		if err != nil {
			return nil, err
		}
		maps.Copy(packages, found)
	}
	return packages, nil
}

// packagesIn returns the folders below dir whose dotted names are included and
// not excluded.
func (p *project) packagesIn(dir string, include, exclude []string, looks func(folder string) bool) (map[string]string, error) {
	packages := map[string]string{}
	if !p.isDir(dir) {
		return nil, fmt.Errorf("its folder %q cannot be read", dir)
	}
	err := fs.WalkDir(p.fsys, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || name == dir {
			return err
		}
		dotted := strings.ReplaceAll(strings.TrimPrefix(name, path.Clean(dir)+"/"), "/", ".")
		if dir == "." {
			dotted = strings.ReplaceAll(name, "/", ".")
		}
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
	return packages, err
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
func setuptoolsDiscover(p *project, folder map[string]string) (packages, modules map[string]string, err error) {
	modules = map[string]string{}
	src, set := folder[""]
	if !set {
		src = "src"
	}
	if p.isDir(src) && src != "." {
		entries, err := fs.ReadDir(p.fsys, src)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range entries {
			if name, ok := strings.CutSuffix(e.Name(), ".py"); ok && !e.IsDir() {
				modules[name] = path.Join(src, e.Name())
			}
		}
		packages, err = p.packagesIn(src, []string{"*"}, nil, func(string) bool { return true })
		return packages, modules, err
	}
	packages, err = p.packagesIn(".", []string{"*"}, nil, func(dir string) bool {
		top, _, _ := strings.Cut(dir, "/")
		return !slices.Contains(notFlat, top) && top[0] != '_' && importable(strings.TrimSuffix(strings.ReplaceAll(dir, "/", "."), "-stubs"))
	})
	if err != nil {
		return nil, nil, err
	}
	tops := map[string]bool{}
	for name := range packages {
		top, _, _ := strings.Cut(name, ".")
		tops[strings.TrimSuffix(top, "-stubs")] = true
	}
	if len(tops) > 1 {
		return nil, nil, fmt.Errorf("it holds the folders %s beside its pyproject.toml, of which setuptools makes no wheel", quotedList(slices.Sorted(maps.Keys(tops))))
	}
	if len(packages) > 0 {
		return packages, modules, nil
	}
	files, err := fs.Glob(p.fsys, "*.py")
	if err != nil {
		return nil, nil, err
	}
	for _, file := range files {
		if name := strings.TrimSuffix(file, ".py"); importable(name) && name[0] != '_' && !slices.Contains(notFlatModules, name) {
			modules[name] = file
		}
	}
	if len(modules) != 1 {
		return nil, nil, p.noPackage(moduleName(p.name))
	}
	return nil, modules, nil
}

func quotedList(names []string) string {
	var quoted []string
	for _, name := range names {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	return strings.Join(quoted, ", ")
}
