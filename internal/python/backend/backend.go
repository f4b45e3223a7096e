// Package backend tells what a wheel of a project holds by what its
// pyproject.toml says, for every build backend whose settings say it without
// running code: hatchling, Flit, Poetry, uv and setuptools. It reads the project
// through a file system, so that a folder on disk and an unpacked source
// distribution are one to it. It runs nothing, and what only a run would tell is
// an error.
package backend

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
)

// Wheel is what a wheel of a project holds.
type Wheel struct {
	// Version is the one that the project says, "" where only a run of its
	// backend would tell.
	Version string
	// Files are the importable files and the data beside them: paths in the
	// project by paths in the wheel, both with slashes.
	Files map[string]string
	// Info are the files of the .dist-info folder by their names in it, without
	// WHEEL and RECORD; nil where Version is not known.
	Info map[string][]byte
}

// maxFiles caps the number of files of a project that are looked at, maxText
// the bytes of one that is read.
const (
	maxFiles = 50_000
	maxText  = 4 << 20
)

// Read tells what a wheel of the project in fsys holds. name is its normalised
// name, version the one that is known from elsewhere or "". The .gitignore files of
// the folders above count up to the top of above, in which the project lies at dir.
// Errors are clauses such as "its backend is not known", for a person.
func Read(fsys fs.FS, name, version string, above fs.FS, dir string) (*Wheel, error) {
	p := &project{fsys: fsys, name: name, version: version, above: above, dir: dir, ignores: map[string]*filetree.Ignores{}}
	body, err := p.read("pyproject.toml")
	if err != nil {
		return nil, errors.New("it has no pyproject.toml that can be read")
	}
	if err := toml.Unmarshal(jsonscan.TrimBOM(body), &p.config); err != nil {
		return nil, fmt.Errorf("its pyproject.toml cannot be read: %w", err)
	}
	parts := p.parts()
	w := &Wheel{Files: map[string]string{}}
	for _, part := range parts {
		p.expand(part, w.Files)
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(w.Files)), func(f string) bool { return strings.HasSuffix(f, ".py") }) {
		p.refuse("it has no Python at %s, where its pyproject.toml says that it is", places(parts))
	}
	if w.Version = p.versionText(); w.Version != "" {
		w.Info = p.info(w)
	}
	if len(p.faults) > 0 {
		return nil, errors.New(strings.Join(p.faults, "; "))
	}
	return w, nil
}

func places(parts []part) string {
	var names []string
	for _, part := range parts {
		names = append(names, fmt.Sprintf("%q", cmp.Or(part.from, ".")))
	}
	return cmp.Or(strings.Join(names, ", "), "any place")
}

// project is a project that is read.
type project struct {
	fsys fs.FS
	name string // normalised
	// version is the one that is known from elsewhere, "" if none is.
	version string
	above   fs.FS
	dir     string // of the project in above
	ignores map[string]*filetree.Ignores
	config
	// faults are clauses. Where there is one, nothing else of the project counts.
	faults []string
}

// refuse notes a fault, unless there is one already, of which it may come.
func (p *project) refuse(format string, args ...any) {
	if len(p.faults) == 0 {
		p.faults = append(p.faults, fmt.Sprintf(format, args...))
	}
}

// refuseKey notes a fault of a key of the pyproject.toml, each once: what is wrong with
// one has nothing to do with others.
func (p *project) refuseKey(key, what string) {
	if fault := key + " in its pyproject.toml " + what; !slices.Contains(p.faults, fault) {
		p.faults = append(p.faults, fault)
	}
}

// changes notes a key that makes another wheel than is known.
func (p *project) changes(key string) { p.refuseKey(key, "changes what a wheel of it holds") }

// config is what is read of a pyproject.toml.
type config struct {
	BuildSystem *struct {
		Backend string   `toml:"build-backend"`
		Path    []string `toml:"backend-path"`
		Require []string `toml:"requires"`
	} `toml:"build-system"`
	Project table `toml:"project"`
	Tool    table `toml:"tool"`
}

// part is a folder or a file of the project and its place in the wheel.
type part struct {
	from, to string // "" is the top of the project, of the wheel
	// keep reports whether a file goes into the wheel, by its path in the
	// project; nil keeps all.
	keep func(name string) bool
}

// backends tell the parts of a wheel, by the name of the build backend.
var backends = map[string]func(*project) []part{
	"hatchling.build":                  hatchParts,
	"flit_core.buildapi":               flitParts,
	"poetry.core.masonry.api":          poetryParts,
	"poetry.masonry.api":               poetryParts,
	"uv_build":                         uvParts,
	"setuptools.build_meta":            setuptoolsParts,
	"setuptools.build_meta:__legacy__": setuptoolsParts,
}

// backend returns the name of the build backend; a project that names none is
// built by setuptools (PEP 517).
func (p *project) backend() string {
	if p.BuildSystem == nil || p.BuildSystem.Backend == "" {
		return "setuptools.build_meta:__legacy__"
	}
	return p.BuildSystem.Backend
}

func (p *project) parts() []part {
	partsOf := backends[p.backend()]
	if partsOf == nil || p.BuildSystem != nil && len(p.BuildSystem.Path) > 0 {
		p.refuse("what its build backend %q packs is not known", p.backend())
		return nil
	}
	return partsOf(p)
}

// read returns a small file of the project.
func (p *project) read(name string) ([]byte, error) { return readText(p.fsys, name) }

func readText(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxText {
		return nil, fmt.Errorf("its %s is not a file of up to 4 MiB", name)
	}
	return fs.ReadFile(fsys, name)
}

func (p *project) isFile(name string) bool {
	info, err := fs.Stat(p.fsys, name)
	return err == nil && info.Mode().IsRegular()
}

func (p *project) isDir(name string) bool {
	info, err := fs.Stat(p.fsys, name)
	return err == nil && info.IsDir()
}

// isPackage reports whether a folder is a package that is no namespace.
func (p *project) isPackage(dir string) bool { return p.isFile(path.Join(dir, "__init__.py")) }

// expand adds the files of a part to those of the wheel.
func (p *project) expand(part part, files map[string]string) {
	from := cmp.Or(part.from, ".")
	switch {
	case p.isFile(from):
		if part.keep == nil || part.keep(from) {
			p.add(files, part.to, from)
		}
	case p.isDir(from):
		for name := range p.files(from) {
			if part.keep == nil || part.keep(name) {
				p.add(files, path.Join(part.to, relativeTo(name, from)), name)
			}
		}
	default:
		p.refuse("it has no Python at %q, where its pyproject.toml says that it is", from)
	}
}

// relativeTo returns a path below a folder, "." being the top, from there.
func relativeTo(name, dir string) string {
	if dir == "." {
		return name
	}
	return strings.TrimPrefix(name, dir+"/")
}

// files yields the files below a folder, without what no wheel holds.
func (p *project) files(dir string) iter.Seq[string] {
	return func(yield func(name string) bool) {
		seen := 0
		err := fs.WalkDir(p.fsys, dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if seen++; seen > maxFiles {
				return fmt.Errorf("its folder %q holds more than %d files", dir, maxFiles)
			}
			base := d.Name()
			switch {
			case d.IsDir() && name != dir && slices.Contains(neverFolders, base):
				return fs.SkipDir
			case d.IsDir(), base == ".DS_Store", compiled(base):
				return nil
			case !yield(name):
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			p.refuse("%v", err)
		}
	}
}

// neverFolders are folders that no backend packs.
var neverFolders = []string{"__pycache__", ".git", ".hg", ".svn", ".tox", ".nox", ".ruff_cache", ".pytest_cache", ".mypy_cache", ".pixi", ".venv", "node_modules"}

func compiled(base string) bool {
	return strings.HasSuffix(base, ".pyc") || strings.HasSuffix(base, ".pyo") || strings.HasSuffix(base, ".pyd")
}

// native are the extensions of files that are compiled, or have been.
var native = []string{".so", ".pyd", ".dylib", ".dll", ".pyx", ".c", ".cc", ".cpp", ".cxx", ".rs", ".f", ".f90"}

func (p *project) add(files map[string]string, to, from string) {
	old, twice := files[to]
	switch {
	case slices.Contains(native, path.Ext(from)):
		p.refuse("its file %q is not pure Python", from)
	case !fs.ValidPath(to) || strings.ContainsAny(to, "\\\x00"):
		p.refuse("its file %q goes to %q, which is not a path of a wheel", from, to)
	case twice && old != from:
		p.refuse("its files %q and %q both go to %q", old, from, to)
	}
	files[to] = from
}
