package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Retention says which versions of a layer are given up. The zero value keeps
// all of them.
type Retention struct {
	// KeepLast is how many of the newest versions are kept, the current one
	// counted; 0 sets no bound.
	KeepLast int
	// MaxAge is the age from which a version is given up; 0 sets no bound.
	MaxAge time.Duration
	// KeepInUse keeps what functions use; see Retire.
	KeepInUse bool
	// WholeLayer means all versions of the layer, whoever published them.
	WholeLayer bool
}

// Published is a version that a policy may give up.
type Published struct {
	Number int64
	// Created is when it was published; a version whose time is not known,
	// the zero time, has no age.
	Created time.Time
}

// Retired is what became of the versions that were given up. Each number is in
// one of the four.
type Retired struct {
	// Deleted are gone, also if they were gone before.
	Deleted []int64
	// InUse have users, by their names as Users returns them.
	InUse map[int64][]string
	// Taken were published or taken over by this Publisher: somebody is about
	// to use them.
	Taken []int64
	// Failed could not be deleted.
	Failed map[int64]error
}

// GiveUp returns the numbers of the versions that are beyond KeepLast or have
// reached MaxAge, the oldest first. current is the number of the version that
// the policy is about, which is always kept; 0 stands for one that is about to
// be published.
func (r Retention) GiveUp(versions []Published, current int64, now time.Time) []int64 {
	others := slices.Clone(versions)
	others = slices.DeleteFunc(others, func(v Published) bool { return v.Number == current })
	slices.SortFunc(others, func(a, b Published) int { return cmp.Compare(b.Number, a.Number) })
	others = slices.CompactFunc(others, func(a, b Published) bool { return a.Number == b.Number })
	var numbers []int64
	for i, v := range others {
		surplus := r.KeepLast > 0 && i+1 >= r.KeepLast // the current one is kept, too
		old := r.MaxAge > 0 && !v.Created.IsZero() && now.Sub(v.Created) >= r.MaxAge
		if surplus || old {
			numbers = append(numbers, v.Number)
		}
	}
	slices.Reverse(numbers)
	return numbers
}

// Retire deletes versions of a layer, the oldest first. With keepInUse those
// stay that a function, or a published version of one, had when the shared scan
// of the region looked: see Users. An error means that it could not look, and
// that nothing was deleted.
func (p *Publisher) Retire(ctx context.Context, layerARN string, numbers []int64, keepInUse bool) (Retired, error) {
	if !keepInUse {
		return p.retire(ctx, layerARN, numbers, nil)
	}
	return p.retire(ctx, layerARN, numbers, func(a LayerVersionARN) (map[int64][]string, error) {
		return p.Users(ctx, a.Region, layerARN)
	})
}

// Remove is Retire at the end of a layer. Functions may have been deleted since
// the scan, as in a run that destroys them and the layer: before a version
// stays, its users are asked whether they still have it.
func (p *Publisher) Remove(ctx context.Context, layerARN string, numbers []int64, keepInUse bool) (Retired, error) {
	if !keepInUse {
		return p.retire(ctx, layerARN, numbers, nil)
	}
	began := time.Now()
	return p.retire(ctx, layerARN, numbers, func(a LayerVersionARN) (map[int64][]string, error) {
		found, err := p.usage(ctx, a.Region, time.Time{})
		if err != nil {
			return nil, fmt.Errorf("finding who uses %s: %w", layerARN, err)
		}
		if found.began.Before(began) {
			if found, err = p.askAgain(ctx, a, numbers, found, began); err != nil {
				return nil, fmt.Errorf("finding who still uses %s: %w", layerARN, err)
			}
		}
		users := map[int64][]string{}
		for number, u := range found.layers[layerARN] {
			users[number] = u.describe()
		}
		return users, nil
	})
}

// askAgain returns usage in which the versions that seemed to be in use are so
// still. One user that still has the version is proof. Where the users that are
// known by name have gone, and there were more, it takes a scan that began at
// since or later.
func (p *Publisher) askAgain(ctx context.Context, layer LayerVersionARN, numbers []int64, found *usage, since time.Time) (*usage, error) {
	api, _, _, err := p.of(ctx, layer.String())
	if err != nil {
		return nil, err
	}
	again := map[int64]*use{}
	for _, n := range numbers {
		u := found.layers[layer.LayerARN()][n]
		if u == nil {
			continue
		}
		layer.Number = n
		switch {
		case slices.ContainsFunc(u.names, func(name string) bool { return stillHas(ctx, api, name, layer.String()) }):
			again[n] = u
		case u.count > len(u.names):
			return p.usage(ctx, layer.Region, since)
		}
	}
	return &usage{began: found.began, layers: map[string]map[int64]*use{layer.LayerARN(): again}}, nil
}

// stillHas reports whether a function, or a published version such as
// "resize:3", has the layer version. One that cannot be read has it.
func stillHas(ctx context.Context, api *lambda.Client, function, arn string) bool {
	in := &lambda.GetFunctionConfigurationInput{FunctionName: &function}
	if name, version, ok := strings.Cut(function, ":"); ok {
		in.FunctionName, in.Qualifier = &name, &version
	}
	out, err := api.GetFunctionConfiguration(ctx, in)
	if err != nil {
		_, gone := errors.AsType[*types.ResourceNotFoundException](err)
		return !gone
	}
	return slices.ContainsFunc(out.Layers, func(l types.Layer) bool { return aws.ToString(l.Arn) == arn })
}

// retire deletes the versions that users, where it is given, does not name.
// Nothing is published to the layer meanwhile, so that no version goes that
// another resource of the run takes over.
func (p *Publisher) retire(ctx context.Context, layerARN string, numbers []int64, users func(LayerVersionARN) (map[int64][]string, error)) (Retired, error) {
	result := Retired{InUse: map[int64][]string{}, Failed: map[int64]error{}}
	if len(numbers) == 0 {
		return result, nil
	}
	a, err := ParseARN(layerARN + ":" + strconv.FormatInt(numbers[0], 10))
	if err != nil {
		return result, err
	}
	used := map[int64][]string{}
	if users != nil {
		if used, err = users(a); err != nil {
			return result, err
		}
	}
	done, err := p.turn(ctx, a.Region+"/"+a.Name)
	if err != nil {
		return result, err
	}
	defer done()
	numbers = slices.Clone(numbers)
	slices.Sort(numbers)
	var refusal error // one that holds for every version
	for _, n := range slices.Compact(numbers) {
		a.Number = n
		switch {
		case p.hasMade(a.String()):
			result.Taken = append(result.Taken, n)
		case len(used[n]) > 0:
			inform(ctx, "kept a layer version that is in use", map[string]any{"arn": a.String(), "functions": len(used[n])})
			result.InUse[n] = used[n]
		case refusal != nil:
			result.Failed[n] = refusal
		default:
			if err := p.Delete(ctx, a.String()); err != nil {
				result.Failed[n] = err
				refusal = forAll(err)
			} else {
				inform(ctx, "deleted a layer version", map[string]any{"arn": a.String()})
				result.Deleted = append(result.Deleted, n)
			}
		}
	}
	return result, nil
}

// forAll returns an error that the next deletion would meet as well, nil for
// one of a single version.
func forAll(err error) error {
	if _, ok := errors.AsType[*AccessDeniedError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*CredentialsError](err); ok {
		return err
	}
	return nil
}

// hasMade reports whether this Publisher published the version or took it over.
func (p *Publisher) hasMade(arn string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.justMade[arn]
	return ok
}
