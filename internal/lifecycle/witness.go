package lifecycle

import "slices"

// This file is about plans that are applied on another machine, where the
// register does not know what that of the plan knew. Two things travel:
//
//   - What the register knew of other resources, in the private state of the
//     one that deletes: a Witness.
//   - That a version is about to be deleted, in the private state of a resource
//     that points at it and was read later: Place.Threatened. It publishes then,
//     which finds the version where it is still there.
//
// Whichever of two resources a plan comes to last sees the other one, so the
// apply knows from one of the two.

// Witness is what a register knew when something was read or planned.
type Witness struct {
	// Register names the register.
	Register string `json:"register,omitempty"`
	// Pointers are those of other resources.
	Pointers []Pointer `json:"pointers,omitempty"`
}

// Announcement says what the plan of a resource is to delete. It holds for the
// run that makes the plan.
type Announcement struct {
	Holder   string
	Versions []Version
	// Known are the pointers that travel with the plan to its apply.
	Known []Pointer
}

// Witness returns what the register knows of resources beside the holder.
func (r *Register) Witness(holder string) Witness {
	w := Witness{Register: r.ID}
	for _, p := range r.Pointers {
		if holder == "" || p.Holder != holder {
			w.Pointers = append(w.Pointers, p)
		}
	}
	return w
}

// Since returns the witness of a later refresh. Where neither knows of another
// resource it is the earlier one, so that a state does not change with the machine
// that reads it.
func (w Witness) Since(earlier Witness) Witness {
	if len(w.Pointers) == 0 && len(earlier.Pointers) == 0 && earlier.Register != "" {
		return earlier
	}
	return w
}

// Shares reports whether several resources point at one version.
func (w Witness) Shares() bool {
	for i, p := range w.Pointers {
		if slices.ContainsFunc(w.Pointers[:i], func(other Pointer) bool { return other.Holder != p.Holder && other.is(p.Version) }) {
			return true
		}
	}
	return false
}

// Hear takes what another register knew. Of a resource that this run has seen, or
// that has come to its end here, this register knows better. Any other may have
// moved on elsewhere: it points at what both have. It reports whether the register
// has changed.
func (r *Register) Hear(w Witness) (changed bool) {
	if w.Register == r.ID {
		return false
	}
	for _, p := range w.Pointers {
		_, seen := r.Run.Owned[p.Holder]
		if !seen && !slices.Contains(r.Parted, p.Holder) && !has(r.Pointers, p) {
			r.Pointers, changed = append(r.Pointers, p), true
		}
	}
	return changed
}

func has(pointers []Pointer, p Pointer) bool {
	return slices.ContainsFunc(pointers, func(other Pointer) bool { return other.Holder == p.Holder && other.is(p.Version) })
}

// Announce notes what a plan is to delete.
func (r *Register) Announce(a Announcement) {
	r.Run.Announced = slices.DeleteFunc(r.Run.Announced, func(other Announcement) bool { return a.Holder != "" && other.Holder == a.Holder })
	if len(a.Versions) > 0 {
		r.Run.Announced = append(r.Run.Announced, a)
	}
}

// Threatened reports whether the plan of another resource is to delete the
// version of the place, and its apply may not know that the holder points at it.
func (r *Register) Threatened(holder string, p *Place) bool {
	at := p.Current()
	return slices.ContainsFunc(r.Run.Announced, func(a Announcement) bool {
		if holder == "" || a.Holder == holder || has(a.Known, Pointer{Holder: holder, Version: at}) {
			return false
		}
		return slices.ContainsFunc(a.Versions, at.is)
	})
}

// AnnounceReplacement notes that a create is planned. It may be the replacement of
// a resource that Terraform does not name then, but has read: what that owns may
// go. known are the pointers that travel.
func (r *Register) AnnounceReplacement(known []Pointer) {
	a := Announcement{Known: known}
	for _, owned := range r.Run.Owned {
		a.Versions = append(a.Versions, owned...)
	}
	r.Announce(a)
}

// Run is what a register holds for one run of the provider.
type Run struct {
	// Announced is what plans are to delete.
	Announced []Announcement
	// Bequeathed are versions whose owner has gone in this run.
	Bequeathed []Version
	// Owned are the versions of the resources that the run has seen, by holder.
	Owned map[string][]Version
}

// note keeps what a resource owns.
func (r *Run) note(holder string, p *Place) {
	if r.Owned == nil {
		r.Owned = map[string][]Version{}
	}
	r.Owned[holder] = slices.Clone(p.Owned)
}

// mostParted bounds how many resources that are gone a register names.
const mostParted = 100

// end notes that a resource has come to its end.
func (r *Register) end(holder string) {
	r.Parted = append(slices.DeleteFunc(r.Parted, func(name string) bool { return name == holder }), holder)
	r.Parted = r.Parted[max(0, len(r.Parted)-mostParted):]
}

// Ending is how the end of a resource was planned.
type Ending struct {
	// Run names the run of the provider that planned it.
	Run string `json:"run,omitempty"`
	// Elsewhere is set where the last refresh that knew anything was another
	// machine's.
	Elsewhere bool `json:"elsewhere,omitempty"`
}

// Unseen reports whether another resource may point at what this one owns, and
// the run that is to end it has no way to know. Terraform plans the end of what an
// earlier apply has replaced, and could not destroy, again when it is carried out.
// What the first plan knew beyond the last refresh is lost then. published is set
// where the run has made or found a version: then its replacement is of this run.
func (e Ending) Unseen(run string, published bool) bool {
	return e.Run == run && e.Elsewhere && !published
}
