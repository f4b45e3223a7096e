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
			return fault.Tie(at, summary, err)
		}
	}
	if err := container.Files(i.Files).Check(); err != nil {
		return fault.Tie(at, summary, err)
	}
	return nil
}

// lockImages decides which manifests the images stand for: those of old, while
// the name and the triggers are unchanged.
func (b *Builder) lockImages(ctx context.Context, s Spec, old *Lock) ([]ImageLock, error) {
	triggers, err := s.triggersDigest()
	if err != nil {
		return nil, err
	}
	var out []ImageLock
	for i, spec := range s.Images {
		l := ImageLock{Image: spec.Image, Files: spec.Files, Triggers: triggers}
		for _, platform := range s.containerPlatforms(spec.Platform) {
			manifest, known := old.pinned(l, platform)
			if !known {
				if manifest, err = b.pinImage(ctx, l, platform); err != nil {
					return nil, imageError(fault.At("images").Index(i), spec.Image, err)
				}
			}
			l.Pins = append(l.Pins, ImagePin{Platform: platform, Manifest: manifest})
		}
		out = append(out, l)
	}
	return out, nil
}

// pinned returns the manifest of the lock for an image.
func (l *Lock) pinned(now ImageLock, platform string) (store.Digest, bool) {
	if l == nil {
		return store.Digest{}, false
	}
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
	if manifest, ok := c.recentImage(key); ok {
		return manifest, nil
	}
	manifest, err := container.NewRegistry(c.client, c.store, c.getenv).Resolve(ctx, l.Image, platform)
	if err != nil {
		return store.Digest{}, err
	}
	return manifest, c.store.PutRecord("resolutions", key, []byte(manifest.Hex()))
}

// imagesTree returns the files of all images, in their order.
func (c *cache) imagesTree(ctx context.Context, l *Lock) (filetree.Tree, error) {
	var all filetree.Tree
	for i := range l.Images {
		at := fault.At("images").Index(i)
		for _, pin := range l.Images[i].Pins {
			part, err := c.imageTree(ctx, l, &l.Images[i], pin, filetree.Origin{Ecosystem: "images", Element: i})
			if err != nil {
				return nil, imageError(at, l.Images[i].Image, err)
			}
			all = append(all, part...)
		}
	}
	return all, nil
}

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
	return c.segmentTree(facts.Segment, origin)
}

// key names the deflated files of an image.
func (l *ImageLock) key(pin ImagePin) (string, error) {
	choice, err := digestOf(l.Files)
	return fmt.Sprintf("%s image%d %s %s", layerzip.Encoder, imageReader, pin.Manifest.Hex(), choice.Hex()), err
}

// imageDigests returns the digests of the segments that the store may hold.
// known is false where it was never told the files of one of the images.
func (c *cache) imageDigests(l *Lock) (digests []store.Digest, known bool) {
	known = true
	for i := range l.Images {
		for _, pin := range l.Images[i].Pins {
			key, err := l.Images[i].key(pin)
			facts, ok := c.notedContainer(key)
			if err != nil || !ok {
				known = false
				continue
			}
			digests = append(digests, facts.Segment)
		}
	}
	return digests, known
}

// contents adds the image by its name, with the short digest of its manifest.
func (l *ImageLock) contents(to map[string]string) {
	for _, pin := range l.Pins {
		addVersion(to, "images:"+l.Image, fmt.Sprintf("sha256:%s (%s)", pin.Manifest.Hex()[:12], pin.Platform))
	}
}

// imageError ties what is wrong with an image to the input that asks for it.
func imageError(at fault.Path, image string, err error) error {
	return fault.Tie(at, fmt.Sprintf("The files of the image %q cannot be taken", image), err)
}
