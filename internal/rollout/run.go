package rollout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/backoff"
)

const (
	// changes is how often a change of one function is tried.
	changes = 6
	// firstPoll and longestPoll bound the wait between two looks at a change
	// that is under way, which doubles; settling is how long it may take.
	firstPoll   = 500 * time.Millisecond
	longestPoll = 5 * time.Second
	settling    = 10 * time.Minute
	// restoring is how long it may take to put one function back, also once the run
	// was cancelled.
	restoring = 2 * time.Minute
)

// MoveError tells which functions did not get the version, and what became of
// the others.
type MoveError struct {
	// Failed holds the causes by the name of the function.
	Failed map[string]error
	// Restored names the functions that have their former version again.
	Restored []string
	// Kept names the functions that stay on the new version.
	Kept []string
	// NotRestored holds the causes of functions that should have gone back.
	NotRestored map[string]error
}

func (e *MoveError) Error() string {
	var text []string
	for _, name := range slices.Sorted(maps.Keys(e.Failed)) {
		text = append(text, fmt.Sprintf("moving %q: %v", name, e.Failed[name]))
	}
	if len(e.Restored) > 0 {
		text = append(text, "back on their former version: "+strings.Join(e.Restored, ", "))
	}
	if len(e.Kept) > 0 {
		text = append(text, "on the new version: "+strings.Join(e.Kept, ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(e.NotRestored)) {
		text = append(text, fmt.Sprintf("putting back %q: %v", name, e.NotRestored[name]))
	}
	return strings.Join(text, "; ")
}

// Unwrap returns the causes.
func (e *MoveError) Unwrap() []error {
	var causes []error
	for _, faults := range []map[string]error{e.Failed, e.NotRestored} {
		for _, name := range slices.Sorted(maps.Keys(faults)) {
			causes = append(causes, faults[name])
		}
	}
	return causes
}

// run is one roll-out under way.
type run struct {
	api   Lambda
	order Order

	mu     sync.Mutex
	result Result
	// moved holds, in order, what this run changed or an earlier one left on
	// the new version.
	moved []*step
}

// step is what happened to one function.
type step struct {
	name string
	// from is the version that it goes back to.
	from string
	// code is the digest of the code that it had with the new version.
	code string
	// alias is where the alias pointed; nil where it was not moved.
	alias *Alias
}

// Run carries out a roll-out. Its errors are *UnfitError (nothing was changed),
// *CanaryError and *MoveError. The result is whole on success alone.
func Run(ctx context.Context, api Lambda, o Order) (Result, error) {
	functions, err := Inspect(ctx, api, o)
	if err != nil {
		return Result{}, err
	}
	if missing, err := MissingAliases(ctx, api, o); err != nil {
		return Result{}, err
	} else if len(missing) > 0 {
		return Result{}, &UnfitError{Faults: missing}
	}
	r := &run{api: api, order: o, result: Result{Before: map[string]string{}, Left: map[string]string{}}}
	for name, f := range functions {
		r.result.Before[name] = VersionOn(f, o.Version.Layer)
	}
	names := o.names()
	if o.Canary != nil {
		if err := r.tryCanary(ctx); err != nil {
			return Result{}, err
		}
		names = names[1:]
	}
	for batch := range slices.Chunk(names, max(o.BatchSize, 1)) {
		if failed := r.moveBatch(ctx, batch); len(failed) > 0 {
			return Result{}, r.fail(ctx, failed)
		}
	}
	return r.result, nil
}

// tryCanary gives the canary the version, invokes it and judges its answer. It is
// published, and its alias moves, only after that: calls of the alias meet no
// version that was not tried.
func (r *run) tryCanary(ctx context.Context) error {
	c := r.order.Canary
	s, err := r.attach(ctx, c.Function)
	if err != nil {
		return r.fail(ctx, map[string]error{c.Function: err})
	}
	if reason, left := r.result.Left[c.Function]; left {
		return &CanaryError{Function: c.Function, Faults: []string{reason}}
	}
	answer, err := r.api.Invoke(ctx, c.Function, c.Payload)
	var faults []string
	if err != nil {
		faults = []string{fmt.Sprintf("invoking it: %v", err)}
	} else if faults = c.Expect.Judge(answer); len(faults) == 0 {
		if err := r.publish(ctx, s); err != nil {
			return r.fail(ctx, map[string]error{c.Function: err})
		}
		return nil
	}
	fault := &CanaryError{Function: c.Function, Faults: faults, Log: answer.Log}
	if r.order.Rollback {
		restored, failed := r.restore(ctx)
		fault.Restored, fault.NotRestored = len(restored) > 0, failed[c.Function]
	}
	return fault
}

// moveBatch moves functions at the same time and returns the causes of those
// that failed.
func (r *run) moveBatch(ctx context.Context, names []string) map[string]error {
	failed := map[string]error{}
	var group sync.WaitGroup
	for _, name := range names {
		group.Go(func() {
			if err := r.move(ctx, name); err != nil {
				r.mu.Lock()
				defer r.mu.Unlock()
				failed[name] = err
			}
		})
	}
	group.Wait()
	return failed
}

// fail takes back what was moved, if the order says so, and tells all of it.
func (r *run) fail(ctx context.Context, causes map[string]error) error {
	fault := &MoveError{Failed: causes}
	if r.order.Rollback {
		fault.Restored, fault.NotRestored = r.restore(ctx)
	}
	for _, s := range r.moved {
		_, stuck := fault.NotRestored[s.name]
		if !stuck && !slices.Contains(fault.Restored, s.name) && causes[s.name] == nil {
			fault.Kept = append(fault.Kept, s.name)
		}
	}
	slices.Sort(fault.Kept)
	return fault
}

// move gives one function the version, publishes it, and lets the alias follow.
func (r *run) move(ctx context.Context, name string) error {
	s, err := r.attach(ctx, name)
	if err != nil || s == nil {
		return err
	}
	return r.publish(ctx, s)
}

// attach gives one function the version and waits until Lambda is done with it. The
// step is nil where the function is left alone.
func (r *run) attach(ctx context.Context, name string) (*step, error) {
	version := r.order.Version.ARN
	s := &step{name: name, from: r.result.Before[name]}
	if former, moved := r.order.Former[name]; moved && s.from == version && isOf(former, r.order.Version.Layer) {
		s.from = former
	}
	changed := false
	err := r.setVersion(ctx, name, version, func(f Function, has string, tried bool) (bool, error) {
		if has != r.result.Before[name] && has != version {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.result.Left[name] = fmt.Sprintf("it has %s now, which somebody attached in the meantime", versionText(has))
			return true, nil
		}
		r.note(s)
		s.code = f.CodeSHA256
		// An update that failed before this run is made again.
		if changed = has == version && (tried || f.Update != Failed); changed {
			return true, refused(f)
		}
		return false, nil
	})
	if err != nil || !changed {
		return nil, err
	}
	return s, nil
}

// setVersion gives a function a version of the layer and waits for it. over is asked
// before each try whether there is nothing more to do: it sees the function, the version
// that it has, and whether there was a try.
func (r *run) setVersion(ctx context.Context, name, version string, over func(f Function, has string, tried bool) (bool, error)) error {
	layer := r.order.Version.Layer
	var cause error
	for try := range changes {
		f, err := r.settle(ctx, name, "")
		if err != nil {
			return errors.Join(err, cause)
		}
		if done, err := over(f, VersionOn(f, layer), try > 0); done || err != nil {
			return err
		}
		cause = r.api.SetLayers(ctx, name, exchange(f.Layers, layer, version), f.Revision)
		if cause != nil && !errors.Is(cause, ErrChanged) && !errors.Is(cause, ErrLost) {
			return cause
		}
	}
	if cause == nil {
		return fmt.Errorf("its layers changed again after each of %d updates", changes)
	}
	return fmt.Errorf("trying %d times: %w", changes, cause)
}

// refused is the error of an update that Lambda took and then could not make.
func refused(f Function) error {
	if f.Update != Failed {
		return nil
	}
	return fmt.Errorf("updating its configuration: Lambda says %q", f.Reason)
}

// note remembers once that a function is on its way.
func (r *run) note(s *step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.moved, s) {
		r.moved = append(r.moved, s)
	}
}

// settle waits until Lambda is done with the last change of a function, or with making
// a version of it.
func (r *run) settle(ctx context.Context, name, version string) (Function, error) {
	limit := time.Now().Add(settling)
	for wait := firstPoll; ; wait = min(2*wait, longestPoll) {
		f, err := r.api.Function(ctx, name, version)
		if err != nil || f.Update != Pending {
			return f, err
		}
		if time.Now().After(limit) {
			return f, fmt.Errorf("waiting for the last update of %q: still under way after %s", name, settling)
		}
		if err := backoff.Sleep(ctx, wait); err != nil {
			return f, err
		}
	}
}

// restore puts back what was moved, the last first and some at the same time, and
// returns the names of what went back and the causes of what did not. A cancelled run
// still gets the time to do so.
func (r *run) restore(ctx context.Context) (restored []string, failed map[string]error) {
	steps := slices.Clone(r.moved)
	slices.Reverse(steps)
	done, faults := inParallel(steps, func(s *step) (bool, error) {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), restoring)
		defer stop()
		return r.putBack(ctx, s)
	})
	failed = map[string]error{}
	for i, s := range steps {
		if faults[i] != nil {
			failed[s.name] = faults[i]
		} else if done[i] {
			restored = append(restored, s.name)
		}
	}
	slices.Sort(restored)
	return restored, failed
}

// putBack points the alias of a function to where it pointed, and gives the function
// its former version if it still has the new one. One that had the new one before
// keeps it: nobody knows another.
func (r *run) putBack(ctx context.Context, s *step) (bool, error) {
	if s.alias != nil {
		if err := r.resetAlias(ctx, s); err != nil {
			return false, err
		}
	}
	if s.from == r.order.Version.ARN {
		return false, nil
	}
	back := false
	err := r.setVersion(ctx, s.name, s.from, func(f Function, has string, tried bool) (bool, error) {
		if back = has == s.from; back && tried {
			return true, refused(f)
		}
		return has != r.order.Version.ARN, nil
	})
	return back, err
}

func versionText(arn string) string {
	if arn == "" {
		return "no version of the layer"
	}
	return fmt.Sprintf("version %d of the layer", NumberOf(arn))
}
