package placement

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/overrides"
)

// Place returns the tree of a project: all packages that npm would write into its
// lock, with its marks. What a user can act on is a *[manifest.ResolveError].
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
			tree.Notes = append(tree.Notes, fmt.Sprintf("npm's own tree would lack %s; the layer has it", lacking))
		case lacking.kind == asPlain:
			refused := lacking.refuse("ERESOLVE", "npm's own tree lacks it, as another package came in its place, and so does every other that was tried; %s", conflictAdvice)
			refused.Err = err
			return nil, refused
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
		states: map[[2]uint64]int{}, last: map[*slot]*bench{}, wants: map[string]*want{},
		parcels: map[string]*parcel{}, links: map[string]*parcel{}, tops: map[string]*slot{},
		members: map[string]string{}, maxSteps: maxSteps, moves: map[*parcel]int{},
	}
	rules, err := overrides.Read(p.Overrides)
	if err != nil {
		return nil, badOverride(err)
	}
	base := &slot{parcel: newParcel(&p.Manifest), top: true, rule: rules}
	r.tree = &ground{base: base, shelves: map[string]*shelf{}, wants: r.override}
	base.demands = r.withMembers(r.list(base, true))
	r.tree.attach(base)
	if r.fault != nil {
		return nil, r.fault
	}
	return r, checkProjectOverrides(base)
}

// checkProjectOverrides refuses overrides of what the project asks for otherwise
// itself.
func checkProjectOverrides(base *slot) error {
	for _, d := range base.demands {
		if d.kind == asMember || d.want.text == d.own.text {
			continue
		}
		refused := d.refuse("EOVERRIDE", "the overrides ask for %q instead; write that as the dependency, or %q as the override", d.want.text, "$"+d.name)
		refused.Spec = d.own.text
		return refused
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
		w := &want{text: m.Version, folder: true, path: at}
		d := &demand{owner: r.tree.base, name: m.Name, key: strings.ToLower(m.Name), kind: asMember, own: w, want: w}
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
		if !s.isInstalled() || s.tarball != nil || s.settled {
			continue
		}
		for _, d := range s.demands {
			if d.kind != asPlain && d.kind != asOptional || s.bundles(d.name) {
				continue
			}
			if f := d.found; f != nil && (f.gone != nil || d.takes(f)) {
				continue
			}
			if d.kind == asPlain {
				return d
			}
			optional = d
		}
	}
	return optional
}

// lacksMoreThan tells whether what is lacking is no better than a demand of a kind.
func (r *run) lacksMoreThan(k kind) bool {
	d := r.lacking()
	return d != nil && (d.kind == asPlain || k == asOptional)
}

// noteOverruled tells of demands that found what another rule of the overrides
// than their own decided.
func (r *run) noteOverruled(tree *Tree) {
	for _, s := range r.slots() {
		if !s.isInstalled() {
			continue
		}
		for _, d := range s.demands {
			if f := d.found; f != nil && !d.isPeer() && len(f.demands) > 0 && overrides.Excludes(f.rule, d.rule) {
				tree.Notes = append(tree.Notes, fmt.Sprintf("two overrides contradict each other below %q: that for %s is not followed there", f.path, d))
			}
		}
	}
}

// circle returns the refusal of a link that ends a circle of versions, nil if
// there is none.
func (r *run) circle() error {
	for _, s := range r.slots() {
		if !s.circle || !s.isInstalled() {
			continue
		}
		var names []string
		for at := s.holder; at != nil && at != s.target.holder; at = at.holder {
			names = append(names, at.label())
		}
		slices.Reverse(names)
		d := s.users[0]
		if asker := d.asker(); !slices.Contains(names, asker) {
			names = append(names, asker)
		}
		return d.refuse("ELOOP", "packages need each other in a circle of different versions (%s), which npm lays out with a link; a layer holds no such link: settle the versions with \"overrides\"", strings.Join(names, ", "))
	}
	return nil
}
