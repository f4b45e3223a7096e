package imports

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// Collector gathers the imports of a distribution's sources as they pass, and tells
// which modules they need from elsewhere. It is fast, not exact: it takes the
// statements that begin a line, and may take the text of a string for one. What it
// names is looked at anew by [World.Reached] before anybody is told.
type Collector struct {
	modules map[string]*collected
}

type collected struct {
	module
	statements []Statement
}

// Add takes a file of a wheel; source is nil for what is no source.
func (c *Collector) Add(file string, source []byte) {
	if top, within, ok := strings.Cut(file, "/"); ok && strings.HasSuffix(top, ".data") {
		scheme, rest, _ := strings.Cut(within, "/")
		if scheme != "purelib" && scheme != "platlib" {
			return
		}
		file = rest
	}
	dir, base := path.Split(file)
	stem, suffix, _ := strings.Cut(base, ".")
	if suffix != "py" && !strings.HasSuffix(suffix, "so") || strings.ContainsAny(dir, ".- ") || strings.ContainsAny(stem, "- ") {
		return
	}
	name := strings.ReplaceAll(dir+stem, "/", ".")
	if stem == "__init__" {
		name = strings.ReplaceAll(strings.TrimSuffix(dir, "/"), "/", ".")
	}
	if c.modules == nil {
		c.modules = map[string]*collected{}
	}
	if known := c.modules[name]; name == "" || known != nil && known.isPackage() {
		return
	}
	c.modules[name] = &collected{module{name: name, within: file}, atLineStarts(source)}
}

// Outside returns the top-level modules, sorted, that are not of the distribution
// and that its packages and modules import when they are imported themselves.
func (c *Collector) Outside() []string {
	tops, seen := map[string]bool{}, map[string]bool{}
	for name := range c.modules {
		tops[top(name)] = true
	}
	var queue []*collected
	enter := func(name string) {
		for ; name != ""; name = parent(name) {
			if m := c.modules[name]; m != nil && !seen[name] {
				seen[name] = true
				queue = append(queue, m)
			}
		}
	}
	for name, m := range c.modules {
		if isRoot(name, m.isPackage(), func(above string) bool { return c.modules[above] != nil }) {
			enter(name)
		}
	}
	var out []string
	for n := 0; n < len(queue); n++ {
		for _, s := range queue[n].statements {
			from, ok := queue[n].absolute(s.Module)
			if !ok {
				continue
			}
			if first := top(from); !tops[first] {
				tops[first] = true
				out = append(out, first)
			}
			enter(from)
			for _, name := range s.Names {
				enter(from + "." + name.Name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// atLineStarts returns the imports that begin a line, outside of strings with three
// quotes.
func atLineStarts(source []byte) []Statement {
	var out []Statement
	quotes := quoteFinder{source: source, double: -1, single: -1}
	for at := 0; at < len(source); {
		if c := source[at]; (c == 'i' || c == 'f') && isImport(source[at:]) {
			s := scanner{source: source, at: at, number: 1}
			l := s.next()
			out = append(out, statements(&l)...)
			at = s.at
			continue
		}
		end := len(source)
		if i := bytes.IndexByte(source[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		for quote := quotes.next(at); quote < end; quote = quotes.next(at) {
			if bytes.IndexByte(source[at:quote], '#') >= 0 {
				break // a comment
			}
			closing := bytes.Index(source[quote+3:], source[quote:quote+3])
			if closing < 0 {
				return out
			}
			at = quote + closing + 6
			end = len(source)
			if i := bytes.IndexByte(source[at:], '\n'); i >= 0 {
				end = at + i + 1
			}
		}
		at = end
	}
	return out
}

func isImport(line []byte) bool {
	for _, word := range []string{"import", "from"} {
		if len(line) > len(word) && string(line[:len(word)]) == word {
			switch line[len(word)] {
			case ' ', '\t', '.', '(':
				return true
			}
		}
	}
	return false
}

// quoteFinder finds three quotes in a row.
type quoteFinder struct {
	source         []byte
	double, single int // the first of each that was found last
}

// next returns the first three quotes from an offset on, or the end of the source.
func (q *quoteFinder) next(from int) int {
	find := func(known int, quotes string) int {
		if known >= from {
			return known
		}
		if i := bytes.Index(q.source[from:], []byte(quotes)); i >= 0 {
			return from + i
		}
		return len(q.source)
	}
	q.double, q.single = find(q.double, `"""`), find(q.single, `'''`)
	return min(q.double, q.single)
}
