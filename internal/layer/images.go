package layer

import (
	"context"
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/image"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/inspect"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/local"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func imagesOf(c *cache) *image.Env { return c.images }

func (r *resolution) chooseImages(ctx context.Context) (err error) {
	r.now.Images, err = image.Choose(ctx, lazily(r.builder, imagesOf), r.spec.Images, r.imageScope(), r.old.Images)
	return err
}

func (r *resolution) chooseBuilds(ctx context.Context) (err error) {
	r.now.Builds, err = image.ChooseBuilds(ctx, lazily(r.builder, imagesOf), r.spec.Builds, r.imageScope(), r.old.Builds)
	return err
}

// imageScope is what of the layer and of the run counts for its images.
func (s Spec) imageScope(own *local.Own) image.Scope {
	return image.Scope{Architectures: s.Architectures, CheckFile: s.checkFile, Skip: own.Skips}
}

func (r *resolution) imageScope() image.Scope {
	scope := r.spec.imageScope(r.builder.own)
	scope.Triggers = r.triggers
	return scope
}

// imageLocks are the elements of images.
type imageLocks []image.Lock

func (all imageLocks) pack(ctx context.Context, c *cache, l *Lock, _ bool) (packed, error) {
	files, err := image.Pack(ctx, c.images, all, l.spec().imageScope(c.own))
	return packed{files: files, elements: true}, err
}

// needs are the deflated files of the images, which the store may never have
// been told.
func (all imageLocks) needs(_ context.Context, c *cache, _ *Lock) []need {
	var needs []need
	for i := range all {
		for _, pin := range all[i].Pins {
			var n need
			if held := all[i].Held(c.images, pin); !held.IsZero() {
				n.any = []store.Digest{held}
			}
			needs = append(needs, n)
		}
	}
	return needs
}

// contents adds each image by its name, with the short digest of its manifest.
func (all imageLocks) contents(to map[string]string) {
	var brought []bringing
	for i, l := range all {
		for _, pin := range l.Pins {
			brought = append(brought, bringing{
				element: i, short: l.Image, long: fmt.Sprintf("%s (%s)", l.Image, targetsOf(l.Files)),
				version: fmt.Sprintf("sha256:%s (%s)", pin.Manifest.Hex()[:12], pin.Platform),
			})
		}
	}
	addBrought(to, "images", brought)
}

// buildLocks are the elements of builds.
type buildLocks []image.BuildLock

func (all buildLocks) pack(ctx context.Context, c *cache, l *Lock, _ bool) (packed, error) {
	files, err := image.PackBuilds(ctx, c.images, all, l.spec().imageScope(c.own))
	return packed{files: files, elements: true}, err
}

// needs are the results.
func (all buildLocks) needs(context.Context, *cache, *Lock) []need {
	var needs []need
	for _, b := range all {
		for _, r := range b.Results {
			needs = append(needs, need{any: []store.Digest{r.SHA256}})
		}
	}
	return needs
}

// contents adds each build by its context, with the short digest of its result.
func (all buildLocks) contents(to map[string]string) {
	var brought []bringing
	for i, l := range all {
		name := l.Context
		if l.Target != "" {
			name += "#" + l.Target
		}
		for _, r := range l.Results {
			brought = append(brought, bringing{
				element: i, short: name, long: fmt.Sprintf("%s (%s)", name, targetsOf(l.Files)),
				version: fmt.Sprintf("%s (%s)", r.SHA256.Hex()[:12], inspect.Plural(r.Count, "file")),
			})
		}
	}
	addBrought(to, "builds", brought)
}
