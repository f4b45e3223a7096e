package placement

import "slices"

// verdict is what a folder answers to a package that wants to lie in it.
type verdict int

const (
	closed   verdict = iota
	open             // it is empty there
	stays            // what lies there will do
	exchange         // the package takes the place of what lies there
)

// question is put to folders on the way up. Nothing changes by asking.
type question struct {
	run     *run
	opening *demand // that started the placement
	bench   *bench
	// alone leaves the peers of the package out of account.
	alone bool
	// asking are the seats whose question is not answered yet, for circles.
	asking []*slot
	// asked counts, and answers keeps what was answered: see manyAsked.
	asked   int
	answers map[answered]verdict
}

type answered struct{ seat, folder *slot }

// manyAsked is how often a question is put for the company of one package before
// answers are used again. Where a dozen packages are peers of each other, each
// order of asking is another way around the circle; an answer of one way is as
// good as that of another then.
const manyAsked = 2000

// ask puts the question for a seat on behalf of a demand to a folder; lowest is
// the lowest folder that the demand could have.
func (q *question) ask(c *slot, w *demand, f, lowest *slot) verdict {
	q.run.steps++
	s := f.inside[c.key]
	switch {
	case c.gone != nil:
		return exchange
	case s == nil:
		if q.isShadowing(c, w, f) || !q.companyComes(c, f, lowest) {
			return closed
		}
		return open
	case samePackage(c.parcel, s.parcel) && (w.takes(s) || !w.accepts(c.parcel)):
		return stays
	}
	older := isOlder(c.parcel, s.parcel)
	welcome := (!older || w.isPeer()) && isWelcome(c, s, nil)
	switch {
	case welcome && !older && q.companyComes(c, f, lowest):
		return exchange
	case w.takes(s):
		return stays
	case welcome && older && q.companyComes(c, f, lowest):
		return exchange
	case f != lowest:
		return closed // it could lie deeper, so nothing is pushed
	case w.isPeer() && !q.allYield(w, s, f), !q.companyComes(c, f, lowest):
		return closed
	}
	return exchange
}

// isShadowing tells whether a package in an empty folder would get in the way of
// demands at or below it that look through it to what is above.
func (q *question) isShadowing(c *slot, w *demand, f *slot) bool {
	if d := f.demandFor(c.key); d != nil && d != w && !(d.name == c.name && d.accepts(c.parcel)) {
		return true
	}
	if f == q.opening.owner {
		return false
	}
	demands := q.run.tree.shelf(c.key).demands
	q.run.steps += len(demands)
	for _, d := range demands {
		if d.found == nil || d.accepts(c.parcel) && d.name == c.name {
			continue
		}
		if d.owner.isBelow(f) && !d.found.holder.isBelow(f) && d.isPleased() {
			return true
		}
	}
	return false
}

// companyComes tells whether none of the seat's peers is stuck.
func (q *question) companyComes(c *slot, f, lowest *slot) bool {
	if q.alone {
		return true
	}
	q.asking = append(q.asking, c)
	defer func() { q.asking = q.asking[:len(q.asking)-1] }()
	for _, d := range c.demands {
		if !d.isPeer() {
			continue
		}
		p := q.run.seat(q.bench, d.key)
		if p == nil || slices.Contains(q.asking, p) {
			continue
		}
		if q.askAgain(p, d, f.lowest(d.key), lowest.lowest(d.key)) == closed {
			return false
		}
	}
	return true
}

func (q *question) askAgain(p *slot, d *demand, f, lowest *slot) verdict {
	key := answered{p, f}
	if v, known := q.answers[key]; known && q.asked > manyAsked {
		return v
	}
	q.asked++
	v := q.ask(p, d, f, lowest)
	if q.answers == nil {
		q.answers = map[answered]verdict{}
	}
	q.answers[key] = v
	return v
}

// allYield tells whether every party that a slot belongs to makes way.
func (q *question) allYield(w *demand, s, f *slot) bool {
	for _, p := range parties(s) {
		if !q.yields(p, w, f) {
			return false
		}
	}
	return true
}

func (q *question) yields(p party, w *demand, f *slot) bool {
	if p.opener == w || p.opener == q.opening {
		return true
	}
	if head := q.run.seat(q.bench, p.head.key); head != nil {
		seated := func(u *demand) bool {
			return u.isPeer() && u.owner.holder == p.head.holder && q.run.seat(q.bench, u.owner.key) != nil
		}
		if isWelcome(head, p.head, seated) {
			return true
		}
	} else if q.agrees(p.head) {
		return true
	}
	for m := range p.members {
		if l := p.opener.owner.lowest(m.key); l == f || !l.isBelow(f) {
			return false
		}
	}
	return true
}

// agrees tells whether a party accepts what the bench has of what its peers ask
// for.
func (q *question) agrees(head *slot) bool {
	list := []*slot{head}
	seen := map[*slot]bool{head: true}
	for i := 0; i < len(list); i++ {
		for _, d := range list[i].demands {
			if !leadsToPeer(d) {
				continue
			}
			if p := q.run.seat(q.bench, d.key); p != nil {
				if !d.accepts(p.parcel) {
					return false
				}
				continue
			}
			if !seen[d.found] {
				seen[d.found] = true
				list = append(list, d.found)
			}
		}
	}
	return true
}
