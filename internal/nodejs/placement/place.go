// Package placement decides which folder of node_modules each package of a
// project lies in, as npm 11 does for a project without a lock. It does no I/O
// of its own: what it needs to know of packages it asks a [Source].
package placement

import (
	"context"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// Place returns the tree of a project. What a user can act on is a *Refusal.
func Place(ctx context.Context, s Source, p *manifest.Project, o Options) (*Tree, error) {
	r, err := newRun(ctx, s, p, o)
	if err != nil {
		return nil, err
	}
	if err := r.all(); err != nil {
		return nil, err
	}
	return r.finish()
}

func newRun(ctx context.Context, s Source, p *manifest.Project, o Options) (*run, error) {
	r := &run{
		ctx: ctx, source: s, input: p, options: o,
		states: map[[2]uint64]int{}, read0: map[string]*want{}, chosen: map[*want]*parcel{},
		parcels: map[string]*parcel{}, links: map[string]*parcel{}, tops: map[string]*slot{},
		members: map[string]string{}, keys: map[string]string{},
	}
	rules, err := readRules(p.Overrides)
	if err != nil {
		return nil, err
	}
	base := &slot{parcel: newParcel(&p.Manifest), top: true, rule: rules}
	r.tree = &ground{base: base, shelves: map[string]*shelf{}, rules: rules != nil, wants: r.override}
	for _, at := range p.Members {
		m := p.Folders[at]
		r.members[m.Name] = at
	}
	base.demands = r.withMembers(r.list(base, true))
	r.tree.attach(base)
	if r.fault != nil {
		return nil, r.fault
	}
	for _, d := range base.demands {
		if d.kind != Member && d.want != d.own && d.want.text != d.own.text {
			out := &Refusal{Reason: OverridesProject, Demand: d.public()}
			out.Demand.Text = d.own.text
			return nil, out
		}
	}
	r.expect(base.m)
	return r, nil
}

// withMembers puts the project's demands for its members before all others, which
// do not displace them.
func (r *run) withMembers(list []*demand) []*demand {
	var out []*demand
	taken := map[string]bool{}
	for _, at := range r.input.Members {
		m := r.input.Folders[at]
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
