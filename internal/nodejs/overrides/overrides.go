// Package overrides knows the overrides of a project as a tree of rules: which one a
// demand is under, and which one a package is that several demands find.
package overrides

import (
	"fmt"
	"iter"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// Rule is an entry of the project's overrides. A package or a demand that is
// under a rule is under all that are around it too.
type Rule struct {
	key    string // as it is written
	Name   string // of what is overridden; "" for the outermost, which holds all
	Value  string // what is asked for in place of the demand's text; "*" changes nothing
	ranged bool   // the key has a range
	keyed  semver.Range
	inner  []*Rule
	outer  *Rule
}

// Read returns the outermost rule, nil where there are no overrides.
func Read(list []manifest.Override) (*Rule, error) {
	if len(list) == 0 {
		return nil, nil
	}
	outermost := &Rule{Value: "*"}
	return outermost, outermost.read(list)
}

func (r *Rule) read(list []manifest.Override) error {
	for _, o := range list {
		x := &Rule{key: o.Key, Name: o.Key, Value: o.Value, outer: r}
		text := ""
		if i := strings.LastIndexByte(o.Key, '@'); i > 0 {
			x.Name, text = o.Key[:i], o.Key[i+1:]
		}
		if text != "" && text != "*" {
			keyed, err := semver.ParseRange(text)
			if err != nil {
				return fmt.Errorf("the key %q has no range after its @: %w", o.Key, err)
			}
			x.ranged, x.keyed = true, keyed
		}
		if x.Value == "" {
			x.Value = "*"
			if len(o.Below) > 0 && x.ranged {
				x.Value = text
			}
		}
		if err := x.read(o.Below); err != nil {
			return err
		}
		r.inner = append(r.inner, x)
	}
	return nil
}

// inForce has the rules that hold under r, the nearest first.
func (r *Rule) inForce() iter.Seq[*Rule] {
	return func(yield func(*Rule) bool) {
		for at := r; at != nil; at = at.outer {
			for _, x := range at.inner {
				if !yield(x) {
					return
				}
			}
			if at.outer != nil && !yield(at) {
				return
			}
		}
	}
}

// ForDemand returns the rule that a demand of a package under r is under. asked is
// what the demand's text says, nil where it cannot be compared with a range.
func (r *Rule) ForDemand(name string, asked *manifest.Spec) *Rule {
	for x := range r.inForce() {
		if x.Name == name && x.overlaps(asked) {
			return x
		}
	}
	return r
}

// overlaps tells whether some version is in both the key and the text of a
// demand. What is no range overlaps.
func (r *Rule) overlaps(asked *manifest.Spec) bool {
	if !r.ranged || asked == nil {
		return true
	}
	spec := asked.Resolved()
	if spec.Kind != manifest.RangeSpec && spec.Kind != manifest.VersionSpec {
		return true
	}
	return semver.Intersects(spec.Range, r.keyed)
}

// Exempts reports whether the key's range says that the rule, which may be nil, is not
// for a version.
func (r *Rule) Exempts(version semver.Version) bool {
	return r != nil && r.ranged && !r.keyed.Match(version)
}

func (r *Rule) isWithin(other *Rule) bool {
	for ; r != nil; r = r.outer {
		if r == other {
			return true
		}
	}
	return false
}

// Excludes reports whether two rules that are beside each other hold rules of one
// key that no version meets both.
func Excludes(a, b *Rule) bool {
	if a == b || a == nil || b == nil || a.isWithin(b) || b.isWithin(a) {
		return false
	}
	nearest := map[string]*Rule{} // of a by key, as long as it is not compared
	for x := range a.inForce() {
		if nearest[x.key] == nil {
			nearest[x.key] = x
		}
	}
	for y := range b.inForce() {
		x := nearest[y.key]
		delete(nearest, y.key)
		if x == nil || x == y || x.Value == y.Value {
			continue
		}
		m, errM := semver.ParseRange(x.Value)
		n, errN := semver.ParseRange(y.Value)
		if errM == nil && errN == nil && !semver.Intersects(m, n) {
			return true
		}
	}
	return false
}

// Combine returns the rule of a package that is under has, which may be nil, once a
// demand under comes finds it.
func Combine(has, comes *Rule) *Rule {
	switch {
	case has == nil || comes.isWithin(has):
		return comes
	case has.isWithin(comes) || Excludes(has, comes):
		return has
	}
	for !comes.isWithin(has) {
		has = has.outer // the nearest rule around both
	}
	return has
}
