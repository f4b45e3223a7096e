package lifecycle

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func mark(n int64) Version {
	return Version{Number: n, Created: now().Add(time.Duration(n) * time.Hour)}
}

// at returns what a resource has that points at a version, and owns some.
func at(number int64, owned ...int64) *Place {
	p := &Place{Release: Release{ARN: fmt.Sprint("arn:", number), Number: number, CodeSHA256: "x", CreatedDate: mark(number).Created.Format("2006-01-02T15:04:05.000-0700")}}
	for _, n := range owned {
		p.Own(n, mark(n).Created)
	}
	return p
}

// TestHandover is the table of who may delete what.
func TestHandover(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		play func(*Register) bool
		want bool
	}{
		"alone": {func(r *Register) bool { r.Meet("a", at(1, 1)); return r.Pointed("a", mark(1), Version{}) }, false},
		"a taker": {func(r *Register) bool {
			r.Meet("a", at(1, 1))
			r.Meet("b", at(1))
			return r.Pointed("a", mark(1), Version{})
		}, true},
		"a taker that moved on": {func(r *Register) bool {
			r.Meet("b", at(1))
			r.Meet("b", at(2, 2))
			return r.Pointed("a", mark(1), Version{})
		}, false},
		"a taker that has gone": {func(r *Register) bool {
			r.Meet("b", at(1))
			r.Part("b", at(1))
			return r.Pointed("a", mark(1), Version{})
		}, false},
		"an owner that has gone": {func(r *Register) bool {
			r.Meet("b", at(1))
			r.Bequeath(mark(1))
			p := at(1)
			r.Meet("b", p)
			return p.Owns(1)
		}, true},
		"a destroy that follows at once": {func(r *Register) bool {
			r.Meet("b", at(1))
			r.Bequeath(mark(1))
			p := at(1)
			return !r.Inherit("b", p, "") && p.Owns(1)
		}, true},
		"the owner lives": {func(r *Register) bool { p := at(1); r.Meet("b", p); return p.Owns(1) }, false},
		"a layer of another time": {func(r *Register) bool {
			r.Meet("b", at(1))
			return r.Pointed("a", Version{Number: 1, Created: now()}, Version{})
		}, false},
		"a date that is not known": {func(r *Register) bool { r.Meet("b", at(1)); return r.Pointed("a", Version{Number: 1}, Version{}) }, true},
		"an import of what a state has forgotten": {func(r *Register) bool {
			r.Meet("b", at(1))
			r.Import(mark(1))
			return r.Pointed("a", mark(1), Version{})
		}, false},
		"a version that is gone": {func(r *Register) bool {
			p := at(1)
			p.Release.CodeSHA256 = ""
			return r.Meet("b", p) || r.Pointed("a", mark(1), Version{})
		}, false},
		"a replacement, which has no name": {func(r *Register) bool {
			r.Meet("a", at(1, 1))
			r.Meet("b", at(1))
			taken := r.Inherit("", at(1, 1), "") && r.Pointed("", mark(1), mark(1))
			r.Part("", at(1, 1))
			return taken && r.Pointed("c", mark(1), Version{}) && !r.Pointed("b", mark(1), Version{})
		}, true},
		"a taker's replacement, which has no name": {func(r *Register) bool {
			r.Meet("a", at(1, 1))
			r.Meet("b", at(1))
			r.Part("", at(1))
			return r.Pointed("c", mark(1), Version{}) && !r.Pointed("a", mark(1), Version{})
		}, true},
		"an owner's replacement after its taker": {func(r *Register) bool {
			r.Meet("b", at(1))
			r.Meet("a", at(1, 1))
			r.Part("", at(1, 1))
			return r.Pointed("c", mark(1), Version{}) && !r.Pointed("b", mark(1), Version{})
		}, true},
		"an owner by bequest": {func(r *Register) bool {
			r.Meet("b", at(1))
			r.Meet("c", at(1))
			r.Bequeath(mark(1))
			r.Meet("c", at(1))
			r.Part("", at(1, 1))
			return r.Pointed("x", mark(1), Version{}) && !r.Pointed("b", mark(1), Version{})
		}, true},
		"a replacement, alone": {func(r *Register) bool {
			r.Meet("a", at(1, 1))
			return r.Inherit("", at(1, 1), "") || r.Pointed("", mark(1), mark(1))
		}, false},
		"cut while it published":          {claim("bytes", 3, true), true},
		"cut while it published others":   {claim("others", 3, true), false},
		"found what was there before":     {claim("bytes", 2, true), false},
		"found what another run is about": {claim("bytes", 3, false), false},
		"cut while it took over": {func(r *Register) bool {
			r.Intend(Intent{Holder: "b", Creating: true})
			r.Reach("b", mark(1))
			r.Sweep(func(string) bool { return true })
			return r.Pointed("a", mark(1), Version{})
		}, false},
		"taking over": {func(r *Register) bool {
			r.Intend(Intent{Holder: "b", Creating: true})
			r.Reach("b", mark(1))
			r.Sweep(func(string) bool { return false })
			return r.Pointed("a", mark(1), Version{})
		}, true},
		"cut while it moved on": {func(r *Register) bool {
			r.Meet("b", at(1))
			r.Intend(Intent{Holder: "b"})
			r.Reach("b", mark(2))
			r.Sweep(func(string) bool { return true })
			return r.Pointed("a", mark(1), Version{}) && r.Pointed("a", mark(2), Version{})
		}, true},
		"published, and in a state": {func(r *Register) bool {
			r.Intend(Intent{Holder: "a", Bytes: "bytes", Above: 2})
			r.Done("a", at(3, 3))
			return r.Claim("b", "bytes", 3, func(string) bool { return true })
		}, false},
	} {
		if got := c.play(&Register{}); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

// claim has b find a version while a is registered as publishing above 2.
func claim(bytes string, number int64, over bool) func(*Register) bool {
	return func(r *Register) bool {
		r.Intend(Intent{Holder: "a", Creating: true, Bytes: "bytes", Above: 2})
		r.Reach("a", mark(number))
		return r.Claim("b", bytes, number, func(string) bool { return over }) && !r.Pointed("b", mark(number), Version{})
	}
}

// universe is one layer of one account, and the states that have resources of
// it. It knows what really is, beside what the registers believe.
type universe struct {
	*rand.Rand
	bytes     map[int64]string // of living versions
	last      int64
	lost      map[int64]bool // published by a run that was cut, and not found since
	objects   []*object
	names     int
	machines  []*Register
	log       []string
	broken    string
	deletions int
	kept      int
	guessed   bool // a replacement took the pointer of another for its own
}

// object is a resource in a state, deposed ones included.
type object struct {
	state  int
	holder string
	place  *Place
}

func (u *universe) note(format string, args ...any) {
	u.log = append(u.log, fmt.Sprintf(format, args...))
}

// TestRandomHandovers plays random lives of resources of one layer in two
// states: creates, changes, replacements before and after the destroy, renames
// in parts, and runs that are cut anywhere. What must hold: no version is
// deleted that another resource points at, and after all have gone nothing
// stays but what a cut run left and nobody found. Where the replacement of one of
// several takers takes another's pointer for its own, a version may stay too long.
func TestRandomHandovers(t *testing.T) {
	t.Parallel()
	deletions, kept := 0, 0
	for seed := range uint64(3000) {
		u := &universe{Rand: rand.New(rand.NewPCG(seed, 3)), bytes: map[int64]string{}, lost: map[int64]bool{}}
		// A machine for all, where a run may leave resources out; or one for each
		// run, where it sees all of the one state.
		u.machines = []*Register{{}}
		single := seed%2 == 1
		for range 30 {
			if single {
				u.machines = []*Register{{}}
			}
			u.run(single)
		}
		for len(u.objects) > 0 && u.broken == "" {
			if single {
				u.machines = []*Register{{}}
			}
			u.plan(u.objects[0].state, true)
			u.destroy(u.objects[0], true, false)
		}
		for n := range u.bytes {
			if !single && !u.lost[n] && !u.guessed && u.broken == "" {
				u.broken = fmt.Sprintf("version %d stays after all have gone", n)
			}
		}
		if u.broken != "" {
			t.Fatalf("history %d: %s\n%s", seed, u.broken, strings.Join(u.log, "\n"))
		}
		deletions, kept = deletions+u.deletions, kept+u.kept
	}
	if deletions < 5000 || kept < 500 {
		t.Errorf("the histories delete %d versions and keep %d: too few to tell", deletions, kept)
	}
}

// plan has a run see the resources of a state, all of them or some.
func (u *universe) plan(state int, all bool) {
	for _, i := range u.Perm(len(u.objects)) {
		if o := u.objects[i]; o.state == state && (all || u.IntN(2) == 0) {
			u.see(o)
		}
	}
}

func (u *universe) see(o *object) {
	if n := o.place.Release.Number; u.bytes[n] == "" {
		o.place.Forget(n)
		o.place.Release.CodeSHA256 = ""
	}
	u.machines[0].Meet(o.holder, o.place)
}

// run is one apply of a random state.
func (u *universe) run(single bool) {
	state := 0
	if !single {
		state = u.IntN(2)
	}
	var mine []*object
	for _, o := range u.objects {
		if o.state == state {
			mine = append(mine, o)
		}
	}
	u.plan(state, single || u.IntN(3) > 0)
	bytes, cut := string("abc"[u.IntN(3)]), u.IntN(4) == 0
	if len(mine) == 0 {
		u.create(state, bytes, cut)
		return
	}
	o := mine[u.IntN(len(mine))]
	u.see(o) // what a run is about it has seen
	switch u.IntN(6) {
	case 0: // another resource: a twin, or the new name of one
		if len(mine) < 3 {
			u.create(state, bytes, cut)
		}
	case 1:
		u.publish(o, bytes, cut)
	case 2: // create before destroy; where it is cut, the old one is left for another run
		if u.create(state, bytes, cut) && !cut {
			u.destroy(o, false, false)
		}
	case 3: // destroy before create
		if u.destroy(o, false, cut) {
			u.create(state, bytes, false)
		}
	default:
		u.destroy(o, true, cut)
	}
}

// create makes a resource, and reports whether it is in the state.
func (u *universe) create(state int, bytes string, cut bool) bool {
	u.names++
	o := &object{state: state, holder: fmt.Sprint("r", u.names), place: &Place{}}
	if !u.publish(o, bytes, cut && u.IntN(2) == 0) {
		return false
	}
	u.objects = append(u.objects, o)
	return true
}

// publish gives the resource a version with the bytes: it takes over the oldest
// that has them, or makes one. It reports false where the run was cut before the
// state was written.
func (u *universe) publish(o *object, bytes string, cut bool) bool {
	r, was, creating := u.machines[0], *o.place, o.place.Release.Number == 0
	over := func(string) bool { return true }
	r.Sweep(over)
	was.Owned = slices.Clone(was.Owned)
	number := int64(0)
	for n, b := range u.bytes {
		if b == bytes && (number == 0 || n < number) {
			number = n
		}
	}
	own := false
	if number == 0 {
		r.Intend(Intent{Holder: o.holder, Creating: creating, Bytes: bytes, Above: u.last})
		u.last++
		number, own = u.last, true
		u.bytes[number], u.lost[number] = bytes, cut
		if cut && u.IntN(2) == 0 {
			u.note("%s is cut when %d is made", o.holder, number)
			return false
		}
	} else {
		own = r.Claim(o.holder, bytes, number, over)
		r.Intend(Intent{Holder: o.holder, Creating: creating})
	}
	o.place.Release = at(number).Release
	if own {
		o.place.Own(number, mark(number).Created)
	}
	r.Reach(o.holder, mark(number))
	if cut {
		u.note("%s is cut with %d", o.holder, number)
		u.lost[number] = u.lost[number] || own
		*o.place = was
		return false
	}
	u.lost[number] = u.lost[number] && !own
	r.Done(o.holder, o.place)
	u.note("%s of state %d has %d with %s, its own %t", o.holder, o.state, number, bytes, own)
	return true
}

// destroy ends a resource, and reports whether it is out of the state. named is
// not set for a replacement.
func (u *universe) destroy(o *object, named, cut bool) bool {
	r, holder := u.machines[0], o.holder
	r.Sweep(func(string) bool { return true })
	if !named {
		holder = ""
		oldest := slices.IndexFunc(r.Pointers, func(p Pointer) bool { return p.is(o.place.Current()) })
		u.guessed = u.guessed || oldest >= 0 && r.Pointers[oldest].Holder != o.holder
	}
	r.Inherit(holder, o.place, r.ID)
	for _, v := range slices.Clone(o.place.Owned) {
		if cut && u.IntN(2) == 0 {
			u.note("%s is cut at its end", o.holder)
			return false
		}
		if r.Pointed(holder, v, o.place.Current()) {
			r.Bequeath(v)
			u.kept++
			u.note("%s leaves %d", o.holder, v.Number)
			continue
		}
		u.delete(o, v.Number)
		r.Drop(v)
		o.place.Forget(v.Number)
	}
	r.Part(holder, o.place)
	u.note("%s is destroyed", o.holder)
	u.objects = slices.DeleteFunc(u.objects, func(other *object) bool { return other == o })
	return true
}

func (u *universe) delete(by *object, number int64) {
	u.note("%s deletes %d", by.holder, number)
	for _, o := range u.objects {
		if o != by && o.place.Release.Number == number && !o.place.Gone() {
			u.broken = fmt.Sprintf("%s deletes %d, at which %s points", by.holder, number, o.holder)
		}
	}
	if u.bytes[number] != "" {
		u.deletions++
	}
	delete(u.bytes, number)
}
