package placement

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// run is one placement of a project.
type run struct {
	ctx     context.Context
	source  Source
	input   *manifest.Project
	options Options
	// keepNewcomers keeps a package that has just been put out of what falls with
	// the one before it: see fall.
	keepNewcomers bool

	tree   *ground
	queue  []*slot          // that wait for a turn, the next one last: the shallowest first, and of these the first by path
	served []*slot          // that had a turn, in order
	last   map[*slot]*bench // the bench that was made last for a host
	states map[[2]uint64]int

	steps    int // of the budget
	maxSteps int
	moves    map[*parcel]int // how often each was seated or put
	log      []*slot         // that had a turn, or were put
	done     []*errand       // of the same opening, for which something was put
	fault    error           // of an override
	wants    map[string]*want
	parcels  map[string]*parcel
	links    map[string]*parcel
	tops     map[string]*slot
	members  map[string]string // path by name
}

// wait has a slot wait for a turn.
func (r *run) wait(s *slot) {
	if s.waiting || s.removed {
		return
	}
	r.tree.wait(s, true)
	at, _ := slices.BinarySearchFunc(r.queue, s, func(a, b *slot) int {
		return cmp.Or(b.depth-a.depth, strings.Compare(b.sort, a.sort))
	})
	r.queue = slices.Insert(r.queue, at, s)
}

// bench is where a package is tried out with its peers before it gets a place:
// one seat for each name, flat. It belongs to a host, the owner of the demand.
// The host's own demands lie beside it as standing orders.
type bench struct {
	*ground
	host *slot
	// beside has the slots of a folder that are seats as soon as they are asked
	// for.
	beside map[string]*slot
	// lone is a package that asks for no others: most do not, and then there is no
	// ground and no list of the host's demands.
	lone *slot
}

// errand is a demand that is to be met by its candidate: an opening one, whose owner
// has a turn, or a peer's of what was put for it.
type errand struct {
	demand *demand
	bench  *bench
	seat   *slot   // of the candidate
	leader *errand // of the package that this one goes with; nil for the opening one
	put    *slot   // what was put
}

func (e *errand) opening() *demand {
	if e.leader == nil {
		return e.demand
	}
	return e.leader.opening()
}

// start finds the folder where the way up begins: the lowest for the name, from
// the owner of the opening demand by way of all that the package goes with. They
// may have been removed since.
func (e *errand) start() *slot {
	if e.leader == nil {
		return e.demand.owner.lowest(e.demand.key)
	}
	return e.leader.start().lowest(e.demand.key)
}
