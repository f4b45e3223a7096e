package python

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Lock is what was chosen. Its JSON is part of what states keep.
type Lock struct {
	// Request is the digest of the inputs that were resolved; Triggers that
	// of the triggers at the time, zero where there were none.
	Request  store.Digest `json:"request"`
	Triggers store.Digest `json:"triggers,omitzero"`
	// Scripts adds the programs of the wheels.
	Scripts bool `json:"scripts,omitempty"`
	// Overlaps is as in Spec.
	Overlaps string `json:"overlaps,omitempty"`
	// Chosen are the wheels.
	Chosen *wheel.Lock `json:"chosen"`
}

// overlapsLast lets the distribution that comes later in the order of names win
// where two write one path.
const overlapsLast = "last"

// laidOut returns the lock with what a spec says of programs and overlaps.
func (l *Lock) laidOut(p *Spec) *Lock {
	overlaps := p.Overlaps
	if overlaps == "error" {
		overlaps = ""
	}
	if l.Scripts == p.Scripts && l.Overlaps == overlaps {
		return l
	}
	changed := *l
	changed.Scripts, changed.Overlaps = p.Scripts, overlaps
	return &changed
}

// unchanged reports whether the wheels on disk are those of the lock. The given
// ones are in its request.
func (l *Lock) unchanged(ctx context.Context, given []wheel.GivenWheel) bool {
	var known []store.Digest
	for _, g := range given {
		known = append(known, g.SHA256)
	}
	return l.Chosen.CheckLocal(ctx, known...) == nil
}

// checkSDK tells where a part of the AWS SDK in the layer would be used
// together with the runtime's own other part: versions of the two must match.
// noun is what the zip is for; needing is as in [Checks].
func checkSDK(names []string, noun string, severity fault.Severity, needing func(string) ([]string, error)) ([]fault.Warning, error) {
	if severity == fault.SeverityOff {
		return nil, nil
	}
	whole := slices.Contains(names, "boto3")
	if whole == slices.Contains(names, "botocore") {
		return nil, nil
	}
	inLayer, inRuntime := "botocore", "boto3"
	if whole {
		inLayer, inRuntime = inRuntime, inLayer
	}
	wanting, err := needing(inLayer)
	if err != nil {
		return nil, err
	}
	wanted := ""
	if len(wanting) > 0 {
		wanted = fmt.Sprintf(" %s is needed by %s.", inLayer, strings.Join(wanting, ", "))
	}
	return severity.Apply(&fault.Error{
		At:      fault.At("python"),
		Summary: fmt.Sprintf("%s comes from the %s and %s from the runtime", inLayer, noun, inRuntime),
		Detail: fmt.Sprintf("Lambda's Python runtimes include boto3 and botocore, and Python finds the copy in a %s first. One of the two alone would be used with a version of the other that does not match.%s "+
			"Add %s to the requirements, or leave both out, with python = { exclude_runtime_sdk = true }.", noun, wanted, inRuntime),
	})
}

// checkArchitectures refuses native wheels in a layer for both architectures:
// their files have one path and different bytes.
func checkArchitectures(targets []runtimes.Target, l *wheel.Lock) error {
	if !slices.ContainsFunc(targets, func(t runtimes.Target) bool { return t.Architecture != targets[0].Architecture }) {
		return nil
	}
	var native []string
	for _, w := range l.Wheels {
		if !w.Pure {
			native = append(native, w.Filename)
		}
	}
	if len(native) == 0 {
		return nil
	}
	return &fault.Error{
		At:      fault.At("architectures"),
		Summary: "One layer cannot serve both architectures",
		Detail:  fmt.Sprintf("It would hold native code, which runs on one architecture: %s.%s", strings.Join(native, ", "), fault.PerArchitecture),
	}
}

// Sizes returns the bytes of the wheels, packed, as far as they are known.
func (l *Lock) Sizes() map[filetree.Origin]int64 {
	sizes := map[filetree.Origin]int64{}
	for _, w := range l.Chosen.Wheels {
		sizes[filetree.Origin{Ecosystem: "python", Name: w.Name, Version: w.Version}] += w.Size
	}
	return sizes
}

// Contents maps each distribution, with "python:" before its name, to its versions:
// "python:requests" to "2.31.0", or to "1.26.4, 2.1.0" where runtimes differ.
func (l *Lock) Contents() map[string]string {
	contents := map[string]string{}
	for _, w := range l.Chosen.Wheels {
		key := "python:" + w.Name
		switch had := contents[key]; {
		case had == "":
			contents[key] = w.Version
		case !slices.Contains(strings.Split(had, ", "), w.Version):
			contents[key] += ", " + w.Version
		}
	}
	return contents
}

// Asked returns the keys of Contents of the distributions that no other one
// requires: see [wheel.Lock.Direct].
func (l *Lock) Asked() []string {
	var keys []string
	for _, name := range l.Chosen.Direct() {
		keys = append(keys, "python:"+name)
	}
	return keys
}

// Warnings returns what a user should know of what was chosen.
func (l *Lock) Warnings() []fault.Warning {
	return fault.Notes(fault.At("python"), "Notes on the Python distributions", l.Chosen.Notes)
}
