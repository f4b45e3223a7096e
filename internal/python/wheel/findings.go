package wheel

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// Findings returns sentences on what of a tree, as Tree made it, may surprise in
// Lambda: files in a package folder whose __init__.py lies in another folder of
// sys.path are not seen. A folder that two distributions share while only one of
// them brings an __init__.py is named too: what the other one has there is found
// in this layer alone. And .pth files that run code at every cold start are named:
// Lambda's bootstrap makes site directories of python/ and of its site-packages,
// so that .pth files work.
func Findings(tree filetree.Tree) ([]string, error) {
	var notes []string
	users := map[string]filetree.Origin{} // the first by folder, none for several
	last := ""
	for i := range tree {
		e := &tree[i]
		_, within, ok := splitRoot(e.Path)
		if !ok {
			continue
		}
		top, _, inFolder := strings.Cut(within, "/")
		if !inFolder && strings.HasSuffix(top, ".pth") {
			// What setuptools writes for namespace packages, and its own hook, change nothing
			// that a user could act on.
			own := strings.HasSuffix(top, "-nspkg.pth") || top == "distutils-precedence.pth"
			runs, err := has(e, pthCode)
			if err != nil {
				return nil, err
			}
			if runs && !own {
				notes = append(notes, fmt.Sprintf("%q of %s runs code at every cold start", top, e.Origin.Distribution()))
			}
		}
		if !inFolder || top == last && users[top] == e.Origin {
			continue
		}
		last = top
		if first, known := users[top]; !known {
			users[top] = e.Origin
		} else if first != e.Origin {
			users[top] = filetree.Origin{}
		}
	}
	// Most folders have one owner, and need no second look.
	f := finder{inits: map[string][]filetree.Entry{}, users: map[string][]user{}}
	for i := range tree {
		dir, within, ok := splitRoot(tree[i].Path)
		top, _, inFolder := strings.Cut(within, "/")
		if ok && inFolder && users[top] == (filetree.Origin{}) {
			f.see(tree[i], dir, within)
		}
	}
	shared, err := f.shared()
	return append(notes, shared...), err
}

// finder gathers who brings which packages.
type finder struct {
	inits map[string][]filetree.Entry // __init__.py files, by package
	users map[string][]user           // who has code in a package, by package
}

// user is a distribution that has code in a folder of sys.path.
type user struct {
	dir    string
	origin filetree.Origin
}

func (f *finder) see(e filetree.Entry, dir, within string) {
	name := path.Dir(within)
	if name == "." || strings.Contains(within, ".dist-info/") {
		return
	}
	if path.Base(within) == "__init__.py" {
		f.inits[name] = append(f.inits[name], e)
	}
	by := user{dir, e.Origin}
	for ; name != "."; name = path.Dir(name) {
		if list := f.users[name]; len(list) == 0 || list[len(list)-1] != by {
			f.users[name] = append(list, by)
		}
	}
}

// shared returns the findings on packages, sorted; of a package and those below
// it the outermost is named.
func (f *finder) shared() ([]string, error) {
	var notes, named []string
	for _, name := range slices.Sorted(maps.Keys(f.inits)) {
		if slices.ContainsFunc(named, func(above string) bool { return strings.HasPrefix(name, above+"/") }) {
			continue
		}
		note, err := f.judge(name)
		if err != nil {
			return nil, err
		}
		if note != "" {
			notes, named = append(notes, note), append(named, name)
		}
	}
	return notes, nil
}

// judge returns what is wrong with a package, or "".
func (f *finder) judge(name string) (string, error) {
	for _, by := range f.users[name] {
		owner := slices.ContainsFunc(f.inits[name], func(e filetree.Entry) bool { return e.Origin == by.origin })
		note := ""
		if !owner {
			note = f.note(name, by.dir, by.origin.Distribution())
		}
		if note == "" {
			continue
		}
		// Few packages come this far: their files are read now.
		for i := range f.inits[name] {
			if style, err := has(&f.inits[name][i], namespaceStyle); err != nil || style {
				return "", err
			}
		}
		return note, nil
	}
	return "", nil
}

// note says what comes of files that another distribution has in a package, in
// a folder of sys.path, without an __init__.py; "" where nothing does.
func (f *finder) note(name, dir, other string) string {
	if e := f.initIn(name, func(at string) bool { return at == dir }); e != nil {
		return fmt.Sprintf("%q is of %s, and %s has files in that folder without one: they are found in this layer, and hidden if another %s is found first",
			name+"/__init__.py", e.Origin.Distribution(), other, name)
	}
	// Two folders of site-packages are never on one sys.path.
	if e := f.initIn(name, func(at string) bool { return at == root || dir == root }); e != nil {
		return fmt.Sprintf("%q of %s hides what %s has in %s/%s: build one layer for each runtime", e.Path, e.Origin.Distribution(), other, dir, name)
	}
	return ""
}

// initIn returns the first __init__.py of a package in one of some folders of
// sys.path, or nil.
func (f *finder) initIn(name string, in func(dir string) bool) *filetree.Entry {
	for i, e := range f.inits[name] {
		if dir, _, _ := splitRoot(e.Path); in(dir) {
			return &f.inits[name][i]
		}
	}
	return nil
}

// namespaceStyle is how an __init__.py says that its package may be spread over
// folders: by pkgutil or by pkg_resources.
var namespaceStyle = regexp.MustCompile(`extend_path\s*\(|declare_namespace\s*\(`)

// pthCode is a line of a .pth file that Python executes: one that starts with import
// (module site in the Python documentation).
var pthCode = regexp.MustCompile(`(?m)^import[ \t]`)

// has reports whether a small file has what is looked for.
func has(e *filetree.Entry, what *regexp.Regexp) (bool, error) {
	if e.Size > maxScript {
		return false, nil
	}
	body, err := e.ReadContent()
	return err == nil && what.Match(body), err
}

// Within returns the part of a layer path below the folder of sys.path that it
// lies in, and false where it lies in none.
func Within(name string) (string, bool) {
	_, within, ok := splitRoot(name)
	return within, ok
}

// splitRoot splits a layer path into the folder of sys.path and what is in it.
func splitRoot(name string) (dir, within string, ok bool) {
	within, ok = strings.CutPrefix(name, root+"/")
	if !strings.HasPrefix(within, "lib/python3.") {
		return root, within, ok
	}
	const site = "/site-packages/"
	_, rest, _ := strings.Cut(within, "/")
	version, inner, _ := strings.Cut(rest, "/")
	inner, found := strings.CutPrefix("/"+inner, site)
	if !found {
		return root, within, ok
	}
	return root + "/lib/" + version + strings.TrimSuffix(site, "/"), inner, ok
}
