package backend

import (
	"fmt"
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

// only faults the first key of a table that is not among the known ones.
func only(t table, at string, known ...string) error {
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

// texts returns a list of texts, nil where there is none. A single text is a
// list of one.
func texts(value any, at string) ([]string, error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{value}, nil
	case []any:
		out := make([]string, 0, len(value))
		for _, element := range value {
			text, ok := element.(string)
			if !ok {
				return nil, fmt.Errorf("%s in its pyproject.toml is not a list of texts", at)
			}
			out = append(out, text)
		}
		return out, nil
	}
	return nil, fmt.Errorf("%s in its pyproject.toml is not a list of texts", at)
}

// inside returns a path of a setting without "./" and a slash at its end; one
// that leads out of the project is an error.
func inside(name, at string) (string, error) {
	clean := path.Clean(strings.TrimSuffix(strings.TrimPrefix(name, "/"), "/"))
	if clean == ".." || strings.HasPrefix(clean, "../") || strings.Contains(name, `\`) || len(name) > 1 && name[1] == ':' {
		return "", changes(at)
	}
	return strings.TrimPrefix(clean, "."+"/"), nil
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

// patterns are lines in the form of gitignore that say which files they mean.
type patterns struct{ lines *filetree.Ignores }

func newPatterns(lines []string, at string) (*patterns, error) {
	rules, err := filetree.ParseIgnores([]byte(strings.Join(lines, "\n")), "")
	if err != nil {
		return nil, fmt.Errorf("%s in its pyproject.toml: %w", at, err)
	}
	return &patterns{rules}, nil
}

// match reports whether the lines mean a file or a folder above it.
func (p *patterns) match(name string) bool {
	for end := range len(name) {
		if name[end] == '/' {
			if ignored, decided := p.lines.Decide(name[:end], true); decided && ignored {
				return true
			}
		}
	}
	ignored, decided := p.lines.Decide(name, false)
	return decided && ignored
}

// gitIgnored returns a function that reports whether a file is ignored by the
// .gitignore files of the project, and
// of the folders above, as git judges.
func (p *project) gitIgnored() (func(name string) bool, error) {
	known := map[string]*filetree.Ignores{}
	var fault error
	rules := func(dir string) *filetree.Ignores {
		if r, ok := known[dir]; ok {
			return r
		}
		known[dir] = nil
		name := path.Join(dir, ".gitignore")
		if body, err := p.read(name); err == nil {
			r, err := filetree.ParseIgnores(body, dir)
			if err != nil {
				fault = fmt.Errorf("its %s: %w", name, err)
			} else {
				known[dir] = r
			}
		}
		return known[dir]
	}
	decide := func(name string, isDir bool) bool {
		for dir := path.Dir(name); ; dir = path.Dir(dir) {
			if dir == "." {
				dir = ""
			}
			if r := rules(dir); r != nil {
				if ignored, decided := r.Decide(name, isDir); decided {
					return ignored
				}
			}
			if dir == "" {
				break
			}
		}
		for _, above := range p.above {
			if ignored, decided := above.Rules.Decide(path.Join(above.Prefix, name), isDir); decided {
				return ignored
			}
		}
		return false
	}
	if rules(""); fault != nil {
		return nil, fault
	}
	return func(name string) bool {
		for end := range len(name) {
			if name[end] == '/' && decide(name[:end], true) {
				return true
			}
		}
		return decide(name, false)
	}, nil
}
