package python

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// buildProject is the part of a pyproject.toml that says how a wheel is made.
type buildProject struct {
	BuildSystem struct {
		Backend string   `toml:"build-backend"`
		Path    []string `toml:"backend-path"`
	} `toml:"build-system"`
	Project struct {
		EntryPoints map[string]any    `toml:"entry-points"`
		Scripts     map[string]string `toml:"scripts"`
		GUIScripts  map[string]string `toml:"gui-scripts"`
	} `toml:"project"`
	Tool map[string]any `toml:"tool"`
}

// shape is the one importable package that a wheel of a project would hold.
type shape struct {
	// source is its folder, or its file that ends in .py, relative to the project;
	// "" where the backend looks for a package of the name module.
	source string
	module string // as it is imported
	// flat backends look for it beside pyproject.toml too, module ones for a
	// single file there.
	flat, single bool
	// data reports whether the wheel holds a file that is not Python, by its path
	// below source; nil where only the backend knows.
	data func(name string) bool
	// packed returns an error for a folder below source, relative to it, that holds
	// Python and is not in the wheel; nil where all are.
	packed func(folder string) error
}

// backends read what a pyproject.toml says to each build backend of which it is
// known what it packs. Their errors are clauses.
var backends = map[string]func(p *buildProject, base, module string) (shape, error){
	"hatchling.build":         hatchShape,
	"flit_core.buildapi":      flitShape,
	"poetry.core.masonry.api": poetryShape,
	"uv_build":                uvShape,
	"setuptools.build_meta":   setuptoolsShape,
}

func everyFile(string) bool { return true }

// hatchShape follows "Wheel builder" in Hatch's documentation.
func hatchShape(p *buildProject, _, module string) (shape, error) {
	const at = "tool.hatch.build"
	build := table(p.Tool, "hatch", "build")
	wheel := table(build, "targets", "wheel")
	if err := errors.Join(only(build, at, "targets"), only(wheel, at+".targets.wheel", "packages")); err != nil {
		return shape{}, err
	}
	s := shape{module: module, flat: true, single: true}
	packages, err := texts(wheel["packages"], at+".targets.wheel.packages")
	if err != nil || packages == nil {
		return s, err
	}
	return s.named(packages, at+".targets.wheel.packages")
}

// flitShape follows "The pyproject.toml config file" in Flit's documentation.
func flitShape(p *buildProject, _, module string) (shape, error) {
	const at = "tool.flit"
	flit := table(p.Tool, "flit")
	own := table(flit, "module")
	if err := errors.Join(only(flit, at, "module", "sdist"), only(own, at+".module", "name")); err != nil {
		return shape{}, err
	}
	s := shape{module: module, flat: true, single: true, data: everyFile}
	if name, ok := own["name"].(string); ok {
		s.module = name
	}
	return s, s.plain(at + ".module.name")
}

// uvShape follows "The uv build backend" in uv's documentation.
func uvShape(p *buildProject, _, module string) (shape, error) {
	const at = "tool.uv.build-backend"
	own := table(p.Tool, "uv", "build-backend")
	if err := only(own, at, "module-name", "module-root"); err != nil {
		return shape{}, err
	}
	s := shape{module: module, data: everyFile}
	if name, ok := own["module-name"]; ok {
		if s.module, ok = name.(string); !ok {
			return shape{}, fmt.Errorf("%s.module-name in its pyproject.toml names several packages", at)
		}
	}
	if err := s.plain(at + ".module-name"); err != nil {
		return shape{}, err
	}
	if root, ok := own["module-root"].(string); ok {
		if s.source = path.Join(root, s.module); !filepath.IsLocal(filepath.FromSlash(s.source)) {
			return shape{}, changes(at + ".module-root")
		}
	}
	return s, nil
}

// poetryShape follows "The pyproject.toml file" in Poetry's documentation.
func poetryShape(p *buildProject, _, module string) (shape, error) {
	const at = "tool.poetry"
	poetry := table(p.Tool, "poetry")
	for _, key := range []string{"include", "exclude", "build", "plugins"} {
		if poetry[key] != nil {
			return shape{}, changes(at + "." + key)
		}
	}
	s := shape{module: module, flat: true, single: true}
	if poetry["packages"] == nil {
		return s, nil
	}
	packages, ok := poetry["packages"].([]any)
	if !ok || len(packages) != 1 {
		return shape{}, fmt.Errorf("%s.packages in its pyproject.toml names several packages, or none", at)
	}
	one, _ := packages[0].(map[string]any)
	if err := only(one, at+".packages", "include", "from"); err != nil {
		return shape{}, err
	}
	include, _ := one["include"].(string)
	from, _ := one["from"].(string)
	if strings.ContainsAny(include, `/*?[`) {
		return shape{}, changes(at + ".packages")
	}
	return s.named([]string{path.Join(from, include)}, at+".packages")
}

// named returns the shape with its source set to the only one of the paths.
func (s shape) named(paths []string, at string) (shape, error) {
	if len(paths) != 1 {
		return shape{}, fmt.Errorf("%s in its pyproject.toml names several packages, or none", at)
	}
	s.source = path.Clean(paths[0])
	s.module = strings.TrimSuffix(path.Base(s.source), ".py")
	if !filepath.IsLocal(filepath.FromSlash(s.source)) {
		return shape{}, changes(at)
	}
	return s, s.plain(at)
}

// plain faults a module whose name is none, or that lies in a namespace.
func (s shape) plain(at string) error {
	if !importable(s.module) {
		return fmt.Errorf("%s in its pyproject.toml is %q, which is no importable package at the top", at, s.module)
	}
	return nil
}

// importable reports whether a name is an identifier in ASCII.
func importable(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" && (name[0] < '0' || name[0] > '9')
}

// table returns the table at keys, nil where there is none.
func table(t map[string]any, keys ...string) map[string]any {
	for _, key := range keys {
		t, _ = t[key].(map[string]any)
	}
	return t
}

// only faults the first key of a table that is not among the known ones.
func only(t map[string]any, at string, known ...string) error {
	for _, key := range slices.Sorted(maps.Keys(t)) {
		if !slices.Contains(known, key) {
			return changes(at + "." + key)
		}
	}
	return nil
}

func changes(key string) error {
	return fmt.Errorf("%s in its pyproject.toml changes what a wheel of it holds", key)
}

// texts returns a list of texts, nil where there is none.
func texts(value any, at string) ([]string, error) {
	if value == nil {
		return nil, nil
	}
	list, ok := value.([]any)
	out := make([]string, 0, len(list))
	for _, element := range list {
		text, isText := element.(string)
		ok = ok && isText
		out = append(out, text)
	}
	if !ok {
		return nil, fmt.Errorf("%s in its pyproject.toml is no list of texts", at)
	}
	return out, nil
}

// packageData returns the rule of setuptools' package-data: globs by package,
// relative to it, or for every package under "*".
func packageData(t map[string]any, module, at string) (func(name string) bool, error) {
	var patterns []string
	for key, value := range t {
		globs, err := texts(value, at)
		if err != nil {
			return nil, err
		}
		below, ok := strings.CutPrefix(key, module)
		prefix := strings.ReplaceAll(strings.TrimPrefix(below, "."), ".", "/")
		switch {
		case key == "*" || key == "":
			prefix = "**"
		case !ok || below != "" && below[0] != '.':
			continue
		}
		for _, glob := range globs {
			glob = path.Join(prefix, glob)
			if strings.Contains(glob, "{") || filetree.CheckPattern(glob) != nil {
				return nil, changes(at)
			}
			patterns = append(patterns, glob)
		}
	}
	if len(patterns) == 0 {
		return nil, nil
	}
	return func(name string) bool { return filetree.Match(patterns, name) }, nil
}
