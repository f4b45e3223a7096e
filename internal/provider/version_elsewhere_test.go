package provider

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// TestStateIsThatOfNoMachine refreshes a resource on three machines: from the
// second on, the state and its private part stay as they are.
func TestStateIsThatOfNoMachine(t *testing.T) {
	t.Parallel()
	l := newLives(t)
	o := l.resource(1, accountA, l.zips[0])
	l.must(l.create(o, false))
	var states []tftypes.Value
	var notes []string
	for range 3 {
		l.cache = t.TempDir()
		server, err := o.start(t.Context())
		l.must(err)
		l.must(o.refresh(t.Context(), server))
		states, notes = append(states, o.core.state), append(notes, string(o.private))
	}
	if !states[1].Equal(states[0]) || !states[2].Equal(states[0]) || notes[1] != notes[0] || notes[2] != notes[0] {
		t.Errorf("the state moves with the machine: %v, %q", states, notes)
	}
}

// traveller is a resource of a state whose plans are applied on other machines.
type traveller struct {
	*life
	do      string // what the run does with it
	deposed bool
	read    bool
	planned plannedChange
}

// journey is a state, and the machine that plans and applies now and then.
type journey struct {
	*lives
	*rand.Rand
	home    string
	objects []*traveller
}

// TestRandomJourneys plays random runs of resources of one layer, each planned by
// one process of the provider and applied by another, which have the same cache or
// not: after each, every resource points at a version that is there. It is
// lifecycle.TestRandomVoyages against the protocol. LAYERBUILD_HISTORIES and
// LAYERBUILD_SEED are those of TestRandomHistories.
func TestRandomJourneys(t *testing.T) {
	t.Parallel()
	count, seed := uint64(8), uint64(1)
	if n, err := strconv.ParseUint(os.Getenv("LAYERBUILD_HISTORIES"), 10, 64); err == nil {
		count = n
	}
	if n, err := strconv.ParseUint(os.Getenv("LAYERBUILD_SEED"), 10, 64); err == nil {
		seed = n
	}
	for i := range count {
		t.Run(fmt.Sprint(seed+i), func(t *testing.T) {
			t.Parallel()
			j := &journey{lives: newLives(t), Rand: rand.New(rand.NewPCG(seed+i, 21)), home: t.TempDir()}
			for range 12 {
				j.must(j.run())
			}
		})
	}
}

func (j *journey) run() error {
	planner, applier := j.home, j.home
	if j.IntN(4) > 0 {
		planner = j.TempDir()
	}
	if j.IntN(4) > 0 {
		applier = j.TempDir()
	}
	young, cut := j.decide()
	j.note("planned in %s, applied in %s", planner, applier)
	if err := j.plan(planner, young); err != nil {
		return err
	}
	gap, err := j.apply(applier, young, cut)
	if err != nil {
		return err
	}
	alive := map[string]bool{}
	for _, v := range j.aws.LiveOf(accountA, region, "deps") {
		alive[v.ARN] = true
	}
	for i, o := range j.objects {
		if arn := o.arn(); arn != "" && !o.deposed && !alive[arn] && !gap {
			return fmt.Errorf("broken: resource %d points at %s, which is gone", i, arn)
		}
	}
	return nil
}

// decide says what a run is about, and returns the resource that it creates.
func (j *journey) decide() (young *traveller, cut bool) {
	var current []*traveller
	for _, o := range j.objects {
		o.do, o.read, o.planned = "", false, plannedChange{}
		if o.deposed {
			o.do = "destroy"
		} else {
			current = append(current, o)
		}
	}
	create := func() {
		young = &traveller{life: j.resource(1, accountA, j.zips[j.IntN(2)]), do: "create"}
	}
	if len(current) == 0 || j.IntN(4) == 0 && len(current) < 4 {
		create()
		return young, false
	}
	o := current[j.IntN(len(current))]
	switch o.do = []string{"change", "destroy", "replace", "cut"}[j.IntN(4)]; o.do {
	case "change":
		o.config["filename"] = textValue(j.zips[j.IntN(3)])
	case "replace", "cut":
		create()
		young.config = maps.Clone(o.config)
	}
	return young, o.do == "cut"
}

// plan has a process read and plan all resources, in any order.
func (j *journey) plan(cache string, young *traveller) error {
	j.cache = cache
	events := slices.Concat(j.objects, j.objects)
	j.Shuffle(len(events), func(a, b int) { events[a], events[b] = events[b], events[a] })
	if len(events) == 0 {
		return nil
	}
	server, err := events[0].start(j.Context())
	if err != nil {
		return err
	}
	for _, o := range events {
		if !o.read {
			o.read = true
			err = o.refresh(j.Context(), server)
			j.note("%p %q is read with %s", o, o.do, o.arn())
		} else {
			err = j.planOne(server, o, young)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *journey) planOne(server tfprotov6.ProviderServer, o, young *traveller) (err error) {
	prior, private := o.core.state, o.private
	switch o.do {
	case "destroy":
		o.planned.private, err = o.planDestroy(j.Context(), server, o.private)
		return err
	case "replace", "cut":
		prior, private = young.core.state, nil
	}
	wanted, err := o.core.config(o.config)
	if err != nil {
		return err
	}
	if o.planned, err = o.core.plan(j.Context(), server, prior, wanted, private); err == nil && o.do == "" && !o.planned.value.Equal(prior) {
		o.do = "look again"
		j.note("%p looks again", o)
	}
	return err
}

// apply has another process carry the plans out, in any order. It reports whether
// something was destroyed that had been replaced, in a run that creates: that is
// planned again by the apply, and does not know what was read after it.
func (j *journey) apply(cache string, young *traveller, cut bool) (gap bool, err error) {
	j.cache = cache
	all := slices.Clone(j.objects)
	if young != nil {
		all = append(all, young)
	}
	server, err := all[0].start(j.Context())
	if err != nil {
		return false, err
	}
	j.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
	for _, o := range all {
		switch {
		case o == young:
			err = j.change(server, o)
		case o.do == "change", o.do == "look again":
			err = j.change(server, o)
		case o.do == "replace":
			err = j.destroy(server, o, o.planned.private)
		case o.do == "cut":
			o.deposed = true
		case o.do == "destroy":
			private := o.planned.private
			if o.deposed {
				gap = gap || young != nil
				if private, err = o.planDestroy(j.Context(), server, o.private); err != nil {
					return gap, err
				}
			}
			err = j.destroy(server, o, private)
		}
		if err != nil {
			return gap, err
		}
	}
	return gap, nil
}

func (j *journey) destroy(server tfprotov6.ProviderServer, o *traveller, private []byte) error {
	none := tftypes.NewValue(o.kind(), nil)
	err := o.carryOut(j.Context(), server, none, plannedChange{value: none, private: private})
	j.note("%p is destroyed: %v %q", o, err, o.warnings)
	j.objects = slices.DeleteFunc(j.objects, func(other *traveller) bool { return other == o })
	return err
}

// change plans a create or an update again, and carries it out.
func (j *journey) change(server tfprotov6.ProviderServer, o *traveller) error {
	o.warnings = nil
	wanted, err := o.core.config(o.config)
	if err != nil {
		return err
	}
	again, err := o.core.plan(j.Context(), server, o.core.state, wanted, o.private)
	if err != nil {
		return err
	}
	if !o.core.state.IsNull() {
		if err := compatible("the final plan", o.planned.value, again.value); err != nil {
			return err
		}
		if again.value.Equal(o.core.state) {
			return nil
		}
	}
	if !slices.Contains(j.objects, o) {
		j.objects = append(j.objects, o)
	}
	err = o.carryOut(j.Context(), server, wanted, again)
	j.note("%p has %s: %v %q", o, o.arn(), err, o.warnings)
	return err
}
