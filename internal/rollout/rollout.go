// Package rollout moves functions to a version of a layer, one first.
//
// A roll-out has three steps. [Inspect] reads every function and tells what
// keeps it from the version before anything changes. [Run] then gives the
// version to the canary alone, invokes it, and compares its answer with what is
// expected. Only then the other functions move, in batches. Where a step fails,
// what this run moved goes back to the version that it had.
//
// The room knows neither Terraform nor the AWS SDK: it works on a [Lambda],
// which the room publish offers. It keeps nothing between two runs. Where a run
// was killed, the next one finds the functions that have the version already
// and goes on with the others.
package rollout

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Lambda is what a roll-out asks of AWS. Errors other than those that the
// methods name end the step.
type Lambda interface {
	// Function returns a published version of a function, or its unpublished state
	// where version is "". An absent one is ErrNoFunction.
	Function(ctx context.Context, name, version string) (Function, error)
	// SetLayers gives a function the layer versions in place of all that it
	// has, if its revision is still the given one; else the error is
	// ErrChanged. ErrLost says that the call may have been carried out.
	SetLayers(ctx context.Context, name string, layers []string, revision string) error
	// Invoke calls the function, or its version or alias "name:qualifier",
	// and waits for its answer.
	Invoke(ctx context.Context, name string, payload []byte) (Answer, error)
	// PublishVersion publishes the unpublished state of a function, if its code
	// has still that digest, and returns the number of the published version.
	// Where nothing has changed since the last version, it is that one's. Lambda
	// may still be making the version.
	PublishVersion(ctx context.Context, name, codeSHA256 string) (string, error)
	// Alias returns where an alias of a function points. An absent alias is
	// ErrNoFunction.
	Alias(ctx context.Context, name, alias string) (Alias, error)
	// PointAlias moves an alias, if its revision is still that of the given
	// one; else the error is ErrChanged.
	PointAlias(ctx context.Context, name, alias string, to Alias) (Alias, error)
}

var (
	// ErrNoFunction tells that a function or an alias is not there.
	ErrNoFunction = errors.New("no such function")
	// ErrChanged tells that somebody changed a function in the meantime, or
	// is changing it.
	ErrChanged = errors.New("the function was changed in the meantime")
	// ErrLost tells that the answer to a change was lost.
	ErrLost = errors.New("the answer was lost")
)

// Update is how far Lambda is with the last change of a function, its
// LastUpdateStatus.
type Update int

// A change is settled, still under way, or has failed.
const (
	Settled Update = iota
	Pending
	Failed
)

// Function is what Lambda says of a function.
type Function struct {
	Name string
	// Runtime is the id of its runtime; "" for a container image.
	Runtime string
	// Architecture is x86_64 or arm64.
	Architecture string
	// Layers are the ARNs of its layer versions, in its order.
	Layers []string
	// CodeSHA256 is the digest of its own zip in base64, CodeSize its size in
	// bytes, and LayerSizes are those of the zips of its layers, by ARN.
	CodeSHA256 string
	CodeSize   int64
	LayerSizes map[string]int64
	// Revision changes with every change of the function.
	Revision string
	// Update is the state of the last change, or of the making of a version, and
	// Reason why it failed.
	Update Update
	Reason string
}

// Alias is where an alias points.
type Alias struct {
	// Version is the published version that it points to.
	Version string
	// Next gets Weight of 100 calls; "" is none.
	Next   string
	Weight int
	// Revision changes with every change of the alias.
	Revision string
}

// Answer is the answer of an invoked function.
type Answer struct {
	// Payload is what it returned, JSON.
	Payload []byte
	// Fault is "" where the function returned, else Lambda's FunctionError,
	// such as "Unhandled".
	Fault string
	// Log is the end of its log, at most 4 KB.
	Log string
	// Duration is how long the handler ran.
	Duration time.Duration
}

// Version is the layer version that the functions get.
type Version struct {
	// ARN is its ARN, and Layer that of its layer.
	ARN, Layer string
	// Runtimes and Architectures are those that it declares. Without any it
	// goes with all.
	Runtimes, Architectures []string
}

// Canary is the function that gets the version first.
type Canary struct {
	Function string
	// Payload is what it is invoked with, JSON.
	Payload []byte
	Expect  Expectation
}

// Order says what a roll-out has to do.
type Order struct {
	Version Version
	// Canary is nil where no function goes first.
	Canary *Canary
	// Functions are the names of the functions to move, without the canary.
	Functions []string
	// BatchSize is how many move at the same time, at least 1.
	BatchSize int
	// Rollback says that a failure takes back what the run moved.
	Rollback bool
	// Former holds, by the name of the function, the ARN of the version that
	// the last roll-out which ended gave it. A function that has the new
	// version already goes back to it: a run that was killed moved it. A version
	// of another layer, which an earlier order was about, is none to go back to. Other
	// functions that have the new version already stay on it, such as a
	// canary that somebody else manages.
	Former map[string]string
	// Unzipped returns how many bytes a layer version has unzipped, false where
	// that cannot be known: then the size of its zip counts. nil knows none.
	Unzipped func(ctx context.Context, arn string) (int64, bool)
	// Publish says that each function is published after it moved, and Shift
	// how an alias follows, if one does.
	Publish bool
	Shift   *Shift
}

// Shift is how the calls of an alias move to the published version.
type Shift struct {
	Alias string
	// Steps are the percentages of calls that go to the new version before all do,
	// in growing order, each below 100.
	Steps []int
	// Pause is how long each step stays.
	Pause time.Duration
}

// Result tells what a run did.
type Result struct {
	// Before holds the ARN of the layer's version that each function had
	// before the run, "" for none, by the name of the function.
	Before map[string]string
	// Left names the functions that the run left alone, each with the reason:
	// somebody attached another version while the run was under way.
	Left map[string]string
}

// names returns all functions of the order, the canary first.
func (o *Order) names() []string {
	names := slices.Clone(o.Functions)
	if o.Canary == nil {
		return names
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == o.Canary.Function })
	return slices.Insert(names, 0, o.Canary.Function)
}

// isOf reports whether an ARN is that of a version of the layer.
func isOf(arn, layer string) bool { return strings.HasPrefix(arn, layer+":") }

// NumberOf returns the number in the ARN of a layer version, 0 for none.
func NumberOf(version string) int64 {
	number, err := strconv.ParseInt(version[strings.LastIndexByte(version, ':')+1:], 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// VersionOn returns the ARN of the version of a layer that a function has, ""
// for none.
func VersionOn(f Function, layer string) string {
	for _, arn := range f.Layers {
		if isOf(arn, layer) {
			return arn
		}
	}
	return ""
}

// exchange returns the layers of a function with the layer's version in the
// place of the one that it has. A function without the layer gets it at the
// end. version "" takes the layer away.
func exchange(layers []string, layer, version string) []string {
	own := func(arn string) bool { return isOf(arn, layer) }
	at := slices.IndexFunc(layers, own)
	next := slices.DeleteFunc(slices.Clone(layers), own)
	switch {
	case version == "":
		return next
	case at < 0:
		return append(next, version)
	}
	return slices.Insert(next, at, version)
}
