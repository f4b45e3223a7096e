package publish

import (
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
)

const depsARN = "arn:aws:lambda:eu-west-1:123456789012:layer:deps"

// unconnected returns a maker of Publishers that speak to a stand-in without a
// network, so that they work on the clock of a bubble.
func unconnected(t *testing.T) func(*lambdatest.AWS) *Publisher {
	t.Helper()
	first := against(t, lambdatest.Unserved(), func(c *Config) { c.SkipCredentialsValidation, c.SkipRequestingAccountID = true, true })
	s, err := first.connect(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	return func(a *lambdatest.AWS) *Publisher {
		p, err := New(t.Context(), first.config)
		if err != nil {
			t.Fatal(err)
		}
		own := *s
		own.aws.HTTPClient = a
		p.session = &own
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

func TestGiveUp(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	aged := func(ages ...int) []Published {
		var versions []Published
		for i, days := range ages {
			v := Published{Number: int64(i + 1)}
			if days >= 0 {
				v.Created = now.Add(-time.Duration(days) * day)
			}
			versions = append(versions, v)
		}
		return versions
	}
	for name, c := range map[string]struct {
		policy   Retention
		versions []Published
		current  int64
		want     []int64
	}{
		"no policy":                      {Retention{}, aged(900, 800, 700), 3, nil},
		"keep_last counts the current":   {Retention{KeepLast: 2}, aged(5, 4, 3, 2), 4, []int64{1, 2}},
		"keep_last of one":               {Retention{KeepLast: 1}, aged(5, 4, 3), 3, []int64{1, 2}},
		"a version about to be made":     {Retention{KeepLast: 2}, aged(5, 4, 3), 0, []int64{1, 2}},
		"fewer than keep_last":           {Retention{KeepLast: 9}, aged(5, 4, 3), 3, nil},
		"the current one is an old one":  {Retention{KeepLast: 2}, aged(9, 8, 7, 6), 1, []int64{2, 3}},
		"the current one is not ours":    {Retention{KeepLast: 2}, aged(9, 8, 7), 40, []int64{1, 2}},
		"age":                            {Retention{MaxAge: 30 * day}, aged(31, 30, 29), 3, []int64{1, 2}},
		"the current one may be old":     {Retention{MaxAge: day}, aged(90, 80, 70), 3, []int64{1, 2}},
		"an age that is not known":       {Retention{MaxAge: day}, aged(-1, 80, 70), 3, []int64{2}},
		"either is enough":               {Retention{KeepLast: 3, MaxAge: 30 * day}, aged(50, 40, 2, 60, 1, 0), 6, []int64{1, 2, 3, 4}},
		"none":                           {Retention{KeepLast: 1, MaxAge: day}, nil, 1, nil},
		"a version that is listed twice": {Retention{KeepLast: 2}, append(aged(3, 2, 1), aged(3, 2, 1)...), 3, []int64{1}},
	} {
		if got := c.policy.GiveUp(c.versions, c.current, now); !slices.Equal(got, c.want) {
			t.Errorf("%s: gives up %v, want %v", name, got, c.want)
		}
	}
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
	got, err := against(t, a).Retire(t.Context(), depsARN, []int64{4, 3, 1, 2, 1}, true)
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
	got, err = against(t, a).Retire(t.Context(), depsARN, []int64{2, 3}, false)
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
	if _, err := against(t, a).Retire(t.Context(), depsARN, nil, true); err != nil {
		t.Fatal(err)
	}
	if calls := a.Calls(); len(calls) != 0 {
		t.Errorf("%d calls were made, the first %s", len(calls), calls[0].Operation)
	}
	if _, err := against(t, a).Retire(t.Context(), "deps", []int64{1}, true); err == nil {
		t.Error("a layer by its name is taken, want an error")
	}
}

// TestRetireSparesWhatThisRunTookOver stands for two resources with one layer.
func TestRetireSparesWhatThisRunTookOver(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	publishMany(t, against(t, a), 2)
	p := against(t, a)
	v, adopted, err := p.Publish(t.Context(), request(zipOf(t, "version 0")))
	if err != nil || !adopted || v.Number != 1 {
		t.Fatalf("got version %d, adopted %t, %v; want version 1 taken over", v.Number, adopted, err)
	}
	got, err := p.Retire(t.Context(), depsARN, []int64{1, 2}, true)
	if err != nil || !slices.Equal(got.Taken, []int64{1}) || !slices.Equal(got.Deleted, []int64{2}) {
		t.Errorf("got %+v, %v; want 1 taken and 2 deleted", got, err)
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
			got, err := against(t, a).Retire(t.Context(), depsARN, c.numbers, true)
			if err == nil {
				for _, n := range c.numbers {
					var denied *AccessDeniedError
					if !errors.As(got.Failed[n], &denied) || denied.Action != c.action {
						t.Errorf("version %d: %v, want that %s is missing", n, got.Failed[n], c.action)
					}
				}
			}
			var denied *AccessDeniedError
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
	got, err := against(t, a).Retire(t.Context(), depsARN, []int64{1, 2, 3}, true)
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
				if _, err := p.Users(t.Context(), home, depsARN); err != nil {
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
				got, err := p.Remove(t.Context(), depsARN, []int64{1}, true)
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
	got, err := p.Retire(s, layer, []int64{1, 2}, true)
	if err != nil {
		return err
	}
	if err := same("retired", fmt.Sprint(got.Deleted, got.InUse), fmt.Sprintf("[2] map[1:[%s]]", s.name)); err != nil {
		return err
	}
	if _, err := s.lambda.DeleteFunction(s, &lambda.DeleteFunctionInput{FunctionName: &s.name}); err != nil {
		return err
	}
	if got, err = p.Remove(s, layer, []int64{1}, true); err != nil {
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
