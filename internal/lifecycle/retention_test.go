package lifecycle

import (
	"slices"
	"testing"
	"time"
)

func TestRetiring(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	aged := func(ages ...int) []Version {
		var versions []Version
		for i, days := range ages {
			v := Version{Number: int64(i + 1)}
			if days >= 0 {
				v.Created = now.Add(-time.Duration(days) * day)
			}
			versions = append(versions, v)
		}
		return versions
	}
	for name, c := range map[string]struct {
		policy   Policy
		versions []Version
		current  int64
		want     []int64
	}{
		"no policy":                      {Policy{}, aged(900, 800, 700), 3, nil},
		"keep_last counts the current":   {Policy{KeepLast: 2}, aged(5, 4, 3, 2), 4, []int64{1, 2}},
		"keep_last of one":               {Policy{KeepLast: 1}, aged(5, 4, 3), 3, []int64{1, 2}},
		"a version about to be made":     {Policy{KeepLast: 2}, aged(5, 4, 3), 0, []int64{1, 2}},
		"fewer than keep_last":           {Policy{KeepLast: 9}, aged(5, 4, 3), 3, nil},
		"the current one is an old one":  {Policy{KeepLast: 2}, aged(9, 8, 7, 6), 1, []int64{2, 3}},
		"the current one is not ours":    {Policy{KeepLast: 2}, aged(9, 8, 7), 40, []int64{1, 2}},
		"age":                            {Policy{MaxAge: 30 * day}, aged(31, 30, 29), 3, []int64{1, 2}},
		"the current one may be old":     {Policy{MaxAge: day}, aged(90, 80, 70), 3, []int64{1, 2}},
		"an age that is not known":       {Policy{MaxAge: day}, aged(-1, 80, 70), 3, []int64{2}},
		"either is enough":               {Policy{KeepLast: 3, MaxAge: 30 * day}, aged(50, 40, 2, 60, 1, 0), 6, []int64{1, 2, 3, 4}},
		"none":                           {Policy{KeepLast: 1, MaxAge: day}, nil, 1, nil},
		"a version that is listed twice": {Policy{KeepLast: 2}, append(aged(3, 2, 1), aged(3, 2, 1)...), 3, []int64{1}},
	} {
		if got := c.policy.Retiring(c.versions, c.current, now); !slices.Equal(got, c.want) {
			t.Errorf("%s: retires %v, want %v", name, got, c.want)
		}
	}
}

// now is the clock of the tests.
func now() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// TestForesee is what a plan can name, whenever it is made: only what the last
// refresh saw counts.
func TestForesee(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	seen := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	aged := func(number int64, days int) Version { return Version{number, seen.Add(-time.Duration(days) * day)} }
	mine := []Version{aged(1, 90), aged(3, 30), {Number: 4}, aged(5, 2)}
	others := []Version{aged(2, 40), aged(6, 1)}
	for name, c := range map[string]struct {
		policy Policy
		has    Place
		want   []int64
		known  bool
	}{
		"none":                          {Policy{}, Place{Owned: mine}, nil, true},
		"keep_last":                     {Policy{KeepLast: 3}, Place{Owned: mine}, []int64{1, 3}, true},
		"age":                           {Policy{MaxAge: 30 * day}, Place{Owned: mine, Seen: seen}, []int64{1, 3}, true},
		"age and number":                {Policy{KeepLast: 2, MaxAge: 60 * day}, Place{Owned: mine, Seen: seen}, []int64{1, 3, 4}, true},
		"age, not looked at":            {Policy{MaxAge: 30 * day}, Place{Owned: mine}, nil, false},
		"age, and nothing to go by age": {Policy{KeepLast: 1, MaxAge: 30 * day}, Place{Owned: mine}, []int64{1, 3, 4, 5}, true},
		"age, and nothing there":        {Policy{MaxAge: 30 * day}, Place{}, nil, true},
		"whole layer, not looked at":    {Policy{KeepLast: 9, WholeLayer: true}, Place{Owned: mine}, nil, false},
		"whole layer":                   {Policy{KeepLast: 4, WholeLayer: true}, Place{Owned: mine, Listed: true, Others: others}, []int64{1, 2, 3}, true},
		"others, and own alone":         {Policy{KeepLast: 4}, Place{Owned: mine, Listed: true, Others: others}, []int64{1}, true},
	} {
		got, known := c.has.Foresee(c.policy, 0)
		if known != c.known || known && !slices.Equal(got, c.want) {
			t.Errorf("%s: %v goes, known %t, want %v, %t", name, got, known, c.want, c.known)
		}
	}
}

// TestRetireKeepsToThePlan takes over an older version where the plan counted on
// a new one: fewer go than planned, and never others.
func TestRetireKeepsToThePlan(t *testing.T) {
	t.Parallel()
	owned := []Version{{Number: 1}, {Number: 2}, {Number: 3}}
	for name, c := range map[string]struct {
		current int64
		planned []int64
		named   bool
		want    []int64
	}{
		"as planned":                {3, []int64{1}, true, []int64{1}},
		"one of them is taken over": {1, []int64{1}, true, nil},
		"less than the policy":      {3, nil, true, nil},
		"nothing was planned":       {3, nil, false, []int64{1}},
	} {
		p := Place{Release: Release{Number: c.current}, Owned: owned}
		if got := p.Retire(Policy{KeepLast: 2}, c.planned, c.named, now()); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v goes, want %v", name, got, c.want)
		}
	}
}
