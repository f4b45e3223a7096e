package publish

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

// fullestSecond returns how many calls there were at most within a second.
func fullestSecond(calls []lambdatest.Call) int {
	most, from := 0, 0
	for to, c := range calls {
		for c.At.Sub(calls[from].At) >= time.Second {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}

// liveHeap returns the bytes that are reachable.
func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// manyFunctions makes an account of 10,000 functions with two published
// versions each. $LATEST has version 3 of the layer with the function's number
// modulo the layers, the published versions have version 2.
func manyFunctions(t *testing.T, a *lambdatest.AWS, layers int) {
	t.Helper()
	for i := range 10_000 {
		name := fmt.Sprintf("function-%05d", i)
		layer := fmt.Sprintf("arn:aws:lambda:eu-west-1:123456789012:layer:layer-%02d", i%layers)
		if err := a.CreateFunction(home, name, 2, layer+":2"); err != nil {
			t.Fatal(err)
		}
		if !a.SetLayers(home, name, layer+":3") {
			t.Fatalf("function %d cannot be changed", i)
		}
	}
}

// TestScanIsSharedAtScale is the budget of a whole run: 30,000 entries, 50
// resources, 15 requests a second, and memory that does not grow with the
// account. It does not run beside others: it measures the heap.
func TestScanIsSharedAtScale(t *testing.T) {
	connect := unconnected(t)
	synctest.Test(t, func(t *testing.T) {
		const layers = 50
		a := lambdatest.Unserved()
		publisher := connect(a)
		for i := range layers {
			for version := range 4 {
				r := request(zipOf(t, fmt.Sprint("version ", version)))
				r.LayerName = fmt.Sprintf("layer-%02d", i)
				if _, _, err := publisher.Publish(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
		}
		manyFunctions(t, a, layers)
		a.LimitRate(15)
		var peak uint64
		pages := 0
		a.Inject(lambdatest.Fault{Operation: "ListFunctions", Times: -1, Do: func() {
			if pages++; pages%100 == 0 {
				peak = max(peak, liveHeap())
			}
		}})
		time.Sleep(time.Minute)
		before, first := liveHeap(), len(a.Calls())

		p := connect(a)
		var all sync.WaitGroup
		for i := range layers {
			all.Go(func() {
				arn := fmt.Sprintf("arn:aws:lambda:eu-west-1:123456789012:layer:layer-%02d", i)
				got, err := p.Retire(t.Context(), batch(arn, true, 1, 2, 3))
				if err != nil || !slices.Equal(got.Deleted, []int64{1}) || len(got.InUse[2]) != 21 || len(got.InUse[3]) != 21 {
					t.Errorf("layer %d: %+v, %v; want 1 deleted, 2 and 3 in use", i, got, err)
					return
				}
				if more := got.InUse[2][20]; more != "and 380 more" { // 200 functions of two versions
					t.Errorf("layer %d: version 2 has users %q", i, more)
				}
			})
		}
		all.Wait()

		calls := a.Calls()[first:]
		if n := len(calls); n > 650 {
			t.Errorf("%d calls were made, want at most 650", n)
		}
		if n := fullestSecond(calls); n > 15 {
			t.Errorf("%d calls within a second, want at most 15", n)
		}
		for _, c := range calls {
			if c.Status == 429 {
				t.Fatal("AWS had to refuse a call for its rate")
			}
		}
		const allowed = 2 << 20
		if after := max(peak, liveHeap()); after > before+allowed {
			t.Errorf("the heap grew by %d bytes, want at most %d", after-before, allowed)
		}
		runtime.KeepAlive(p)
		t.Logf("%d calls in %s, at most %d a second; the heap grew by %d bytes",
			len(calls), calls[len(calls)-1].At.Sub(calls[0].At).Round(time.Second), fullestSecond(calls), int64(peak)-int64(before))
	})
}

// TestScanIsReused for a while, and then not any more.
func TestScanIsReused(t *testing.T) {
	t.Parallel()
	connect := unconnected(t)
	synctest.Test(t, func(t *testing.T) {
		a := lambdatest.Unserved()
		p := connect(a)
		for i, c := range []struct {
			after time.Duration
			scans int
		}{{0, 1}, {20 * time.Second, 1}, {39 * time.Second, 1}, {2 * time.Second, 2}, {59 * time.Second, 2}} {
			time.Sleep(c.after)
			if _, err := usersOf(t.Context(), p, home, depsARN); err != nil {
				t.Fatal(err)
			}
			if n := len(a.Calls("ListFunctions")); n != c.scans {
				t.Errorf("call %d: %d scans so far, want %d", i, n, c.scans)
			}
		}
		if _, err := usersOf(t.Context(), p, "us-east-1", depsARN); err != nil {
			t.Fatal(err)
		}
		if n := len(a.Calls("ListFunctions")); n != 3 {
			t.Errorf("%d scans, want another one for another region", n)
		}
	})
}

// TestScanMeetsFaults: throttling and lost answers are waited out, and a scan
// that ends early is none.
func TestScanMeetsFaults(t *testing.T) {
	t.Parallel()
	connect := unconnected(t)
	const op = "ListFunctions"
	for name, c := range map[string]struct {
		fault lambdatest.Fault
		fails bool
	}{
		"throttled":                  {lambdatest.Fault{Operation: op, Skip: 1, Times: 5, Status: 429, ErrorType: "TooManyRequestsException"}, false},
		"throttled with Retry-After": {lambdatest.Fault{Operation: op, Skip: 2, Times: 3, Status: 429, ErrorType: "TooManyRequestsException", RetryAfter: 7}, false},
		"500":                        {lambdatest.Fault{Operation: op, Skip: 2, Times: 3, Status: 500, ErrorType: "ServiceException"}, false},
		"cut":                        {lambdatest.Fault{Operation: op, Skip: 1, Times: 2, Close: true}, false},
		"denied":                     {lambdatest.Fault{Operation: op, Times: -1, Status: 403, ErrorType: "AccessDeniedException"}, true},
		"denied in the middle":       {lambdatest.Fault{Operation: op, Skip: 2, Times: -1, Status: 403, ErrorType: "AccessDeniedException"}, true},
		"the same page for ever":     {lambdatest.Fault{Operation: op, Times: -1, Status: 200, Body: []byte(`{"Functions":[],"NextMarker":"x"}`)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := lambdatest.Unserved()
				publishMany(t, connect(a), 2)
				for i := range 200 {
					if err := a.CreateFunction(home, fmt.Sprintf("f-%03d", i), 0); err != nil {
						t.Fatal(err)
					}
				}
				if err := a.CreateFunction(home, "last", 0, depsARN+":1"); err != nil {
					t.Fatal(err)
				}
				a.Inject(c.fault)
				got, err := connect(a).Retire(t.Context(), batch(depsARN, true, 1))
				if (err != nil) != c.fails || c.fails == (len(got.InUse[1]) > 0) {
					t.Errorf("got %+v, %v; want an error %t", got, err, c.fails)
				}
				if left := live(a); !slices.Equal(left, []int64{1, 2}) {
					t.Errorf("versions %v are left, want both", left)
				}
			})
		})
	}
}

// TestScanThatFailedIsNotKept gives the next caller a new one.
func TestScanThatFailedIsNotKept(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	a.Inject(lambdatest.Fault{Operation: "ListFunctions", Status: 403, ErrorType: "AccessDeniedException"})
	_, err := usersOf(t.Context(), p, home, depsARN)
	var denied *awsclient.AccessDeniedError
	if !errors.As(err, &denied) || denied.Action != "lambda:ListFunctions" {
		t.Errorf("got %v, want that lambda:ListFunctions is missing", err)
	}
	if _, err := usersOf(t.Context(), p, home, depsARN); err != nil {
		t.Errorf("the next one: %v, want a new scan", err)
	}
}

// TestScanOutlivesWhoStartedIt, as long as somebody waits.
func TestScanOutlivesWhoStartedIt(t *testing.T) {
	t.Parallel()
	connect := unconnected(t)
	for name, followers := range map[string]int{"followed": 2, "alone": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := lambdatest.Unserved()
				for i := range 1000 {
					if err := a.CreateFunction(home, fmt.Sprintf("f-%04d", i), 0); err != nil {
						t.Fatal(err)
					}
				}
				p := connect(a)
				ctx, leave := context.WithTimeout(t.Context(), time.Second)
				defer leave()
				var all sync.WaitGroup
				all.Go(func() {
					if _, err := usersOf(ctx, p, home, depsARN); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("who left: %v, want DeadlineExceeded", err)
					}
				})
				synctest.Wait()
				for range followers {
					all.Go(func() {
						if _, err := usersOf(t.Context(), p, home, depsARN); err != nil {
							t.Errorf("who stayed: %v", err)
						}
					})
				}
				all.Wait()
				time.Sleep(time.Minute)
				if n := len(a.Calls("ListFunctions")); (n == 20) != (followers > 0) {
					t.Errorf("%d pages were read with %d others waiting, of 20", n, followers)
				}
			})
		})
	}
}
