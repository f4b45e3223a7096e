package backend

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// table is a table of a pyproject.toml.
type table = map[string]any

// below returns the table at keys, nil where there is none.
func below(t table, keys ...string) table {
	for _, key := range keys {
		t, _ = t[key].(table)
	}
	return t
}

// only faults the keys of a table that are not among the known ones.
func (p *project) only(t table, at string, known ...string) {
	for _, key := range slices.Sorted(maps.Keys(t)) {
		if !slices.Contains(known, key) {
			p.changes(at + "." + key)
		}
	}
}

// texts returns the list of texts under a key, nil where there is none.
func (p *project) texts(t table, at, key string) []string {
	list, ok := textsOf(t[key])
	if !ok {
		p.refuseKey(at+"."+key, "is not a list of texts")
	}
	return list
}

// textsOf returns the texts of a list, and whether it is one. A single text is a list of
// one, and nothing has none.
func textsOf(value any) (list []string, ok bool) {
	switch value := value.(type) {
	case nil:
		return nil, true
	case string:
		return []string{value}, true
	case []any:
		list = make([]string, 0, len(value))
		for _, element := range value {
			text, ok := element.(string)
			if !ok {
				return nil, false
			}
			list = append(list, text)
		}
		return list, true
	}
	return nil, false
}

// inside returns a path of a setting without "./" and a slash at its end; one
// that leads out of the project is a fault of the key.
func (p *project) inside(name, key string) string {
	clean := path.Clean(strings.TrimSuffix(strings.TrimPrefix(name, "/"), "/"))
	if clean == ".." || strings.HasPrefix(clean, "../") || strings.Contains(name, `\`) || len(name) > 1 && name[1] == ':' {
		p.changes(key)
	}
	return clean
}

// topless returns a path of the project, "" for its top.
func topless(name string) string {
	if name == "." {
		return ""
	}
	return name
}

// importable reports whether a name is a dotted name in ASCII.
func importable(dotted string) bool {
	for name := range strings.SplitSeq(dotted, ".") {
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" || name[0] >= '0' && name[0] <= '9' {
			return false
		}
	}
	return true
}

// patterns returns what lines in the form of gitignore mean: files, and all in folders.
func (p *project) patterns(lines []string, key string) func(name string) bool {
	rules, err := filetree.ParseIgnores([]byte(strings.Join(lines, "\n")), "")
	if err != nil {
		p.refuse("%s in its pyproject.toml: %v", key, err)
	}
	return func(name string) bool { return meant(name, rules.Decide) }
}

// meant reports whether a file is decided to be ignored, or a folder above it.
func meant(name string, decide func(name string, isDir bool) (ignored, decided bool)) bool {
	for end := range len(name) {
		if name[end] == '/' {
			if ignored, _ := decide(name[:end], true); ignored {
				return true
			}
		}
	}
	ignored, _ := decide(name, false)
	return ignored
}

// gitIgnored reports whether a file is ignored by the .gitignore files of the project,
// and of the folders above, as git judges.
func (p *project) gitIgnored(name string) bool {
	return meant(name, func(name string, isDir bool) (ignored, decided bool) {
		name = path.Join(p.dir, name)
		for dir := name; !decided && dir != "."; {
			dir = path.Dir(dir)
			ignored, decided = p.ignoresIn(dir).Decide(name, isDir)
		}
		return ignored, decided
	})
}

// ignoresIn returns the .gitignore file of a folder of above.
func (p *project) ignoresIn(dir string) *filetree.Ignores {
	rules, known := p.ignores[dir]
	if known {
		return rules
	}
	rules = &filetree.Ignores{}
	body, err := readText(p.above, path.Join(dir, ".gitignore"))
	if err == nil {
		rules, err = filetree.ParseIgnores(body, topless(dir))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.refuse("the .gitignore file of the folder %q: %v", dir, err)
	}
	p.ignores[dir] = rules
	return rules
}
