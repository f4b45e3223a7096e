package imports

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// assert enters the module that a dotted name means, and looks for what it names
// in that.
func (f *walk) assert(name string) {
	at := name
	for at != "" && f.modules[at] == nil {
		at = parent(at)
	}
	if at == "" {
		f.miss(Missing{Module: top(name)})
		return
	}
	m := f.modules[at]
	f.enter(m)
	if at == name {
		if m.entry == nil && !f.holdsModules(name) {
			f.miss(Missing{Module: name})
		}
		return
	}
	rest := strings.TrimPrefix(name, at+".")
	first, _, _ := strings.Cut(rest, ".")
	if m.entry == nil {
		f.miss(Missing{Module: at + "." + first})
		return
	}
	f.attribute(m, first, 0)
}

// holdsModules reports whether a namespace package has something in it.
func (f *walk) holdsModules(name string) bool {
	for below := range f.modules {
		if strings.HasPrefix(below, name+".") {
			return true
		}
	}
	return false
}

// maxHops bounds how often a name is handed on from module to module.
const maxHops = 20

// attribute looks for a name in a module, follows it to where it is defined, and
// notes what calling it imports.
func (f *walk) attribute(m *module, name string, hops int) {
	made, err := f.dynamic(m)
	if f.err = err; err != nil || !m.isSource() || hops > maxHops {
		return
	}
	for _, s := range slices.Backward(m.imports) {
		for _, n := range s.Names {
			from, ok := m.absolute(s.Module)
			if n.As != name || !ok {
				continue
			}
			if f.modules[from+"."+n.Name] != nil && !f.defines(from, n.Name) {
				return // a module, which is entered with the statement
			}
			if from == m.name && n.Name == name && !made {
				f.miss(Missing{Module: from, Name: name}) // it takes from itself what nothing brings
				return
			}
			if at := f.modules[from]; at != nil && at.entry != nil {
				f.enter(at)
				f.attribute(at, n.Name, hops+1)
			}
			return
		}
	}
	if !made && !spells(m.source, name) {
		f.miss(Missing{Module: m.name, Name: name})
		return
	}
	for _, s := range called(m.source, name) {
		f.statement(m, s, name)
	}
}

// defines reports whether a module takes or defines a name itself, so that it is
// not the module below it that has the same name.
func (f *walk) defines(in, name string) bool {
	m := f.modules[in]
	if m.entry == nil || f.load(m) != nil {
		return false
	}
	for _, s := range m.imports {
		if slices.ContainsFunc(s.Names, func(n Name) bool { return n.As == name }) {
			return true
		}
	}
	return false
}

// spells reports whether a source has a word.
func spells(source []byte, word string) bool {
	for rest := source; ; {
		i := bytes.Index(rest, []byte(word))
		if i < 0 {
			return false
		}
		end := i + len(word)
		if (i == 0 || !isName(rest[i-1])) && (end == len(rest) || !isName(rest[end])) {
			return true
		}
		rest = rest[end:]
	}
}

var ownCall = regexp.MustCompile(`\b(?:self|cls)\.(\w+)\s*\(`)

// called returns the imports that run whenever a class or function at the top of a
// source is called: of a function those of its body, of a class those of __init__
// and __new__ and of the methods that they call. What lies in a block of its own
// there does not count.
func called(source []byte, name string) []Statement {
	methods := map[string][]Statement{}
	calls := map[string][]string{}
	var out []Statement
	lines(source, func(l *line) {
		if l.within(name) && l.blocks[0].kind == function {
			out = append(out, statements(l)...)
		}
		if len(l.blocks) != 2 || l.blocks[0].kind != class || l.blocks[1].kind != function || !l.within(name, l.blocks[1].name) {
			return
		}
		method := l.blocks[1].name
		methods[method] = append(methods[method], statements(l)...)
		for _, found := range ownCall.FindAllSubmatch(l.text, -1) {
			calls[method] = append(calls[method], string(found[1]))
		}
	})
	queue, seen := []string{"__new__", "__init__", "__post_init__"}, map[string]bool{}
	for n := 0; n < len(queue); n++ {
		if method := queue[n]; !seen[method] {
			seen[method] = true
			out = append(out, methods[method]...)
			queue = append(queue, calls[method]...)
		}
	}
	return out
}
