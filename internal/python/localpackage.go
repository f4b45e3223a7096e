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
	// Scripts are its console scripts as "name = module:callable", sorted.
	Scripts []string `json:",omitempty"`
}

// Programs returns the console scripts of the project by their layer path, as
// those of wheels are: see [TreeOptions].
func (p LocalPackage) Programs(targets []Target) (map[string]string, error) {
	points, err := parseScripts("[console_scripts]\n" + strings.Join(p.Scripts, "\n"))
	if err != nil {
		return nil, fmt.Errorf("reading the scripts of the project %q: %w", p.Name, err)
	}
	programs := map[string]string{}
	for _, point := range points {
		programs[binDir+"/"+point.name] = point.script(interpreter(targets))
	}
	return programs, nil
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
			return r.fault(e.title(), "the project in %q is not packed from disk: %v. Give a wheel of it in python.wheels, or leave it out of the lock and add its code with files = [{ source = …, target = \"python/%s\" }]",
				dir, err, moduleName(e.name))
		}
		at = len(r.out.Local)
		r.out.Local = append(r.out.Local, l)
	}
	r.out.Local[at].Targets = append(r.out.Local[at].Targets, t.String())
	return nil
}

// vcs refuses a source checkout. Even one of a known commit has no digest that
// a file could be checked against.
func (r *lockReader) vcs(e *lockEntry, kind, address, commit string) error {
	address, _, _ = strings.Cut(strings.TrimPrefix(address, kind+"+"), "#")
	address, _, _ = strings.Cut(address, "?")
	from := fmt.Sprintf("the %s repository %s", kind, hideCredentials(address, 0))
	if commit != "" {
		from += fmt.Sprintf(" at %q", commit)
	}
	return r.fault(e.title(), "it comes from %s, and nothing is built from source: build its wheel elsewhere and give that in python.wheels, or require a release that has a wheel", from)
}

func moduleName(name string) string { return strings.ReplaceAll(name, "-", "_") }

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
	shapeOf := backends[p.BuildSystem.Backend]
	if shapeOf == nil || len(p.BuildSystem.Path) > 0 {
		return none, fmt.Errorf("what its build backend %q does is not known", cmp.Or(p.BuildSystem.Backend, "setuptools.build_meta:__legacy__"))
	}
	if len(p.Project.EntryPoints) > 0 {
		return none, errors.New("it has entry points, which are found by a wheel's metadata alone")
	}
	s, err := shapeOf(&p, base, moduleName(e.name))
	if err != nil {
		return none, err
	}
	if s.source == "" {
		if s.source, err = s.find(base); err != nil {
			return none, err
		}
	}
	if err := s.check(filepath.Join(base, filepath.FromSlash(s.source))); err != nil {
		return none, err
	}
	return LocalPackage{
		Name: e.name, Version: e.version, Dir: dir, Source: path.Join(dir, s.source), Module: s.module,
		Exclude: []string{"**/__pycache__/**", "**/*.pyc"}, Scripts: p.scripts(),
	}, nil
}

// scripts lists what pyproject.toml declares as scripts, as
// LocalPackage.Scripts.
func (p *buildProject) scripts() []string {
	var list []string
	for _, scripts := range []map[string]string{p.Project.Scripts, p.Project.GUIScripts} {
		for name, object := range scripts {
			list = append(list, name+" = "+object)
		}
	}
	for name, object := range table(p.Tool, "poetry", "scripts") {
		if object, ok := object.(string); ok {
			list = append(list, name+" = "+object)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// find returns where the one importable package of a project lies.
func (s shape) find(base string) (string, error) {
	isPackage := func(name string) bool {
		info, err := os.Stat(filepath.Join(base, filepath.FromSlash(name), "__init__.py"))
		return err == nil && info.Mode().IsRegular()
	}
	inSource, beside := path.Join("src", s.module), s.module
	switch {
	case isPackage(inSource):
		entries, err := os.ReadDir(filepath.Join(base, "src"))
		if err != nil {
			return "", err
		}
		for _, e := range entries {
			if name := e.Name(); name != s.module && !strings.HasSuffix(name, ".egg-info") && !strings.HasPrefix(name, ".") && name != "__pycache__" {
				return "", fmt.Errorf("its src folder holds %q beside %q", name, s.module)
			}
		}
		if s.flat && isPackage(beside) {
			return "", fmt.Errorf("both %q and %q are importable packages", inSource, beside)
		}
		return inSource, nil
	case s.flat && isPackage(beside):
		return beside, nil
	}
	if info, err := os.Stat(filepath.Join(base, s.module+".py")); err == nil && s.single && info.Mode().IsRegular() {
		return s.module + ".py", nil
	}
	return "", fmt.Errorf("it has no %s/__init__.py, nor one below src", s.module)
}

// check faults what is not there, and files of which it is not known that a
// wheel would hold them.
func (s shape) check(dir string) error {
	python := false
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		below, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		below = filepath.ToSlash(below)
		switch ext := filepath.Ext(base); {
		case d.IsDir() && base == "__pycache__":
			return filepath.SkipDir
		case d.IsDir(), ext == ".pyc":
			return nil
		case !d.Type().IsRegular():
			return fmt.Errorf("its file %q is no regular file", base)
		case ext == ".py":
			python = true
			if folder := path.Dir(below); s.packed != nil && folder != "." {
				return s.packed(folder)
			}
			return nil
		case ext == ".pyi", base == "py.typed":
			return nil
		case slices.Contains([]string{".so", ".pyd", ".dylib", ".dll", ".pyx", ".c", ".cpp", ".rs"}, ext):
			return fmt.Errorf("its file %q is not pure Python", base)
		case s.data != nil && s.data(below):
			return nil
		}
		return fmt.Errorf("whether a wheel holds its file %q is the build backend's decision", base)
	})
	if errors.Is(err, fs.ErrNotExist) || err == nil && !python {
		return fmt.Errorf("it has no Python at %q, where its pyproject.toml says that it is", s.source)
	}
	return err
}
