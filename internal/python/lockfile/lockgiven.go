package lockfile

import (
	"cmp"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// standIn takes the given wheel of the entry's name and version that the target
// prefers, and reports whether nothing more is to be done:
// there is one, or the distribution is left out. It stands in for whatever the lock
// file has, be that a source distribution, a checkout or a folder.
func (r *lockReader) standIn(e *lockEntry, t wheel.Target) (bool, error) {
	for _, name := range e.requires {
		if r.isNew("parent", name, e.name) {
			r.parents[name] = append(r.parents[name], e.name)
		}
	}
	if slices.Contains(r.leftOut, e.name) {
		r.out.LeftOut = wheel.Union(r.out.LeftOut, []string{e.name}, "")
		return true, nil
	}
	if len(r.given) == 0 {
		return false, nil
	}
	tags := t.Tags()
	best, bestRank, bestName := -1, 0, wheel.NameTags{}
	for i, g := range r.given {
		w, err := g.Name()
		if err != nil || w.Name != e.name || !e.isVersion(w) {
			continue
		}
		rank, ok := tags.Rank(w)
		if ok && (best < 0 || cmp.Or(cmp.Compare(rank, bestRank), bestName.CompareBuild(w)) < 0) {
			best, bestRank, bestName = i, rank, w
		}
	}
	if best < 0 {
		return false, nil
	}
	if err := r.once(e, t); err != nil {
		return true, err
	}
	g := r.given[best]
	r.add(e, t, wheel.Wheel{Name: e.name, Version: bestName.Version, Filename: g.Filename(), URL: g.URL, Path: g.Path, SHA256: g.SHA256, Size: g.Size, Pure: bestName.Pure()})
	return true, nil
}

// add puts a wheel of the entry into what is locked for the target.
func (r *lockReader) add(e *lockEntry, t wheel.Target, w wheel.Wheel) {
	at := r.place(len(r.out.Wheels), "wheel", w.Filename, w.SHA256.Hex())
	if at == len(r.out.Wheels) {
		r.out.Wheels = append(r.out.Wheels, w)
	}
	l := &r.out.Wheels[at]
	l.Requires = wheel.Union(l.Requires, e.requires, e.name)
	l.Extras = wheel.Union(l.Extras, e.extras, "")
	l.Targets = append(l.Targets, t.String())
}

// unused returns a note for each given wheel that stands in for nothing.
func (r *lockReader) unused() []string {
	l := &wheel.Lock{Wheels: slices.Clone(r.out.Wheels)}
	for _, p := range r.out.Pins {
		l.Wheels = append(l.Wheels, wheel.Wheel{Name: p.Name, Version: p.Version})
	}
	return l.Unused(r.given)
}
