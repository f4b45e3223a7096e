package publish

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

const depsARN = "arn:aws:lambda:eu-west-1:123456789012:layer:deps"

// unconnected returns a maker of Publishers that speak to a stand-in without a
// network, so that they work on the clock of a bubble.
func unconnected(t *testing.T) func(*lambdatest.AWS) *Publisher {
	t.Helper()
	var settings awsclient.Config
	against(t, lambdatest.Unserved(), func(c *Config) {
		c.SkipCredentialsValidation, c.SkipRequestingAccountID = true, true
		settings = *c
	})
	return func(a *lambdatest.AWS) *Publisher {
		p, err := New(t.Context(), settings)
		if err != nil {
			t.Fatal(err)
		}
		s, err := p.client.Connect(context.WithoutCancel(t.Context()), home) // which is of no bubble
		if err != nil {
			t.Fatal(err)
		}
		s.AWS.HTTPClient = a
		return p
	}
}

// publishMany publishes so many versions of layer deps.
func publishMany(t *testing.T, p *Publisher, count int) {
	t.Helper()
	for i := range count {
		if _, _, err := p.Publish(t.Context(), request(zipOf(t, fmt.Sprint("version ", i)))); err != nil {
			t.Fatal(err)
		}
	}
}

// live returns the numbers of the versions of deps that are left.
func live(a *lambdatest.AWS) []int64 {
	var numbers []int64
	for _, v := range a.Live(home, "deps") {
		numbers = append(numbers, v.Number)
	}
	return numbers
}

// batch returns a Batch of versions whose dates are not known.
func batch(layerARN string, keepInUse bool, numbers ...int64) Batch {
	b := Batch{LayerARN: layerARN, KeepInUse: keepInUse}
	for _, n := range numbers {
		b.Versions = append(b.Versions, lifecycle.Version{Number: n})
	}
	return b
}

// last returns the batch as one at the end of its layer.
func last(b Batch) Batch {
	b.Last = true
	return b
}

// usersOf returns what Uses finds, for a reader.
func usersOf(ctx context.Context, p *Publisher, region, layerARN string) (map[int64][]string, error) {
	uses, _, err := p.Uses(ctx, region, layerARN, time.Time{})
	users := map[int64][]string{}
	for number, u := range uses {
		users[number] = u.Describe()
	}
	return users, err
}

func TestRetireKeepsWhatIsInUse(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	publishMany(t, against(t, a), 5)
	for _, err := range []error{
		a.CreateFunction(home, "index", 0, depsARN+":2"),
		a.CreateFunction(home, "resize", 2, depsARN+":3"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !a.SetLayers(home, "resize", depsARN+":5") || !a.PointAlias(home, "resize", "live", 1) {
		t.Fatal("the function cannot be changed")
	}
	got, err := against(t, a).Retire(t.Context(), batch(depsARN, true, 4, 3, 1, 2, 1))
	if err != nil {
		t.Fatal(err)
	}
	want := Retired{
		Deleted: []int64{1, 4},
		InUse:   map[int64][]string{2: {"index"}, 3: {"resize:1", "resize:2"}},
		Failed:  map[int64]error{},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if left := live(a); !slices.Equal(left, []int64{2, 3, 5}) {
		t.Errorf("versions %v are left, want 2, 3 and 5", left)
	}
	before := len(a.Calls("ListFunctions"))
	got, err = against(t, a).Retire(t.Context(), batch(depsARN, false, 2, 3))
	if err != nil || !slices.Equal(got.Deleted, []int64{2, 3}) {
		t.Errorf("without keepInUse: %+v, %v; want both deleted", got, err)
	}
	if n := len(a.Calls("ListFunctions")) - before; n != 0 {
		t.Errorf("without keepInUse functions were listed %d times", n)
	}
}

func TestRetireOfNothingAsksNothing(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	if _, err := against(t, a).Retire(t.Context(), batch(depsARN, true)); err != nil {
		t.Fatal(err)
	}
	if calls := a.Calls(); len(calls) != 0 {
		t.Errorf("%d calls were made, the first %s", len(calls), calls[0].Operation)
	}
	if _, err := against(t, a).Retire(t.Context(), batch("deps", true, 1)); err == nil {
		t.Error("a layer by its name is taken, want an error")
	}
}

// TestRetireSparesWhatOthersPointAt has two resources with one layer, in one run
// and in runs of their own: with a cache directory that is known beyond a run.
func TestRetireSparesWhatOthersPointAt(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{"in one run": "", "in three runs": t.TempDir()} {
		a := lambdatest.New(t)
		publishMany(t, against(t, a), 2)
		p := against(t, a, func(c *Config) { c.RegisterDir = dir })
		run := func() *Publisher {
			if dir == "" {
				return p
			}
			return against(t, a, func(c *Config) { c.RegisterDir = dir })
		}
		r := request(zipOf(t, "version 0"))
		r.Holder = "taker"
		v, adopted, err := run().Publish(t.Context(), r)
		if err != nil || !adopted || v.Number != 1 {
			t.Fatalf("%s: got version %d, adopted %t, %v; want version 1 taken over", name, v.Number, adopted, err)
		}
		old := batch(depsARN, true, 1, 2)
		old.Holder = "publisher"
		got, err := run().Retire(t.Context(), last(old))
		if err != nil || !slices.Equal(got.Taken, []int64{1}) || !slices.Equal(got.Deleted, []int64{2}) {
			t.Errorf("%s: got %+v, %v; want 1 taken and 2 deleted", name, got, err)
		}
		inherited := false
		if err := run().Register(t.Context(), depsARN, func(r *lifecycle.Register) (bool, error) {
			inherited = r.Inherits(lifecycle.Version{Number: 1, Created: lifecycle.Date(v.CreatedDate)})
			return false, nil
		}); err != nil || !inherited {
			t.Errorf("%s: version 1 does not pass to the taker: %v", name, err)
		}
		left := batch(depsARN, true, 1)
		left.Holder = "taker"
		if got, err = run().Retire(t.Context(), last(left)); err != nil || !slices.Equal(got.Deleted, []int64{1}) {
			t.Errorf("%s: got %+v, %v; want 1 deleted", name, got, err)
		}
	}
}

// TestRetireWithoutPermissions deletes nothing blindly and tries nothing twice
// that is refused for all.
func TestRetireWithoutPermissions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		operation, action string
		numbers           []int64
		deletions         int
	}{
		"listing":  {"ListFunctions", "lambda:ListFunctions", []int64{1, 2}, 0},
		"deleting": {"DeleteLayerVersion", "lambda:DeleteLayerVersion", []int64{1, 2, 3}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := lambdatest.New(t)
			publishMany(t, against(t, a), 4)
			a.Inject(lambdatest.Fault{
				Operation: c.operation, Times: -1, Status: 403, ErrorType: "AccessDeniedException",
				Message: "User: arn:aws:iam::123456789012:user/test is not authorized to perform: " + c.action,
			})
			got, err := against(t, a).Retire(t.Context(), batch(depsARN, true, c.numbers...))
			if err == nil {
				for _, n := range c.numbers {
					var denied *awsclient.AccessDeniedError
					if !errors.As(got.Failed[n], &denied) || denied.Action != c.action {
						t.Errorf("version %d: %v, want that %s is missing", n, got.Failed[n], c.action)
					}
				}
			}
			var denied *awsclient.AccessDeniedError
			if c.deletions == 0 && (!errors.As(err, &denied) || denied.Action != c.action) {
				t.Errorf("error %v, want that %s is missing", err, c.action)
			}
			if n := len(a.Calls("DeleteLayerVersion")); n != c.deletions {
				t.Errorf("%d deletions were tried, want %d", n, c.deletions)
			}
			if left := live(a); !slices.Equal(left, []int64{1, 2, 3, 4}) {
				t.Errorf("versions %v are left, want all 4", left)
			}
		})
	}
}

// TestRetireGoesOnAfterAFailure: one version's fault is no other one's.
func TestRetireGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	publishMany(t, against(t, a), 4)
	a.Inject(lambdatest.Fault{Operation: "DeleteLayerVersion", Skip: 1, Status: 409, ErrorType: "ResourceConflictException", Message: "busy"})
	got, err := against(t, a).Retire(t.Context(), batch(depsARN, true, 1, 2, 3))
	if err != nil || !slices.Equal(got.Deleted, []int64{1, 3}) || got.Failed[2] == nil || len(got.Failed) != 1 {
		t.Errorf("got %+v, %v; want 1 and 3 deleted and 2 failed", got, err)
	}
}

// TestRemoveAsksAgain: functions that were deleted after the scan keep nothing.
func TestRemoveAsksAgain(t *testing.T) {
	t.Parallel()
	connect := unconnected(t)
	for name, c := range map[string]struct {
		users     int // functions of version 1 when the scan looks
		stay      int // of them when version 1 is removed
		published int // versions of each function
		denied    bool
		deleted   bool
		scans     int
	}{
		"all gone":                     {3, 0, 0, false, true, 1},
		"one is left":                  {3, 1, 0, false, false, 1},
		"a published version is left":  {1, 1, 2, false, false, 1},
		"many, all gone":               {70, 0, 0, false, true, 3},
		"many, one that was not named": {70, 1, 0, false, false, 3},
		"reading them is denied":       {2, 0, 0, true, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := lambdatest.Unserved()
				publishMany(t, connect(a), 2)
				for i := range c.users {
					if err := a.CreateFunction(home, fmt.Sprintf("f-%02d", i), c.published, depsARN+":1"); err != nil {
						t.Fatal(err)
					}
				}
				p := connect(a)
				if _, err := usersOf(t.Context(), p, home, depsARN); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				for i := range c.users - c.stay {
					a.DeleteFunction(home, fmt.Sprintf("f-%02d", i))
				}
				for i := range c.stay { // of those that stay, only published versions have it
					if c.published > 0 {
						a.SetLayers(home, fmt.Sprintf("f-%02d", c.users-1-i))
					}
				}
				if c.denied {
					a.Inject(lambdatest.Fault{Operation: "GetFunctionConfiguration", Times: -1, Status: 403, ErrorType: "AccessDeniedException"})
				}
				got, err := p.Retire(t.Context(), last(batch(depsARN, true, 1)))
				if err != nil {
					t.Fatal(err)
				}
				if deleted := slices.Equal(got.Deleted, []int64{1}); deleted != c.deleted || deleted == (len(got.InUse[1]) > 0) {
					t.Errorf("got %+v, want deleted %t", got, c.deleted)
				}
				if n := len(a.Calls("ListFunctions")); n != c.scans {
					t.Errorf("%d pages of functions were read, want %d", n, c.scans)
				}
			})
		})
	}
}

// retirement deletes versions: those that no function has, and, after it has
// gone, the one that a function had.
func (s *service) retirement() error {
	var arns []string
	for range 3 {
		v, err := s.publish()
		if err != nil {
			return err
		}
		arns = append(arns, aws.ToString(v.LayerVersionArn))
	}
	if err := s.function(arns[0]); err != nil {
		return err
	}
	p, err := s.publisher()
	if err != nil {
		return err
	}
	layer := strings.TrimSuffix(arns[0], ":1")
	got, err := p.Retire(s, batch(layer, true, 1, 2))
	if err != nil {
		return err
	}
	if err := same("retired", fmt.Sprint(got.Deleted, got.InUse), fmt.Sprintf("[2] map[1:[%s]]", s.name)); err != nil {
		return err
	}
	if _, err := s.lambda.DeleteFunction(s, &lambda.DeleteFunctionInput{FunctionName: &s.name}); err != nil {
		return err
	}
	if got, err = p.Retire(s, last(batch(layer, true, 1))); err != nil {
		return err
	}
	if err := same("removed", fmt.Sprint(got.Deleted, got.InUse), "[1] map[]"); err != nil {
		return err
	}
	left, err := p.Versions(s, home, s.name, Selection{})
	if err != nil {
		return err
	}
	return same("versions left", len(left), 1)
}
