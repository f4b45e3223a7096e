package placement

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/overrides"
)

// list returns the demands of a slot in their order: peers, optional peers,
// dependencies, optional and, for tops, development dependencies. A later one of
// the same folder takes the earlier one's place, at the end of the list.
func (r *run) list(s *slot, development bool) []*demand {
	if s.gone != nil || s.target != nil {
		return nil
	}
	m := s.m
	out := make([]*demand, 0, len(m.PeerDependencies)+len(m.Dependencies)+len(m.OptionalDependencies))
	add := func(list []manifest.Dependency, kind kind, wanted func(name string) bool) {
		for _, e := range list {
			if wanted == nil || wanted(e.Name) {
				out = r.listOne(out, s, e, kind)
			}
		}
	}
	if !r.options.LegacyPeers {
		add(m.PeerDependencies, asPeer, func(name string) bool { return !m.OptionalPeers[name] })
		add(m.PeerDependencies, asOptionalPeer, func(name string) bool { return m.OptionalPeers[name] })
	}
	add(m.Dependencies, asPlain, nil)
	add(m.OptionalDependencies, asOptional, nil)
	if development {
		add(m.DevDependencies, asDevelopment, nil)
	}
	return out
}

// listOne appends a demand, and takes out an earlier one of the same folder.
func (r *run) listOne(out []*demand, s *slot, e manifest.Dependency, kind kind) []*demand {
	d := &demand{owner: s, name: e.Name, key: strings.ToLower(e.Name), kind: kind}
	d.own = r.read(s, e.Name, e.Spec)
	d.want = d.own
	for i, before := range out {
		if before.key == d.key {
			return append(append(out[:i:i], out[i+1:]...), d)
		}
	}
	return append(out, d)
}

// read returns what a text asks for in a manifest.
func (r *run) read(s *slot, name, text string) *want {
	key := name + "\x00" + text
	w := r.wants[key]
	if w == nil {
		w = newWant(name, text)
		r.wants[key] = w
	}
	if w.err != nil || w.spec.Kind != manifest.DirectorySpec || !s.top {
		return w
	}
	at := manifest.LocalPath(s.path, w.spec)
	key += "\x00" + at
	if r.wants[key] == nil {
		r.wants[key] = &want{text: text, spec: w.spec, folder: true, path: at}
	}
	return r.wants[key]
}

// override returns what a demand asks for under an override's value.
func (r *run) override(d *demand, value string) *want {
	name, isReference := strings.CutPrefix(value, "$")
	if !isReference {
		return r.read(r.tree.base, d.name, value)
	}
	owner := d.owner
	if owner.stands != nil {
		owner = owner.stands
	}
	for _, s := range []*slot{r.tree.base, owner} {
		for _, list := range [][]manifest.Dependency{
			s.m.DevDependencies, s.m.OptionalDependencies, s.m.Dependencies, s.m.PeerDependencies,
		} {
			for _, e := range list {
				if e.Name == name {
					return r.read(s, d.name, e.Spec)
				}
			}
		}
	}
	if r.fault == nil {
		r.fault = badOverride(fmt.Errorf("%q names a dependency that neither the project nor %s has", value, owner.label()))
	}
	return d.own
}

// choose returns what is taken for a demand. Tree and bench play no part.
func (r *run) choose(d *demand) (*parcel, error) {
	w := d.want
	if w.folder {
		return r.link(w.path)
	}
	if at, ok := r.members[d.name]; ok && w.err == nil && (w.spec.Kind == manifest.RangeSpec || w.spec.Kind == manifest.VersionSpec) {
		p, err := r.link(at)
		if err != nil {
			return nil, err
		}
		if w.accepts(p) {
			return p, nil
		}
	}
	if w.chosen != nil {
		return w.chosen, nil
	}
	var err error
	w.chosen, err = r.ask(w, d)
	return w.chosen, err
}

func (r *run) ask(w *want, d *demand) (*parcel, error) {
	err := w.err
	var m *manifest.Manifest
	if err == nil {
		m, err = r.source.Choose(r.ctx, w.spec)
	}
	if err != nil {
		if _, ok := manifest.AsRefusal(err); !ok {
			return nil, err
		}
		return &parcel{m: &manifest.Manifest{Name: d.name}, gone: err}, nil
	}
	key := m.Name + "\x00" + m.Version + "\x00" + m.Integrity + "\x00" + m.Tarball
	p := r.parcels[key]
	if p == nil {
		p = newParcel(m)
		r.parcels[key] = p
	}
	return p, nil
}

// link returns the link to a folder of the project.
func (r *run) link(at string) (*parcel, error) {
	if p := r.links[at]; p != nil {
		return p, nil
	}
	m := r.input.Folders[at]
	if m == nil || manifest.Outside(at) {
		return &parcel{m: &manifest.Manifest{Name: at}, gone: &manifest.ResolveError{Code: "EUNSUPPORTED", Name: at, Detail: "it is not a package folder within the project"}}, nil
	}
	p := newParcel(m)
	p.target = r.top(at, m)
	r.links[at] = p
	return p, nil
}

// top returns the slot of a folder on disk. It is in the tree as soon as a link
// leads to it.
func (r *run) top(at string, m *manifest.Manifest) *slot {
	if s := r.tops[at]; s != nil {
		return s
	}
	s := &slot{parcel: newParcel(m), name: path.Base(at), path: at, top: true, removed: true}
	s.key = strings.ToLower(s.name)
	r.tops[at] = s
	s.above = r.tree.base
	for up := path.Dir(at); up != "."; up = path.Dir(up) {
		if outer := r.input.Folders[up]; outer != nil {
			s.above = r.top(up, outer)
			break
		}
	}
	s.member = slices.Contains(r.input.Members, at)
	return s
}

// enterTop takes a folder into the tree.
func (r *run) enterTop(s *slot, rule *overrides.Rule) {
	if !s.removed {
		return
	}
	s.removed, s.rule = false, rule
	s.demands = r.list(s, true)
	r.tree.attach(s)
	r.tree.search(s)
}
