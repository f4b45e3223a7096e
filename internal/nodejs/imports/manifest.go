package imports

import (
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
)

// manifest is what package.json says of how a package is entered. What is malformed
// is absent, as for Node.js.
type manifest struct {
	main    string
	kind    string // "module" for ES modules
	exports []byte // nil where there are none
}

func readManifest(body []byte) (m manifest) {
	err := jsonscan.EachMember(jsonscan.TrimBOM(body), func(key string, value []byte) error {
		switch key {
		case "main":
			m.main = jsonscan.Text(value)
		case "type":
			m.kind = jsonscan.Text(value)
		case "exports":
			if m.exports = value; string(value) == "null" {
				m.exports = nil
			}
		}
		return nil
	})
	if err != nil {
		return manifest{}
	}
	return m
}

// exported returns the file that "exports" has for a subpath such as "." or "./fp",
// under some conditions ("Package entry points" of the Node.js documentation).
func (m manifest) exported(subpath string, conditions []string) (string, bool) {
	all, err := jsonscan.Members(m.exports)
	if err != nil {
		return "", false
	}
	value, star := m.exports, ""
	if len(all) > 0 && strings.HasPrefix(all[0].Key, ".") {
		value, star = atSubpath(all, subpath)
	} else if subpath != "." {
		return "", false
	}
	if value == nil {
		return "", false
	}
	file, _ := target(value, star, conditions, 0)
	return file, file != ""
}

// atSubpath returns the value of a subpath, and what the star of its pattern stands
// for; nil where nothing is exported there.
func atSubpath(all []jsonscan.Member, subpath string) (value []byte, star string) {
	if i := slices.IndexFunc(all, func(m jsonscan.Member) bool { return m.Key == subpath }); i >= 0 {
		return all[i].Value, ""
	}
	best := ""
	for _, m := range all {
		before, after, ok := strings.Cut(m.Key, "*")
		if !ok && strings.HasSuffix(m.Key, "/") {
			before, ok = m.Key, true // a folder, as older packages write it
		}
		if !ok || !strings.HasPrefix(subpath, before) || !strings.HasSuffix(subpath, after) || len(subpath) < len(m.Key)-1 || len(m.Key) <= len(best) {
			continue
		}
		best, value, star = m.Key, m.Value, subpath[len(before):len(subpath)-len(after)]
	}
	return value, star
}

// maxConditions bounds how deep conditions may be nested.
const maxConditions = 32

// target returns the file that a value of "exports" means: a path, conditions, or
// alternatives. It is "" for none; ended is set where nothing that comes later counts
// either, as after null.
func target(value []byte, star string, conditions []string, depth int) (file string, ended bool) {
	if depth > maxConditions {
		return "", true
	}
	switch jsonscan.FirstByte(value) {
	case '"':
		file = jsonscan.Text(value)
		if !strings.HasPrefix(file, "./") {
			return "", true
		}
		if strings.HasSuffix(file, "/") {
			file += star
		}
		return strings.ReplaceAll(file, "*", star), true
	case '[':
		err := jsonscan.EachElement(value, func(element []byte) error {
			if file == "" {
				one, last := target(element, star, conditions, depth+1)
				file, ended = one, ended || last
			}
			return nil
		})
		return file, ended || err != nil
	case '{':
		all, err := jsonscan.Members(value)
		for _, m := range all {
			if !slices.Contains(conditions, m.Key) {
				continue
			}
			if file, ended := target(m.Value, star, conditions, depth+1); ended {
				return file, true
			}
		}
		return "", err != nil
	}
	return "", true
}

// The conditions under which require() and import choose entries.
var (
	byRequire = []string{"node", "require", "default"}
	byImport  = []string{"node", "import", "default"}
)

// ESMOnly reports whether require() of the package in a folder finds an ES module, or
// nothing that it may load: a CommonJS function can then use it by import() alone.
// Packages without code, such as type declarations, are not.
func (w *World) ESMOnly(folder string) (bool, error) {
	m, err := w.manifest(folder)
	if err != nil {
		return false, err
	}
	var file string
	var ok bool
	if m.exports == nil {
		file, ok = w.main(folder, m)
	} else if file, ok = m.exported(".", byRequire); ok {
		file = path.Join(folder, file)
	} else {
		// What only import finds is for ES modules.
		_, imported := m.exported(".", byImport)
		return imported, nil
	}
	if !ok {
		return false, nil
	}
	return w.isModule(file)
}

// isModule reports whether Node.js takes a file for an ES module: by its name, else by
// the nearest package.json.
func (w *World) isModule(file string) (bool, error) {
	switch path.Ext(file) {
	case ".mjs":
		return true, nil
	case ".js":
	default:
		return false, nil
	}
	dir := path.Dir(file)
	for dir != "." && w.files[path.Join(dir, "package.json")] == nil {
		dir = path.Dir(dir)
	}
	m, err := w.manifest(dir)
	return m.kind == "module", err
}
