package locked

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// settle returns the keys of what a target gets: optional packages that do not
// fit go, with those that cannot do without them and those that nothing else
// wants. Development is cut off only then, as what it wants stays for npm. A package
// that does not fit and is not optional is an error.
func (l *Graph) settle(t manifest.Target) (settled, error) {
	live := l.Reach(InProduction)
	all := live
	if l.Tool == NPM {
		all = l.Reach(isAny)
	}
	required := l.Reach(isRequired)
	needed := l.Reach(func(e Edge) bool { return !e.Kind.Bends() }) // by development too
	in := l.dependents(all)
	gone := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		p := l.Packages[key]
		if key == l.Root || gone[key] || !live[key] && needed[key] {
			continue
		}
		fault := p.platformFault(t)
		if fault == "" && (required[key] || p.admits(t) && UnsupportedSource(p.URL) == "") {
			continue
		}
		if required[key] {
			return settled{}, &Error{File: l.File, Entry: p.String(), Reason: fmt.Sprintf("%s needs it, and %s: leave it out for this target", l.wisher(in[key]), fault)}
		}
		l.drop(key, in, gone)
	}
	s := settled{live: maps.Clone(live), scope: maps.Clone(all), required: required, engines: map[string]string{}}
	for key := range gone {
		delete(s.live, key)
		delete(s.scope, key)
	}
	for key := range gone {
		if engine := l.leftOut(key, in[key], s.live, gone, t); live[key] && engine != "" {
			s.engines[key] = engine
		}
	}
	return s, nil
}

// leftOut returns the range of Node.js that leaves an optional dependency out: its
// own, or one of what it needs. It is "" for what nothing that stays wants, and for
// what is of another platform.
func (l *Graph) leftOut(key string, in []wish, live, gone map[string]bool, t manifest.Target) string {
	wanted := slices.ContainsFunc(in, func(w wish) bool { return live[w.from] && w.edge.Kind == Optional })
	if !wanted {
		return ""
	}
	engine, foreign := "", false
	spread(map[string]bool{key: true}, func(key string, add func(string)) {
		p := l.Packages[key]
		foreign = foreign || p.platformFault(t) != "" || UnsupportedSource(p.URL) != ""
		if engine == "" && !p.admits(t) {
			engine = p.Node
		}
		for _, e := range p.Edges {
			if gone[e.To] && !e.Kind.Bends() {
				add(e.To)
			}
		}
	})
	if foreign {
		return ""
	}
	return engine
}

// settled is what a target gets.
type settled struct {
	live map[string]bool // keys of what it gets
	// scope is live with those packages of development that decide about it.
	scope    map[string]bool
	required map[string]bool // keys of what is not optional
	// engines are the optional dependencies that the version of Node.js alone leaves
	// out, with the range that is wanted.
	engines map[string]string
}

// wish is an edge and the key of the package whose it is.
type wish struct {
	from string
	edge Edge
}

// dependents returns who wants each package, among the live ones.
func (l *Graph) dependents(live map[string]bool) map[string][]wish {
	in := map[string][]wish{}
	for _, key := range slices.Sorted(maps.Keys(live)) {
		for _, e := range l.Packages[key].Edges {
			if live[e.To] && e.To != l.Root {
				in[e.To] = append(in[e.To], wish{key, e})
			}
		}
	}
	return in
}

// drop adds an optional package to gone, with its optional set: up to the
// edges that bend, and down to what something else wants.
func (l *Graph) drop(key string, in map[string][]wish, gone map[string]bool) {
	set := map[string]bool{key: true}
	spread(set, func(key string, add func(string)) {
		for _, w := range in[key] {
			if !w.edge.Kind.Bends() && w.from != l.Root {
				add(w.from)
			}
		}
	})
	below := maps.Clone(set)
	spread(below, func(key string, add func(string)) {
		for _, e := range l.Packages[key].Edges {
			if e.To != "" && e.To != l.Root && len(in[e.To]) > 0 {
				add(e.To)
			}
		}
	})
	for changed := true; changed; {
		changed = false
		for _, k := range slices.Sorted(maps.Keys(below)) {
			outside := func(w wish) bool { return !below[w.from] && !gone[w.from] }
			if !set[k] && slices.ContainsFunc(in[k], outside) {
				delete(below, k)
				changed = true
			}
		}
	}
	maps.Copy(gone, below)
}

// wisher names who wants a package, for messages.
func (l *Graph) wisher(wishes []wish) string {
	if len(wishes) == 0 || wishes[0].from == l.Root {
		return "the project"
	}
	return l.Packages[wishes[0].from].String()
}

// platformFault says why a package does not run on a target, or "".
func (p *Package) platformFault(t manifest.Target) string {
	for _, c := range []struct {
		what  string
		value string
		list  []string
	}{{"os", t.OS, p.OS}, {"cpu", t.CPU, p.CPU}, {"libc", t.Libc, p.Libc}} {
		if !manifest.ListFits(c.list, c.value) {
			return fmt.Sprintf("its %s is %s, and that of %s is %s", c.what, strings.Join(c.list, " or "), t, c.value)
		}
	}
	return ""
}

// admits reports whether a package does with a target's Node.js.
func (p *Package) admits(t manifest.Target) bool {
	return t.Node == "" || manifest.EngineAdmits(p.Node, t.Node)
}
