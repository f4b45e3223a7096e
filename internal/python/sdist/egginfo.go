package sdist

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
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
		if base != "PKG-INFO" || !ok || pep508.NormalizeName(name) != s.name || strings.Count(dir, "/") > 2 {
			continue
		}
		if best == "" || strings.Count(dir, "/") < strings.Count(best, "/") {
			best = dir
		}
	}
	return best
}

// ofEggInfo makes the wheel of a distribution of setuptools.
func (s *Sdist) ofEggInfo(dir string) *Wheel {
	e := &eggInfo{Sdist: s, dir: dir, root: strings.TrimPrefix(path.Dir(dir), "."), setup: s.readSetup(), data: s.dataRule()}
	if len(s.files[dir+"/SOURCES.txt"]) == 0 {
		s.refuse("it has no %s/SOURCES.txt", dir)
	}
	for _, line := range s.lines(dir + "/SOURCES.txt") {
		e.listed = append(e.listed, path.Clean(strings.ReplaceAll(line, `\`, "/")))
	}
	slices.Sort(e.listed)
	e.listed = slices.Compact(e.listed)
	e.tops = s.lines(dir + "/top_level.txt")
	head := s.readHead(dir + "/PKG-INFO")
	s.refuseNative(slices.Concat(e.listed, s.below(e.root)))
	e.refuseSetup()
	w := s.newWheel()
	e.pack(w)
	s.scripts(e.setup, w)
	w.Recorded = e.setup.conditional()
	e.info(w, head)
	return w
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
func (e *eggInfo) refuseSetup() {
	if e.setup.translates() {
		e.refuse("its setup.py asks for use_2to3, which no setuptools has any more")
	}
	if command := e.setup.command(); command != "" {
		e.refuse("its setup.py has a command %q of its own, which may write files", command)
	}
}

// pack adds the modules and packages that top_level.txt names, with the data
// beside them, as SOURCES.txt lists them.
func (e *eggInfo) pack(w *Wheel) {
	if len(e.tops) == 0 {
		e.refuse("its top_level.txt names no module")
	}
	spaces := map[string]bool{}
	for _, name := range e.lines(e.dir + "/namespace_packages.txt") {
		spaces[strings.ReplaceAll(name, ".", "/")+"/__init__.py"] = true
	}
	for _, name := range e.tops {
		top := strings.ReplaceAll(name, ".", "/")
		if !fs.ValidPath(top) {
			e.refuse("its top_level.txt names %q", name)
			continue
		}
		files := e.filesOf(top, e.place(top))
		if len(files) == 0 {
			e.refuse("its SOURCES.txt lists no file of %q, which its top_level.txt names", top)
		}
		for to, from := range files {
			if !spaces[to] { // a namespace needs no __init__.py
				w.Files[to] = e.files[from]
			}
		}
	}
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
func (e *eggInfo) filesOf(top, at string) map[string]string {
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
			e.refuse("its SOURCES.txt lists %q, which it does not hold", name)
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
			e.refuse("it holds %q, which its SOURCES.txt does not list", name)
		}
	}
	return files
}

func sameVersion(a pep440.Version, text string) bool {
	b, err := pep440.Parse(text)
	return err == nil && a.Compare(b) == 0
}
