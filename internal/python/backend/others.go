package backend

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

func moduleName(name string) string { return strings.NewReplacer("-", "_", ".", "_").Replace(name) }

func (p *project) noPackage(module string) {
	p.refuse("it has no %s/__init__.py, nor one below src", strings.ReplaceAll(module, ".", "/"))
}

// flitParts follows "The pyproject.toml config file" in Flit's documentation.
func flitParts(p *project) []part {
	const at = "tool.flit"
	flit := below(p.Tool, "flit")
	own := below(flit, "module")
	p.only(flit, at, "module", "sdist", "metadata", "scripts", "entrypoints", "external-data")
	p.only(own, at+".module", "name")
	module := moduleName(p.name)
	for _, name := range []any{p.Project["name"], below(flit, "metadata")["module"], own["name"]} {
		if text, ok := name.(string); ok {
			module = strings.ReplaceAll(text, "-", "_")
		}
	}
	if !importable(module) {
		p.refuse("%s.module.name in its pyproject.toml is %q, which is not an importable package", at, module)
	}
	parts := p.findModule(module)
	if dir, ok := below(flit, "external-data")["directory"].(string); ok {
		parts = append(parts, part{from: p.inside(dir, at+".external-data.directory")})
	}
	return parts
}

// findModule returns the package or the single module of a dotted name, which
// lies beside the pyproject.toml or below src.
func (p *project) findModule(module string) []part {
	where := strings.ReplaceAll(module, ".", "/")
	var found []part
	for _, dir := range []string{"", "src"} {
		if at := path.Join(dir, where); p.isDir(at) && (p.isPackage(at) || strings.Contains(module, ".")) {
			found = append(found, part{from: at, to: where})
		}
		if at := path.Join(dir, where+".py"); p.isFile(at) {
			found = append(found, part{from: at, to: where + ".py"})
		}
	}
	switch len(found) {
	case 0:
		p.noPackage(module)
	case 1:
	default:
		p.refuse("both %q and %q are importable packages", found[0].from, found[1].from)
	}
	return found
}

// uvParts follows "The uv build backend" in uv's documentation.
func uvParts(p *project) []part {
	const at = "tool.uv.build-backend"
	own := below(p.Tool, "uv", "build-backend")
	p.only(own, at, "module-name", "module-root", "namespace", "default-excludes", "source-exclude", "source-include", "wheel-exclude", "data")
	modules := p.texts(own, at, "module-name")
	if modules == nil {
		modules = []string{moduleName(p.name)}
	}
	root := "src"
	if text, ok := own["module-root"].(string); ok {
		root = p.inside(text, at+".module-root")
	}
	keep := uvKeep(p, own, at)
	namespace, _ := own["namespace"].(bool)
	var parts []part
	for _, module := range modules {
		where := strings.ReplaceAll(module, ".", "/")
		from := path.Join(root, where)
		switch {
		case !importable(module) && !strings.HasSuffix(module, "-stubs"):
			p.refuse("%s.module-name in its pyproject.toml is %q, which is not an importable package", at, module)
		case !p.isPackage(from) && !namespace && !p.isFile(path.Join(from, "__init__.pyi")):
			p.refuse("it has no %s/__init__.py", from)
		}
		parts = append(parts, part{from: from, to: where, keep: keep})
	}
	for kind, dir := range below(own, "data") {
		text, ok := dir.(string)
		if !ok || kind == "headers" || kind == "scripts" {
			p.changes(at + ".data." + kind)
		}
		parts = append(parts, part{from: p.inside(text, at+".data."+kind), keep: keep})
	}
	return parts
}

// uvKeep returns which files go into a wheel. An exclude means files and folders
// of its name at any depth; one that starts with a slash means files alone.
func uvKeep(p *project, own table, at string) func(name string) bool {
	var globs []string
	for _, key := range []string{"source-exclude", "wheel-exclude"} {
		for _, glob := range p.texts(own, at, key) {
			anchored, ok := strings.CutPrefix(glob, "/")
			if filetree.CheckPattern(anchored) != nil || strings.Contains(glob, "{") {
				p.changes(at + "." + key)
			}
			if globs = append(globs, anchored); !ok {
				globs = append(globs, "**/"+glob, "**/"+glob+"/**")
			}
		}
	}
	return func(name string) bool { return !matchesAny(globs, name) }
}

// poetryParts follows "The pyproject.toml file" in Poetry's documentation.
func poetryParts(p *project) []part {
	const at = "tool.poetry"
	poetry := below(p.Tool, "poetry")
	for _, key := range []string{"build", "build-script"} {
		if poetry[key] != nil {
			p.changes(at + "." + key)
		}
	}
	parts := poetryPackages(p, poetry)
	for _, element := range elements(poetry["include"]) {
		one := poetryPath(element)
		// A file that is included without a format is of the source distribution alone.
		if pattern, ok := one["path"].(string); ok && slices.Contains(p.texts(one, at+".include", "format"), "wheel") {
			for _, name := range p.globbed(pattern) {
				parts = append(parts, part{from: name, to: name})
			}
		}
	}
	var excluded []string
	for _, element := range elements(poetry["exclude"]) {
		one := poetryPath(element)
		if !inWheels(one) {
			continue
		}
		pattern, ok := one["path"].(string)
		if pattern = strings.TrimPrefix(pattern, "./"); !ok || filetree.CheckPattern(pattern) != nil {
			p.changes(at + ".exclude")
		}
		excluded = append(excluded, pattern)
	}
	keep := func(name string) bool { return !p.gitIgnored(name) && !filetree.Match(excluded, name) }
	for i := range parts {
		parts[i].keep = keep
	}
	return parts
}

// elements returns the elements of a list.
func elements(value any) []any {
	list, _ := value.([]any)
	return list
}

// poetryPath returns an element of include or exclude in its long form.
func poetryPath(element any) table {
	if t, ok := element.(table); ok {
		return t
	}
	return table{"path": element}
}

// inWheels reports whether a setting is of wheels, as it is where no format is named.
func inWheels(setting table) bool {
	formats, ok := textsOf(setting["format"])
	return ok && (len(formats) == 0 || slices.Contains(formats, "wheel"))
}

// poetryPackages returns what packages names, or the package of the project's
// name.
func poetryPackages(p *project, poetry table) []part {
	const at = "tool.poetry.packages"
	packages, ok := poetry["packages"].([]any)
	if !ok {
		if poetry["packages"] != nil {
			p.refuseKey(at, "is not a list")
		}
		return p.findModule(moduleName(p.name))
	}
	var parts []part
	for _, element := range packages {
		one, _ := element.(table)
		p.only(one, at, "include", "from", "to", "format")
		if !inWheels(one) {
			continue
		}
		from, to, include := p.inside(textOf(one["from"]), at), p.inside(textOf(one["to"]), at), p.inside(textOf(one["include"]), at)
		for _, name := range p.globbed(path.Join(from, include)) {
			parts = append(parts, part{from: name, to: path.Join(topless(to), relativeTo(name, from))})
		}
	}
	return parts
}

// globbed returns the files and folders that a glob means; one without special
// characters means itself.
func (p *project) globbed(pattern string) []string {
	if !strings.ContainsAny(pattern, "*?[") {
		return []string{pattern}
	}
	if filetree.CheckPattern(pattern) != nil || strings.Contains(pattern, "{") {
		p.refuse("the pattern %q in its pyproject.toml is not understood", pattern)
		return nil
	}
	dir := path.Dir(pattern[:strings.IndexAny(pattern, "*?[")] + "x")
	if !p.isDir(dir) {
		return nil
	}
	found := map[string]bool{}
	for name := range p.files(dir) {
		if filetree.MatchPath(pattern, name) {
			found[name] = true
		}
		for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
			if filetree.MatchPath(pattern, folder) && !strings.HasSuffix(pattern, "**/*") {
				found[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
