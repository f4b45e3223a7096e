package lifecycle

import (
	"reflect"
	"slices"
	"testing"
)

// current is what a resource has after a good apply, and the arguments of its
// state.
func current(change ...func(*Place)) (Life, Arguments) {
	p := &Place{
		Release:   Release{ARN: "arn:deps:2", Number: 2, CodeSHA256: "bytes"},
		Owned:     []Version{{Number: 1}, {Number: 2}},
		Parameter: Parameter{"/deps", "arn:deps:2"},
	}
	for _, f := range change {
		f(p)
	}
	return Life{Places: map[string]*Place{"here": p}}, Arguments{
		Labels: Labels{Layer: "deps", Region: "here", Runtimes: []string{"a", "b"}}, Bytes: "bytes", Known: true,
		Sharing: "them", SharingKnown: true, Parameter: "/deps", Retention: &Policy{KeepLast: 2}, RetentionKnown: true,
	}
}

// TestPlan is the table of what is due: each case changes one thing.
func TestPlan(t *testing.T) {
	t.Parallel()
	place := func(f func(*Place)) func(*Life, *Arguments) {
		return func(l *Life, _ *Arguments) { f(l.Places["here"]) }
	}
	want := func(f func(*Arguments)) func(*Life, *Arguments) { return func(_ *Life, a *Arguments) { f(a) } }
	all := func(why Reason) Due {
		return Due{Region: "here", Publish: why, Share: NewVersion, Parameter: NewVersion, Retire: NewVersion}
	}
	for name, c := range map[string]struct {
		change func(*Life, *Arguments)
		want   []Due
	}{
		"nothing":                   {want(func(*Arguments) {}), []Due{{Region: "here"}}},
		"other bytes":               {want(func(a *Arguments) { a.Bytes = "others" }), []Due{all(NewBytes)}},
		"another description":       {want(func(a *Arguments) { a.Labels.Description = "new" }), []Due{all(NewLabels)}},
		"runtimes in another order": {want(func(a *Arguments) { a.Labels.Runtimes = []string{"b", "a", "b"} }), []Due{{Region: "here"}}},
		"another runtime":           {want(func(a *Arguments) { a.Labels.Runtimes = []string{"a", "c"} }), []Due{all(NewLabels)}},
		"signed now":                {want(func(a *Arguments) { a.Labels.SignedBy = "us" }), []Due{all(NewLabels)}},
		"bytes known later":         {want(func(a *Arguments) { a.Known = false }), []Due{all(NotKnown)}},
		"gone outside":              {place(func(p *Place) { p.Release.CodeSHA256 = "" }), []Due{all(VersionGone)}},
		"signed before":             {place(func(p *Place) { p.Release.CodeSHA256, p.Release.UnsignedSHA256 = "signed", "bytes" }), []Due{{Region: "here"}}},
		"never published":           {func(l *Life, _ *Arguments) { l.Places["here"] = &Place{} }, []Due{all(FirstVersion)}},
		"other people":              {want(func(a *Arguments) { a.Sharing = "others" }), []Due{{Region: "here", Share: Changed, ShareOlder: true}}},
		"nobody":                    {want(func(a *Arguments) { a.Sharing = "" }), []Due{{Region: "here", Share: Changed, ShareOlder: true}}},
		"people known later":        {want(func(a *Arguments) { a.SharingKnown = false }), []Due{{Region: "here", Share: NotKnown, ShareOlder: true}}},
		"found by an import, and not written": {func(l *Life, a *Arguments) { l.SharingFound, a.Sharing = true, "" },
			[]Due{{Region: "here"}}},
		"found by an import, and a new version": {func(l *Life, a *Arguments) { l.SharingFound, a.Sharing, a.Bytes = true, "", "others" },
			[]Due{{Region: "here", Publish: NewBytes, Parameter: NewVersion, Retire: NewVersion}}},
		"sharing cut":           {place(func(p *Place) { p.Unfinished.Share = true }), []Due{{Region: "here", Share: NotFinished, ShareOlder: true}}},
		"retention cut":         {place(func(p *Place) { p.Unfinished.Retire = true }), []Due{{Region: "here", Retire: NotFinished}}},
		"another policy":        {want(func(a *Arguments) { a.Retention = &Policy{KeepLast: 1} }), []Due{{Region: "here", Retire: Changed}}},
		"the same policy":       {want(func(a *Arguments) { a.Retention = &Policy{KeepLast: 2} }), []Due{{Region: "here"}}},
		"no policy any more":    {want(func(a *Arguments) { a.Retention = nil }), []Due{{Region: "here"}}},
		"policy known later":    {want(func(a *Arguments) { a.Retention, a.RetentionKnown = nil, false }), []Due{{Region: "here", Retire: Changed}}},
		"parameter strayed":     {place(func(p *Place) { p.Parameter.Value = "arn:deps:1" }), []Due{{Region: "here", Parameter: Strayed}}},
		"parameter never there": {place(func(p *Place) { p.Parameter = Parameter{} }), []Due{{Region: "here", Parameter: Strayed}}},
		"parameter renamed":     {want(func(a *Arguments) { a.Parameter = "/new" }), []Due{{Region: "here", Parameter: Changed, DropParameter: true}}},
		"parameter's text":      {want(func(a *Arguments) { a.ParameterArguments = "text" }), []Due{{Region: "here", Parameter: Changed}}},
		"parameter dropped":     {want(func(a *Arguments) { a.Parameter = "" }), []Due{{Region: "here", DropParameter: true}}},
		"further regions": {want(func(a *Arguments) { a.Regions = []string{"there", "elsewhere"} }), []Due{
			{Region: "here"},
			{Region: "elsewhere", Publish: FirstVersion, Share: NewVersion, Parameter: NewVersion, Retire: NewVersion},
			{Region: "there", Publish: FirstVersion, Share: NewVersion, Parameter: NewVersion, Retire: NewVersion},
		}},
		"a region less":                 {func(l *Life, _ *Arguments) { l.At("there").Own(1, l.Places["here"].Seen) }, []Due{{Region: "here"}, {Region: "there", Leave: true}}},
		"a region that was left before": {func(l *Life, _ *Arguments) { l.At("there").Listed = true }, []Due{{Region: "here"}}},
	} {
		life, arguments := current()
		before := arguments
		c.change(&life, &arguments)
		if got := Plan(&before, &life, arguments); !slices.Equal(got, c.want) {
			t.Errorf("%s: due is %+v, want %+v", name, got, c.want)
		}
	}
}

// TestPlanOfACreate has no state before.
func TestPlanOfACreate(t *testing.T) {
	t.Parallel()
	_, arguments := current()
	want := []Due{{Region: "here", Publish: FirstVersion, Share: Changed, ShareOlder: true, Parameter: NewVersion, Retire: NewVersion}}
	if got := Plan(nil, &Life{}, arguments); !slices.Equal(got, want) {
		t.Errorf("due is %+v, want %+v", got, want)
	}
}

// TestSettle is the table of what a state says after an apply that failed at a
// step, and of what the next plan has to do.
func TestSettle(t *testing.T) {
	t.Parallel()
	publish := Due{Region: "here", Publish: NewBytes, Share: NewVersion, Parameter: NewVersion, Retire: NewVersion}
	there := publish
	there.Region = "there"
	reshare := Due{Region: "here", Share: Changed, ShareOlder: true, Retire: Changed}
	stales := []string{"home failed, there is new", "home is new, there failed", "older ones to be shared, and there not published"}
	for name, c := range map[string]struct {
		outcomes   []Outcome
		creating   bool
		want       Settled
		unfinished map[string]Unfinished
	}{
		"all done":                  {[]Outcome{{Due: publish}, {Due: there}}, false, Settled{}, nil},
		"nothing published at home": {[]Outcome{{Due: publish, Failed: Publishing}}, false, Settled{Before: true, RetentionOpen: true}, nil},
		"nothing created":           {[]Outcome{{Due: publish, Failed: Publishing}}, true, Settled{}, nil},
		"home failed, there is new": {[]Outcome{{Due: publish, Failed: Publishing}, {Due: there}}, false, Settled{Before: true, RetentionOpen: true}, nil},
		"home is new, there failed": {[]Outcome{{Due: publish}, {Due: there, Failed: Publishing}}, false, Settled{}, nil},
		"both failed":               {[]Outcome{{Due: publish, Failed: Publishing}, {Due: there, Failed: Publishing}}, false, Settled{Before: true, RetentionOpen: true}, nil},
		"sharing failed at home": {[]Outcome{{Due: publish, Failed: Sharing}}, false, Settled{RetentionOpen: true},
			map[string]Unfinished{"here": {Share: true, Retire: true}}},
		"sharing failed there": {[]Outcome{{Due: publish}, {Due: there, Failed: Sharing}}, false, Settled{},
			map[string]Unfinished{"there": {Share: true, Retire: true}}},
		"sharing alone failed": {[]Outcome{{Due: reshare, Failed: Sharing}}, false, Settled{RetentionOpen: true},
			map[string]Unfinished{"here": {Share: true, Retire: true}}},
		"the parameter failed": {[]Outcome{{Due: publish, Failed: Naming}}, false, Settled{RetentionOpen: true, ParameterOpen: true},
			map[string]Unfinished{"here": {Retire: true}}},
		"retention failed": {[]Outcome{{Due: publish, Failed: Retiring}}, false, Settled{}, nil},
		"older ones to be shared, and there not published": {[]Outcome{{Due: reshare}, {Due: Due{Region: "there", Publish: FirstVersion, Share: Changed, ShareOlder: true}, Failed: Publishing}}, false,
			Settled{}, map[string]Unfinished{"there": {Share: true}}},
	} {
		life := Life{Places: map[string]*Place{"here": {}, "there": {Release: Release{CodeSHA256: "x"}}}}
		if got := Settle(&life, Arguments{}, c.outcomes, c.creating); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: settles as %+v, want %+v", name, got, c.want)
		}
		for _, region := range []string{"here", "there"} {
			if got := life.Places[region].Unfinished; got != c.unfinished[region] {
				t.Errorf("%s: %s has unfinished %+v, want %+v", name, region, got, c.unfinished[region])
			}
			if stale := life.Places[region].Release.CodeSHA256 == ""; region == "there" && stale != slices.Contains(stales, name) {
				t.Errorf("%s: the hash of %s is gone: %t", name, region, stale)
			}
		}
	}
}

// TestFoundSharing is what an import found, as long as nobody made it the
// resource's own.
func TestFoundSharing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sharing string
		outcome Outcome
		want    bool
	}{
		"left as it is":         {"", Outcome{Due: Due{Region: "here", Retire: Changed}}, true},
		"a new version":         {"", Outcome{Due: Due{Region: "here", Publish: NewBytes}}, false},
		"a new version, failed": {"", Outcome{Due: Due{Region: "here", Publish: NewBytes}, Failed: Publishing}, true},
		"written":               {"them", Outcome{Due: Due{Region: "here", Share: Changed}}, false},
	} {
		life := Life{Places: map[string]*Place{"here": {}}, SharingFound: true}
		Settle(&life, Arguments{Sharing: c.sharing, SharingKnown: true}, []Outcome{c.outcome}, false)
		if life.SharingFound != c.want {
			t.Errorf("%s: found is %t, want %t", name, life.SharingFound, c.want)
		}
	}
}

// TestPlace is about the one list of numbers and what follows from it.
func TestPlace(t *testing.T) {
	t.Parallel()
	p := Place{Release: Release{ARN: "arn:deps:3", Number: 3, CodeSHA256: "x"}}
	if !p.TakenOver() || p.Older() != nil || p.Empty() {
		t.Errorf("a version that was found is not taken over: %+v", p)
	}
	p.Own(5, now())
	p.Own(3, p.Seen)
	p.Own(3, now())
	p.Own(3, now().Add(1))
	if p.TakenOver() || !slices.Equal(p.Older(), []int64{5}) || !slices.Equal(p.Numbers(), []int64{5, 3}) || !p.Owned[1].Created.Equal(now()) {
		t.Errorf("got %+v", p)
	}
	p.Note([]Version{{6, now()}, {5, now()}, {4, now()}, {3, now()}})
	if !p.Listed || !slices.Equal(p.Others, []Version{{4, now()}, {6, now()}}) {
		t.Errorf("others are %v, want 4 and 6", p.Others)
	}
	p.Forget(5, 6)
	if !slices.Equal(p.Numbers(), []int64{3}) || len(p.Others) != 1 {
		t.Errorf("got %+v after 5 and 6 have gone", p)
	}
}
