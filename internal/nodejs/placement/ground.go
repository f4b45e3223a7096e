package placement

import (
	"hash/fnv"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// ground is a tree of slots with what every demand in it finds. There is one
// for node_modules, and one for each bench, which is flat. It keeps the links
// between demands and slots true through all changes; questions about it change
// nothing.
type ground struct {
	base    *slot
	shelves map[string]*shelf
	// wants reads the value of an override for a demand.
	wants func(d *demand, value string) *want
	// print changes with every change of slots, demands given up and turns
	// waited for: two equal prints are the same state.
	print uint64
	// ruled counts slots whose rule changed, to end what would not end.
	ruled int
}

// shelf has all that concerns one name.
type shelf struct {
	slots   []*slot   // in the order in which they came
	demands []*demand // in the order in which they came
}

func (g *ground) shelf(key string) *shelf {
	s := g.shelves[key]
	if s == nil {
		s = &shelf{}
		g.shelves[key] = s
	}
	return s
}

// mix spreads a hash with a salt.
func mix(h, salt uint64) uint64 {
	h ^= salt
	h *= 0x9e3779b97f4a7c15
	return h ^ h>>29
}

func (s *slot) setPath() {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.path + "\x00" + s.label()))
	s.hash = mix(h.Sum64(), 1)
	s.sort = manifest.CollationKey(s.path)
}

func (d *demand) hash() uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(d.key))
	return mix(d.owner.hash, h.Sum64()|1)
}

// giveUp leaves a demand as it is for as long as its owner stays.
func (g *ground) giveUp(d *demand) {
	if !d.givenUp {
		d.givenUp = true
		g.print ^= d.hash()
	}
}

// enter puts a slot without contents into a folder that has none of its name.
func (g *ground) enter(s, holder *slot) {
	g.arrive(s, holder)
	g.search(s)
}

// arrive is enter before the slot's own demands look for what there is.
func (g *ground) arrive(s, holder *slot) {
	s.holder, s.above = holder, holder
	s.depth = holder.depth + 1
	s.path = strings.TrimPrefix(holder.path+"/node_modules/"+s.name, "/")
	g.attach(s)
	for _, u := range slices.Clone(g.shelf(s.key).demands) {
		if u.owner.isBelow(holder) {
			g.turn(u, u.owner.find(u.key))
		}
	}
}

// attach lists a slot; demands do not find it yet.
func (g *ground) attach(s *slot) {
	s.setPath()
	if h := s.holder; h != nil {
		if h.inside == nil {
			h.inside = map[string]*slot{}
		}
		h.inside[s.key] = s
		h.contents = append(h.contents, s)
		g.shelf(s.key).slots = append(g.shelf(s.key).slots, s)
	}
	g.print ^= s.hash
	for _, d := range s.demands {
		g.ruleOf(d)
		sh := g.shelf(d.key)
		sh.demands = append(sh.demands, d)
	}
}

// search has the demands of a slot find what there is.
func (g *ground) search(s *slot) {
	for _, d := range s.demands {
		g.turn(d, s.find(d.key))
	}
}

// turn has a demand find another slot, or nothing.
func (g *ground) turn(d *demand, to *slot) {
	from := d.found
	if from == to {
		return
	}
	d.found = to
	if from != nil {
		from.users = without(from.users, d)
		g.left(from, d)
	}
	if to != nil {
		to.users = append(to.users, d)
		g.arrived(to, d)
	}
}

func without[T comparable](list []T, x T) []T {
	if i := slices.Index(list, x); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// drop takes demands out.
func (g *ground) drop(demands []*demand) {
	for _, d := range demands {
		g.turn(d, nil)
		sh := g.shelf(d.key)
		sh.demands = without(sh.demands, d)
		if d.givenUp {
			g.print ^= d.hash()
		}
	}
}

func (g *ground) detach(s *slot) {
	s.removed = true
	g.print ^= s.hash
	if s.waiting {
		g.wait(s, false)
	}
	sh := g.shelf(s.key)
	sh.slots = without(sh.slots, s)
}

// wait notes that a slot waits for a turn, or does not.
func (g *ground) wait(s *slot, on bool) {
	if s.waiting != on {
		s.waiting = on
		g.print ^= mix(s.hash, 2)
	}
}

// remove takes out a slot with all that lies in it.
func (g *ground) remove(s *slot) {
	if s.holder == nil {
		return
	}
	delete(s.holder.inside, s.key)
	s.holder.contents = without(s.holder.contents, s)
	s.holder, s.above = nil, nil
	if s.removed {
		return
	}
	all := s.withContents(nil)
	for _, x := range all {
		g.detach(x)
	}
	for _, x := range all {
		for _, u := range slices.Clone(x.users) {
			if u.owner.removed {
				g.turn(u, nil)
			} else {
				g.turn(u, u.owner.find(u.key))
			}
		}
		g.drop(x.demands)
	}
}

// enterNowhere puts a slot into a folder that has been removed, in place of what
// has its name there. Nothing in the tree finds it; what was removed with the
// folder does.
func (g *ground) enterNowhere(s, holder *slot) {
	s.holder, s.above, s.removed = holder, holder, true
	if old := holder.inside[s.key]; old != nil {
		holder.contents = without(holder.contents, old)
	}
	if holder.inside == nil {
		holder.inside = map[string]*slot{}
	}
	holder.inside[s.key] = s
	holder.contents = append(holder.contents, s)
	for holder.above != nil {
		holder = holder.above
	}
	all := holder.withContents(nil)
	for _, x := range all {
		x.users = nil
	}
	for _, x := range all {
		for _, d := range x.demands {
			if d.found = x.find(d.key); d.found != nil {
				d.found.users = append(d.found.users, d)
			}
		}
	}
}

// withContents appends s and what lies in it at any depth.
func (s *slot) withContents(list []*slot) []*slot {
	list = append(list, s)
	for _, x := range s.contents {
		list = x.withContents(list)
	}
	return list
}

// replace puts a slot without contents in the place of another, whose contents
// it takes over.
func (g *ground) replace(old, s *slot) {
	var within, rest []*demand
	for _, d := range old.demands {
		if d.found != nil && d.found.isBelow(old) {
			within = append(within, d)
		} else {
			rest = append(rest, d)
		}
	}
	g.drop(within)
	users := slices.Clone(old.users)
	holder := old.holder
	delete(holder.inside, old.key)
	place := slices.Index(holder.contents, old)
	holder.contents = slices.Delete(holder.contents, place, place+1)
	g.detach(old)
	s.holder, s.above, s.depth = holder, holder, old.depth
	s.path = old.path[:len(old.path)-len(old.name)] + s.name
	s.inside, s.contents = old.inside, old.contents
	for _, x := range s.contents {
		x.holder, x.above = s, s
	}
	old.holder, old.above, old.inside, old.contents = nil, nil, nil, nil
	g.attach(s)
	for _, u := range users {
		g.turn(u, u.owner.find(u.key))
	}
	g.drop(rest)
	g.search(s)
}
