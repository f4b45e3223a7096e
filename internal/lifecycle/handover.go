package lifecycle

import (
	"slices"
	"time"
)

// Register lists which resources point at the versions of one layer. A resource
// that finds a version with equal bytes takes it over, so several may point at
// one: where a layer is replaced before the old one is destroyed, renamed, or
// written twice. AWS has no place for such a mark, and a state knows nothing of
// another resource's. So every resource registers where it is read, planned and
// applied, which each run does before it deletes anything, and what is
// registered stays beyond the run.
//
// Three rules follow, and hold in whatever order resources come and go:
//
//   - A version is deleted only if no other resource points at it.
//   - A version that is kept for others is bequeathed: its owner is gone, and
//     who points at it owns it from then on.
//   - A version is known by its number and the date of its creation: a layer of
//     another time has other dates.
type Register struct {
	// Pointers are in the order in which they were last set.
	Pointers []Pointer `json:"pointers,omitempty"`
	// Bequeathed are versions whose owner has gone.
	Bequeathed []Mark `json:"bequeathed,omitempty"`
}

// Mark knows a version of a layer. A zero Created is not known, and fits any.
type Mark struct {
	Number  int64     `json:"number"`
	Created time.Time `json:"created,omitzero"`
}

// is reports whether both are the same version.
func (m Mark) is(other Mark) bool {
	return m.Number == other.Number && (m.Created.IsZero() || other.Created.IsZero() || m.Created.Equal(other.Created))
}

// Pointer is the version that a resource points at.
type Pointer struct {
	Holder string `json:"holder"`
	Mark
}

// Point notes that the holder points at a version, and at no other of the
// layer. It reports whether that was not known.
func (r *Register) Point(holder string, at Mark) bool {
	same := func(p Pointer) bool {
		return p.Holder == holder && p.Number == at.Number && p.Created.Equal(at.Created)
	}
	if holder == "" || at.Number == 0 || slices.ContainsFunc(r.Pointers, same) {
		return false
	}
	r.release(holder)
	r.Pointers = append(r.Pointers, Pointer{holder, at})
	return true
}

// Release notes that a holder does not point at the version any more. Terraform
// does not hand the name of a holder to the destroy of a replacement: then it is
// "", and the oldest pointer at the version is taken to be its own.
func (r *Register) Release(holder string, at Mark) {
	if holder != "" {
		r.release(holder)
		return
	}
	if i := slices.IndexFunc(r.Pointers, func(p Pointer) bool { return p.is(at) }); i >= 0 {
		r.Pointers = slices.Delete(r.Pointers, i, i+1)
	}
}

func (r *Register) release(holder string) {
	r.Pointers = slices.DeleteFunc(r.Pointers, func(p Pointer) bool { return p.Holder == holder })
}

// Pointed reports whether any resource points at the version.
func (r *Register) Pointed(at Mark) bool {
	return slices.ContainsFunc(r.Pointers, func(p Pointer) bool { return p.is(at) })
}

// PointedByOthers reports whether a resource beside the holder points at the
// version.
func (r *Register) PointedByOthers(holder string, at Mark) bool {
	return slices.ContainsFunc(r.Pointers, func(p Pointer) bool { return p.is(at) && p.Holder != holder })
}

// Bequeath notes that the owner of a version has gone and left it to those who
// point at it.
func (r *Register) Bequeath(at Mark) {
	if !r.Inherits(at) {
		r.Bequeathed = append(r.Bequeathed, at)
	}
}

// Inherits reports whether who points at the version owns it.
func (r *Register) Inherits(at Mark) bool { return slices.ContainsFunc(r.Bequeathed, at.is) }

// Drop forgets a version that was deleted.
func (r *Register) Drop(at Mark) {
	r.Pointers = slices.DeleteFunc(r.Pointers, func(p Pointer) bool { return p.is(at) })
	r.Bequeathed = slices.DeleteFunc(r.Bequeathed, func(m Mark) bool { return m.is(at) })
}
