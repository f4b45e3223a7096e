package placement

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// unpack puts what comes in a package's tarball, or what its shrinkwrap lists,
// below it, at their paths.
func (r *run) unpack(s *slot, packages map[string]*manifest.Manifest, inTarball bool) {
	paths := slices.Collect(maps.Keys(packages))
	depth := func(at string) int { return strings.Count(at, "node_modules/") }
	slices.SortFunc(paths, func(a, b string) int { return cmp.Or(depth(a)-depth(b), manifest.Collate(a, b)) })
	for _, at := range paths {
		holder, name := s, strings.TrimPrefix(at, "node_modules/")
		for {
			outer, rest, nested := strings.Cut(name, "/node_modules/")
			if !nested {
				break
			}
			if holder = holder.inside[strings.ToLower(outer)]; holder == nil {
				break
			}
			name = rest
		}
		if holder == nil {
			continue // it lies in a folder that is no package
		}
		x := &slot{parcel: newParcel(packages[at]), name: name, key: strings.ToLower(name)}
		if inTarball {
			x.tarball = s
		} else {
			x.settled = true
		}
		if old := holder.inside[x.key]; old != nil {
			if old.settled {
				old.tarball = x.tarball
				continue
			}
			r.tree.remove(old)
		}
		x.demands = r.list(x, false)
		r.tree.enter(x, holder)
	}
}

// open looks into the tarball of a package that bundles others.
func (r *run) open(s *slot) error {
	fetched := s.holder != nil && s.tarball == nil && !s.settled && s.target == nil && s.gone == nil
	if brings := len(s.m.Bundled) > 0 || s.m.Shrinkwrap; s.opened || !fetched || !brings {
		return nil
	}
	s.opened = true
	c, err := r.source.Open(r.ctx, s.m)
	if err != nil {
		return err
	}
	r.unpack(s, c.Shrinkwrap, false)
	r.unpack(s, c.Packages, true)
	return nil
}
