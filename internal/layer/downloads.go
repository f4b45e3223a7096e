package layer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/download"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/segment"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// downloadSpecs are the elements of downloads.
type downloadSpecs []DownloadSpec

func (all downloadSpecs) check(Spec) error {
	var faults []error
	for i, d := range all {
		faults = append(faults, d.Check(fault.At("downloads").Index(i)))
	}
	return errors.Join(faults...)
}

func (all downloadSpecs) choose(ctx context.Context, r *resolution) (err error) {
	scope := r.spec.downloadScope()
	scope.Triggers = r.triggers
	scope.Unchanged = slices.Equal(r.old.Architectures, r.spec.Architectures) && slices.Equal(r.old.Exclude, r.spec.Exclude) && slices.Equal(r.old.Keep, r.spec.Keep)
	open := func() (*download.Env, error) {
		c, err := r.builder.open()
		if err != nil {
			return nil, err
		}
		return c.downloads, nil
	}
	r.now.Downloads, err = download.Choose(ctx, open, all, scope, r.old.Downloads)
	return err
}

// downloadScope is what of the layer counts for its downloads.
func (s Spec) downloadScope() download.Scope {
	return download.Scope{Architectures: s.Architectures, Excluded: s.excluded, CheckFile: s.checkFile, Explain: nativeFault, Runs: segment.IsRun}
}

// downloadLocks are the elements of downloads that count for the architectures.
type downloadLocks []DownloadLock

func (all downloadLocks) pack(ctx context.Context, c *cache, l *Lock, doubt bool) (packed, error) {
	files, err := download.Pack(ctx, c.downloads, all, l.spec().downloadScope(), doubt)
	return packed{files: files, elements: true}, err
}

// needs are the files, and what of them was deflated already.
func (all downloadLocks) needs(ctx context.Context, c *cache, l *Lock) []need {
	var needs []need
	for _, d := range all {
		held := d.Held(ctx, c.downloads, l.excluded)
		needs = append(needs, need{any: []store.Digest{held.File}, spare: held.Local})
		if !held.Segment.IsZero() {
			needs = append(needs, need{any: []store.Digest{held.Segment}, spare: true})
		}
	}
	return needs
}

func (all downloadLocks) contents(to map[string]string) {
	var brought []bringing
	for i := range all {
		paths, from, version := all[i].Brought()
		for _, name := range paths {
			brought = append(brought, bringing{element: i, short: name, long: fmt.Sprintf("%s (%s)", name, from), version: version})
		}
	}
	addBrought(to, "downloads", brought)
}

func (all downloadLocks) warnings() []Warning {
	return fault.Notes(fault.At("downloads"), "Downloads without a digest", download.Notes(all))
}
