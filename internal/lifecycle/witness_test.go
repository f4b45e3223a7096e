package lifecycle

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestHear is the table of what one register takes from another.
func TestHear(t *testing.T) {
	t.Parallel()
	there := &Register{ID: "there"}
	there.Meet("a", at(1, 1))
	there.Meet("b", at(1))
	for name, c := range map[string]struct {
		play func(*Register)
		want bool // a may not delete version 1
	}{
		"nothing known": {func(*Register) {}, true},
		"the same register": {func(r *Register) {
			r.ID = "there"
		}, false},
		"b moved on":          {func(r *Register) { r.Meet("b", at(2, 2)) }, false},
		"b has gone":          {func(r *Register) { r.Meet("b", at(1)); r.Part("b", at(1)) }, false},
		"b is back":           {func(r *Register) { r.Part("b", at(1)); r.Meet("b", at(1)) }, true},
		"heard twice":         {func(r *Register) { r.Hear(there.Witness("a")) }, true},
		"b went, then a word": {func(r *Register) { r.Hear(there.Witness("a")); r.Part("b", at(1)) }, false},
	} {
		here := &Register{ID: "here"}
		c.play(here)
		here.Hear(there.Witness("a"))
		if got := here.Pointed("a", mark(1), mark(1)); got != c.want {
			t.Errorf("%s: pointed %t, want %t", name, got, c.want)
		}
	}
}

// TestThreatened is the table of who has to look again at an apply.
func TestThreatened(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		says  Announcement
		place *Place
		want  bool
	}{
		"another's":               {Announcement{Holder: "a", Versions: []Version{mark(1)}}, at(1), true},
		"another version":         {Announcement{Holder: "a", Versions: []Version{mark(2)}}, at(1), false},
		"its own":                 {Announcement{Holder: "b", Versions: []Version{mark(1)}}, at(1, 1), false},
		"the plan knows":          {Announcement{Holder: "a", Versions: []Version{mark(1)}, Known: []Pointer{{Holder: "b", Version: mark(1)}}}, at(1), false},
		"a create":                {Announcement{Versions: []Version{mark(1)}}, at(1), true},
		"a create that knows":     {Announcement{Versions: []Version{mark(1)}, Known: []Pointer{{Holder: "b", Version: mark(1)}}}, at(1), false},
		"a layer of another time": {Announcement{Holder: "a", Versions: []Version{{1, now()}}}, at(1), false},
	} {
		r := &Register{}
		r.Announce(c.says)
		if got := r.Threatened("b", c.place); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
	r := &Register{}
	r.Announce(Announcement{Holder: "a", Versions: []Version{mark(1)}})
	r.Announce(Announcement{Holder: "a"})
	if r.Threatened("b", at(1)) {
		t.Error("a plan that deletes nothing any more still does")
	}
}

// traveller is a resource whose plans are applied on other machines.
type traveller struct {
	holder            string
	place             *Place
	deposed           bool
	seen, plannedSeen Witness
	do                string
}

// voyage is one state of one layer, each run of which is planned on one machine
// and applied on another.
type voyage struct {
	*rand.Rand
	bytes     map[int64]string
	last      int64
	objects   []*traveller
	names     int
	published bool
	// gap has the versions that went where nobody could know better: what is
	// destroyed after its replacement was made is planned again by the apply, with
	// what its last refresh saw. A resource that was read between that and the
	// plan is in nobody's notes.
	gap            map[int64]bool
	log            []string
	deleted, kept  int
	looked, unseen int
	gaps, runs     int
}

func (v *voyage) note(format string, args ...any) {
	v.log = append(v.log, fmt.Sprintf(format, args...))
}

// TestRandomVoyages plays random runs that are planned on one machine and applied
// on another, both new or not: changes, twins, renames, replacements before and
// after the destroy, replacements that are cut. After each apply no resource points
// at a version that is gone.
func TestRandomVoyages(t *testing.T) {
	t.Parallel()
	sum := voyage{}
	for seed := range uint64(4000) {
		v := &voyage{Rand: rand.New(rand.NewPCG(seed, 9)), bytes: map[int64]string{}}
		home := &Register{ID: "home"}
		for n := range 20 {
			planner, applier := &Register{ID: fmt.Sprint("planner ", n)}, &Register{ID: fmt.Sprint("applier ", n)}
			switch v.IntN(4) {
			case 0: // a machine that plans and applies
				planner, applier = home, home
			case 1:
				planner = home
			case 2:
				applier = home
			}
			v.gap = map[int64]bool{}
			v.run(planner, applier)
			v.runs++
			for _, o := range v.objects {
				switch n := o.place.Release.Number; {
				case v.bytes[n] != "" || o.deposed || o.place.Gone():
				case v.gap[n]:
					v.gaps++
				default:
					t.Fatalf("history %d: %s points at %d, which is gone\n%s", seed, o.holder, n, strings.Join(v.log, "\n"))
				}
			}
		}
		sum.gaps, sum.runs = sum.gaps+v.gaps, sum.runs+v.runs
		sum.deleted, sum.kept, sum.looked, sum.unseen = sum.deleted+v.deleted, sum.kept+v.kept, sum.looked+v.looked, sum.unseen+v.unseen
	}
	t.Logf("%d runs: %d versions deleted, %d kept, %d looked at again, %d left unseen, %d gaps", sum.runs, sum.deleted, sum.kept, sum.looked, sum.unseen, sum.gaps)
	if sum.deleted < 5000 || sum.kept < 500 || sum.looked < 200 || sum.unseen < 20 {
		t.Error("the histories are too few to tell")
	}
}

// run decides what a run is about, plans all resources in any order, and carries
// it out in any order that Terraform allows.
func (v *voyage) run(planner, applier *Register) {
	planner.Run, applier.Run, v.published = Run{}, Run{}, false
	for _, o := range v.objects {
		o.do = ""
		if o.deposed {
			o.do = "destroy"
		}
	}
	var young []*traveller
	create := func() *traveller {
		v.names++
		o := &traveller{holder: fmt.Sprint("r", v.names), place: &Place{}, do: "create"}
		young = append(young, o)
		return o
	}
	var current []*traveller
	for _, o := range v.objects {
		if !o.deposed {
			current = append(current, o)
		}
	}
	cut := false
	if len(current) == 0 || v.IntN(4) == 0 && len(current) < 4 {
		create()
	} else {
		o := current[v.IntN(len(current))]
		o.do = []string{"change", "destroy", "replace", "replace first", "cut"}[v.IntN(5)]
		if o.do == "replace first" || o.do == "cut" || o.do == "replace" {
			create()
		}
		cut = o.do == "cut"
	}
	v.note("planned on %s, applied on %s", planner.ID, applier.ID)
	v.plan(planner, young)
	if planner != applier {
		applier.Run = Run{}
	} else {
		planner.Run = Run{}
	}
	v.apply(applier, young, cut)
}

// plan reads and plans every resource. What lies between its read and its plan is
// any order.
func (v *voyage) plan(r *Register, young []*traveller) {
	type event struct {
		o    *traveller
		read bool
	}
	var events []event
	for _, o := range slices.Concat(v.objects, young) {
		events = append(events, event{o, true}, event{o, false})
	}
	v.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	was := map[*traveller]bool{}
	for _, e := range events {
		read := !was[e.o] // the first of the two is the read
		was[e.o] = true
		switch {
		case read && e.o.do != "create":
			if n := e.o.place.Release.Number; v.bytes[n] == "" {
				e.o.place.Forget(n)
				e.o.place.Release.CodeSHA256 = ""
			}
			r.Meet(e.o.holder, e.o.place)
			e.o.seen, e.o.place.Threatened = r.Witness(e.o.holder).Since(e.o.seen), r.Threatened(e.o.holder, e.o.place)
			v.note("%s is read with %d, threatened %t, sees %v", e.o.holder, e.o.place.Release.Number, e.o.place.Threatened, e.o.seen.Pointers)
		case read:
		case e.o.do == "destroy":
			r.Hear(e.o.seen)
			e.o.plannedSeen = r.Witness(e.o.holder)
			r.Announce(Announcement{Holder: e.o.holder, Known: e.o.plannedSeen.Pointers, Versions: all(e.o.place)})
			v.note("%s is to be destroyed, knows %v", e.o.holder, e.o.plannedSeen.Pointers)
		case e.o.do == "replace", e.o.do == "replace first", e.o.do == "cut":
			// The plan of the create knows no more than the run does.
			e.o.plannedSeen = r.Witness("")
			r.AnnounceReplacement(e.o.plannedSeen.Pointers)
			v.note("%s is to be replaced, knows %v", e.o.holder, e.o.plannedSeen.Pointers)
		}
	}
}

func all(p *Place) []Version { return slices.Clone(p.Owned) }

// apply carries a plan out.
func (v *voyage) apply(r *Register, young []*traveller, cut bool) {
	objects := slices.Clone(v.objects)
	for _, i := range v.Perm(len(objects)) {
		o := objects[i]
		switch {
		case o.do == "change":
			r.Hear(o.seen)
			r.Meet(o.holder, o.place)
			v.publish(r, o, string("abc"[v.IntN(3)]))
		case o.do == "replace":
			v.destroy(r, o, "", o.plannedSeen, false)
			v.create(r, young[0])
		case o.do == "replace first":
			v.create(r, young[0])
			v.redo(r, o)
		case o.do == "cut":
			v.create(r, young[0])
			o.deposed = true
		case o.do == "destroy" && o.deposed:
			v.redo(r, o)
		case o.do == "destroy":
			v.destroy(r, o, o.holder, o.plannedSeen, false)
		case o.place.Threatened || o.place.Gone():
			v.looked++
			r.Hear(o.seen)
			was, threatened := o.place.Release.Number, o.place.Threatened
			bytes := v.bytes[was]
			if bytes == "" {
				bytes = o.place.Release.UnsignedSHA256 // what the arguments say
			}
			v.publish(r, o, bytes)
			if threatened && o.place.Release.Number == was {
				o.place.Own(was, mark(was).Created)
			}
		}
	}
	if len(young) > 0 && !slices.Contains(v.objects, young[0]) && !cut {
		v.create(r, young[0])
	}
}

// redo plans the destroy of what was replaced once more, and carries it out.
func (v *voyage) redo(r *Register, o *traveller) {
	ending := Ending{Run: "this", Elsewhere: o.seen.Register != r.ID}
	r.Hear(o.seen)
	seen := r.Witness(o.holder)
	v.destroy(r, o, o.holder, seen, ending.Unseen("this", v.published))
}

func (v *voyage) create(r *Register, o *traveller) {
	if slices.Contains(v.objects, o) {
		return
	}
	v.published = true
	v.objects = append(v.objects, o)
	v.publish(r, o, string("abc"[v.IntN(3)]))
}

// publish takes over the oldest version with the bytes, or makes one.
func (v *voyage) publish(r *Register, o *traveller, bytes string) {
	number := int64(0)
	for n, b := range v.bytes {
		if b == bytes && (number == 0 || n < number) {
			number = n
		}
	}
	own := number == 0
	if own {
		v.last++
		number = v.last
		v.bytes[number] = bytes
	}
	o.place.Release, o.place.Threatened = at(number).Release, false
	o.place.Release.UnsignedSHA256 = bytes
	if own {
		o.place.Own(number, mark(number).Created)
	}
	r.Reach(o.holder, mark(number))
	r.Done(o.holder, o.place)
	v.note("%s has %d with %s, its own %t", o.holder, number, bytes, own)
}

// destroy ends a resource, with what its plan knew.
func (v *voyage) destroy(r *Register, o *traveller, holder string, seen Witness, unseen bool) {
	r.Hear(seen)
	r.Inherit(holder, o.place, seen.Register)
	for _, owned := range slices.Clone(o.place.Owned) {
		m := owned
		switch {
		case unseen:
			v.unseen++
		case r.Pointed(holder, m, o.place.Current()):
			v.kept++
			r.Bequeath(m)
			v.note("%s leaves %d", o.holder, owned.Number)
		default:
			if v.bytes[owned.Number] != "" {
				v.deleted++
			}
			v.gap[owned.Number] = v.gap[owned.Number] || v.published && o.do != "destroy" || v.published && o.deposed
			delete(v.bytes, owned.Number)
			r.Drop(m)
			v.note("%s deletes %d", o.holder, owned.Number)
		}
	}
	r.Part(holder, o.place)
	v.note("%s is destroyed", o.holder)
	v.objects = slices.DeleteFunc(v.objects, func(other *traveller) bool { return other == o })
}
