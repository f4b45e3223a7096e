package resolve

import (
	"context"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
)

// exemptPins takes exact pins out of the cut-off, and what a version that only
// its pin shows pins in turn: it could not be installed otherwise.
func (w *world) exemptPins(ctx context.Context) error {
	queue := slices.DeleteFunc(w.requirements(), func(d dependency) bool { _, ok := pinnedKey(d.spec); return !ok })
	for _, d := range queue {
		w.Page(d.name)
	}
	// Most of a long list of constraints is about distributions that nothing
	// asks for: their pages stay unread.
	for _, in := range w.spec.Constraints {
		if key, ok := pinnedKey(in.Requirement.Specifiers); ok && in.Requirement.Marker.Eval(w.env, "") {
			w.exemptVersion(in.Requirement.Name, key)
		}
	}
	seen := map[[2]string]bool{}
	for len(queue) > 0 {
		d := queue[0]
		queue = queue[1:]
		key, _ := pinnedKey(d.spec)
		pin := [2]string{d.name, key}
		if seen[pin] {
			continue
		}
		seen[pin] = true
		w.exemptVersion(d.name, key)
		p, err := w.Page(d.name).Wait(ctx)
		if err != nil {
			return err
		}
		if !w.tooNew(p, key) {
			continue
		}
		further, err := w.needsOf(ctx, p, key, d.extras)
		if err != nil {
			return err
		}
		queue = append(queue, further...)
	}
	return nil
}

// tooNew reports whether the cut-off hides a wheel of a version.
func (w *world) tooNew(p *index.Page, key string) bool {
	pl := w.policyOn(p)
	pl.Exempt = nil
	return slices.ContainsFunc(p.Wheels, func(f index.WheelFile) bool {
		return f.Key == key && pl.Withheld(f.File, key) == index.TooNew
	})
}

// needsOf returns the exact pins among the requirements of one version.
func (w *world) needsOf(ctx context.Context, p *index.Page, key string, extras []string) ([]dependency, error) {
	pr := index.NewProject(p, w.policyOn(p))
	i := slices.IndexFunc(pr.Candidates, func(c index.Candidate) bool { return c.Key == key })
	if i < 0 {
		return nil, nil
	}
	var needs []dependency
	for _, extra := range append([]string{""}, extras...) {
		deps, _, err := w.dependencies(ctx, pr, i, extra)
		if err != nil {
			return nil, err
		}
		for _, d := range deps {
			if _, ok := pinnedKey(d.spec); ok {
				needs = append(needs, d)
			}
		}
	}
	return needs, nil
}
