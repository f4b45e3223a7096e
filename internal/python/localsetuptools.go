package python

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const setuptoolsAt = "tool.setuptools"

// setuptoolsShape follows "Package discovery and namespace packages" and "Data
// files support" in setuptools' documentation.
func setuptoolsShape(p *buildProject, base, module string) (shape, error) {
	t := table(p.Tool, "setuptools")
	err := only(t, setuptoolsAt, "packages", "package-dir", "py-modules", "package-data",
		"include-package-data", "dynamic", "zip-safe", "license-files", "platforms")
	if err != nil {
		return shape{}, err
	}
	for _, script := range []string{"setup.py", "setup.cfg", "MANIFEST.in"} {
		if _, err := os.Stat(filepath.Join(base, script)); err == nil {
			return shape{}, fmt.Errorf("its %s may change what a wheel of it holds", script)
		}
	}
	s, err := setuptoolsPackage(t, base, module)
	if err != nil {
		return shape{}, err
	}
	s.data, err = packageData(table(t, "package-data"), s.module, setuptoolsAt+".package-data")
	return s, err
}

func setuptoolsPackage(t map[string]any, base, module string) (shape, error) {
	dirs := table(t, "package-dir")
	if err := only(dirs, setuptoolsAt+".package-dir", ""); err != nil {
		return shape{}, err
	}
	dir, _ := dirs[""].(string)
	modules, err := texts(t["py-modules"], setuptoolsAt+".py-modules")
	if err != nil {
		return shape{}, err
	}
	switch packages := t["packages"].(type) {
	case nil:
		if modules != nil {
			return shape{flat: true}.named(suffixed(dir, modules), setuptoolsAt+".py-modules")
		}
		if dir != "" && path.Clean(dir) != "src" {
			return shape{}, changes(setuptoolsAt + ".package-dir")
		}
		return shape{module: module, flat: dir == ""}, nil
	case []any:
		if len(modules) > 0 {
			return shape{}, changes(setuptoolsAt + ".py-modules")
		}
		names, err := texts(packages, setuptoolsAt+".packages")
		if err != nil {
			return shape{}, err
		}
		return listedShape(dir, names)
	case map[string]any:
		if err := only(packages, setuptoolsAt+".packages", "find"); err != nil || len(modules) > 0 {
			return shape{}, errors.Join(err, changes(setuptoolsAt+".packages"))
		}
		return foundShape(table(packages, "find"), base, dir)
	}
	return shape{}, changes(setuptoolsAt + ".packages")
}

func suffixed(dir string, modules []string) []string {
	var files []string
	for _, module := range modules {
		files = append(files, path.Join(dir, module+".py"))
	}
	return files
}

// listedShape is of packages that are listed one by one.
func listedShape(dir string, names []string) (shape, error) {
	const at = setuptoolsAt + ".packages"
	top := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return strings.Contains(name, ".") })
	for i := range top {
		top[i] = path.Join(dir, top[i])
	}
	s, err := shape{}.named(top, at)
	if err != nil {
		return shape{}, err
	}
	s.packed = func(folder string) error {
		if name := s.module + "." + strings.ReplaceAll(folder, "/", "."); !slices.Contains(names, name) {
			return fmt.Errorf("%s in its pyproject.toml leaves out %q", at, name)
		}
		return nil
	}
	return s, nil
}

// foundShape is of packages that setuptools' finder finds: every folder, or with
// namespaces = false every one with an __init__.py, whose dotted name is included
// and not excluded.
func foundShape(find map[string]any, base, dir string) (shape, error) {
	const at = setuptoolsAt + ".packages.find"
	if err := only(find, at, "where", "include", "exclude", "namespaces"); err != nil {
		return shape{}, err
	}
	where, err1 := texts(find["where"], at+".where")
	include, err2 := texts(find["include"], at+".include")
	exclude, err3 := texts(find["exclude"], at+".exclude")
	if err := errors.Join(err1, err2, err3); err != nil {
		return shape{}, err
	}
	root := path.Clean(dir)
	if len(where) == 1 {
		root = path.Clean(where[0])
	}
	if len(where) > 1 || dir != "" && root != path.Clean(dir) || !filepath.IsLocal(filepath.FromSlash(root)) {
		return shape{}, changes(at + ".where")
	}
	found := func(name string) bool {
		return (len(include) == 0 || globbed(include, name)) && !globbed(exclude, name)
	}
	entries, err := os.ReadDir(filepath.Join(base, filepath.FromSlash(root)))
	if err != nil {
		return shape{}, fmt.Errorf("its folder %q cannot be read", root)
	}
	namespaces, set := find["namespaces"].(bool)
	var top []string
	for _, e := range entries {
		if !e.IsDir() || !importable(e.Name()) || !found(e.Name()) {
			continue
		}
		_, err := os.Stat(filepath.Join(base, filepath.FromSlash(root), e.Name(), "__init__.py"))
		if err == nil || namespaces || !set {
			top = append(top, path.Join(root, e.Name()))
		}
	}
	s, err := shape{}.named(top, at)
	if err != nil {
		return shape{}, err
	}
	s.packed = func(folder string) error {
		name := s.module + "." + strings.ReplaceAll(folder, "/", ".")
		_, err := os.Stat(filepath.Join(base, filepath.FromSlash(path.Join(s.source, folder)), "__init__.py"))
		if !found(name) || err != nil && set && !namespaces {
			return fmt.Errorf("%s in its pyproject.toml leaves out %q", at, name)
		}
		return nil
	}
	return s, nil
}

// globbed reports whether a dotted name matches one of the globs.
func globbed(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		ok, err := path.Match(glob, name)
		return ok && err == nil
	})
}
