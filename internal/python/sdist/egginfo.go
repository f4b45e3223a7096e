package sdist

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
)

// eggInfo is what a source distribution of setuptools says of itself.
type eggInfo struct {
	*Sdist
	dir    string   // of the metadata, such as "src/acme.egg-info"
	root   string   // of the packages, "" for the top folder
	listed []string // by SOURCES.txt, sorted, without doubles
	tops   []string // importable names
	setup  setupText
	data   dataRule
}

// findEggInfo returns the folder of the distribution's metadata, "" where there
// is none.
func (s *Sdist) findEggInfo() string {
	best := ""
	for _, p := range s.paths {
		dir, base := path.Split(p)
		dir = strings.TrimSuffix(dir, "/")
		name, ok := strings.CutSuffix(path.Base(dir), ".egg-info")
		if base != "PKG-INFO" || !ok || normalize(name) != s.name || strings.Count(dir, "/") > 2 {
			continue
		}
		if best == "" || strings.Count(dir, "/") < strings.Count(best, "/") {
			best = dir
		}
	}
	return best
}

// ofEggInfo makes the wheel of a distribution of setuptools.
func (s *Sdist) ofEggInfo(dir string) (*Wheel, error) {
	e := &eggInfo{Sdist: s, dir: dir, root: strings.TrimPrefix(path.Dir(dir), "."), setup: s.readSetup(), data: s.dataRule()}
	if len(s.files[dir+"/SOURCES.txt"]) == 0 {
		return nil, s.refuse("it has no %s/SOURCES.txt", dir)
	}
	for _, line := range s.lines(dir + "/SOURCES.txt") {
		e.listed = append(e.listed, path.Clean(strings.ReplaceAll(line, `\`, "/")))
	}
	slices.Sort(e.listed)
	e.listed = slices.Compact(e.listed)
	e.tops = s.lines(dir + "/top_level.txt")
	head, err := s.readHead(dir + "/PKG-INFO")
	if err != nil {
		return nil, err
	}
	if err := s.refuseNative(slices.Concat(e.listed, s.below(e.root))); err != nil {
		return nil, err
	}
	if err := e.refuseSetup(); err != nil {
		return nil, err
	}
	w := s.newWheel()
	if err := e.pack(w); err != nil {
		return nil, err
	}
	if err := s.scripts(e.setup, w); err != nil {
		return nil, err
	}
	w.Recorded = e.setup.conditional()
	if err := e.info(w, head); err != nil {
		return nil, err
	}
	return w, nil
}

// below returns the paths of the files below a folder, "" for the top one.
func (s *Sdist) below(dir string) []string {
	if dir == "" {
		return s.paths
	}
	var out []string
	for _, p := range s.paths {
		if strings.HasPrefix(p, dir+"/") {
			out = append(out, p)
		}
	}
	return out
}

// refuseSetup refuses a setup.py that changes code on its way into a wheel.
func (e *eggInfo) refuseSetup() error {
	if e.setup.translates() {
		return e.refuse("its setup.py asks for use_2to3, which no setuptools has any more")
	}
	if command := e.setup.command(); command != "" {
		return e.refuse("its setup.py has a command %q of its own, which may write files", command)
	}
	return nil
}

// pack adds the modules and packages that top_level.txt names, with the data
// beside them, as SOURCES.txt lists them.
func (e *eggInfo) pack(w *Wheel) error {
	if len(e.tops) == 0 {
		return e.refuse("its top_level.txt names no module")
	}
	spaces := map[string]bool{}
	for _, name := range e.lines(e.dir + "/namespace_packages.txt") {
		spaces[strings.ReplaceAll(name, ".", "/")+"/__init__.py"] = true
	}
	for _, top := range e.tops {
		if !fs.ValidPath(strings.ReplaceAll(top, ".", "/")) {
			return e.refuse("its top_level.txt names %q", top)
		}
		top = strings.ReplaceAll(top, ".", "/")
		at := e.place(top)
		files, err := e.filesOf(top, at)
		if err != nil {
			return err
		}
		if len(files) == 0 {
			return e.refuse("its SOURCES.txt lists no file of %q, which its top_level.txt names", top)
		}
		for to, from := range files {
			if !spaces[to] { // a namespace needs no __init__.py
				w.Files[to] = e.files[from]
			}
		}
	}
	return nil
}

// place returns where a top-level name lies: the path of its folder, or of its
// module without the extension.
func (e *eggInfo) place(top string) string {
	dirs := e.setup.packageDir()
	if mapped, ok := dirs[top]; ok {
		return mapped
	}
	if mapped, ok := dirs[""]; ok && e.root == "" {
		return path.Join(mapped, top)
	}
	return path.Join(e.root, top)
}

// filesOf returns the files of a top-level name that a wheel holds, by their
// paths in it.
func (e *eggInfo) filesOf(top, at string) (map[string]string, error) {
	files, data := map[string]string{}, map[string]string{}
	isPackage := func(dir string) bool {
		_, ok := e.files[path.Join(at, strings.TrimPrefix(dir, top), "__init__.py")]
		return ok
	}
	for _, name := range e.listed {
		below, inside := strings.CutPrefix(name, at+"/")
		to := path.Join(top, below)
		switch {
		case name == at+".py":
			to = top + ".py"
		case !inside, strings.Contains(name, ".egg-info/"), strings.HasSuffix(name, ".pyc"), !fs.ValidPath(to):
			continue
		}
		if _, held := e.files[name]; !held {
			return nil, e.refuse("its SOURCES.txt lists %q, which it does not hold", name)
		}
		if strings.HasSuffix(name, ".py") && (path.Dir(to) == "." || isPackage(path.Dir(to)) || !isPackage(top)) {
			files[to] = name
		} else {
			data[to] = name
		}
	}
	for to, name := range data {
		if e.data.holds(to, isPackage) {
			files[to] = name
		}
	}
	for _, name := range e.below(at) {
		to := path.Join(top, strings.TrimPrefix(name, at+"/"))
		if strings.HasSuffix(name, ".py") && !strings.HasPrefix(path.Base(name), ".") && files[to] == "" && data[to] == "" && isPackage(path.Dir(to)) {
			return nil, e.refuse("it holds %q, which its SOURCES.txt does not list", name)
		}
	}
	return files, nil
}

func sameVersion(a pep440.Version, text string) bool {
	b, err := pep440.Parse(text)
	return err == nil && a.Compare(b) == 0
}
