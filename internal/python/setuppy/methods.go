package setuppy

import (
	"path"
	"slices"
	"strings"
)

// space is what str.strip removes of ASCII.
const space = " \t\n\r\v\f\x1c\x1d\x1e\x1f"

// call answers the methods that change nothing.
func (f method) call(args values, line int) (any, error) {
	if u, ok := unknown(args.by...); ok {
		return u, nil
	}
	var v any
	ok := false
	switch x := f.of.(type) {
	case string:
		v, ok = textMethod(x, f.name, args)
	case byteText:
		if f.name == "decode" {
			encoding, given := args.at(0, "encoding")
			v, ok = string(x), !given || isUTF8(encoding)
		}
	case fileHandle:
		v, ok = x.method(f.name, args)
	case *Dict:
		if key, isText := append(args.by, nil)[0].(string); f.name == "get" && isText && len(args.by) == 1 {
			v, _ = x.Get(key)
			ok = true
		}
	}
	if !ok {
		return nil, refuse(line, "it calls the method %s", f.name)
	}
	return v, nil
}

func (f fileHandle) method(name string, args values) (any, bool) {
	switch {
	case len(args.by) > 0:
		return nil, false
	case name == "close":
		return nil, true
	case name == "read" && f.bytes:
		return byteText(f.content), true
	case name == "read":
		return f.content, true
	case name == "readlines" && !f.bytes:
		return textList(strings.SplitAfter(strings.TrimSuffix(f.content, "\n"), "\n")), f.content != "" && strings.HasSuffix(f.content, "\n")
	}
	return nil, false
}

func textList(texts []string) List {
	out := make(List, len(texts))
	for i, t := range texts {
		out[i] = t
	}
	return out
}

// textMethod answers the methods of str.
func textMethod(s, name string, args values) (any, bool) {
	if name == "join" && len(args.by) == 1 {
		return join(s, args.by[0])
	}
	texts, ok := args.texts()
	if !ok {
		return nil, false
	}
	switch {
	case name == "format":
		if strings.ContainsAny(strings.ReplaceAll(s, "{}", ""), "{}") {
			return nil, false
		}
		return fill(s, "{}", texts)
	case len(texts) == 0:
		return plainMethod(s, name)
	case name == "replace" && len(texts) == 2:
		if texts[0] == "" || (strings.Count(s, texts[0])+1)*(len(texts[1])+1) > maxText {
			return nil, false
		}
		return strings.ReplaceAll(s, texts[0], texts[1]), true
	case len(texts) != 1:
		return nil, false
	}
	arg := texts[0]
	switch name {
	case "strip":
		return strings.Trim(s, arg), true
	case "lstrip":
		return strings.TrimLeft(s, arg), true
	case "rstrip":
		return strings.TrimRight(s, arg), true
	case "startswith":
		return strings.HasPrefix(s, arg), true
	case "endswith":
		return strings.HasSuffix(s, arg), true
	case "split":
		return textList(strings.Split(s, arg)), arg != ""
	}
	return nil, false
}

// fill puts texts in the places of a mark, as many as there are.
func fill(pattern, mark string, texts []string) (any, bool) {
	parts := strings.Split(pattern, mark)
	if len(parts) != len(texts)+1 {
		return nil, false
	}
	out := parts[0]
	for i, t := range texts {
		if len(out)+len(t) > maxText {
			return nil, false
		}
		out += t + parts[i+1]
	}
	return out, true
}

// plainMethod answers methods without arguments. Where white space or case of
// more than ASCII would count, it does not.
func plainMethod(s, name string) (any, bool) {
	ascii := !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
	edges := strings.TrimSpace(s) == strings.Trim(s, space)
	switch name {
	case "strip":
		return strings.Trim(s, space), edges
	case "lstrip":
		return strings.TrimLeft(s, space), edges
	case "rstrip":
		return strings.TrimRight(s, space), edges
	case "lower":
		return strings.ToLower(s), ascii
	case "split":
		return textList(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(space, r) })), ascii
	case "splitlines":
		s = strings.TrimSuffix(s, "\n")
		if s == "" {
			return nil, false
		}
		return textList(strings.Split(s, "\n")), ascii && !strings.ContainsAny(s, "\r\v\f\x1c\x1d\x1e")
	}
	return nil, false
}

func join(separator string, list any) (any, bool) {
	items, ok := itemsOf(list)
	if !ok {
		return nil, false
	}
	if u, ok := unknown(items...); ok {
		return u, true
	}
	var b strings.Builder
	for i, item := range items {
		text, ok := item.(string)
		if !ok || b.Len()+len(text)+len(separator) > maxText {
			return nil, false
		}
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(text)
	}
	return b.String(), true
}

// findPackages answers setuptools.find_packages.
func (m *machine) findPackages(args values, namespace bool, line int) (any, error) {
	where, include, exclude := ".", []string{"*"}, []string{}
	if v, ok := args.at(0, "where"); ok {
		text, isText := v.(string)
		if where, ok = inRoot(text); !ok || !isText {
			return nil, refuse(line, "it looks for packages outside of the distribution")
		}
	}
	for i, list := range []*[]string{&exclude, &include} {
		v, ok := args.at(i+1, []string{"exclude", "include"}[i])
		if !ok {
			continue
		}
		items, isList := itemsOf(v)
		texts, all := (values{by: items, name: &Dict{}}).texts()
		if !isList || !all {
			return nil, refuse(line, "it looks for packages by names that cannot be read")
		}
		*list = texts
	}
	if namespace {
		return nil, refuse(line, "it calls find_namespace_packages, which takes folders of every kind for packages")
	}
	return textList(FindPackages(m.files, where, include, exclude)), nil
}

// FindPackages returns the packages below a folder, sorted ("Package discovery"
// in the guide of setuptools): folders with an __init__.py, as dotted names. A
// folder is entered if it is a package, whether it is taken or not, unless an
// exclusion covers all below it.
func FindPackages(files Files, where string, include, exclude []string) []string {
	exclude = append(slices.Clone(exclude), "ez_setup", "*__pycache__")
	packages := map[string]bool{} // slash-separated, below where
	for _, name := range files.List() {
		if dir, ok := strings.CutSuffix(name, "/__init__.py"); ok {
			if inside, ok := below(dir, where); ok {
				packages[inside] = true
			}
		}
	}
	var found []string
	for inside := range packages {
		if entered(inside, packages, exclude) {
			dotted := strings.ReplaceAll(inside, "/", ".")
			if matchAny(include, dotted) && !matchAny(exclude, dotted) {
				found = append(found, dotted)
			}
		}
	}
	slices.Sort(found)
	return found
}

// entered reports whether all folders on the way to one are packages that are
// looked into.
func entered(inside string, packages map[string]bool, exclude []string) bool {
	if strings.Contains(inside, ".") {
		return false
	}
	for dir := path.Dir(inside); dir != "."; dir = path.Dir(dir) {
		dotted := strings.ReplaceAll(dir, "/", ".")
		if !packages[dir] || slices.Contains(exclude, dotted+"*") || slices.Contains(exclude, dotted+".*") {
			return false
		}
	}
	return true
}

func below(dir, where string) (string, bool) {
	if where == "." || where == "" {
		return dir, true
	}
	return strings.CutPrefix(dir, where+"/")
}

func matchAny(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return Match(p, s) })
}
