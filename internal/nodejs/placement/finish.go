package placement

import (
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// slots returns all slots of the tree, sorted by path.
func (r *run) slots() []*slot {
	all := r.tree.base.withContents(nil)
	for _, s := range r.tops {
		if !s.removed {
			all = s.withContents(all)
		}
	}
	slices.SortFunc(all, func(a, b *slot) int { return strings.Compare(a.sort, b.sort) })
	return all
}

// finish checks what was placed, and leaves out what is optional and cannot be
// had or does not run.
func (r *run) finish() (*Tree, error) {
	all := r.slots()
	of, gone := r.mark(all), map[*slot]LeftOut{}
	r.marks, r.gone = of, gone
	tree := &Tree{}
	for _, s := range all {
		if s.gone == nil || gone[s] != Installed {
			continue
		}
		if !of[s].optional {
			return nil, r.missing(s)
		}
		for _, u := range s.users {
			tree.Notes = append(tree.Notes, Note{Kind: Dropped, Demand: u.public(), Path: s.path, Err: s.gone})
		}
		leaveOut(s, WithoutPackage, gone)
	}
	if err := r.checkTarget(all, of, gone, tree); err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.gone != nil || s == r.tree.base {
			continue
		}
		tree.Packages = append(tree.Packages, r.public(s, of[s], gone[s]))
	}
	return tree, nil
}

func (r *run) missing(s *slot) error {
	return &Refusal{Reason: Missing, Demand: firstUser(s), Found: s.m.Name, Err: s.gone}
}

// npmVersion is what "engines" of packages are asked about.
const npmVersion = manifest.NPMVersion

func (r *run) checkTarget(all []*slot, of map[*slot]*marks, gone map[*slot]LeftOut, tree *Tree) error {
	t := r.options.Target
	for _, s := range all {
		if s.above == nil || s.target != nil || s.gone != nil || gone[s] != Installed || s.top {
			continue
		}
		m := of[s]
		if !t.Fits(s.m) {
			if !m.optional && !(m.dev && r.options.OmitDevelopment) && !r.options.Force {
				return &Refusal{Reason: Platform, Demand: firstUser(s), Found: s.label(), Manifest: s.m}
			}
			if m.optional {
				leaveOut(s, OtherPlatform, gone)
			}
			continue
		}
		if manifest.EngineAdmits(s.m.Engine("node"), t.Node) && manifest.EngineAdmits(s.m.Engine("npm"), npmVersion) {
			continue
		}
		if m.optional {
			leaveOut(s, OtherEngine, gone)
		} else {
			tree.Notes = append(tree.Notes, Note{Kind: Refuses, Path: s.path, Manifest: s.m})
		}
	}
	return nil
}

// leaveOut leaves out a slot with all that serves nothing else: what requires
// it, and what only these need.
func leaveOut(s *slot, why LeftOut, gone map[*slot]LeftOut) {
	set := map[*slot]bool{s: true}
	list := []*slot{s}
	for i := 0; i < len(list); i++ {
		for _, u := range list[i].users {
			if !set[u.owner] && isRequired(u) && gone[u.owner] == Installed {
				set[u.owner] = true
				list = append(list, u.owner)
			}
		}
	}
	entered := map[*slot]bool{}
	for _, x := range list {
		entered[x] = true
	}
	set = reach(list, func(d *demand) bool { return gone[d.found] == Installed })
	// What is in for its own sake stays in: only what was added may be needed
	// by others.
	shrinkBut(set, entered, func(d *demand) bool { return gone[d.owner] == Installed })
	for x := range set {
		if gone[x] == Installed {
			gone[x] = WithoutPackage
		}
	}
	gone[s] = why
}

func isRequired(d *demand) bool { return d.kind != Optional && d.kind != OptionalPeer }

// shrinkBut is shrink, but for slots that stay in whatever leads to them.
func shrinkBut(set, stay map[*slot]bool, class func(*demand) bool) {
	for x := range stay {
		delete(set, x)
	}
	shrinkWith(set, stay, class)
	for x := range stay {
		set[x] = true
	}
}

// public returns a slot as others see it.
func (r *run) public(s *slot, m *marks, why LeftOut) Package {
	p := Package{Path: s.path, Manifest: s.m, LeftOut: why, On: s.top, Marks: Marks{
		Dev: m.dev, Optional: m.optional, DevOptional: m.devOptional, Peer: m.peer, Extraneous: m.extraneous,
		Bundled: s.holder != nil && s.isBundled(),
	}}
	if s.target != nil {
		p.Link = s.target.path
	}
	if s.tarball != nil {
		p.Tarball = s.tarball.path
	}
	return p
}

func firstUser(s *slot) Demand {
	if len(s.users) == 0 {
		return Demand{}
	}
	return s.users[0].public()
}
