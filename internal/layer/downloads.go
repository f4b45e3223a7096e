package layer

import (
	"context"
	"fmt"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/download"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func (r *resolution) chooseDownloads(ctx context.Context) (err error) {
	scope := r.spec.downloadScope()
	scope.Triggers = r.triggers
	scope.Unchanged = slices.Equal(r.old.Architectures, r.spec.Architectures) && slices.Equal(r.old.Exclude, r.spec.Exclude) && slices.Equal(r.old.Keep, r.spec.Keep)
	open := lazily(r.builder, func(c *cache) *download.Env { return c.downloads })
	r.now.Downloads, err = download.Choose(ctx, open, r.spec.Downloads, scope, r.old.Downloads)
	return err
}

// downloadScope is what of the layer counts for its downloads.
func (s Spec) downloadScope() download.Scope {
	return download.Scope{Architectures: s.Architectures, Excluded: s.excluded, CheckFile: s.checkFile}
}

// downloadLocks are the elements of downloads that count for the architectures.
type downloadLocks []download.Lock

func (all downloadLocks) pack(ctx context.Context, c *cache, l *Lock, doubt bool) (packed, error) {
	files, err := download.Pack(ctx, c.downloads, all, l.spec().downloadScope(), doubt)
	return packed{files: files, elements: true}, err
}

// needs are the files: what of them was deflated is compared with them, or made again.
func (all downloadLocks) needs(context.Context, *cache, *Lock) []need {
	var needs []need
	for _, d := range all {
		needs = append(needs, need{any: []store.Digest{d.SHA256}, optional: d.Path != ""})
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
