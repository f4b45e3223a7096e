package container

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Registry reads images from where their names say, with the proxies and
// certificates of client and the credentials of the Docker configuration.
type Registry struct {
	client *fetch.Client
	spool  *store.Store
	getenv func(string) string
}

// NewRegistry returns a Registry that keeps layers in temporary files of spool
// while it reads them. getenv names the configurations with credentials, which
// are read with each image. Where a registry refuses, and its credentials are
// those that a program keeps, the error names that.
func NewRegistry(client *fetch.Client, spool *store.Store, getenv func(string) string) *Registry {
	return &Registry{client: client, spool: spool, getenv: getenv}
}

// CheckImage refuses what is no name of an image, such as "alpine:3.22" or
// "registry.example.com/team/tools@sha256:…".
func CheckImage(image string) error {
	_, err := name.ParseReference(image)
	return err
}

// Resolve returns the digest of the manifest that the image's name stands for
// now, for a platform such as "linux/arm64". An image without it is an
// error that lists those it has.
func (r *Registry) Resolve(ctx context.Context, image, platform string) (store.Digest, error) {
	ref, known, options, err := r.open(ctx, image)
	if err != nil {
		return store.Digest{}, err
	}
	d, err := remote.Get(ref, options...)
	if err != nil {
		return store.Digest{}, asked(image, known.explain(ref.Context().Name(), err))
	}
	digest := d.Digest
	if d.MediaType.IsIndex() {
		index, err := d.ImageIndex()
		if err != nil {
			return store.Digest{}, asked(image, err)
		}
		if digest, err = fromIndex(image, platform, index); err != nil {
			return store.Digest{}, err
		}
	} else if err := checkPlatform(image, platform, d); err != nil {
		return store.Digest{}, err
	}
	if digest.Algorithm != "sha256" {
		return store.Digest{}, fmt.Errorf("the image %q is named by %s, and only SHA-256 is used", image, digest.Algorithm)
	}
	return store.ParseDigest(digest.Hex)
}

// Extract shows visit the files of the image whose manifest has the digest.
// What they must be is known by digest from there on: the manifest names the
// layers.
func (r *Registry) Extract(ctx context.Context, image string, manifest store.Digest, files Files, visit Visit) error {
	ref, known, options, err := r.open(ctx, image)
	if err != nil {
		return err
	}
	found, err := remote.Image(ref.Context().Digest("sha256:"+manifest.Hex()), options...)
	if err != nil {
		return asked(image, known.explain(ref.Context().Name(), err))
	}
	return fromImage(ctx, image, found, files, r.spool, visit)
}

// open reads the name of an image, and returns how its registry is asked.
func (r *Registry) open(ctx context.Context, image string) (name.Reference, *credentials, []remote.Option, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return nil, nil, nil, err
	}
	known, err := readCredentials(r.getenv)
	return ref, known, []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(r.client.Transport()), remote.WithAuthFromKeychain(known),
	}, err
}

// asked names the image that a registry was asked for.
func asked(image string, err error) error {
	if offline, ok := errors.AsType[*fetch.OfflineError](err); ok {
		err = offline
	}
	return fmt.Errorf("asking the registry for the image %q: %w", image, err)
}

// fromIndex returns the digest of an index's image for the platform.
func fromIndex(image, platform string, index v1.ImageIndex) (v1.Hash, error) {
	list, err := index.IndexManifest()
	if err != nil {
		return v1.Hash{}, asked(image, err)
	}
	var others []string
	for _, m := range list.Manifests {
		if m.Platform == nil || !m.MediaType.IsImage() {
			continue
		}
		has := m.Platform.OS + "/" + m.Platform.Architecture
		if has == platform {
			return m.Digest, nil
		}
		if m.Platform.OS != "unknown" { // attestations
			others = append(others, has)
		}
	}
	return v1.Hash{}, fmt.Errorf("the image %q is not there for %s, only for %s", image, platform, strings.Join(others, ", "))
}

// checkPlatform refuses a single image that says it is for another platform.
func checkPlatform(image, platform string, d *remote.Descriptor) error {
	single, err := d.Image()
	if err != nil {
		return asked(image, err)
	}
	manifest, err := single.Manifest()
	if err != nil {
		return asked(image, err)
	}
	if err := filetree.CheckLimit("its configuration", "bytes", int(manifest.Config.Size), filetree.MaxSettings); err != nil {
		return fmt.Errorf("the image %q %w", image, err)
	}
	config, err := single.ConfigFile()
	if err != nil {
		return asked(image, err)
	}
	if has := config.OS + "/" + config.Architecture; config.Architecture != "" && has != platform {
		return fmt.Errorf("the image %q is for %s, not for %s", image, has, platform)
	}
	return nil
}
