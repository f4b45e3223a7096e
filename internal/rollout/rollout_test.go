package rollout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func names(n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("f%02d", i))
	}
	return names
}

// order moves the named functions to version 4; "canary" goes first.
func order(functions ...string) Order {
	return Order{
		Version:   Version{ARN: four, Layer: layer, Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}},
		Canary:    &Canary{Function: "canary", Payload: []byte(`{}`), Expect: Expectation{StatusCode: 200}},
		Functions: functions, BatchSize: 3, Rollback: true,
	}
}

func all(version int64, names ...string) map[string]int64 {
	versions := map[string]int64{}
	for _, name := range names {
		versions[name] = version
	}
	return versions
}

func wantVersions(t *testing.T, f *fake, want map[string]int64) {
	t.Helper()
	if got := f.versions(); !maps.Equal(got, want) {
		t.Errorf("versions: got %v, want %v", got, want)
	}
}

func TestCanaryGoesFirstAndAllFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("canary", "a", "b", "c", "d")
		f.polls = 3
		result, err := Run(t.Context(), f, order("a", "b", "c", "d"))
		if err != nil {
			t.Fatal(err)
		}
		wantVersions(t, f, all(4, "canary", "a", "b", "c", "d"))
		if got := f.functions["a"].Layers; !slices.Equal(got, []string{other, four}) {
			t.Errorf("layers of a: %v, want the order kept", got)
		}
		if result.Before["a"] != three || len(result.Left) > 0 {
			t.Errorf("result: %+v", result)
		}
		set := slices.IndexFunc(f.log, func(call string) bool { return strings.HasPrefix(call, "set ") && call != "set canary" })
		if invoked := slices.Index(f.log, "invoke canary"); invoked < 0 || invoked > set {
			t.Errorf("a function moved before the canary answered: %v", f.log)
		}
	})
}

func TestFailedCanaryLeavesEveryFunctionWhereItWas(t *testing.T) {
	for name, answer := range map[string]Answer{
		"error":  {Fault: "Unhandled", Payload: []byte(`{"errorMessage":"No module named 'requests'"}`)},
		"status": {Payload: []byte(`{"statusCode": 500}`)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake("canary", "a", "b")
				f.answer = func(Function) (Answer, error) { return answer, nil }
				_, err := Run(t.Context(), f, order("a", "b"))
				fault, ok := errors.AsType[*CanaryError](err)
				if !ok || !fault.Restored || len(fault.Faults) != 1 {
					t.Fatalf("got %v", err)
				}
				wantVersions(t, f, all(3, "canary", "a", "b"))
				if slices.Contains(f.log, "set a") {
					t.Error("a was changed")
				}
			})
		})
	}
}

func TestCanaryThatHasTheVersionIsOnlyInvoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("canary", "a")
		f.functions["canary"].Layers = []string{four}
		f.answer = func(Function) (Answer, error) { return Answer{Payload: []byte(`{"statusCode": 404}`)}, nil }
		_, err := Run(t.Context(), f, order("a"))
		if fault, ok := errors.AsType[*CanaryError](err); !ok || fault.Restored {
			t.Fatalf("got %v", err)
		}
		wantVersions(t, f, map[string]int64{"canary": 4, "a": 3})
		if slices.Contains(f.log, "set canary") {
			t.Error("the canary was changed")
		}
	})
}

func TestUpdateThatFailsTakesBackWhatMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("canary", "a", "b", "c", "d")
		f.fate["d"] = "InvalidSubnet"
		_, err := Run(t.Context(), f, order("a", "b", "c", "d"))
		fault, ok := errors.AsType[*MoveError](err)
		if !ok || !strings.Contains(err.Error(), "InvalidSubnet") {
			t.Fatalf("got %v", err)
		}
		if want := []string{"a", "b", "c", "canary", "d"}; !slices.Equal(fault.Restored, want) {
			t.Errorf("restored %v, want %v", fault.Restored, want)
		}
		wantVersions(t, f, all(3, "canary", "a", "b", "c", "d"))
	})
}

func TestStopKeepsWhatMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("canary", "a", "b")
		f.fate["b"] = "InvalidSubnet"
		o := order("a", "b")
		o.Rollback = false
		_, err := Run(t.Context(), f, o)
		fault, ok := errors.AsType[*MoveError](err)
		if !ok || !slices.Equal(fault.Kept, []string{"a", "canary"}) {
			t.Fatalf("got %v", err)
		}
		wantVersions(t, f, all(4, "canary", "a", "b"))
	})
}

func TestFunctionChangedByOthersIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("canary", "a", "b")
		f.strike = func(f *fake, name string) error {
			if name == "a" && f.functions["a"].Revision == "0" {
				f.set("a", []string{other, layer + ":2"})
			}
			return nil
		}
		result, err := Run(t.Context(), f, order("a", "b"))
		if err != nil {
			t.Fatal(err)
		}
		wantVersions(t, f, map[string]int64{"canary": 4, "a": 2, "b": 4})
		if !strings.Contains(result.Left["a"], "version 2") {
			t.Errorf("left: %v", result.Left)
		}
	})
}

func TestOtherChangesInTheMeantimeAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("canary", "a")
		f.strike = func(f *fake, name string) error {
			if name == "a" && f.functions["a"].Revision == "0" {
				f.set("a", []string{three, other}) // another order of the layers
			}
			return nil
		}
		if _, err := Run(t.Context(), f, order("a")); err != nil {
			t.Fatal(err)
		}
		if got := f.functions["a"].Layers; !slices.Equal(got, []string{four, other}) {
			t.Errorf("layers of a: %v", got)
		}
	})
}

func TestLostAnswersAndRefusalsAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("canary", "a")
		lost := 0
		f.lose = func(string) bool { lost++; return lost%2 == 1 }
		if _, err := Run(t.Context(), f, order("a")); err != nil {
			t.Fatal(err)
		}
		wantVersions(t, f, all(4, "canary", "a"))
		f = newFake("canary", "a")
		f.strike = func(f *fake, name string) error { return ErrChanged }
		_, err := Run(t.Context(), f, order("a"))
		if _, ok := errors.AsType[*MoveError](err); !ok || !errors.Is(err, ErrChanged) {
			t.Fatalf("got %v", err)
		}
		wantVersions(t, f, all(3, "canary", "a"))
	})
}

func TestAllFaultsAreToldBeforeTheFirstChange(t *testing.T) {
	f := newFake("canary", "old", "arm", "image", "full", "fits")
	f.functions["old"].Runtime = "python3.9"
	f.functions["arm"].Architecture = "arm64"
	f.functions["image"].Runtime = ""
	f.functions["full"].Layers = []string{"l:a:1", "l:b:1", "l:c:1", "l:d:1", "l:e:1"}
	f.functions["fits"].Layers = []string{"l:a:1", "l:b:1", "l:c:1", "l:d:1", three}
	_, err := Run(t.Context(), f, order("old", "arm", "image", "full", "fits", "absent"))
	fault, ok := errors.AsType[*UnfitError](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	want := []string{
		`"arm" runs on arm64, and the version is for x86_64`,
		`"full" has 5 other layers, and Lambda takes 5 in all`,
		`"image" is a container image, which has no layers`,
		`"old" runs on python3.9, and the version is for python3.12`,
		`there is no function "absent"`,
	}
	if !slices.Equal(fault.Faults, want) {
		t.Errorf("got %q", fault.Faults)
	}
	if slices.ContainsFunc(f.log, func(call string) bool { return strings.HasPrefix(call, "set ") }) {
		t.Error("a function was changed")
	}
}

// TestRunKilledAtEveryStep cuts a run over twelve functions at each of its
// calls. The next run ends where one that was never cut ends: with all functions
// on the new version, or, where one of them cannot have it, with all on the
// former one.
func TestRunKilledAtEveryStep(t *testing.T) {
	functions := names(12)
	former := map[string]string{"canary": three}
	for _, name := range functions {
		former[name] = three
	}
	for _, c := range []struct {
		name string
		bad  func(*fake)
		want int64
	}{
		{"well", func(*fake) {}, 4},
		{"canary", func(f *fake) {
			f.answer = func(at Function) (Answer, error) {
				return Answer{Payload: fmt.Appendf(nil, `{"statusCode": %d}`, 100*NumberOf(VersionOn(at, layer)))}, nil
			}
		}, 3},
		{"function", func(f *fake) { f.fate["f07"] = "EniLimit" }, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for cut := 0; ; cut++ {
					f := newFake(append(functions, "canary")...)
					c.bad(f)
					o := order(functions...)
					o.Former = former
					f.left = cut
					_, _ = Run(t.Context(), f, o) // the cut is the point
					whole := f.calls < cut
					f.left, f.calls = -1, 0
					for range f.pending { // updates under way end
						for name := range f.functions {
							_, _ = f.Function(t.Context(), name, "")
						}
					}
					if !whole {
						_, err := Run(t.Context(), f, o)
						if (err == nil) != (c.want == 4) {
							t.Fatalf("cut after %d calls: %v", cut, err)
						}
					}
					if got := f.versions(); !maps.Equal(got, all(c.want, append(functions, "canary")...)) {
						t.Fatalf("cut after %d calls: %v", cut, got)
					}
					if whole {
						if cut < 15 {
							t.Errorf("the run took %d calls, which is too few to be one", cut)
						}
						return
					}
				}
			})
		})
	}
}

// TestStepsOfAnAliasAreNotWritten: functions that move at the same time share them.
// TestAliasOfTheCanaryWaitsForItsAnswer: calls of an alias meet no version that the
// canary has not passed, and nothing is published of a canary that fails.
// TestCanaryWhoseAliasDoesNotMoveGoesBack: the answer was right, and what follows fails.
// TestAliasGoesBackOfAFunctionThatStays: a canary that its own configuration gave the
// version keeps it, and its alias does not.
// TestManyFunctionsGoBack: what one takes to go back is not the time of the others.
func TestManyFunctionsGoBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var names []string
		for i := range 90 {
			names = append(names, fmt.Sprintf("f%02d", i))
		}
		f := newFake(append(names, "canary")...)
		f.polls, f.fate["f89"] = 8, "InvalidSubnet"
		o := order(names...)
		o.BatchSize = 10
		_, err := Run(t.Context(), f, o)
		fault, ok := errors.AsType[*MoveError](err)
		if !ok || len(fault.NotRestored) > 0 || len(fault.Restored) != 91 {
			t.Fatalf("got %v", err)
		}
		wantVersions(t, f, all(3, append(names, "canary")...))
	})
}

// TestAliasWaitsForAVersionInTheMaking: Lambda makes a version with SnapStart for
// minutes, and refuses aliases that point at it until then.
// TestCodeThatWasNotTriedIsNotPublished: somebody deploys other code while the canary
// is invoked.
func TestCodeThatWasNotTriedIsNotPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("canary", "a")
		f.answer = func(Function) (Answer, error) {
			f.functions["canary"].CodeSHA256 = "other"
			return Answer{Payload: []byte(`{"statusCode": 200}`)}, nil
		}
		o := order("a")
		o.Publish = true
		_, err := Run(t.Context(), f, o)
		if !errors.Is(err, errOtherCode) || f.published["canary"] != 0 {
			t.Errorf("got %v, published %v", err, f.published)
		}
		wantVersions(t, f, all(3, "canary", "a"))
	})
}

// TestVersionsOfOtherLayersAreNoneToGoBackTo: an earlier order was about another layer,
// or the layer of another region.
func TestVersionsOfOtherLayersAreNoneToGoBackTo(t *testing.T) {
	for _, former := range []string{layer + "-old:3", "arn:aws:lambda:us-east-1:123456789012:layer:deps:3"} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake("a", "b")
			f.functions["a"].Layers = []string{other, four} // a run that was killed moved it
			f.fate["b"] = "InvalidSubnet"
			o := order("a", "b")
			o.Canary, o.Former = nil, map[string]string{"a": former}
			if _, err := Run(t.Context(), f, o); err == nil {
				t.Fatal("b moved")
			}
			if got := f.functions["a"].Layers; !slices.Equal(got, []string{other, four}) {
				t.Errorf("after %q it has %q", former, got)
			}
		})
	}
}

// TestMissingAliasesAreToldBeforeTheFirstChange, all at once.
// TestUpdateThatFailedBeforeIsMadeAgain: a function has the version, and Lambda
// could not finish that update. The next run tries it, where the cause is gone
// or not, with a canary or without.
func TestUpdateThatFailedBeforeIsMadeAgain(t *testing.T) {
	for _, c := range []struct {
		name, function, fate string
		fails                bool
	}{
		{"cause gone", "a", "", false},
		{"cause there", "a", "InvalidSubnet", true},
		{"canary", "canary", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake("canary", "a", "b")
				at := f.functions[c.function]
				at.Layers, at.Update, at.Reason = []string{other, four}, Failed, "EniLimitExceeded"
				f.fate[c.function] = c.fate
				o := order("a", "b")
				o.Rollback = false
				_, err := Run(t.Context(), f, o)
				if c.fails != (err != nil) || c.fails && !strings.Contains(err.Error(), c.fate) {
					t.Errorf("got %v", err)
				}
				if sets := slices.DeleteFunc(slices.Clone(f.log), func(call string) bool { return call != "set "+c.function }); len(sets) != 1 {
					t.Errorf("%d updates of %s, want one: %q", len(sets), c.function, f.log)
				}
			})
		})
	}
}

// TestRollbackThatFailsIsTold: Lambda takes the update that puts a function back
// and cannot finish it, so the function does not count as restored.
func TestRollbackThatFailsIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("canary", "a", "b")
		f.fate["b"], f.always = "InvalidSubnet", true
		_, err := Run(t.Context(), f, order("a", "b"))
		fault, ok := errors.AsType[*MoveError](err)
		if !ok || fault.NotRestored["b"] == nil || !slices.Equal(fault.Restored, []string{"a", "canary"}) {
			t.Errorf("got %v", err)
		}
	})
}

func TestJudge(t *testing.T) {
	answer := Answer{
		Payload:  []byte(`{"statusCode":200,"body":"{\"success\": true, \"items\": [{\"id\": \"42\"}], \"none\": \"\"}"}`),
		Duration: 1500 * time.Millisecond,
	}
	for _, c := range []struct {
		name   string
		expect Expectation
		want   []string
	}{
		{"nothing", Expectation{}, nil},
		{"all", Expectation{StatusCode: 200, JSON: map[string]string{
			"body.success": "true", "body.items.0.id": "42", "body.items": `[{"id":"42"}]`, "body.none": "", "statusCode": "200.0",
		}, MaxDuration: 2 * time.Second}, nil},
		{"status", Expectation{StatusCode: 201}, []string{"statusCode is 200, expected was 201"}},
		{"value", Expectation{JSON: map[string]string{"body.success": "false"}}, []string{"body.success is true, expected was false"}},
		{"absent", Expectation{JSON: map[string]string{"body.items.1.id": "x"}}, []string{"body.items.1.id is missing, expected was x"}},
		{"slow", Expectation{MaxDuration: time.Second}, []string{"it ran for 1500 ms, at most 1000 were expected"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.expect.Judge(answer); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	for _, e := range []Expectation{{StatusCode: 200}, {JSON: map[string]string{"a": "1", "b": "2"}}} {
		if got, want := e.Judge(Answer{Payload: []byte("no JSON")}), []string{"its answer is not JSON: no JSON"}; !slices.Equal(got, want) {
			t.Errorf("no JSON: got %q, want %q", got, want)
		}
	}
}

// TestSizesAreAddedBeforeTheFirstChange: AWS takes 262,144,000 bytes unzipped,
// the code of the function counted. Where a size is not known, the zip's counts.
func TestSizesAreAddedBeforeTheFirstChange(t *testing.T) {
	for _, c := range []struct {
		name     string
		code     int64
		unzipped map[string]int64 // what can be read
		zipped   map[string]int64
		has      string // the version of the layer that the function has
		want     string
	}{
		{"at the limit", 1_000, map[string]int64{four: 200_000_000, other: 62_143_000}, nil, three, ""},
		{"a byte too many", 1_001, map[string]int64{four: 200_000_000, other: 62_143_000}, nil, three,
			`"a" would have at least 262144001 bytes unzipped, and Lambda takes 262144000 (its code at least 1001, ` + other + " 62143000, " + four + " 200000000)"},
		{"zips alone are too large", 5, nil, map[string]int64{other: 262_143_990, four: 6}, three,
			`"a" would have at least 262144001 bytes unzipped, and Lambda takes 262144000 (its code at least 5, ` + other + " at least 262143990, " + four + " at least 6)"},
		{"nothing is known", 0, nil, nil, three, ""},
		{"the version that goes does not count", 0, map[string]int64{three: 262_144_000, four: 262_000_000}, nil, three, ""},
		{"it has the version already", 0, map[string]int64{four: 262_144_001}, nil, four, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake("a")
			f.functions["a"].CodeSize, f.functions["a"].LayerSizes = c.code, c.zipped
			f.functions["a"].Layers = []string{other, c.has}
			o := order("a")
			o.Canary = nil
			o.Unzipped = func(_ context.Context, arn string) (int64, bool) {
				size, known := c.unzipped[arn]
				return size, known
			}
			_, err := Inspect(t.Context(), f, o)
			fault, unfit := errors.AsType[*UnfitError](err)
			switch {
			case c.want == "" && err != nil, c.want != "" && !unfit:
				t.Errorf("got %v, want %q", err, c.want)
			case unfit && !slices.Equal(fault.Faults, []string{c.want}):
				t.Errorf("got  %q\nwant %q", fault.Faults, c.want)
			}
		})
	}
}
