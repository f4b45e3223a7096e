package publish

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/rollout"
)

const moved = "arn:aws:lambda:eu-west-1:123456789012:layer:deps"

// rolling publishes two versions of layer deps and makes functions that have
// the first one.
func rolling(t *testing.T, a *lambdatest.AWS, p *Publisher, names ...string) (*Functions, rollout.Order) {
	t.Helper()
	for _, content := range []string{"one", "two"} {
		r := request(zipOf(t, content))
		r.LayerName, r.Runtimes, r.Architectures = "deps", nil, nil
		if _, _, err := p.Publish(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		if err := a.CreateFunction(home, name, 0, moved+":1"); err != nil {
			t.Fatal(err)
		}
	}
	functions, err := p.Functions(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return functions, rollout.Order{Version: rollout.Version{ARN: moved + ":2", Layer: moved}, Functions: names, BatchSize: 10, Rollback: true}
}

func wantLayer(t *testing.T, a *lambdatest.AWS, version string, names ...string) {
	t.Helper()
	for _, name := range names {
		if got := a.LayersOf(home, name); !slices.Equal(got, []string{moved + ":" + version}) {
			t.Errorf("%s has %v, want version %s", name, got, version)
		}
	}
}

// TestRolloutKeepsTheRate moves a thousand functions whose updates take a
// while: AWS never has to refuse a call, and it ends in minutes.
func TestRolloutKeepsTheRate(t *testing.T) {
	t.Parallel()
	connect := unconnected(t)
	synctest.Test(t, func(t *testing.T) {
		a := lambdatest.Unserved()
		var names []string
		for i := range 1000 {
			names = append(names, fmt.Sprintf("f%04d", i))
		}
		functions, order := rolling(t, a, connect(a), names...)
		order.BatchSize = 50
		a.SlowUpdates(1)
		a.LimitRate(15)
		first, began := len(a.Calls()), time.Now()
		if _, err := rollout.Run(t.Context(), functions, order); err != nil {
			t.Fatal(err)
		}
		calls := a.Calls()[first:]
		if n := fullestSecond(calls); n > 15 {
			t.Errorf("%d calls within a second, want at most 15", n)
		}
		for _, c := range calls {
			if c.Status == 429 {
				t.Fatal("AWS had to refuse a call for its rate")
			}
		}
		if n := len(calls); n > 5_100 {
			t.Errorf("%d calls, want at most 5 for each function", n)
		}
		if took := time.Since(began); took > 10*time.Minute {
			t.Errorf("it took %s", took)
		}
		wantLayer(t, a, "2", names...)
	})
}

// TestRolloutThroughFaults meets what AWS and the network do to an update. The
// functions end on the new version, or all on the old one.
func TestRolloutThroughFaults(t *testing.T) {
	t.Parallel()
	const update = "UpdateFunctionConfiguration"
	for _, c := range []struct {
		name  string
		fault func(*lambdatest.AWS)
		want  string
	}{
		{"throttled", func(a *lambdatest.AWS) {
			a.Inject(lambdatest.Fault{Operation: update, Times: 2, Status: 429, ErrorType: "TooManyRequestsException", Message: "Rate exceeded"})
		}, "2"},
		{"answer lost", func(a *lambdatest.AWS) {
			a.Inject(lambdatest.Fault{Operation: update, At: lambdatest.AfterProcessing, Times: 3, Close: true})
		}, "2"},
		{"answer cut", func(a *lambdatest.AWS) {
			a.Inject(lambdatest.Fault{Operation: update, At: lambdatest.InReply, Times: 2})
		}, "2"},
		{"revision moves", func(a *lambdatest.AWS) {
			a.Inject(lambdatest.Fault{Operation: update, Do: func() { a.SetLayers(home, "b", moved+":1") }, Status: 412, ErrorType: "PreconditionFailedException"})
		}, "2"},
		{"update under way", func(a *lambdatest.AWS) {
			a.Inject(lambdatest.Fault{Operation: update, Times: 2, Status: 409, ErrorType: "ResourceConflictException", Message: "An update is in progress"})
		}, "2"},
		{"update fails", func(a *lambdatest.AWS) { a.FailUpdates("b", "EniLimitExceeded"); a.SlowUpdates(2) }, "1"},
		{"denied", func(a *lambdatest.AWS) {
			a.Inject(lambdatest.Fault{Operation: update, Skip: 1, Status: 403, ErrorType: "AccessDeniedException", Message: "no"})
		}, "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			connect := unconnected(t)
			synctest.Test(t, func(t *testing.T) {
				a := lambdatest.Unserved()
				functions, order := rolling(t, a, connect(a), "a", "b", "c")
				order.BatchSize = 1
				c.fault(a)
				_, err := rollout.Run(t.Context(), functions, order)
				if _, failed := errors.AsType[*rollout.MoveError](err); failed != (c.want == "1") || !failed && err != nil {
					t.Fatalf("got %v", err)
				}
				wantLayer(t, a, c.want, "a", "b", "c")
			})
		})
	}
}

func TestInvokeReadsAnswerAndReport(t *testing.T) {
	t.Parallel()
	connect := unconnected(t)
	synctest.Test(t, func(t *testing.T) {
		a := lambdatest.Unserved()
		functions, _ := rolling(t, a, connect(a), "a")
		a.AnswerInvocations(func(i lambdatest.Invocation) lambdatest.Answer {
			return lambdatest.Answer{Payload: i.Payload, Fault: "Unhandled", Took: 1234560 * time.Microsecond}
		})
		got, err := functions.Invoke(t.Context(), "a", []byte(`{"x":1}`))
		if err != nil || string(got.Payload) != `{"x":1}` || got.Fault != "Unhandled" || got.Duration != 1234560*time.Microsecond {
			t.Errorf("got %+v, %v", got, err)
		}
		if _, err := functions.Invoke(t.Context(), "none", nil); !errors.Is(err, rollout.ErrNoFunction) {
			t.Errorf("absent: %v", err)
		}
		a.PublishFunction(home, "a")
		a.PointAlias(home, "a", "live", 1)
		for name, absent := range map[string]bool{"a:live": false, "a:1": false, "a:$LATEST": false, "a:2": true, "a:gone": true} {
			if _, err := functions.Invoke(t.Context(), name, nil); errors.Is(err, rollout.ErrNoFunction) != absent || !absent && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, c := range map[string]struct {
			fault lambdatest.Fault
			calls int
			fails bool
		}{
			"throttled":    {lambdatest.Fault{Status: 429, ErrorType: "TooManyRequestsException", Message: "Rate Exceeded.", Times: 2}, 3, false},
			"lost answer":  {lambdatest.Fault{At: lambdatest.AfterProcessing, Close: true}, 1, true},
			"server error": {lambdatest.Fault{Status: 500, ErrorType: "ServiceException"}, 1, true},
		} {
			before := len(a.Calls("Invoke"))
			c.fault.Operation = "Invoke"
			a.Inject(c.fault)
			if _, err := functions.Invoke(t.Context(), "a", nil); (err != nil) != c.fails {
				t.Errorf("%s: %v", name, err)
			}
			if made := len(a.Calls("Invoke")) - before; made != c.calls {
				t.Errorf("%s: %d calls, want %d", name, made, c.calls)
			}
		}
		a.Inject(lambdatest.Fault{Operation: "Invoke", Status: 403, ErrorType: "AccessDeniedException", Message: "no"})
		_, err = functions.Invoke(t.Context(), "a", nil)
		if denied, ok := errors.AsType[*AccessDeniedError](err); !ok || denied.Action != "lambda:InvokeFunction" {
			t.Errorf("denied: %v", err)
		}
	})
}

func TestFunctionsAreFound(t *testing.T) {
	t.Parallel()
	connect := unconnected(t)
	synctest.Test(t, func(t *testing.T) {
		a := lambdatest.Unserved()
		functions, _ := rolling(t, a, connect(a), "b", "a")
		if err := a.CreateFunction(home, "c", 0); err != nil {
			t.Fatal(err)
		}
		a.TagFunction(home, "b", map[string]string{"team": "items", "stage": "prod"})
		a.TagFunction(home, "c", map[string]string{"team": "items"})
		for _, c := range []struct {
			name string
			find func() ([]string, error)
			want []string
		}{
			{"using", func() ([]string, error) { return functions.FunctionsUsing(t.Context(), moved) }, []string{"a", "b"}},
			{"tagged", func() ([]string, error) {
				return functions.FunctionsTagged(t.Context(), map[string]string{"team": "items"})
			}, []string{"b", "c"}},
			{"both tags", func() ([]string, error) {
				return functions.FunctionsTagged(t.Context(), map[string]string{"team": "items", "stage": "prod"})
			}, []string{"b"}},
		} {
			if got, err := c.find(); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, %v, want %v", c.name, got, err, c.want)
			}
		}
	})
}

func TestAliasIsMovedAndRead(t *testing.T) {
	t.Parallel()
	connect := unconnected(t)
	synctest.Test(t, func(t *testing.T) {
		a := lambdatest.Unserved()
		functions, order := rolling(t, a, connect(a), "a")
		a.PublishFunction(home, "a")
		a.PointAlias(home, "a", "live", 1)
		order.Publish, order.Shift = true, &rollout.Shift{Alias: "live", Steps: []int{20}, Pause: time.Minute}
		if _, err := rollout.Run(t.Context(), functions, order); err != nil {
			t.Fatal(err)
		}
		at, err := functions.Alias(t.Context(), "a", "live")
		if err != nil || at.Version != "2" || at.Next != "" {
			t.Errorf("alias: %+v, %v", at, err)
		}
		if calls := a.Calls("UpdateAlias"); len(calls) != 2 || calls[1].At.Sub(calls[0].At) < time.Minute {
			t.Errorf("%d moves of the alias", len(calls))
		}
	})
}
