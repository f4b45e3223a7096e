package python

import (
	"context"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Pack returns the files of the wheels at their layer paths. It makes a request only
// for wheels that the store lacks. With doubt it compares those that were made of
// source distributions before with their sources.
//
// What a user can act on is a *[fault.Error].
func (l *Lock) Pack(ctx context.Context, e *Env, targets []runtimes.Target, doubt bool) (filetree.Tree, error) {
	reached, err := e.reachFor(ctx, l)
	if err != nil {
		return nil, err
	}
	made := func(ctx context.Context, key string, files func() (map[string][]byte, error)) (*filetree.Archive, error) {
		return e.Segments.Made(ctx, key, doubt, files)
	}
	from, stop, err := index.NewMirror(ctx, reached.client, e.Store, reached.indexes, made, e.Segments.Vet)
	if err != nil {
		return nil, err
	}
	defer stop()
	tree, err := l.tree(ctx, from, wheel.TargetsFor(targets))
	return tree, wheelError(err)
}

// Need is a wheel that the lock is packed from.
type Need struct {
	// Blobs are what the store may have of it: any one of them does.
	Blobs []store.Digest
	// OnDisk is set where the wheel lies on disk beside the store.
	OnDisk bool
}

// Needs returns the wheels, or what was made of their source distributions.
func (l *Lock) Needs(e *Env) []Need {
	var all []Need
	for _, w := range l.Chosen.Wheels {
		n := Need{Blobs: []store.Digest{w.SHA256}, OnDisk: w.Path != ""}
		if w.FromSource() {
			if made, ok := e.Segments.NotedMade(wheel.SourceKey(w.SHA256)); ok {
				n.Blobs = append(n.Blobs, made)
			}
		}
		all = append(all, n)
	}
	return all
}

// Checks say how the files of a lock are judged.
type Checks struct {
	// SDK is the severity of a part of the AWS SDK beside the runtime's other part.
	SDK fault.Severity
	// Function is set where the files are the code of a function and no layer.
	Function bool
	// Needing returns the distributions in the layer that need one.
	Needing func(name string) ([]string, error)
}

// Check tells what a user should know of the distributions in a layer: what of them
// Python may not find, and parts of the AWS SDK that are used together with those of
// the runtime. whole are the files of all inputs.
func (l *Lock) Check(whole filetree.Tree, c Checks) ([]fault.Warning, error) {
	if c.Function {
		return checkSDK(l.names(), "function", c.SDK, c.Needing)
	}
	own := slices.DeleteFunc(slices.Clone(whole), func(e filetree.Entry) bool { return e.Origin.Ecosystem != "python" })
	found, err := wheel.Findings(own)
	if err != nil {
		return nil, err
	}
	sentences := make([]string, 0, len(found))
	for _, text := range found {
		sentences = append(sentences, fault.Sentence(text))
	}
	warnings, err := checkSDK(l.names(), "layer", c.SDK, c.Needing)
	if len(sentences) > 0 {
		unseen := fault.Warning{At: fault.At("python"), Summary: "Files that change what Python imports", Detail: strings.Join(sentences, "\n")}
		warnings = append([]fault.Warning{unseen}, warnings...)
	}
	return warnings, err
}

// names returns the names of the distributions.
func (l *Lock) names() []string {
	names := make([]string, 0, len(l.Chosen.Wheels))
	for _, w := range l.Chosen.Wheels {
		names = append(names, w.Name)
	}
	return names
}

// CheckInstalled makes that check of the AWS SDK of distributions that were found in a
// layer.
func CheckInstalled(all []Described, targets []runtimes.Target, severity fault.Severity) ([]fault.Warning, error) {
	names := make([]string, 0, len(all))
	for _, d := range all {
		names = append(names, d.Name)
	}
	return checkSDK(names, "layer", severity, func(name string) ([]string, error) { return NeedingIn(all, targets, false, name), nil })
}

// NeedingIn returns the names of the distributions that need one, each once.
func NeedingIn(all []Described, targets []runtimes.Target, function bool, name string) []string {
	var names []string
	for i, needs := range NeedsOf(all, targets, function) {
		if slices.Contains(needs, name) && !slices.Contains(names, all[i].Name) {
			names = append(names, all[i].Name)
		}
	}
	return names
}
