package placement

import (
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// all gives turns until no package waits.
func (r *run) all() error {
	r.wait(r.tree.base)
	for {
		for len(r.queue) > 0 {
			last := len(r.queue) - 1
			s := r.queue[last]
			r.queue = r.queue[:last]
			if s.removed || !s.waiting {
				continue
			}
			if err := r.proceed(); err != nil {
				return err
			}
			if err := r.turn(s); err != nil {
				return err
			}
		}
		if !r.queueFolders() {
			return nil
		}
	}
}

// queueFolders has the folders wait that links lead to, once no package waits.
func (r *run) queueFolders() (found bool) {
	for _, s := range r.served {
		if s.removed {
			continue
		}
		for _, d := range s.demands {
			if d.found != nil && d.found.target != nil && !d.found.circle && !d.found.target.served {
				r.wait(d.found.target)
				found = true
			}
		}
	}
	return found
}

// turn places what a package asks for and does not have.
func (r *run) turn(s *slot) error {
	r.tree.wait(s, false)
	if err := r.open(s); err != nil {
		return err
	}
	if !s.served {
		s.served = true
		r.served = append(r.served, s)
	}
	var errands []*errand
	for _, d := range s.demands {
		r.steps++
		if !isOpen(d) {
			continue
		}
		b, c, err := r.candidate(s, d)
		if err != nil {
			return err
		}
		errands = append(errands, &errand{demand: d, bench: b, seat: c})
	}
	if err := r.proceed(); err != nil {
		return err
	}
	if r.fault != nil {
		return r.fault
	}
	if len(errands) == 0 {
		return nil
	}
	if err := r.checkEnd(s); err != nil {
		return err
	}
	slices.SortStableFunc(errands, func(a, b *errand) int { return manifest.Collate(a.demand.name, b.demand.name) })
	for _, e := range errands {
		if e.demand.isLeading() {
			continue
		}
		if err := r.placeOpening(e); err != nil {
			return err
		}
	}
	return nil
}

// isOpen tells whether a demand asks for something in its owner's turn.
func isOpen(d *demand) bool {
	if d.givenUp || d.owner.bundles(d.name) {
		return false
	}
	s := d.found
	if s == nil {
		return d.kind != asOptionalPeer
	}
	return s.gone == nil && !s.settled && !d.isPleased()
}

// candidate returns what is taken for an open demand, and the bench it sits on.
func (r *run) candidate(s *slot, d *demand) (*bench, *slot, error) {
	if b := r.last[s]; b != nil {
		if c := r.seat(b, d.key); c != nil && c.gone == nil && d.isPleasedBy(c) {
			return b, c, nil
		}
	}
	if d.kind == asOptionalPeer {
		if b, c := r.existing(d); b != nil {
			return b, c, nil
		}
	}
	b := r.last[s]
	if !d.isPeer() || b == nil {
		b = &bench{host: s}
		r.last[s] = b
	}
	c, err := r.invite(b, d, nil)
	return b, c, err
}

// checkEnd refuses what would go on without end: the same package has a turn
// while the whole tree is as it was at an earlier turn of it.
func (r *run) checkEnd(s *slot) error {
	state := [2]uint64{s.hash, r.tree.print}
	since, seen := r.states[state]
	if !seen {
		r.states[state] = len(r.log)
		r.log = append(r.log, s)
		return nil
	}
	names := map[string]bool{}
	for _, x := range r.log[since:] {
		if x.above != nil {
			names[x.label()] = true
		}
	}
	return endless(names)
}
