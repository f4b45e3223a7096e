package layer

import (
	"context"
	"errors"
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/image"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/inspect"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// imageSpecs are the elements of images.
type imageSpecs []ImageSpec

func (all imageSpecs) check(Spec) error {
	var faults []error
	for i, image := range all {
		faults = append(faults, image.Check(fault.At("images").Index(i)))
	}
	return errors.Join(faults...)
}

func (all imageSpecs) choose(ctx context.Context, r *resolution) (err error) {
	r.now.Images, err = image.Choose(ctx, r.builder.openImages, all, r.imageScope(), r.old.Images)
	return err
}

// buildSpecs are the elements of builds.
type buildSpecs []BuildSpec

func (all buildSpecs) check(Spec) error {
	var faults []error
	for i, b := range all {
		faults = append(faults, b.Check(fault.At("builds").Index(i)))
	}
	return errors.Join(faults...)
}

func (all buildSpecs) choose(ctx context.Context, r *resolution) (err error) {
	r.now.Builds, err = image.ChooseBuilds(ctx, r.builder.openImages, all, r.imageScope(), r.builder.own.Skips, r.old.Builds)
	return err
}

// imageScope is what of the layer counts for its images.
func (s Spec) imageScope() image.Scope {
	return image.Scope{Architectures: s.Architectures, CheckFile: s.checkFile, Explain: nativeFault}
}

func (r *resolution) imageScope() image.Scope {
	scope := r.spec.imageScope()
	scope.Triggers = r.triggers
	return scope
}

// openImages returns what images are read with.
func (b *Builder) openImages() (*image.Env, error) {
	c, err := b.open()
	if err != nil {
		return nil, err
	}
	return c.images, nil
}

// imageLocks are the elements of images.
type imageLocks []image.Lock

func (all imageLocks) pack(ctx context.Context, c *cache, l *Lock, _ bool) (packed, error) {
	files, err := image.Pack(ctx, c.images, all, l.spec().imageScope())
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

func (imageLocks) warnings() []Warning { return nil }

// buildLocks are the elements of builds.
type buildLocks []image.BuildLock

func (all buildLocks) pack(ctx context.Context, c *cache, l *Lock, doubt bool) (packed, error) {
	files, err := image.PackBuilds(ctx, c.images, all, l.spec().imageScope(), doubt)
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

func (buildLocks) warnings() []Warning { return nil }
