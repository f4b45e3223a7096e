package locked

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
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
		if fault == "" && !required[key] {
			fault = cmp.Or(p.engineFault(t), UnsupportedSource(p.URL))
		}
		if fault == "" {
			continue
		}
		if required[key] {
			return settled{}, &Error{File: l.File, Entry: p.String(), Reason: fmt.Sprintf("%s needs it, and %s: leave it out for this target", l.wisher(in[key]), fault)}
		}
		l.drop(key, in, gone)
	}
	s := settled{live: maps.Clone(live), scope: maps.Clone(all), engines: map[string]string{}}
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
	seen := map[string]bool{key: true}
	engine := ""
	for queue := []string{key}; wanted && len(queue) > 0; queue = queue[1:] {
		p := l.Packages[queue[0]]
		if p.platformFault(t) != "" || UnsupportedSource(p.URL) != "" {
			return ""
		}
		if engine == "" && p.engineFault(t) != "" {
			engine = p.Node
		}
		for _, e := range p.Edges {
			if gone[e.To] && !e.Kind.Bends() && !seen[e.To] {
				seen[e.To] = true
				queue = append(queue, e.To)
			}
		}
	}
	return engine
}

// settled is what a target gets.
type settled struct {
	live map[string]bool // keys of what it gets
	// scope is live with those packages of development that decide about it.
	scope map[string]bool
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
	for queue := []string{key}; len(queue) > 0; queue = queue[1:] {
		for _, w := range in[queue[0]] {
			if !w.edge.Kind.Bends() && !set[w.from] && w.from != l.Root {
				set[w.from] = true
				queue = append(queue, w.from)
			}
		}
	}
	below := maps.Clone(set)
	for queue := slices.Sorted(maps.Keys(set)); len(queue) > 0; queue = queue[1:] {
		for _, e := range l.Packages[queue[0]].Edges {
			if e.To != "" && e.To != l.Root && len(in[e.To]) > 0 && !below[e.To] {
				below[e.To] = true
				queue = append(queue, e.To)
			}
		}
	}
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

// engineFault says why a package does not want a target's Node.js, or "".
func (p *Package) engineFault(t manifest.Target) string {
	if p.Node == "" || t.Node == "" {
		return ""
	}
	wanted, err := semver.ParseRangeWith(p.Node, semver.Options{Strict: true, IncludePrerelease: true})
	node, errNode := semver.Parse(t.Node)
	if err == nil && errNode == nil && wanted.Match(node) {
		return ""
	}
	return fmt.Sprintf("%s asks for Node.js %s, and the target has %s", p, p.Node, t.Node)
}
