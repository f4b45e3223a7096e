package image

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/container"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Spec asks for files out of an image in a registry.
type Spec struct {
	// Image is its name, with a tag or a digest.
	Image string
	// Files maps paths in the image to layer paths: see [container.Files].
	Files map[string]string
	// Platform is such as "linux/amd64"; "" is that of the architecture.
	Platform string
}

// Lock is one element of images, with the manifests that it stood for. Its JSON is
// part of what states keep.
type Lock struct {
	Image string            `json:"image"`
	Files map[string]string `json:"files"`
	// Triggers is the digest of the triggers at the time, zero where there
	// were none.
	Triggers store.Digest `json:"triggers,omitzero"`
	Pins     []Pin        `json:"pins"`
}

// Pin is the image for a platform.
type Pin struct {
	Platform string `json:"platform"`
	// Manifest is the digest of its manifest, which names all its bytes.
	Manifest store.Digest `json:"manifest"`
}

// Check finds what can be known wrong without asking a registry; at is the element.
func (i Spec) Check(at fault.Path) error {
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

// Choose decides which manifests the images stand for: those of the old locks, while
// the name and the triggers are unchanged; else the registry is asked.
//
// What a user can act on is a *[fault.Error].
func Choose(ctx context.Context, open func() (*Env, error), specs []Spec, of Scope, old []Lock) ([]Lock, error) {
	var locks []Lock
	for i, spec := range specs {
		l := Lock{Image: spec.Image, Files: spec.Files, Triggers: of.Triggers}
		for _, platform := range of.platforms(spec.Platform) {
			manifest, err := l.pin(ctx, open, platform, old)
			if err != nil {
				return nil, imageError(i, spec.Image, err)
			}
			l.Pins = append(l.Pins, Pin{Platform: platform, Manifest: manifest})
		}
		locks = append(locks, l)
	}
	return locks, nil
}

// pinned returns the manifest that old locks have for an image.
func (l *Lock) pinned(old []Lock, platform string) (store.Digest, bool) {
	for _, before := range old {
		if before.Image != l.Image || before.Triggers != l.Triggers {
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

// memoAge is how long the answer of a registry is remembered, so that a plan and its
// apply on one machine agree.
const memoAge = time.Hour

// pin returns the manifest of the old locks, or asks the registry, unless the same
// question was answered within the last hour.
func (l *Lock) pin(ctx context.Context, open func() (*Env, error), platform string, old []Lock) (store.Digest, error) {
	if manifest, known := l.pinned(old, platform); known {
		return manifest, nil
	}
	e, err := open()
	if err != nil {
		return store.Digest{}, err
	}
	key := fmt.Sprintf("image %s %s %s", l.Image, platform, l.Triggers.Hex())
	return store.Recall(e.Store, "resolutions", key, memoAge, nil, func() (store.Digest, error) {
		return container.NewRegistry(e.Client, e.Store, e.Getenv).Resolve(ctx, l.Image, platform)
	})
}

// Pack returns the files of all images, in their order.
func Pack(ctx context.Context, e *Env, locks []Lock, of Scope) (filetree.Tree, error) {
	var files filetree.Tree
	for i := range locks {
		for _, pin := range locks[i].Pins {
			tree, err := e.imageTree(ctx, &locks[i], pin, filetree.Origin{Ecosystem: "images", Element: i})
			if err == nil {
				err = e.checkNative(ctx, fault.At("images").Index(i), tree, of)
			}
			if err != nil {
				return nil, imageError(i, locks[i].Image, err)
			}
			files = append(files, tree...)
		}
	}
	return files, nil
}

// imageTree returns the files of an image, which are deflated once and kept in
// the store by manifest and choice. Its layers are not kept: they are far larger than
// what is taken of them, and each unplanned build would fetch them all to compare the
// files with them. So the record of the files is believed.
func (e *Env) imageTree(ctx context.Context, l *Lock, pin Pin, origin filetree.Origin) (_ filetree.Tree, err error) {
	key, err := l.key(pin)
	if err != nil {
		return nil, err
	}
	unlock, err := e.Store.Lock(ctx, key)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	kept, err := e.Segments.KeepUnconfirmed(key, func() (store.Digest, error) {
		registry := container.NewRegistry(e.Client, e.Store, e.Getenv)
		return e.deflate(ctx, func(visit container.Visit) error {
			return registry.Extract(ctx, l.Image, pin.Manifest, l.Files, visit)
		})
	})
	if err != nil {
		return nil, err
	}
	return e.Segments.Files(kept, origin)
}

// key names the deflated files of an image.
func (l *Lock) key(pin Pin) (string, error) {
	choice, err := store.SumJSON(l.Files)
	return fmt.Sprintf("%s image%d %s %s", layerzip.Encoder, imageReader, pin.Manifest.Hex(), choice.Hex()), err
}

// Held returns the deflated files of an image for a platform, as far as they are
// noted; zero where they are not.
func (l *Lock) Held(e *Env, pin Pin) store.Digest {
	key, err := l.key(pin)
	if err != nil {
		return store.Digest{}
	}
	kept, _ := e.Segments.Noted(key)
	return kept
}

// imageError ties what is wrong with an image to the element that asks for it.
func imageError(element int, image string, err error) error {
	return fault.Tie(fault.At("images").Index(element), fmt.Sprintf("The files of the image %q cannot be taken", image), err)
}
