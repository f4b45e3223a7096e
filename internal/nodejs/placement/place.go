package placement

import (
	"context"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/overrides"
)

// Place returns the tree of a project: all packages that npm would write into its
// lock, with its marks. What a user can act on is a *Refusal.
func Place(ctx context.Context, s Source, p *manifest.Project, o Options) (*Tree, error) {
	r, tree, err := placeAsNPM(ctx, s, p, o, false)
	if err != nil {
		return nil, err
	}
	if lacking := r.lacking(); lacking != nil {
		again, whole, err := placeAsNPM(ctx, s, p, o, true)
		switch {
		case err == nil && !again.lacksMoreThan(lacking.kind):
			r, tree = again, whole
			tree.Notes = append(tree.Notes, Note{Kind: Completed, Demand: lacking.public()})
		case lacking.kind == Plain:
			return nil, &Refusal{Reason: Incomplete, Demand: lacking.public(), Err: err}
		}
	}
	r.noteOverruled(tree)
	if circle := r.circle(); circle != nil {
		return nil, circle
	}
	return tree, nil
}

// placeAsNPM returns npm's own tree, good or not.
func placeAsNPM(ctx context.Context, s Source, p *manifest.Project, o Options, keepNewcomers bool) (*run, *Tree, error) {
	r, err := newRun(ctx, s, p, o)
	if err != nil {
		return nil, nil, err
	}
	r.keepNewcomers = keepNewcomers
	if err := r.all(); err != nil {
		return nil, nil, err
	}
	tree, err := r.finish()
	return r, tree, err
}

func newRun(ctx context.Context, s Source, p *manifest.Project, o Options) (*run, error) {
	r := &run{
		ctx: ctx, source: s, input: p, options: o,
		states: map[[2]uint64]int{}, last: map[*slot]*bench{}, wants: map[string]*want{}, chosen: map[*want]*parcel{},
		parcels: map[string]*parcel{}, links: map[string]*parcel{}, tops: map[string]*slot{},
		members: map[string]string{}, keys: map[string]string{}, maxSteps: MaxSteps, moves: map[*parcel]int{},
	}
	rules, err := overrides.Read(p.Overrides)
	if err != nil {
		return nil, &Refusal{Reason: BadOverride, Err: err}
	}
	base := &slot{parcel: newParcel(&p.Manifest), top: true, rule: rules}
	r.tree = &ground{base: base, shelves: map[string]*shelf{}, rules: rules != nil, wants: r.override}
	base.demands = r.withMembers(r.list(base, true))
	r.tree.attach(base)
	if r.fault != nil {
		return nil, r.fault
	}
	if err := checkProjectOverrides(base); err != nil {
		return nil, err
	}
	r.expect(base.m)
	return r, nil
}

// checkProjectOverrides refuses overrides of what the project asks for otherwise
// itself.
func checkProjectOverrides(base *slot) error {
	for _, d := range base.demands {
		if d.kind == Member || d.want.text == d.own.text {
			continue
		}
		out := &Refusal{Reason: OverridesProject, Demand: d.public(), Found: d.want.text}
		out.Demand.Text = d.own.text
		return out
	}
	return nil
}

// withMembers puts the project's demands for its members before all others, which
// do not displace them.
func (r *run) withMembers(list []*demand) []*demand {
	var out []*demand
	taken := map[string]bool{}
	for _, at := range r.input.Members {
		m := r.input.Folders[at]
		if m == nil {
			continue
		}
		r.members[m.Name] = at
		w := &want{text: m.Version, folder: true, path: at, answers: map[*parcel]bool{}}
		d := &demand{owner: r.tree.base, name: m.Name, key: foldName(m.Name), kind: Member, own: w, want: w}
		taken[d.key] = true
		out = append(out, d)
	}
	for _, d := range list {
		if !taken[d.key] {
			out = append(out, d)
		}
	}
	return out
}

// lacking returns a demand of what is installed for production that should have
// been met and is not, nil if there is none; an optional one only if there is no
// other. What comes in tarballs may lack something, and so may the package that
// says it brings what it does not.
func (r *run) lacking() *demand {
	var optional *demand
	for _, s := range r.slots() {
		if !r.isInstalled(s) || s.tarball != nil || s.settled {
			continue
		}
		for _, d := range s.demands {
			if d.kind != Plain && d.kind != Optional || s.bundles(d.name) {
				continue
			}
			if f := d.found; f != nil && (f.gone != nil || d.takes(f)) {
				continue
			}
			if d.kind == Plain {
				return d
			}
			optional = d
		}
	}
	return optional
}

// lacksMoreThan tells whether what is lacking is no better than a demand of a kind.
func (r *run) lacksMoreThan(kind Kind) bool {
	d := r.lacking()
	return d != nil && (d.kind == Plain || kind == Optional)
}

// noteOverruled tells of demands that found what another rule of the overrides
// than their own decided.
func (r *run) noteOverruled(tree *Tree) {
	if !r.tree.rules {
		return
	}
	for _, s := range r.slots() {
		if !r.isInstalled(s) {
			continue
		}
		for _, d := range s.demands {
			if f := d.found; f != nil && !d.isPeer() && len(f.demands) > 0 && overrides.Excludes(f.rule, d.rule) {
				tree.Notes = append(tree.Notes, Note{Kind: Overruled, Demand: d.public(), Path: f.path})
			}
		}
	}
}

// isInstalled tells whether a slot is a part of production.
func (r *run) isInstalled(s *slot) bool {
	m := r.marks[s]
	return !m.dev && !m.extraneous && r.gone[s] == Installed
}

// circle returns the refusal of a link that ends a circle of versions, nil if
// there is none.
func (r *run) circle() error {
	for _, s := range r.slots() {
		if !s.circle || !r.isInstalled(s) {
			continue
		}
		var names []string
		for at := s.holder; at != nil && at != s.target.holder; at = at.holder {
			names = append(names, at.label())
		}
		slices.Reverse(names)
		demand := firstUser(s)
		if !slices.Contains(names, demand.Owner) {
			names = append(names, demand.Owner)
		}
		return &Refusal{Reason: Circle, Demand: demand, Found: s.label(), Names: names}
	}
	return nil
}
