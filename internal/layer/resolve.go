package layer

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/download"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// inputs returns what the Spec asks for. Local files come first: their faults
// are named before the network is asked. Python and Node.js come last, as they
// may add folders on disk to the files.
func (s Spec) inputs() []input {
	all := []input{
		{len(s.Files) > 0, checkEach("files", s.Files), (*resolution).chooseFiles},
		{len(s.Downloads) > 0, checkEach("downloads", s.Downloads), (*resolution).chooseDownloads},
		{len(s.Images) > 0, checkEach("images", s.Images), (*resolution).chooseImages},
		{len(s.Builds) > 0, checkEach("builds", s.Builds), (*resolution).chooseBuilds},
		{s.Python != nil, s.Python.Check, (*resolution).choosePython},
		{s.NodeJS != nil, s.NodeJS.Check, (*resolution).chooseNode},
	}
	return slices.DeleteFunc(all, func(in input) bool { return !in.given })
}

// parts returns what the lock holds, in the order of the layer.
func (l *Lock) parts() []part {
	var all []part
	if l.Python != nil {
		all = append(all, pythonPart{l.Python})
	}
	if l.NodeJS != nil {
		all = append(all, nodePart{l.NodeJS})
	}
	return append(all, fileLocks(l.Files), downloadLocks(l.Downloads), imageLocks(l.Images), buildLocks(l.Builds))
}

// Resolve turns a Spec into a Lock. What old already decided stays while the
// request for it is unchanged, and then no request leaves the machine; where
// the request changed, old's versions are preferred where they still fit. old
// may be nil. Local files are read and digested every time.
//
// Errors that a user can act on are *fault.Error.
func (b *Builder) Resolve(ctx context.Context, s Spec, old *Lock) (*Lock, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	b.own.Add(s.Output)
	b.own.Add(s.Beside)
	var triggers store.Digest
	if len(s.Triggers) > 0 {
		var err error
		if triggers, err = store.SumJSON(s.Triggers); err != nil {
			return nil, err
		}
	}
	l := &Lock{
		Format: lockFormat, Layout: layerzip.Format,
		Runtimes: slices.Clone(s.Runtimes), Architectures: slices.Clone(s.Architectures),
	}
	s.lockSelection(l)
	r := &resolution{builder: b, spec: s, triggers: triggers, old: cmp.Or(old, &Lock{}), now: l}
	start := time.Now()
	for _, in := range s.inputs() {
		if err := in.choose(r, ctx); err != nil {
			return nil, err
		}
	}
	b.options.Logger.InfoContext(ctx, LogResolved, "runtimes", l.Runtimes, "architectures", l.Architectures, "parts", len(l.Contents()), "took", time.Since(start))
	return l, nil
}

// tree puts the parts of the lock together. What it finds by the way are
// warnings.
func (c *cache) tree(ctx context.Context, l *Lock, o Output, doubt bool) (filetree.Tree, []fault.Warning, error) {
	var all, elements filetree.Tree
	var parts []packed
	for _, p := range l.parts() {
		packed, err := p.pack(ctx, c, l, doubt)
		if err != nil {
			return nil, nil, err
		}
		parts = append(parts, packed)
		if packed.elements {
			elements = append(elements, packed.files...)
		} else {
			all = append(all, packed.files...)
		}
	}
	slices.SortStableFunc(elements, func(a, b filetree.Entry) int { return strings.Compare(a.Path, b.Path) })
	// What is left out can clash with nothing.
	all, warnings, err := l.thin(append(all, elements...))
	if err != nil {
		return nil, nil, err
	}
	for _, p := range parts {
		if p.judge == nil {
			continue
		}
		found, err := p.judge(l, all, o)
		if err != nil {
			return nil, nil, err
		}
		warnings = append(warnings, found...)
	}
	merged, err := filetree.Merge(all)
	if clash := (*filetree.ClashError)(nil); errors.As(err, &clash) {
		err = clashError(clash, all)
	}
	return merged, warnings, err
}

// verify reads every blob of the lock that the cache holds. Damaged ones are
// dropped, so that a build fetches them.
func (c *cache) verify(ctx context.Context, l *Lock) error {
	for _, p := range l.parts() {
		for _, n := range p.needs(ctx, c, l) {
			for _, d := range n.any {
				if !c.store.Has(d, -1) {
					continue
				}
				err := c.store.Verify(ctx, d)
				if _, damaged := errors.AsType[*store.CorruptError](err); err != nil && !damaged {
					return err
				}
			}
		}
	}
	return nil
}

// holds reports whether all that the lock is packed from is on this machine, so
// that a build is nearer than a zip elsewhere.
func (c *cache) holds(ctx context.Context, l *Lock) bool {
	has := func(d store.Digest) bool { return c.store.Has(d, -1) }
	for _, p := range l.parts() {
		for _, n := range p.needs(ctx, c, l) {
			if !n.optional && !slices.ContainsFunc(n.any, has) {
				return false
			}
		}
	}
	return true
}

// Check finds what can be known wrong without reading anything, all of it: its
// error is a *fault.Error, or several of them, joined.
func (s Spec) Check() error {
	inputs := s.inputs()
	faults := []error{s.checkTargets(), s.checkOutput(), s.checkSelection()}
	if len(inputs) == 0 {
		faults = append(faults, &fault.Error{Summary: "Nothing to pack", Detail: "The layer has no input. Write python, nodejs, files, downloads, images or builds."})
	}
	for _, in := range inputs {
		faults = append(faults, in.check())
	}
	return errors.Join(faults...)
}

// Contents maps each part of the layer to its version: "python:requests" to
// "2.31.0", "files:python/shared_utils" to the short digest of its tree.
func (l *Lock) Contents() map[string]string {
	contents := map[string]string{}
	for _, p := range l.parts() {
		p.contents(contents)
	}
	return contents
}

// Warnings returns what a user should know of the choices in the lock.
func (l *Lock) Warnings() []fault.Warning {
	var warnings []fault.Warning
	if l.Python != nil {
		warnings = l.Python.Warnings()
	}
	if l.NodeJS != nil {
		warnings = append(warnings, l.NodeJS.Warnings()...)
	}
	return append(warnings, fault.Notes(fault.At("downloads"), "Downloads without a digest", download.Notes(l.Downloads))...)
}
