package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/backoff"
)

// publish publishes a function that has moved, and moves its alias step by step,
// where the order says so.
func (r *run) publish(ctx context.Context, s *step) error {
	if !r.order.Publish {
		return nil
	}
	number, err := r.api.PublishVersion(ctx, s.name, s.code)
	if err != nil {
		return fmt.Errorf("publishing a version of it: %w", err)
	}
	// With SnapStart, Lambda makes a version for minutes, and no alias may point at it.
	made, err := r.settle(ctx, s.name, number)
	if err != nil {
		return fmt.Errorf("waiting for its version %s: %w", number, err)
	}
	if made.Update == Failed {
		return fmt.Errorf("publishing its version %s: Lambda says %q", number, made.Reason)
	}
	shift := r.order.Shift
	if shift == nil {
		return nil
	}
	at, err := r.api.Alias(ctx, s.name, shift.Alias)
	if err != nil {
		return fmt.Errorf("reading its alias %q: %w", shift.Alias, err)
	}
	if at.Version == number && at.Next == "" {
		return nil
	}
	before := at
	s.alias = &before
	for _, weight := range append(slices.Clip(shift.Steps), 100) {
		to := Alias{Version: at.Version, Next: number, Weight: weight, Revision: at.Revision}
		if weight == 100 {
			to = Alias{Version: number, Revision: at.Revision}
		}
		if at, err = r.pointAlias(ctx, s.name, to); err != nil {
			return err
		}
		if weight == 100 {
			return nil
		}
		if err := backoff.Sleep(ctx, shift.Pause); err != nil {
			return err
		}
	}
	return nil
}

// LeastTime returns how long the pauses of the aliases take in all, if everything goes
// well: functions of one batch wait at the same time.
func (o *Order) LeastTime() time.Duration {
	if o.Shift == nil {
		return 0
	}
	turns := 0
	names := o.names()
	if o.Canary != nil {
		turns, names = 1, names[1:]
	}
	batch := max(o.BatchSize, 1)
	turns += (len(names) + batch - 1) / batch
	return time.Duration(turns*len(o.Shift.Steps)) * o.Shift.Pause
}

// pointAlias moves the alias. A lost answer is no failure where the alias
// already points there.
func (r *run) pointAlias(ctx context.Context, name string, to Alias) (Alias, error) {
	alias := r.order.Shift.Alias
	at, err := r.api.PointAlias(ctx, name, alias, to)
	if err == nil {
		return at, nil
	}
	if errors.Is(err, ErrLost) || errors.Is(err, ErrChanged) {
		if now, look := r.api.Alias(ctx, name, alias); look == nil && now.pointsLike(to) {
			return now, nil
		}
	}
	return Alias{}, fmt.Errorf("moving its alias %q: %w", alias, err)
}

func (a Alias) pointsLike(b Alias) bool {
	return a.Version == b.Version && a.Next == b.Next && a.Weight == b.Weight
}

// resetAlias points the alias to where it pointed before the run.
func (r *run) resetAlias(ctx context.Context, s *step) error {
	now, err := r.api.Alias(ctx, s.name, r.order.Shift.Alias)
	if err != nil {
		return fmt.Errorf("reading its alias %q: %w", r.order.Shift.Alias, err)
	}
	if now.pointsLike(*s.alias) {
		return nil
	}
	to := *s.alias
	to.Revision = now.Revision
	_, err = r.pointAlias(ctx, s.name, to)
	return err
}
