package placement

import (
	"fmt"
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
	r.mark(all)
	tree := &Tree{}
	for _, s := range all {
		if s.gone == nil || s.leftOut != Installed {
			continue
		}
		if !s.marks.Has(Optional) {
			return nil, s.users[0].failed(s.gone)
		}
		for _, u := range s.users {
			why := u.failed(s.gone)
			if why.Code != "EUNSUPPORTED" && r.options.Target.ForeignName(u.name) {
				continue // where a registry lacks one for another platform, nothing is missing
			}
			tree.Notes = append(tree.Notes, fmt.Sprintf("the optional package is left out: %s", why))
		}
		leaveOut(s, WithoutPackage)
	}
	if err := r.checkTarget(all); err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.gone == nil && s != r.tree.base {
			tree.Packages = append(tree.Packages, s.public())
		}
	}
	return tree, nil
}

// checkTarget leaves out what is optional and does not run on the target. What is
// needed must be for its platform.
func (r *run) checkTarget(all []*slot) error {
	t := r.options.Target
	for _, s := range all {
		if s.top || s.target != nil || s.gone != nil || s.leftOut != Installed {
			continue
		}
		why := OtherEngine
		if !t.Fits(s.m) {
			why = OtherPlatform
		} else if manifest.EngineAdmits(s.m.Engine("node"), t.Node) && manifest.EngineAdmits(s.m.Engine("npm"), manifest.NPMVersion) {
			continue
		}
		unneeded := s.marks.Has(Dev) && !r.options.Whole || r.options.Force
		switch {
		case s.marks.Has(Optional):
			leaveOut(s, why)
		case why == OtherPlatform && !unneeded:
			refused := s.users[0].refuse("EBADPLATFORM", "it supports only os %q, cpu %q and libc %q, and the target is %s", s.m.OS, s.m.CPU, s.m.Libc, t)
			refused.Spec = s.m.Version
			return refused
		}
	}
	return nil
}

// leaveOut leaves out a slot with all that serves nothing else: what requires
// it, and what only these need.
func leaveOut(s *slot, why LeftOut) {
	entered := map[*slot]bool{s: true}
	list := []*slot{s}
	for i := 0; i < len(list); i++ {
		for _, u := range list[i].users {
			if !entered[u.owner] && !u.kind.isOptional() && u.owner.leftOut == Installed {
				entered[u.owner] = true
				list = append(list, u.owner)
			}
		}
	}
	// What is in for its own sake stays in: only what was added may be needed
	// by others.
	added := reach(list, func(d *demand) bool { return d.found.leftOut == Installed })
	for x := range entered {
		delete(added, x)
	}
	shrink(added, entered, func(d *demand) bool { return d.owner.leftOut == Installed })
	for _, set := range []map[*slot]bool{entered, added} {
		for x := range set {
			if x.leftOut == Installed {
				x.leftOut = WithoutPackage
			}
		}
	}
	s.leftOut = why
}

// public returns a slot as others see it.
func (s *slot) public() Package {
	p := Package{Path: s.path, Manifest: s.m, LeftOut: s.leftOut, On: s.top, Marks: s.marks}
	if s.isBundled() {
		p.Marks |= Bundled
	}
	if s.target != nil {
		p.Link = s.target.path
	}
	if s.tarball != nil {
		p.Tarball = s.tarball.path
	}
	return p
}

// mark finds the marks of all slots: each has all of them until a demand of an
// owner that lacks one takes it away.
func (r *run) mark(all []*slot) {
	for _, s := range all {
		s.marks = Dev | Optional | DevOptional | Peer | Extraneous
	}
	r.tree.base.marks = 0
	work := []*slot{r.tree.base}
	leave := func(s *slot, marks Marks) {
		if left := s.marks & marks; left != s.marks {
			s.marks = left
			work = append(work, s)
		}
	}
	for len(work) > 0 {
		s := work[len(work)-1]
		work = work[:len(work)-1]
		for _, d := range s.demands {
			if d.found != nil {
				leave(d.found, s.marks|d.kind.marks())
			}
		}
		if s.target != nil && !s.circle {
			leave(s.target, s.marks)
		}
		if s.holder != nil && !s.marks.Has(Extraneous) {
			leave(s.holder, ^Extraneous)
		}
	}
	for _, s := range all {
		if s.marks.Has(Dev | Optional) {
			s.marks &^= DevOptional
		}
	}
}
