package python

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// LocalPackage is a member of a workspace or another project on disk that a
// lock file needs, whose wheel would hold one importable package as it lies
// there. What a wheel adds to it, its .dist-info folder, it does not have.
type LocalPackage struct {
	Name    string // normalised
	Version string // "" where the lock file gives none
	Dir     string // of the project, relative to the lock file's folder, with slashes
	Source  string // of the importable package, relative to the lock file's folder, with slashes
	// Module is the name that is imported: Source belongs at python/<Module>, or
	// at python/<Module>.py where it is a file of that name.
	Module string
	// Exclude are globs below Source of what no wheel holds.
	Exclude []string
	Targets []string // as Target.String, sorted
}

// local adds a project on disk.
func (r *lockReader) local(e *lockEntry, dir string, t Target) error {
	if err := r.once(e, t); err != nil {
		return err
	}
	dir = filepath.ToSlash(dir)
	at := slices.IndexFunc(r.out.Local, func(l LocalPackage) bool { return l.Dir == dir })
	if at < 0 {
		l, err := r.inspectLocal(e, dir)
		if err != nil {
			return r.fault(e.title(), "the project in %q is not packed from disk: %v. Leave it out of the lock and add its code with files = [{ source = …, target = \"python/%s\" }], or publish a wheel of it",
				dir, err, moduleName(e.name))
		}
		at = len(r.out.Local)
		r.out.Local = append(r.out.Local, l)
	}
	r.out.Local[at].Targets = append(r.out.Local[at].Targets, t.String())
	return nil
}

// vcs refuses a source checkout.
func (r *lockReader) vcs(e *lockEntry, kind, address string) error {
	address, _, _ = strings.Cut(strings.TrimPrefix(address, kind+"+"), "#")
	address, _, _ = strings.Cut(address, "?")
	return r.fault(e.title(), "it comes from the %s repository %s, and nothing is built from source: require a release that has a wheel, or the address of a wheel, or leave it out and add its code with files",
		kind, hideCredentials(address, 0))
}

func moduleName(name string) string { return strings.ReplaceAll(name, "-", "_") }

// buildProject is the part of a pyproject.toml that says how a wheel is made.
type buildProject struct {
	BuildSystem struct {
		Backend string   `toml:"build-backend"`
		Path    []string `toml:"backend-path"`
	} `toml:"build-system"`
	Project struct {
		EntryPoints map[string]any `toml:"entry-points"`
	} `toml:"project"`
	Tool map[string]any `toml:"tool"`
}

// backend is what is known of a build backend.
type backend struct {
	settings [][]string // tables that change what it packs
	data     bool       // it packs every file of the package, Python or not
	flat     bool       // it finds a package that lies beside pyproject.toml
	module   bool       // it finds a single module there, too
}

func backendOf(name string) (backend, bool) {
	switch name {
	case "hatchling.build":
		return backend{settings: [][]string{{"hatch", "build"}}, flat: true, module: true}, true
	case "flit_core.buildapi":
		return backend{settings: [][]string{{"flit", "module"}, {"flit", "sdist"}, {"flit", "external-data"}}, data: true, flat: true, module: true}, true
	case "poetry.core.masonry.api":
		return backend{settings: [][]string{{"poetry", "packages"}, {"poetry", "include"}, {"poetry", "exclude"}, {"poetry", "build"}, {"poetry", "plugins"}}, flat: true, module: true}, true
	case "uv_build":
		return backend{settings: [][]string{{"uv", "build-backend"}}, data: true}, true
	case "setuptools.build_meta":
		return backend{settings: [][]string{{"setuptools", "packages"}, {"setuptools", "package-dir"}, {"setuptools", "py-modules"}, {"setuptools", "ext-modules"}, {"setuptools", "cmdclass"}, {"setuptools", "package-data"}, {"setuptools", "exclude-package-data"}}, flat: true}, true
	}
	return backend{}, false
}

// inspectLocal decides whether a build would do nothing but copy one package.
// Its errors are clauses.
func (r *lockReader) inspectLocal(e *lockEntry, dir string) (LocalPackage, error) {
	none := LocalPackage{}
	if path.IsAbs(dir) || filepath.IsAbs(dir) {
		return none, errors.New("its path is absolute, so that no other machine would find it")
	}
	base := filepath.Join(r.dir, filepath.FromSlash(dir))
	b, err := os.ReadFile(filepath.Join(base, "pyproject.toml"))
	if err != nil {
		return none, errors.New("it has no pyproject.toml that can be read")
	}
	var p buildProject
	if err := toml.Unmarshal(b, &p); err != nil {
		return none, fmt.Errorf("its pyproject.toml cannot be read: %w", err)
	}
	kind, ok := backendOf(p.BuildSystem.Backend)
	if !ok || len(p.BuildSystem.Path) > 0 {
		return none, fmt.Errorf("what its build backend %q does is not known", cmp.Or(p.BuildSystem.Backend, "setuptools.build_meta:__legacy__"))
	}
	if len(p.Project.EntryPoints) > 0 {
		return none, errors.New("it has entry points, which are found by a wheel's metadata alone")
	}
	for _, key := range kind.settings {
		if tool, ok := p.Tool[key[0]].(map[string]any); ok && tool[key[1]] != nil {
			return none, fmt.Errorf("tool.%s in its pyproject.toml changes what a wheel of it holds", strings.Join(key, "."))
		}
	}
	for _, script := range []string{"setup.py", "setup.cfg", "MANIFEST.in", "build.py"} {
		if _, err := os.Stat(filepath.Join(base, script)); err == nil {
			return none, fmt.Errorf("its %s may change what a wheel of it holds", script)
		}
	}
	module := moduleName(e.name)
	source, err := findModule(base, module, kind)
	if err != nil {
		return none, err
	}
	if err := onlyPython(filepath.Join(base, filepath.FromSlash(source)), kind.data); err != nil {
		return none, err
	}
	return LocalPackage{
		Name: e.name, Version: e.version, Dir: dir, Source: path.Join(dir, source), Module: module,
		Exclude: []string{"**/__pycache__/**", "**/*.pyc"},
	}, nil
}

// findModule returns where the one importable package of a project lies.
func findModule(base, module string, kind backend) (string, error) {
	isPackage := func(name string) bool {
		info, err := os.Stat(filepath.Join(base, filepath.FromSlash(name), "__init__.py"))
		return err == nil && info.Mode().IsRegular()
	}
	inSource, beside := path.Join("src", module), module
	switch {
	case isPackage(inSource):
		entries, err := os.ReadDir(filepath.Join(base, "src"))
		if err != nil {
			return "", err
		}
		for _, e := range entries {
			if name := e.Name(); name != module && !strings.HasSuffix(name, ".egg-info") && !strings.HasPrefix(name, ".") && name != "__pycache__" {
				return "", fmt.Errorf("its src folder holds %q beside %q", name, module)
			}
		}
		if kind.flat && isPackage(beside) {
			return "", fmt.Errorf("both %q and %q are importable packages", inSource, beside)
		}
		return inSource, nil
	case kind.flat && isPackage(beside):
		return beside, nil
	}
	if info, err := os.Stat(filepath.Join(base, module+".py")); err == nil && kind.module && info.Mode().IsRegular() {
		return module + ".py", nil
	}
	return "", fmt.Errorf("it has no %s/__init__.py, nor one below src", module)
}

// onlyPython faults files of which it is not known that a wheel would hold them.
func onlyPython(dir string, data bool) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		switch ext := filepath.Ext(base); {
		case d.IsDir() && base == "__pycache__":
			return filepath.SkipDir
		case !d.IsDir() && !d.Type().IsRegular():
			return fmt.Errorf("its file %q is no regular file", base)
		case d.IsDir(), ext == ".py", ext == ".pyi", ext == ".pyc", base == "py.typed":
			return nil
		case slices.Contains([]string{".so", ".pyd", ".dylib", ".dll", ".pyx", ".c", ".cpp", ".rs"}, ext):
			return fmt.Errorf("its file %q is not pure Python", base)
		case data:
			return nil
		}
		return fmt.Errorf("whether a wheel holds its file %q is the build backend's decision", base)
	})
}
