package lifecycle

import (
	"cmp"
	"slices"
	"time"
)

// Policy says which older versions of a layer are retired. The zero value keeps
// all of them.
type Policy struct {
	// KeepLast is how many of the newest versions are kept, the current one
	// counted; 0 sets no bound.
	KeepLast int
	// MaxAge is the age from which a version is retired; 0 sets no bound.
	MaxAge time.Duration
	// KeepInUse keeps what functions use.
	KeepInUse bool
	// WholeLayer means all versions of the layer, also those that others published.
	WholeLayer bool
}

// Retiring returns the numbers of the versions that are beyond KeepLast or have
// reached MaxAge, the oldest first. current is the number of the version that
// the policy is about, which is always kept; 0 stands for one that is about to
// be published. A version whose date is not known has no age.
func (r Policy) Retiring(versions []Version, current int64, now time.Time) []int64 {
	others := slices.DeleteFunc(slices.Clone(versions), func(v Version) bool { return v.Number == current })
	slices.SortFunc(others, func(a, b Version) int { return cmp.Compare(b.Number, a.Number) })
	others = slices.CompactFunc(others, func(a, b Version) bool { return a.Number == b.Number })
	var numbers []int64
	for i, v := range others {
		surplus := r.KeepLast > 0 && i+1 >= r.KeepLast // the current one is kept, too
		old := r.MaxAge > 0 && !v.Created.IsZero() && now.Sub(v.Created) >= r.MaxAge
		if surplus || old {
			numbers = append(numbers, v.Number)
		}
	}
	slices.Reverse(numbers)
	return numbers
}

// Subject returns the versions of a place that a policy is about.
func (p *Place) Subject(policy Policy) []Version {
	if policy.WholeLayer {
		return slices.Concat(p.Owned, p.Others)
	}
	return slices.Clone(p.Owned)
}

// Foresee returns which versions of a place the policy retires when current is
// the number of the version that it has, 0 for one that is to be published. It
// reports false where that depends on what the last refresh did not look at:
// the list of the layer, or ages.
func (p *Place) Foresee(policy Policy, current int64) (numbers []int64, known bool) {
	if policy.WholeLayer && !p.Listed {
		return nil, false
	}
	versions := p.Subject(policy)
	numbers = policy.Retiring(versions, current, p.Seen)
	if p.Seen.IsZero() && policy.MaxAge > 0 {
		ever := policy.Retiring(versions, current, p.Seen.AddDate(9999, 0, 0))
		return numbers, slices.Equal(numbers, ever)
	}
	return numbers, true
}

// Unused returns which versions of a place the policy retires that their users
// kept the last time, and do not any more.
func (p *Place) Unused(policy Policy) []int64 {
	if len(p.Freed) == 0 || p.Release.Number == 0 {
		return nil
	}
	going, known := p.Foresee(policy, p.Release.Number)
	if !known {
		return nil
	}
	return slices.DeleteFunc(going, func(n int64) bool { return !slices.Contains(p.Freed, n) })
}

// Retire returns which versions of a place are retired now. planned are those
// that the plan named, where it named them: then no others go, and fewer where
// an older version was taken over in place of a new one, since it may be one of
// them and the rest is within the policy.
func (p *Place) Retire(policy Policy, planned []int64, named bool, now time.Time) []int64 {
	if !p.Seen.IsZero() {
		now = p.Seen
	}
	going := policy.Retiring(p.Subject(policy), p.Release.Number, now)
	if !named {
		return going
	}
	return slices.DeleteFunc(slices.Clone(planned), func(n int64) bool { return !slices.Contains(going, n) })
}
