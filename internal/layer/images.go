package layer

import (
	"context"
	"errors"
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/container"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// ImageSpec asks for files out of an image in a registry.
type ImageSpec struct {
	// Image is its name, with a tag or a digest.
	Image string
	// Files maps paths in the image to layer paths: see [container.Files].
	Files map[string]string
	// Platform is such as "linux/amd64"; "" is that of the architecture.
	Platform string
}

// ImageLock is one element of images, with the manifests that it stood for.
type ImageLock struct {
	Image string            `json:"image"`
	Files map[string]string `json:"files"`
	// Triggers is the digest of the triggers at the time, zero where there
	// were none.
	Triggers store.Digest `json:"triggers,omitzero"`
	Pins     []ImagePin   `json:"pins"`
}

// ImagePin is the image for a platform.
type ImagePin struct {
	Platform string `json:"platform"`
	// Manifest is the digest of its manifest, which names all its bytes.
	Manifest store.Digest `json:"manifest"`
}

// check finds what can be known wrong without asking a registry.
func (i ImageSpec) check(at fault.Path) error {
	summary := fmt.Sprintf("Malformed element %s", at)
	if err := container.CheckImage(i.Image); err != nil {
		return fault.Tie(at, summary, err)
	}
	if i.Platform != "" {
		if err := container.CheckPlatform(i.Platform); err != nil {
			return fault.Tie(at.At("platform"), summary, err)
		}
	}
	if err := container.Files(i.Files).Check(); err != nil {
		return fault.Tie(at, summary, err)
	}
	return nil
}

// imageSpecs are the elements of images.
type imageSpecs []ImageSpec

func (all imageSpecs) check(Spec) error {
	var faults []error
	for i, image := range all {
		faults = append(faults, image.check(fault.At("images").Index(i)))
	}
	return errors.Join(faults...)
}

// choose decides which manifests the images stand for: those of the old lock,
// while the name and the triggers are unchanged.
func (all imageSpecs) choose(ctx context.Context, r *resolution) error {
	for i, spec := range all {
		l := ImageLock{Image: spec.Image, Files: spec.Files, Triggers: r.triggers}
		for _, platform := range r.spec.containerPlatforms(spec.Platform) {
			manifest, known := r.old.pinned(l, platform)
			if !known {
				var err error
				if manifest, err = r.builder.pinImage(ctx, l, platform); err != nil {
					return imageError(fault.At("images").Index(i), spec.Image, err)
				}
			}
			l.Pins = append(l.Pins, ImagePin{Platform: platform, Manifest: manifest})
		}
		r.now.Images = append(r.now.Images, l)
	}
	return nil
}

// pinned returns the manifest of the lock for an image.
func (l *Lock) pinned(now ImageLock, platform string) (store.Digest, bool) {
	for _, before := range l.Images {
		if before.Image != now.Image || before.Triggers != now.Triggers {
			continue
		}
		for _, pin := range before.Pins {
			if pin.Platform == platform {
				return pin.Manifest, true
			}
		}
	}
	return store.Digest{}, false
}

// pinImage asks the registry, or returns what the same question was answered
// within the last hour.
func (b *Builder) pinImage(ctx context.Context, l ImageLock, platform string) (store.Digest, error) {
	c, err := b.open()
	if err != nil {
		return store.Digest{}, err
	}
	key := fmt.Sprintf("image %s %s %s", l.Image, platform, l.Triggers.Hex())
	return store.Recall(c.store, "resolutions", key, memoAge, nil, func() (store.Digest, error) {
		return container.NewRegistry(c.client, c.store, c.getenv).Resolve(ctx, l.Image, platform)
	})
}

// imageLocks are the elements of images.
type imageLocks []ImageLock

// pack returns the files of all images, in their order.
func (all imageLocks) pack(ctx context.Context, c *cache, l *Lock, _ bool) (packed, error) {
	var files filetree.Tree
	for i := range all {
		for _, pin := range all[i].Pins {
			tree, err := c.imageTree(ctx, l, &all[i], pin, filetree.Origin{Ecosystem: "images", Element: i})
			if err != nil {
				return packed{}, imageError(fault.At("images").Index(i), all[i].Image, err)
			}
			files = append(files, tree...)
		}
	}
	return packed{files: files, elements: true}, nil
}

func (imageLocks) warnings() []Warning { return nil }

// imageTree returns the files of an image, which are deflated once and kept in
// the store by manifest and choice.
func (c *cache) imageTree(ctx context.Context, l *Lock, image *ImageLock, pin ImagePin, origin filetree.Origin) (_ filetree.Tree, err error) {
	key, err := image.key(pin)
	if err != nil {
		return nil, err
	}
	unlock, err := c.store.Lock(ctx, key)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	facts, ok := c.notedContainer(key)
	if !ok || !c.store.Has(facts.Segment, -1) {
		registry := container.NewRegistry(c.client, c.store, c.getenv)
		facts, err = c.packContainer(ctx, func(visit container.Visit) error {
			return registry.Extract(ctx, image.Image, pin.Manifest, image.Files, visit)
		})
		if err != nil {
			return nil, err
		}
		if err := c.noteContainer(key, facts); err != nil {
			return nil, err
		}
	}
	if err := l.checkNative(facts); err != nil {
		return nil, err
	}
	return c.segments.Files(facts.Segment, origin)
}

// key names the deflated files of an image.
func (l *ImageLock) key(pin ImagePin) (string, error) {
	choice, err := digestOf(l.Files)
	return fmt.Sprintf("%s image%d %s %s", layerzip.Encoder, imageReader, pin.Manifest.Hex(), choice.Hex()), err
}

// needs are the deflated files of the images, which the store may never have
// been told.
func (all imageLocks) needs(_ context.Context, c *cache, _ *Lock) []need {
	var needs []need
	for i := range all {
		for _, pin := range all[i].Pins {
			var n need
			if key, err := all[i].key(pin); err == nil {
				if facts, ok := c.notedContainer(key); ok {
					n.any = []store.Digest{facts.Segment}
				}
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

// imageError ties what is wrong with an image to the input that asks for it.
func imageError(at fault.Path, image string, err error) error {
	return fault.Tie(at, fmt.Sprintf("The files of the image %q cannot be taken", image), nativeFault(at, err))
}
