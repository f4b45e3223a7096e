package audit

import (
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// opt is where Lambda unpacks layers.
const opt = "/opt/"

// loaded is an object that the dynamic linker loads, and who asked for it.
type loaded struct {
	file  string
	facts *native.Facts
	by    *loaded
}

// where says where a library comes from.
type where int

const (
	nowhere where = iota
	inSystem
	inLayer
)

// linker looks for libraries as ld.so(8) does, on one target.
type linker struct {
	*auditor
	target runtimes.Target
}

// find returns where the dynamic linker finds a library that an object needs:
// DT_RPATH of the object and of those that loaded it, unless it has DT_RUNPATH;
// LD_LIBRARY_PATH, whose last folder is /opt/lib; DT_RUNPATH of the object.
func (l *linker) find(soname string, by *loaded) (string, where) {
	if strings.Contains(soname, "/") {
		if name := l.layerPath(soname, by.file); l.fits(name) {
			return name, inLayer
		}
		return "", nowhere
	}
	if by.facts.RunPath == "" {
		for o := by; o != nil; o = o.by {
			if o.facts.RunPath != "" {
				continue // its RPATH counts for nothing
			}
			if name, ok := l.search(o.facts.RPath, o.file, soname); ok {
				return name, inLayer
			}
		}
	}
	if l.target.Library(soname).Has() {
		return "", inSystem
	}
	if name := "lib/" + soname; l.fits(name) {
		return name, inLayer
	}
	if name, ok := l.search(by.facts.RunPath, by.file, soname); ok {
		return name, inLayer
	}
	return "", nowhere
}

// search looks for a library in the folders of a path such as
// "$ORIGIN/../lib:/opt/lib".
func (l *linker) search(folders, file, soname string) (string, bool) {
	if folders == "" {
		return "", false
	}
	for folder := range strings.SplitSeq(folders, ":") {
		if name := l.layerPath(folder+"/"+soname, file); l.fits(name) {
			return name, true
		}
	}
	return "", false
}

// layerPath returns the layer path that a path of the dynamic linker means in a file,
// "" where it leads out of the layer.
func (l *linker) layerPath(name, file string) string {
	if strings.Contains(name, "$") {
		origin := opt + parent(file)
		for _, token := range []string{"ORIGIN", "LIB"} {
			value := origin
			if token == "LIB" {
				value = "lib64"
			}
			name = strings.ReplaceAll(strings.ReplaceAll(name, "${"+token+"}", value), "$"+token, value)
		}
	}
	if within, ok := strings.CutPrefix(path.Clean(name), opt); ok {
		return within
	}
	return ""
}

// fits reports whether the layer has the file, and the dynamic linker takes it: others
// it passes over.
func (l *linker) fits(name string) bool {
	f := l.facts(name)
	return f != nil && f.Kind == native.ELF && f.Machine == l.target.Architecture && f.Bits == 64
}

// lack is a library that is not found.
type lack struct {
	soname string
	by     string // the file that needs it
}

// closure is what a root loads.
type closure struct {
	files   []string // of the layer, the root first
	lacks   []lack
	shadows []lack // libraries of the layer in whose place the system's are taken
	system  map[string]bool
	// own are the sonames that come from the layer.
	own map[string]bool
}

// load follows what a root needs, breadth first as the dynamic linker does. What
// is loaded under a soname already is not looked for again.
func (l *linker) load(root string) closure {
	c := closure{system: map[string]bool{}, own: map[string]bool{}}
	queue := []*loaded{{file: root, facts: l.facts(root)}}
	seen := map[string]bool{root: true}
	for len(queue) > 0 {
		o := queue[0]
		queue = queue[1:]
		c.files = append(c.files, o.file)
		if o.facts.Soname != "" {
			c.own[o.facts.Soname] = true
		}
		c.own[base(o.file)] = true
		for _, soname := range o.facts.Needed {
			if c.own[soname] || c.system[soname] || slices.ContainsFunc(c.lacks, func(k lack) bool { return k.soname == soname }) {
				continue
			}
			name, from := l.find(soname, o)
			switch {
			case from == inSystem:
				c.system[soname] = true
				if _, ok := l.search(o.facts.RunPath, o.file, soname); ok {
					c.shadows = append(c.shadows, lack{soname, o.file})
				}
			case from == nowhere:
				c.lacks = append(c.lacks, lack{soname, o.file})
			case !seen[name]:
				seen[name] = true
				c.own[soname] = true
				queue = append(queue, &loaded{file: name, facts: l.facts(name), by: o})
			}
		}
	}
	return c
}
