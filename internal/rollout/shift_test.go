package rollout

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLeastTime(t *testing.T) {
	shift := &Shift{Steps: []int{10, 50}, Pause: 2 * time.Minute}
	for _, c := range []struct {
		canary    bool
		functions int
		shift     *Shift
		want      time.Duration
	}{
		{true, 100, nil, 0},
		{true, 100, &Shift{Pause: time.Minute}, 0},
		{false, 1, shift, 4 * time.Minute},
		{false, 100, shift, 136 * time.Minute}, // 34 batches of 3
		{true, 3, shift, 8 * time.Minute},
	} {
		o := order(make([]string, c.functions)...)
		o.Shift = c.shift
		if !c.canary {
			o.Canary = nil
		}
		if got := o.LeastTime(); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

func TestStepsOfAnAliasAreNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("a")
		f.aliases["a:live"], f.published["a"] = Alias{Version: "7", Revision: "r"}, 7
		steps := []int{10, 50}
		o := order("a")
		o.Canary, o.Publish, o.Shift = nil, true, &Shift{Alias: "live", Steps: steps[:1]}
		if _, err := Run(t.Context(), f, o); err != nil || steps[1] != 50 {
			t.Errorf("Run = %v, and the array of the steps is %v", err, steps)
		}
	})
}

func TestAliasFollowsInSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("a")
		f.aliases["a:live"] = Alias{Version: "7", Revision: "r"}
		f.published["a"] = 7
		o := order("a")
		o.Canary, o.Publish = nil, true
		o.Shift = &Shift{Alias: "live", Steps: []int{10, 50}, Pause: time.Minute}
		began := time.Now()
		if _, err := Run(t.Context(), f, o); err != nil {
			t.Fatal(err)
		}
		var points []string
		for _, call := range f.log {
			if strings.HasPrefix(call, "point ") {
				points = append(points, call)
			}
		}
		want := []string{`point a to 7, 10 % to "8"`, `point a to 7, 50 % to "8"`, `point a to 8, 0 % to ""`}
		if !slices.Equal(points, want) {
			t.Errorf("got %q", points)
		}
		if waited := time.Since(began); waited < 2*time.Minute {
			t.Errorf("waited %s", waited)
		}
	})
}

func TestAliasOfTheCanaryWaitsForItsAnswer(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		want         []string // of the canary
	}{
		{"passes", `{"statusCode": 200}`, []string{"set canary", "invoke canary", "publish canary", `point canary to 8, 0 % to ""`}},
		{"fails", `{"statusCode": 500}`, []string{"set canary", "invoke canary", "set canary"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake("canary", "a")
				f.answer = func(Function) (Answer, error) { return Answer{Payload: []byte(c.answer)}, nil }
				for _, name := range []string{"canary", "a"} {
					f.aliases[name+":live"] = Alias{Version: "7", Revision: "r"}
					f.published[name] = 7
				}
				o := order("a")
				o.Publish, o.Shift = true, &Shift{Alias: "live"}
				_, _ = Run(t.Context(), f, o) // what it tells is tested elsewhere
				got := slices.DeleteFunc(slices.Clone(f.log), func(call string) bool {
					return !strings.Contains(call, " canary") || strings.HasPrefix(call, "get ") || strings.HasPrefix(call, "alias ")
				})
				if !slices.Equal(got, c.want) {
					t.Errorf("calls about the canary:\n%q, want\n%q", got, c.want)
				}
			})
		})
	}
}

func TestCanaryWhoseAliasDoesNotMoveGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("canary", "a")
		for _, name := range []string{"canary", "a"} {
			f.aliases[name+":live"] = Alias{Version: "7", Revision: "r"}
		}
		f.stuck = []string{"canary"}
		o := order("a")
		o.Publish, o.Shift = true, &Shift{Alias: "live"}
		_, err := Run(t.Context(), f, o)
		fault, ok := errors.AsType[*MoveError](err)
		if !ok || fault.Failed["canary"] == nil || !slices.Equal(fault.Restored, []string{"canary"}) {
			t.Errorf("got %v", err)
		}
		wantVersions(t, f, all(3, "canary", "a"))
	})
}

func TestAliasGoesBackWithItsFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("a", "b")
		f.aliases["a:live"] = Alias{Version: "7", Revision: "r"}
		f.aliases["b:live"] = Alias{Version: "7", Revision: "r"}
		f.stuck = []string{"b"}
		o := order("a", "b")
		o.Canary, o.Publish, o.BatchSize = nil, true, 1
		o.Shift = &Shift{Alias: "live"}
		_, err := Run(t.Context(), f, o)
		if _, ok := errors.AsType[*MoveError](err); !ok {
			t.Fatalf("got %v", err)
		}
		wantVersions(t, f, all(3, "a", "b"))
		if at := f.aliases["a:live"]; at.Version != "7" {
			t.Errorf("alias: %+v", at)
		}
	})
}

func TestAliasGoesBackOfAFunctionThatStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("canary", "a")
		f.functions["canary"].Layers = []string{other, four}
		for _, name := range []string{"canary", "a"} {
			f.aliases[name+":live"] = Alias{Version: "7", Revision: "r"}
			f.published[name] = 7
		}
		f.stuck = []string{"a"}
		o := order("a")
		o.Publish, o.Shift = true, &Shift{Alias: "live"}
		if _, err := Run(t.Context(), f, o); err == nil {
			t.Fatal("the alias of a moved")
		}
		wantVersions(t, f, map[string]int64{"canary": 4, "a": 3})
		if at := f.aliases["canary:live"]; at.Version != "7" {
			t.Errorf("alias of the canary: %+v", at)
		}
	})
}

func TestAliasWaitsForAVersionInTheMaking(t *testing.T) {
	for _, c := range []struct {
		name, spoilt, at string
	}{{"made", "", "8"}, {"spoilt", "FunctionError", "7"}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake("a")
				f.aliases["a:live"], f.published["a"] = Alias{Version: "7", Revision: "r"}, 7
				f.making, f.spoilt = 5, c.spoilt
				o := order("a")
				o.Canary, o.Publish, o.Shift = nil, true, &Shift{Alias: "live"}
				_, err := Run(t.Context(), f, o)
				if (err == nil) != (c.spoilt == "") || err != nil && !strings.Contains(err.Error(), c.spoilt) {
					t.Errorf("got %v", err)
				}
				if at := f.aliases["a:live"]; at.Version != c.at || f.making != 0 {
					t.Errorf("alias: %+v, with %d looks to come", at, f.making)
				}
			})
		})
	}
}

func TestMissingAliasesAreToldBeforeTheFirstChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("canary", "a", "b")
		f.aliases["a:live"] = Alias{Version: "7", Revision: "r"}
		o := order("a", "b")
		o.Publish, o.Shift = true, &Shift{Alias: "live"}
		_, err := Run(t.Context(), f, o)
		fault, ok := errors.AsType[*UnfitError](err)
		if want := []string{`"canary" has no alias "live"`, `"b" has no alias "live"`}; !ok || !slices.Equal(fault.Faults, want) {
			t.Fatalf("got %v, want %q", err, want)
		}
		wantVersions(t, f, all(3, "canary", "a", "b"))
	})
}
