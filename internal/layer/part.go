package layer

import (
	"context"
	"errors"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// input is what one argument of a Spec asks for. The kinds are python, nodejs,
// files, downloads, images and builds. A new kind is a part, a field in Spec and in
// Lock, and a line in inputs and parts.
type input struct {
	given bool
	// check finds what can be known wrong without reading anything: *fault.Error
	// or several of them, joined.
	check func() error
	// choose decides what is packed, and writes it to r.now.
	choose func(r *resolution, ctx context.Context) error
}

// checkEach checks the elements of a list.
func checkEach[S interface{ Check(at fault.Path) error }](argument string, all []S) func() error {
	return func() error {
		var faults []error
		for i, s := range all {
			faults = append(faults, s.Check(fault.At(argument).Index(i)))
		}
		return errors.Join(faults...)
	}
}

// part is what a Lock holds of one input. Its JSON is its form in the lock.
type part interface {
	// needs are the stored files that it is packed from.
	needs(ctx context.Context, c *cache, l *Lock) []need
	// pack returns its files at their layer paths. It makes a request only for
	// what the store lacks. With doubt it compares what was deflated before with
	// what it is said to be made of.
	pack(ctx context.Context, c *cache, l *Lock, doubt bool) (packed, error)
	// contents adds what it brings to a map from names to versions.
	contents(to map[string]string)
}

// resolution is a Spec on its way to a Lock.
type resolution struct {
	builder *Builder
	spec    Spec
	// triggers is the digest of the triggers, zero of none.
	triggers store.Digest
	// old is the lock before, empty where there is none; now is being written.
	old, now *Lock
}

// need is a file that a part is packed from: any one of some blobs does. Nothing
// in any means that it is not known which.
type need struct {
	any []store.Digest
	// optional is set where the part can be packed offline without them.
	optional bool
}

// packed are the files of a part. judge, where it is not nil, looks at what is
// left of the whole layer and tells what it finds of this part.
type packed struct {
	files filetree.Tree
	// elements is set where they are of a list in the configuration, whose
	// order decides no byte.
	elements bool
	judge    func(l *Lock, whole filetree.Tree, o Output) ([]fault.Warning, error)
}
