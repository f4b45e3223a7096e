package layer

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/inspect"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/local"
)

// bringing is what one element of a list brings, under the name that a plan
// shows. Where another element has the short name too, the long one tells them
// apart.
type bringing struct {
	element     int
	short, long string
	version     string
}

// addBrought adds every element under a name of its own: where the long names
// are equal too, the elements are counted.
func addBrought(to map[string]string, kind string, all []bringing) {
	names := make([]string, len(all))
	for i, b := range all {
		names[i] = b.short
	}
	shared := sharedNames(all, names)
	for i, b := range all {
		if len(shared[b.short]) > 1 {
			names[i] = b.long
		}
	}
	shared = sharedNames(all, names)
	for i, b := range all {
		name := names[i]
		if elements := shared[name]; len(elements) > 1 {
			name = fmt.Sprintf("%s #%d", name, slices.Index(elements, b.element)+1)
		}
		inspect.AddVersion(to, kind+":"+name, b.version)
	}
}

// sharedNames returns the elements that have each name, in their order.
func sharedNames(all []bringing, names []string) map[string][]int {
	elements := map[string][]int{}
	for i, b := range all {
		if !slices.Contains(elements[names[i]], b.element) {
			elements[names[i]] = append(elements[names[i]], b.element)
		}
	}
	return elements
}

// broughtBy returns what an element of files brings: its layer path, or its source where
// it lands at the root.
func broughtBy(l local.Lock, element int) bringing {
	b := bringing{element: element, version: fmt.Sprintf("%s (%s)", l.Tree.Hex()[:12], inspect.Plural(l.Count, "file"))}
	source := path.Clean(strings.ReplaceAll(l.Source, `\`, "/"))
	switch target := path.Clean(l.Target); {
	case l.Target == "" || target == ".":
		b.short, b.long = source, source
	case l.Source == "":
		b.short, b.long = target, target
	case strings.HasSuffix(l.Target, "/"):
		b.short, b.long = path.Join(target, path.Base(source)), fmt.Sprintf("%s (%s)", target, source)
	default:
		b.short, b.long = target, fmt.Sprintf("%s (%s)", target, source)
	}
	return b
}

// targetsOf lists the layer paths of a map from globs to targets.
func targetsOf(files map[string]string) string {
	return strings.Join(slices.Compact(slices.Sorted(maps.Values(files))), ", ")
}

// Asked returns the keys of Contents of the distributions and packages that were
// asked for, and are not there for another one's sake alone. Of Python they are the
// ones that no other one requires: see [python.Lock.Asked].
func (l *Lock) Asked() []string {
	var keys []string
	if l.Python != nil {
		keys = append(keys, l.Python.Asked()...)
	}
	if l.NodeJS != nil {
		keys = append(keys, l.NodeJS.Asked()...)
	}
	return keys
}
