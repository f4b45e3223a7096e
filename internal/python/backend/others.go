package backend

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

func moduleName(name string) string { return strings.NewReplacer("-", "_", ".", "_").Replace(name) }

func (p *project) noPackage(module string) error {
	return fmt.Errorf("it has no %s/__init__.py, nor one below src", strings.ReplaceAll(module, ".", "/"))
}

// flitParts follows "The pyproject.toml config file" in Flit's documentation.
func flitParts(p *project) ([]part, error) {
	const at = "tool.flit"
	flit := below(p.Tool, "flit")
	own := below(flit, "module")
	if err := errors.Join(only(flit, at, "module", "sdist", "metadata", "scripts", "entrypoints", "external-data"), only(own, at+".module", "name")); err != nil {
		return nil, err
	}
	module := moduleName(p.name)
	for _, name := range []any{p.Project["name"], below(flit, "metadata")["module"], own["name"]} {
		if text, ok := name.(string); ok {
			module = strings.ReplaceAll(text, "-", "_")
		}
	}
	if !importable(module) {
		return nil, fmt.Errorf("%s.module.name in its pyproject.toml is %q, which is not an importable package", at, module)
	}
	var parts []part
	if dir, ok := below(flit, "external-data")["directory"].(string); ok {
		clean, err := inside(dir, at+".external-data.directory")
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{from: clean})
	}
	at2, err := p.findModule(module, "", "src")
	return append(parts, at2...), err
}

// findModule returns the package or the single module of a dotted name, which
// lies in exactly one of the folders.
func (p *project) findModule(module string, dirs ...string) ([]part, error) {
	where := strings.ReplaceAll(module, ".", "/")
	var found []part
	for _, dir := range dirs {
		if at := path.Join(dir, where); p.isDir(at) && (p.isPackage(at) || strings.Contains(module, ".")) {
			found = append(found, part{from: at, to: where})
		}
		if at := path.Join(dir, where+".py"); p.isFile(at) {
			found = append(found, part{from: at, to: where + ".py"})
		}
	}
	switch len(found) {
	case 0:
		return nil, p.noPackage(module)
	case 1:
		return found, nil
	}
	return nil, fmt.Errorf("both %q and %q are importable packages", found[0].from, found[1].from)
}

// uvParts follows "The uv build backend" in uv's documentation.
func uvParts(p *project) ([]part, error) {
	const at = "tool.uv.build-backend"
	own := below(p.Tool, "uv", "build-backend")
	if err := only(own, at, "module-name", "module-root", "namespace", "default-excludes", "source-exclude", "source-include", "wheel-exclude", "data"); err != nil {
		return nil, err
	}
	modules, err := texts(own["module-name"], at+".module-name")
	if err != nil {
		return nil, err
	}
	if modules == nil {
		modules = []string{moduleName(p.name)}
	}
	root := "src"
	if text, ok := own["module-root"].(string); ok {
		if root, err = inside(text, at+".module-root"); err != nil {
			return nil, err
		}
	}
	keep, err := uvKeep(own, at)
	if err != nil {
		return nil, err
	}
	namespace, _ := own["namespace"].(bool)
	var parts []part
	for _, module := range modules {
		where := strings.ReplaceAll(module, ".", "/")
		from := path.Join(root, where)
		switch {
		case !importable(module) && !strings.HasSuffix(module, "-stubs"):
			return nil, fmt.Errorf("%s.module-name in its pyproject.toml is %q, which is not an importable package", at, module)
		case !p.isPackage(from) && !namespace && !p.isFile(path.Join(from, "__init__.pyi")):
			return nil, fmt.Errorf("it has no %s/__init__.py", from)
		}
		parts = append(parts, part{from: from, to: where, keep: keep})
	}
	for kind, dir := range below(own, "data") {
		text, ok := dir.(string)
		if !ok || kind == "headers" || kind == "scripts" {
			return nil, changes(at + ".data." + kind)
		}
		clean, err := inside(text, at+".data."+kind)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{from: clean, keep: keep})
	}
	return parts, nil
}

// uvKeep returns which files go into a wheel. An exclude means files and folders
// of its name at any depth; one that starts with a slash means files alone.
func uvKeep(own table, at string) (func(string) bool, error) {
	var globs []string
	for _, key := range []string{"source-exclude", "wheel-exclude"} {
		more, err := texts(own[key], at+"."+key)
		if err != nil {
			return nil, err
		}
		for _, glob := range more {
			anchored, ok := strings.CutPrefix(glob, "/")
			if filetree.CheckPattern(anchored) != nil || strings.Contains(glob, "{") {
				return nil, changes(at + "." + key)
			}
			if globs = append(globs, anchored); !ok {
				globs = append(globs, "**/"+glob, "**/"+glob+"/**")
			}
		}
	}
	return func(name string) bool { return !matchesAny(globs, name) }, nil
}

// poetryParts follows "The pyproject.toml file" in Poetry's documentation.
func poetryParts(p *project) ([]part, error) {
	const at = "tool.poetry"
	poetry := below(p.Tool, "poetry")
	for _, key := range []string{"build", "build-script"} {
		if poetry[key] != nil {
			return nil, changes(at + "." + key)
		}
	}
	keep, err := poetryKeep(p, poetry)
	if err != nil {
		return nil, err
	}
	parts, err := poetryPackages(p, poetry)
	if err != nil {
		return nil, err
	}
	includes, _ := poetry["include"].([]any)
	for _, element := range includes {
		pattern, isText := element.(string)
		var formats []string
		if t, ok := element.(table); ok {
			pattern, isText = t["path"].(string)
			if formats, err = texts(t["format"], at+".include.format"); err != nil {
				return nil, err
			}
		}
		// A file that is included without a format is of the source distribution alone.
		if !isText || !slices.Contains(formats, "wheel") {
			continue
		}
		found, err := p.globbed(pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			parts = append(parts, part{from: name, to: name})
		}
	}
	for i := range parts {
		parts[i].keep = keep
	}
	return parts, nil
}

// poetryKeep returns which files go into a wheel: not those that are excluded,
// nor those that git ignores.
func poetryKeep(p *project, poetry table) (func(string) bool, error) {
	ignored, err := p.gitIgnored()
	if err != nil {
		return nil, err
	}
	excludes, _ := poetry["exclude"].([]any)
	var globs []string
	for _, element := range excludes {
		pattern, isText := element.(string)
		if t, ok := element.(table); ok {
			pattern, isText = t["path"].(string)
			if formats, err := texts(t["format"], "tool.poetry.exclude.format"); err != nil || len(formats) > 0 && !slices.Contains(formats, "wheel") {
				continue
			}
		}
		pattern = strings.TrimPrefix(pattern, "./")
		if !isText || filetree.CheckPattern(pattern) != nil {
			return nil, changes("tool.poetry.exclude")
		}
		globs = append(globs, pattern)
	}
	return func(name string) bool { return !ignored(name) && !filetree.Match(globs, name) }, nil
}

// poetryPackages returns what packages names, or the package of the project's
// name.
func poetryPackages(p *project, poetry table) ([]part, error) {
	const at = "tool.poetry.packages"
	packages, ok := poetry["packages"].([]any)
	if !ok {
		if poetry["packages"] != nil {
			return nil, fmt.Errorf("%s in its pyproject.toml is not a list", at)
		}
		return p.findModule(moduleName(p.name), "", "src")
	}
	var parts []part
	for _, element := range packages {
		one, _ := element.(table)
		if err := only(one, at, "include", "from", "to", "format"); err != nil {
			return nil, err
		}
		include, _ := one["include"].(string)
		from, _ := one["from"].(string)
		to, _ := one["to"].(string)
		if formats, err := texts(one["format"], at+".format"); err != nil || len(formats) > 0 && !slices.Contains(formats, "wheel") {
			continue
		}
		from, err1 := inside(from, at)
		to, err2 := inside(to, at)
		include, err3 := inside(include, at)
		if err := errors.Join(err1, err2, err3); err != nil {
			return nil, err
		}
		found, err := p.globbed(path.Join(from, include))
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			place := name
			if from != "." {
				place = strings.TrimPrefix(name, from+"/")
			}
			parts = append(parts, part{from: name, to: path.Join(strings.TrimPrefix(to, "."), place)})
		}
	}
	return parts, nil
}

// globbed returns the files and folders that a glob means; one without special
// characters means itself.
func (p *project) globbed(pattern string) ([]string, error) {
	if !strings.ContainsAny(pattern, "*?[") {
		return []string{pattern}, nil
	}
	if filetree.CheckPattern(pattern) != nil || strings.Contains(pattern, "{") {
		return nil, fmt.Errorf("the pattern %q in its pyproject.toml is not understood", pattern)
	}
	top, _, _ := strings.Cut(pattern[:strings.IndexAny(pattern, "*?[")]+"x", "x")
	dir := path.Dir(top + "x")
	if !p.isDir(dir) {
		return nil, nil
	}
	found := map[string]bool{}
	err := p.walk(dir, func(name string) error {
		if filetree.MatchPath(pattern, name) {
			found[name] = true
		}
		for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
			if filetree.MatchPath(pattern, folder) && !strings.HasSuffix(pattern, "**/*") {
				found[name] = true
			}
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return slices.Sorted(maps.Keys(found)), err
}
