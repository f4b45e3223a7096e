package placement

import (
	"maps"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// unseating is a version that is tried in another's seat for a peer.
type unseating struct {
	owner  *parcel
	name   string
	parcel *parcel
}

// newBench returns an empty bench for several packages. The slots of a folder lie beside
// it, or, where none are given, the host's own demands as standing orders.
func (r *run) newBench(host *slot, beside map[string]*slot) *bench {
	base := &slot{parcel: host.parcel, path: host.path, top: true, member: host.member, rule: host.rule, stands: host}
	b := &bench{host: host, beside: beside, ground: &ground{base: base, shelves: map[string]*shelf{}, wants: r.override}}
	if beside == nil {
		base.demands = r.list(base, host.top)
	}
	b.attach(base)
	return b
}

// widen makes room on a bench for more than one package.
func (r *run) widen(b *bench) {
	if b.ground != nil {
		return
	}
	b.ground = r.newBench(b.host, nil).ground
	if b.lone != nil {
		b.sit(b.lone, r)
		b.lone = nil
	}
}

// bringsPeers reports whether a package may ask for others beside it.
func (r *run) bringsPeers(p *parcel) bool {
	return p.gone == nil && p.target == nil && len(p.m.PeerDependencies) > 0 && !r.options.LegacyPeers
}

// seat returns what sits on a bench under a name.
func (r *run) seat(b *bench, key string) *slot {
	if b.ground == nil {
		if b.lone != nil && b.lone.key == key {
			return b.lone
		}
		return nil
	}
	if s := b.base.inside[key]; s != nil {
		return s
	}
	x := b.beside[key]
	if x == nil {
		return nil
	}
	delete(b.beside, key)
	s := &slot{parcel: x.parcel, name: x.name, key: x.key, rule: x.rule}
	b.sit(s, r)
	return s
}

// invite seats the package that is chosen for a demand of the host, with all
// that its peers bring.
func (r *run) invite(b *bench, d *demand, chain []unseating) (*slot, error) {
	p, err := r.choose(d)
	if err != nil {
		return nil, err
	}
	s := &slot{parcel: p, name: d.name, key: d.key, rule: d.rule, mandatory: d.kind != asOptionalPeer}
	r.moved(p)
	if err := r.proceed(); err != nil {
		return nil, err
	}
	if b.ground == nil && b.lone == nil && !r.bringsPeers(p) {
		b.lone = s
		return s, nil
	}
	r.widen(b)
	b.sit(s, r)
	return s, r.bring(b, s, chain)
}

// sit puts a seat on the bench in place of what has its name.
func (g *ground) sit(s *slot, r *run) {
	s.demands = r.list(s, false)
	if old := g.base.inside[s.key]; old != nil {
		g.replace(old, s)
	} else {
		g.enter(s, g.base)
	}
}

// bring seats what the peers of a package that has just sat down ask for, by
// name, each with all that it brings before the next.
func (r *run) bring(b *bench, s *slot, chain []unseating) error {
	var peers []*demand
	for _, d := range s.demands {
		if d.isPeer() && !d.isLeading() {
			peers = append(peers, d)
		}
	}
	slices.SortStableFunc(peers, func(x, y *demand) int { return manifest.Collate(x.name, y.name) })
	for _, peer := range peers {
		r.steps++
		if b.base.inside[s.key] != s {
			return nil
		}
		if peer.isLeading() {
			continue
		}
		if err := r.bringFor(b, s, peer, chain); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) bringFor(b *bench, s *slot, peer *demand, chain []unseating) error {
	if sits := b.base.inside[peer.key]; sits != nil {
		return r.unseat(b, s, peer, sits, chain)
	}
	order := b.base.demandFor(peer.key)
	if order == nil {
		order = peer
	}
	p, err := r.choose(order)
	if err != nil {
		return err
	}
	if order != peer && !peer.accepts(p) {
		other, err := r.choose(peer)
		if err != nil {
			return err
		}
		if order.accepts(other) {
			p = other
		}
	}
	x := &slot{parcel: p, name: order.name, key: peer.key, mandatory: peer.kind == asPeer && s.mandatory}
	b.sit(x, r)
	if order != peer && !peer.isLeading() && x.mandatory {
		if err := r.conflictOnBench(b, peer, []*demand{order}, x); err != nil {
			return err
		}
	}
	return r.bring(b, x, chain)
}

// unseat tries what a peer asks for in the place of one that it does not accept.
func (r *run) unseat(b *bench, s *slot, peer *demand, sits *slot, chain []unseating) error {
	p, err := r.choose(peer)
	if err != nil {
		return err
	}
	step := unseating{owner: s.parcel, name: peer.key, parcel: p}
	if slices.Contains(chain, step) {
		names := map[string]bool{}
		for _, u := range append(chain, step) {
			names[u.owner.label()], names[u.parcel.label()] = true, true
		}
		return endless(names)
	}
	inner := &bench{host: s}
	tried, err := r.invite(inner, peer, append(slices.Clip(chain), step))
	if err != nil {
		return err
	}
	x := &slot{parcel: p, name: peer.name, key: peer.key, rule: tried.rule, mandatory: peer.kind == asPeer && s.mandatory}
	if isWelcome(x, sits, nil) {
		b.sit(x, r)
		return r.bring(b, x, chain)
	}
	if s.mandatory {
		return r.conflictOnBench(b, peer, sits.users, sits)
	}
	return nil
}

// conflictOnBench returns the refusal if the conflict is the project's own.
func (r *run) conflictOnBench(b *bench, peer *demand, against []*demand, found *slot) error {
	if !b.host.isOurs() && !r.options.StrictPeers || r.options.Force {
		return nil
	}
	return peer.conflict(against, found)
}

// existing looks for a slot that an optional peer accepts: from the folder that
// its owner lies in, breadth first. It returns a copy, on a bench that has what
// lies beside the slot.
func (r *run) existing(d *demand) (*bench, *slot) {
	from := d.owner.above
	if from == nil {
		from = d.owner
	}
	for level := from.contents; len(level) > 0; {
		var next []*slot
		for _, s := range level {
			if s.key == d.key && d.isPleasedBy(s) && !s.isBundled() {
				b := r.newBench(d.owner, maps.Clone(s.holder.inside))
				return b, r.seat(b, d.key)
			}
			next = append(next, s.contents...)
		}
		level = next
	}
	return nil, nil
}
