package placement

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// rule is an entry of the project's overrides. A package or a demand that is
// under a rule is under all that are around it too.
type rule struct {
	key    string // as it is written
	name   string // of what is overridden; "" for the outermost, which holds all
	ranged bool   // the key has a range
	keyed  semver.Range
	value  string
	inner  []*rule
	outer  *rule
	depth  int
}

// readRules returns the outermost rule, nil where there are no overrides.
func readRules(list []manifest.Override) (*rule, error) {
	if len(list) == 0 {
		return nil, nil
	}
	outermost := &rule{value: "*"}
	return outermost, outermost.read(list)
}

func (r *rule) read(list []manifest.Override) error {
	for _, o := range list {
		x := &rule{key: o.Key, name: o.Key, value: o.Value, outer: r, depth: r.depth + 1}
		text := ""
		if i := strings.LastIndexByte(o.Key, '@'); i > 0 {
			x.name, text = o.Key[:i], o.Key[i+1:]
		}
		if text != "" && text != "*" {
			keyed, err := semver.ParseRange(text)
			if err != nil {
				return &Refusal{Reason: BadOverride, Err: fmt.Errorf("the key %q has no range after its @: %w", o.Key, err)}
			}
			x.ranged, x.keyed = true, keyed
		}
		if x.value == "" {
			x.value = "*"
			if len(o.Below) > 0 && x.ranged {
				x.value = text
			}
		}
		if err := x.read(o.Below); err != nil {
			return err
		}
		r.inner = append(r.inner, x)
	}
	return nil
}

// inForce calls visit with the rules that hold under r, the nearest first, until
// it says that it has seen enough.
func (r *rule) inForce(visit func(*rule) bool) {
	for at := r; at != nil; at = at.outer {
		for _, x := range at.inner {
			if !visit(x) {
				return
			}
		}
		if at.outer != nil && !visit(at) {
			return
		}
	}
}

// forDemand returns the rule that a demand of a package under r is under.
func (r *rule) forDemand(name string, w *want) *rule {
	out := r
	r.inForce(func(x *rule) bool {
		if x.name != name || !x.overlaps(w) {
			return true
		}
		out = x
		return false
	})
	return out
}

// overlaps tells whether some version is in both the key and the text of a
// demand. What is no range overlaps.
func (r *rule) overlaps(w *want) bool {
	if !r.ranged || w.err != nil || w.folder {
		return true
	}
	spec := w.spec.Resolved()
	if spec.Kind != manifest.RangeSpec && spec.Kind != manifest.VersionSpec {
		return true
	}
	return semver.Intersects(spec.Range, r.keyed)
}

// exempts tells whether the key's range says that the rule is not for a parcel.
func (r *rule) exempts(p *parcel) bool {
	return r != nil && r.ranged && p.versioned && !r.keyed.Match(p.version)
}

func (r *rule) isWithin(other *rule) bool {
	for ; r != nil; r = r.outer {
		if r == other {
			return true
		}
	}
	return false
}

// commonRule returns the nearest rule that is around both.
func commonRule(a, b *rule) *rule {
	for !b.isWithin(a) {
		a = a.outer
	}
	return a
}

// excludes tells whether two rules that are beside each other hold rules of one
// key that no version meets both.
func excludes(a, b *rule) bool {
	if a == b || a == nil || b == nil || a.isWithin(b) || b.isWithin(a) {
		return false
	}
	found := false
	seen := map[string]*rule{}
	a.inForce(func(x *rule) bool {
		if seen[x.key] == nil {
			seen[x.key] = x
		}
		return true
	})
	known := map[string]bool{}
	b.inForce(func(y *rule) bool {
		if known[y.key] {
			return true
		}
		known[y.key] = true
		if x := seen[y.key]; x != nil && x != y && x.value != y.value {
			m, errM := semver.ParseRange(x.value)
			n, errN := semver.ParseRange(y.value)
			found = errM == nil && errN == nil && !semver.Intersects(m, n)
		}
		return !found
	})
	return found
}

// ruleOf finds the rule that a demand is under, and what it asks for then.
func (g *ground) ruleOf(d *demand) (changed bool) {
	if !g.rules || d.owner.rule == nil {
		return false
	}
	r := d.owner.rule.forDemand(d.name, d.own)
	changed = r != d.rule
	d.rule = r
	d.want = d.own
	if r.name == d.name && r.value != "*" {
		d.want = g.wants(d, r.value)
	}
	return changed
}

// arrived tells a slot that a demand finds it.
func (g *ground) arrived(s *slot, d *demand) {
	if !g.rules || d.rule == nil {
		return
	}
	if r := combineRules(s.rule, d.rule); r != s.rule {
		s.rule = r
		g.ruleAnew(s)
	}
}

func combineRules(has, comes *rule) *rule {
	switch {
	case has == nil || comes.isWithin(has):
		return comes
	case has.isWithin(comes) || excludes(has, comes):
		return has
	}
	return commonRule(has, comes)
}

// left tells a slot that a demand no longer finds it. The rule of the slot is
// found anew if it was the demand's.
func (g *ground) left(s *slot, d *demand) {
	if g.rules && d.rule != nil && d.owner.rule != nil && s.rule == d.rule {
		g.weighAnew(s)
	}
}

func (g *ground) weighAnew(s *slot) {
	var r *rule
	for _, u := range s.users {
		if u.rule != nil {
			r = combineRules(r, u.rule)
		}
	}
	if r != s.rule {
		s.rule = r
		if r != nil {
			g.ruleAnew(s)
		}
	}
}

// maxRuled ends what would not end: a set of rules changes a slot a few times at
// most.
const maxRuled = 1_000_000

// ruleAnew finds the rules of a slot's demands after its own changed, and tells
// what they find.
func (g *ground) ruleAnew(s *slot) {
	if g.ruled++; g.ruled > maxRuled {
		return
	}
	if s.target != nil && !s.circle && s.target.rule != s.rule {
		s.target.rule = s.rule // a link hands its rule on to its folder
		g.ruleAnew(s.target)
	}
	for _, d := range slices.Clone(s.demands) {
		if g.ruleOf(d) && d.found != nil {
			g.arrived(d.found, d)
		}
	}
}
