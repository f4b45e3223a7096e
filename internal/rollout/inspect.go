package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// atOnce is how many functions are read, or put back, at the same time.
const atOnce = 8

// UnfitError tells which functions cannot get the version, and why. Nothing was
// changed.
type UnfitError struct {
	// Faults has a sentence for each function, in the order of their names.
	Faults []string
}

func (e *UnfitError) Error() string {
	return "functions cannot get the layer version: " + strings.Join(e.Faults, "; ")
}

// Inspect reads the functions of the order and checks that each may have the
// version. It returns them by name. Functions that may not have it are an
// *UnfitError that names them all.
func Inspect(ctx context.Context, api Lambda, o Order) (map[string]Function, error) {
	names := o.names()
	found, faults := inParallel(names, func(name string) (Function, error) { return api.Function(ctx, name, "") })
	functions := map[string]Function{}
	var unfit []string
	for i, name := range names {
		switch {
		case errors.Is(faults[i], ErrNoFunction):
			unfit = append(unfit, fmt.Sprintf("there is no function %q", name))
		case faults[i] != nil:
			return nil, fmt.Errorf("reading function %q: %w", name, faults[i])
		default:
			functions[name] = found[i]
			if fault := o.unfit(ctx, found[i]); fault != "" {
				unfit = append(unfit, fault)
			}
		}
	}
	if len(unfit) > 0 {
		slices.Sort(unfit)
		return nil, &UnfitError{Faults: unfit}
	}
	return functions, nil
}

// MissingAliases returns a sentence for each function of the order that lacks the
// alias which is to follow, in the order of the functions.
func MissingAliases(ctx context.Context, api Lambda, o Order) ([]string, error) {
	if o.Shift == nil {
		return nil, nil
	}
	names := o.names()
	_, faults := inParallel(names, func(name string) (Alias, error) { return api.Alias(ctx, name, o.Shift.Alias) })
	var missing []string
	for i, name := range names {
		switch {
		case errors.Is(faults[i], ErrNoFunction):
			missing = append(missing, fmt.Sprintf("%q has no alias %q", name, o.Shift.Alias))
		case faults[i] != nil:
			return nil, fmt.Errorf("reading alias %q of function %q: %w", o.Shift.Alias, name, faults[i])
		}
	}
	return missing, nil
}

// inParallel does something for each of some functions, for a few at the same time
// and in their order. Both results are in that order, too.
func inParallel[S, T any](all []S, do func(S) (T, error)) ([]T, []error) {
	found, faults := make([]T, len(all)), make([]error, len(all))
	slots := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	for i, one := range all {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			found[i], faults[i] = do(one)
		})
	}
	group.Wait()
	return found, faults
}

// unfit tells why a function cannot have the version, "" where it can. A
// function that has it already fits.
func (o *Order) unfit(ctx context.Context, f Function) string {
	v := o.Version
	layers := exchange(f.Layers, v.Layer, v.ARN)
	switch {
	case f.Runtime == "":
		return fmt.Sprintf("%q is a container image, which has no layers", f.Name)
	case len(v.Runtimes) > 0 && !slices.Contains(v.Runtimes, f.Runtime):
		return fmt.Sprintf("%q runs on %s, and the version is for %s", f.Name, f.Runtime, strings.Join(v.Runtimes, ", "))
	case len(v.Architectures) > 0 && !slices.Contains(v.Architectures, f.Architecture):
		return fmt.Sprintf("%q runs on %s, and the version is for %s", f.Name, f.Architecture, strings.Join(v.Architectures, ", "))
	case len(layers) > runtimes.MaxLayers:
		return fmt.Sprintf("%q has %d other layers, and Lambda takes %d in all", f.Name, len(f.Layers), runtimes.MaxLayers)
	case slices.Contains(f.Layers, v.ARN):
		return ""
	}
	return o.tooLarge(ctx, f, layers)
}

// tooLarge tells that a function with the layers is beyond what Lambda takes
// unzipped, "" where it is not, or where that is not known. A zip counts with
// its own size where nobody can say more: an archive is hardly ever larger than
// what it holds.
func (o *Order) tooLarge(ctx context.Context, f Function, layers []string) string {
	sum := f.CodeSize
	parts := []string{fmt.Sprintf("its code at least %d", f.CodeSize)}
	for _, arn := range layers {
		size, known := int64(0), false
		if o.Unzipped != nil {
			size, known = o.Unzipped(ctx, arn)
		}
		word := ""
		if !known {
			size, word = f.LayerSizes[arn], "at least "
		}
		sum += size
		parts = append(parts, fmt.Sprintf("%s %s%d", arn, word, size))
	}
	if sum <= runtimes.MaxUnzipped {
		return ""
	}
	return fmt.Sprintf("%q would have at least %d bytes unzipped, and Lambda takes %d (%s)", f.Name, sum, runtimes.MaxUnzipped, strings.Join(parts, ", "))
}
