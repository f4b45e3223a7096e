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
// Three rules follow, which hold in whatever order resources come and go:
//
//   - A version is deleted only if no other resource points at it.
//   - A version that is kept for others is bequeathed: its owner is gone, and
//     who points at it owns it from then on.
//   - A version that a run was publishing when it was cut is the one's who finds
//     it: no state has it.
//
// A version is known by its number and the date of its creation: a layer of
// another time has other dates.
type Register struct {
	// Pointers are in the order in which they were last set.
	Pointers []Pointer `json:"pointers,omitempty"`
	// Bequeathed are versions whose owner has gone.
	Bequeathed []Version `json:"bequeathed,omitempty"`
	// Intents are applies that were begun, and whose end is not in a state yet.
	Intents []Intent `json:"intents,omitempty"`
	// ID names the register among those of other machines.
	ID string `json:"id,omitempty"`
	// Parted are resources that have come to their end.
	Parted []string `json:"parted,omitempty"`
	Run    Run      `json:"-"`
}

// Intent is an apply that was begun.
type Intent struct {
	Holder string `json:"holder"`
	// Creating is set where no state has the holder yet.
	Creating bool `json:"creating,omitempty"`
	// Bytes is the hash of a zip that is published, Above the highest number
	// before; "" where a version was found.
	Bytes string `json:"bytes,omitempty"`
	Above int64  `json:"above,omitempty"`
}

// Pointer is the version that a resource points at. Owner is set where the
// resource may delete it.
type Pointer struct {
	Holder string `json:"holder"`
	Version
	Owner bool `json:"owner,omitempty"`
}

func (r *Register) release(holder string) {
	r.Pointers = slices.DeleteFunc(r.Pointers, func(p Pointer) bool { return p.Holder == holder })
}

// Pointed reports whether a resource beside the holder points at the version.
// current is what the holder points at itself: Terraform does not hand the name
// of a holder to the destroy of a replacement, and where it is "", one pointer at
// current is its own.
func (r *Register) Pointed(holder string, at, current Version) bool {
	others := 0
	for _, p := range r.Pointers {
		if p.is(at) && (holder == "" || p.Holder != holder) {
			others++
		}
	}
	if holder == "" && at.is(current) {
		others--
	}
	return others > 0
}

// Bequeath notes that the owner of a version has gone and left it to those who
// point at it.
func (r *Register) Bequeath(at Version) {
	if !r.Inherits(at) {
		r.Bequeathed = append(r.Bequeathed, at)
	}
	r.Run.Bequeathed = append(r.Run.Bequeathed, at)
}

// Inherits reports whether who points at the version owns it.
func (r *Register) Inherits(at Version) bool { return slices.ContainsFunc(r.Bequeathed, at.is) }

// Drop forgets a version that was deleted.
func (r *Register) Drop(at Version) {
	r.Pointers = slices.DeleteFunc(r.Pointers, func(p Pointer) bool { return p.is(at) })
	r.Bequeathed = slices.DeleteFunc(r.Bequeathed, func(m Version) bool { return m.is(at) })
}

// Meet registers that the holder points at the place's version and at no other,
// and gives it what was bequeathed: that version, and any that it has pointed at
// as the last. It reports whether the register has changed.
func (r *Register) Meet(holder string, p *Place) (changed bool) {
	if holder == "" || p.Release.ARN == "" || p.Gone() {
		return false
	}
	defer func() { r.Run.note(holder, p) }()
	at := p.Current()
	if p.TakenOver() && r.Inherits(at) {
		p.Own(at.Number, at.Created)
	}
	var was []Pointer
	for _, other := range r.Pointers {
		if other.Holder == holder {
			was = append(was, other)
		}
	}
	owner := p.Owns(at.Number)
	if len(was) == 1 && was[0].Number == at.Number && was[0].Created.Equal(at.Created) && was[0].Owner == owner {
		return false
	}
	for _, m := range was {
		m := m.Version
		if !m.is(at) && r.Inherits(m) && !r.Pointed(holder, m, Version{}) {
			p.Own(m.Number, m.Created)
		}
	}
	r.release(holder)
	r.Parted = slices.DeleteFunc(r.Parted, func(name string) bool { return name == holder })
	r.Pointers = append(r.Pointers, Pointer{holder, at, owner})
	return true
}

// Import gives a version to a resource by the word of its user, who may have
// taken it out of another state: nothing is called then. Any other resource that points at
// it registers again when it is seen.
func (r *Register) Import(at Version) {
	r.Pointers = slices.DeleteFunc(r.Pointers, func(p Pointer) bool { return p.is(at) })
}

// Inherit gives the place's version to a resource that is about to end, if it
// was bequeathed, and reports whether another resource points at it. planned names
// the register that the plan knew: one of another machine did not know of bequests
// before this run, so nobody was told that the version may go.
func (r *Register) Inherit(holder string, p *Place, planned string) (others bool) {
	if p.Release.ARN == "" {
		return false
	}
	at := p.Current()
	bequeathed := r.Inherits(at) && planned == r.ID || slices.ContainsFunc(r.Run.Bequeathed, at.is)
	if p.TakenOver() && bequeathed {
		p.Own(at.Number, at.Created)
	}
	return r.Pointed(holder, at, at)
}

// Part notes that a resource has come to its end. One without a name takes the
// oldest pointer at its version for its own, of an owner if it is one: the pointer
// of another resource would stay for ever.
func (r *Register) Part(holder string, p *Place) {
	if holder != "" {
		r.release(holder)
		r.end(holder)
		return
	}
	at, owner := p.Current(), p.Owns(p.Release.Number)
	i := slices.IndexFunc(r.Pointers, func(other Pointer) bool { return other.is(at) && other.Owner == owner })
	if i < 0 {
		i = slices.IndexFunc(r.Pointers, func(other Pointer) bool { return other.is(at) })
	}
	if i >= 0 {
		r.Pointers = slices.Delete(r.Pointers, i, i+1)
	}
}

// Current is the place's version.
func (p *Place) Current() Version { return Version{p.Release.Number, Date(p.Release.CreatedDate)} }

// Date reads a date in the form of AWS; one that cannot be read is zero.
func Date(text string) time.Time {
	t, err := time.Parse("2006-01-02T15:04:05.000-0700", text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// Intend notes that the holder is about to publish, or has found a version.
func (r *Register) Intend(i Intent) {
	r.forgetIntent(i.Holder)
	r.Intents = append(r.Intents, i)
}

// Reach notes that an apply has got to a version: until its end is in a state,
// the holder points at that and at what it had before.
func (r *Register) Reach(holder string, at Version) {
	r.Pointers = append(r.Pointers, Pointer{Holder: holder, Version: at})
}

// Done notes that the state has the version that an apply got to.
func (r *Register) Done(holder string, p *Place) {
	r.forgetIntent(holder)
	r.Meet(holder, p)
}

func (r *Register) forgetIntent(holder string) {
	r.Intents = slices.DeleteFunc(r.Intents, func(i Intent) bool { return i.Holder == holder })
}

// Sweep drops what a run that was cut had got to for a resource that is in no
// state. over reports whether the run of a holder is over.
func (r *Register) Sweep(over func(holder string) bool) (changed bool) {
	for _, i := range slices.Clone(r.Intents) {
		if !i.Creating || !over(i.Holder) {
			continue
		}
		r.release(i.Holder)
		changed = true
		if i.Bytes == "" {
			r.forgetIntent(i.Holder)
		}
	}
	return changed
}

// Claim reports whether a version that the holder has found was published by a
// run that was cut, so that no state has it.
func (r *Register) Claim(holder, bytes string, number int64, over func(holder string) bool) bool {
	at := slices.IndexFunc(r.Intents, func(i Intent) bool {
		return i.Bytes == bytes && number > i.Above && (i.Holder == holder || over(i.Holder))
	})
	if at < 0 {
		return false
	}
	cut := r.Intents[at].Holder
	r.forgetIntent(cut)
	r.Pointers = slices.DeleteFunc(r.Pointers, func(p Pointer) bool { return p.Holder == cut && p.Number == number })
	return true
}
