package placement

import (
	"slices"
	"strings"
)

// placeOpening places the candidate of an open demand with its companions.
func (r *run) placeOpening(opening *errand) error {
	r.done = nil
	if err := r.place(opening); err != nil {
		return err
	}
	for _, e := range r.done {
		r.log = append(r.log, e.put)
		if e.put.removed {
			continue
		}
		r.wait(e.put)
		for _, u := range e.put.users {
			if u != e.demand && !u.givenUp && !u.isPleased() {
				r.wait(u.owner)
			}
		}
	}
	return nil
}

// place finds a folder for the seat of an errand and puts it there.
func (r *run) place(e *errand) error {
	if err := r.proceed(); err != nil {
		return err
	}
	c, w, start := e.seat, e.demand, e.start()
	folder, v := r.wayUp(e, start)
	if folder == nil {
		if !r.options.Force && (r.options.StrictPeers || isOurConcern(e.opening())) {
			return conflictOnWay(e, start)
		}
		alone := question{run: r, opening: e.opening(), bench: e.bench, alone: true}
		if v = alone.ask(c, w, start, start); v == closed {
			r.tree.giveUp(w)
			return nil
		}
		folder = start
	}
	if v == stays {
		if w.isPeer() && !w.isLeading() {
			r.tree.giveUp(w)
		}
		r.removeSpare(folder, c.key, nil)
		return nil
	}
	return r.put(e, folder)
}

// wayUp asks the folders from the start upwards, until one is closed. It returns
// the highest that is not; nil if the first is closed.
func (r *run) wayUp(e *errand, start *slot) (folder *slot, v verdict) {
	c := e.seat
	if c.gone != nil {
		return start, exchange
	}
	q := question{run: r, opening: e.opening(), bench: e.bench}
	for f := start; f != nil; f = f.above {
		if f != start && !f.top && f.hasPeer(c.key) {
			continue
		}
		answer := q.ask(c, e.demand, f, start)
		if answer == closed {
			break
		}
		folder, v = f, answer
	}
	return folder, v
}

// isOurConcern tells whether a placement that fails is an error of the project.
func isOurConcern(opening *demand) bool {
	owner := opening.owner
	if owner.isOurs() {
		return true
	}
	if !opening.isPeer() {
		return false
	}
	for _, u := range owner.users {
		if !u.isPeer() && u.owner.isOurs() {
			return true
		}
	}
	return slices.ContainsFunc(parties(owner), func(p party) bool { return p.opener.owner.isOurs() })
}

func conflictOnWay(e *errand, start *slot) error {
	s := start.inside[e.seat.key]
	if s == nil {
		return e.demand.conflict(nil, nil)
	}
	return e.demand.conflict(s.users, s)
}

// put puts the seat of an errand into a folder, and then its companions.
func (r *run) put(e *errand, folder *slot) error {
	c, w := e.seat, e.demand
	r.moved(c.parcel)
	s := &slot{parcel: c.parcel, name: c.name, key: c.key, rule: c.rule}
	if end := circleEnd(c, folder); end != nil {
		s.parcel = &parcel{m: c.m, version: c.version, versioned: c.versioned, target: end, circle: true}
	}
	s.demands = r.list(s, false)
	switch old := folder.inside[c.key]; {
	case folder.removed:
		r.tree.enterNowhere(s, folder)
	case old != nil:
		r.exchange(old, s)
		r.removeSpare(folder, s.key, s)
	default:
		r.tree.arrive(s, folder)
		r.removeSpare(folder, s.key, s)
		r.tree.search(s)
	}
	if s.target != nil && !s.circle {
		r.enterTop(s.target, s.rule)
	}
	e.put = s
	r.done = append(r.done, e)
	if w.isPeer() && !w.takes(s) {
		r.tree.giveUp(w)
	}
	return r.putCompanions(e)
}

// circleEnd returns the package around a folder that is the same as the one that
// is to lie in it.
func circleEnd(c, folder *slot) *slot {
	if c.gone != nil || c.target != nil {
		return nil
	}
	for at := folder; at != nil && !at.top; at = at.holder {
		if at.key == c.key && samePackage(at.parcel, c.parcel) {
			return at
		}
	}
	return nil
}

// putCompanions places what sits on the bench for the peers of what was put.
func (r *run) putCompanions(e *errand) error {
	if r.seat(e.bench, e.seat.key) != e.seat {
		return nil // it lost its own seat: it has no company
	}
	for _, d := range e.put.demands {
		if !d.isPeer() || d.givenUp || d.isPleased() {
			continue
		}
		c := r.seat(e.bench, d.key)
		if c == nil || !(c.name == d.name && d.accepts(c.parcel)) {
			continue
		}
		if err := r.place(&errand{demand: d, bench: e.bench, seat: c, leader: e}); err != nil {
			return err
		}
	}
	return r.fault
}

// exchange puts a slot in the place of another, and takes out what that leaves
// behind.
func (r *run) exchange(old, s *slot) {
	marked := r.partiesLeft(old, s)
	var lost []*slot
	for _, d := range old.demands {
		if d.found == nil || s.demandFor(d.key) != nil {
			continue
		}
		for x := range retinue(d.found, func(*demand) bool { return true }) {
			lost = append(lost, x)
		}
	}
	r.tree.replace(old, s)
	r.fall(s, lost)
	r.removeMarked(marked)
}

// partiesLeft gives up the peers beside a slot that do not accept what takes its
// place, where they belong to parties of the project, and returns the parties of
// others that have to be placed anew.
func (r *run) partiesLeft(old, s *slot) map[*slot]bool {
	marked := map[*slot]bool{}
	for _, u := range old.users {
		if !u.isPeer() || u.givenUp || u.owner.holder != old.holder || u.accepts(s.parcel) && u.name == s.name {
			continue
		}
		for _, p := range parties(u.owner) {
			if p.opener.owner.isOurs() {
				r.tree.giveUp(u)
				continue
			}
			for x := range retinue(p.head, func(d *demand) bool { return !d.givenUp }) {
				marked[x] = true
			}
		}
	}
	return marked
}

// fall removes what nobody needs any more after a newcomer took a place. lost is
// what its predecessor had found.
func (r *run) fall(s *slot, lost []*slot) {
	var suspects []*slot
	for _, x := range lost {
		if x.removed {
			continue
		}
		for y := range retinue(x, (*demand).isLeading) {
			suspects = append(suspects, y)
		}
	}
	for _, d := range s.demands {
		if d.found != nil && !d.isPleased() {
			suspects = append(suspects, d.found)
		}
	}
	if len(suspects) == 0 {
		return
	}
	class := func(d *demand) bool { return d.owner != s && d.found != s && d.isLeading() }
	set := reach(unique(suspects), class)
	shrink(set, nil, class)
	if r.keepNewcomers {
		delete(set, s)
	}
	r.removeAll(set)
}

func unique(list []*slot) []*slot {
	seen := map[*slot]bool{}
	return slices.DeleteFunc(list, func(s *slot) bool {
		was := seen[s]
		seen[s] = true
		return was
	})
}

// removeAll removes slots in the order of their paths.
func (r *run) removeAll(set map[*slot]bool) {
	list := make([]*slot, 0, len(set))
	for s := range set {
		if s.holder != nil {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b *slot) int { return strings.Compare(a.sort, b.sort) })
	for _, s := range list {
		r.tree.remove(s)
	}
}

// removeMarked takes parties out; who had something of them has another turn.
func (r *run) removeMarked(set map[*slot]bool) {
	var losers []*slot
	for s := range set {
		if s.removed {
			continue
		}
		for _, x := range s.withContents(nil) {
			for _, u := range x.users {
				losers = append(losers, u.owner)
			}
		}
	}
	r.removeAll(set)
	for _, s := range losers {
		r.wait(s)
	}
}

// removeSpare removes the copies of a name below a folder that became spare, and
// for those that stay what became spare directly in them.
func (r *run) removeSpare(folder *slot, key string, put *slot) {
	for _, x := range slices.Clone(r.tree.shelf(key).slots) {
		if x.removed || x.holder == folder && x != put || !x.isBelow(folder) {
			continue
		}
		if r.removeIfSpare(x) || put == nil {
			continue
		}
		for _, y := range slices.Clone(x.contents) {
			if !y.removed {
				r.removeIfSpare(y)
			}
		}
	}
}

func (r *run) removeIfSpare(s *slot) bool {
	if !r.isSpare(s) {
		return false
	}
	r.removeAll(retinue(s, (*demand).isLeading))
	return true
}

func (r *run) isSpare(s *slot) bool {
	if s.settled || s.holder.above == nil || s.isBundled() {
		return false
	}
	if len(s.users) == 0 {
		return true
	}
	other := s.holder.above.find(s.key)
	if other == nil || other.name != s.name {
		return false
	}
	if samePackage(other.parcel, s.parcel) {
		return true
	}
	return !isOlder(other.parcel, s.parcel) && isWelcome(other, s, nil) && !r.isChosenByRule(s)
}

// isChosenByRule tells whether an override asks for exactly this version.
func (r *run) isChosenByRule(s *slot) bool {
	return s.rule != nil && s.rule.Name == s.name && s.rule.Value == s.m.Version
}
