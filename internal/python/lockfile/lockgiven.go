package lockfile

import (
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// standIn takes the given wheel of the entry's name and version that the target
// prefers, and reports whether nothing more is to be done: there is one, or the
// distribution is left out.
func (r *lockReader) standIn(e *lockEntry, t wheel.Target) (bool, error) {
	for _, name := range e.requires {
		if r.isNew("parent", name, e.name) {
			r.parents[name] = append(r.parents[name], e.name)
		}
	}
	if slices.Contains(r.LeftOut, e.name) {
		r.out.LeftOut = wheel.Union(r.out.LeftOut, []string{e.name}, "")
		return true, nil
	}
	given := make([]lockedFile, len(r.Given))
	for i, g := range r.Given {
		given[i].name = g.Filename()
	}
	best, w, _ := e.choose(given, t)
	if best < 0 {
		return false, nil
	}
	g := r.Given[best]
	if err := r.once(e, t); err != nil {
		return true, err
	}
	r.add(e, t, wheel.Wheel{Version: w.Version, Filename: g.Filename(), URL: g.URL, Path: g.Path, SHA256: g.SHA256, Size: g.Size, Pure: w.Pure()})
	return true, nil
}
