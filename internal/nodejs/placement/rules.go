package placement

import (
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/overrides"
)

// ruleOf finds the rule that a demand is under, and what it asks for then.
func (g *ground) ruleOf(d *demand) (changed bool) {
	if d.owner.rule == nil {
		return false
	}
	asked := &d.own.spec
	if d.own.err != nil || d.own.folder {
		asked = nil
	}
	r := d.owner.rule.ForDemand(d.name, asked)
	changed = r != d.rule
	d.rule = r
	d.want = d.own
	if r.Name == d.name && r.Value != "*" {
		d.want = g.wants(d, r.Value)
	}
	return changed
}

// arrived tells a slot that a demand finds it.
func (g *ground) arrived(s *slot, d *demand) {
	if d.rule == nil {
		return
	}
	if r := overrides.Combine(s.rule, d.rule); r != s.rule {
		s.rule = r
		g.ruleAnew(s)
	}
}

// left tells a slot that a demand no longer finds it. The rule of the slot is
// found anew if it was the demand's.
func (g *ground) left(s *slot, d *demand) {
	if d.rule == nil || d.owner.rule == nil || s.rule != d.rule {
		return
	}
	var r *overrides.Rule
	for _, u := range s.users {
		if u.rule != nil {
			r = overrides.Combine(r, u.rule)
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
