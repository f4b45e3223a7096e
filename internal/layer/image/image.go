// Package image takes files out of container images: out of those of a registry, and
// out of those that a container engine builds. It chooses: it decides which manifest
// an image is, and has the engine build; and it packs: it returns the files as
// entries of a layer, deflated once and kept in the store.
package image

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/container"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/segment"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Env is what images are read with and kept in.
type Env struct {
	Client   *fetch.Client
	Store    *store.Store
	Segments *segment.Cache
	// Getenv reads the environment, which names engines and credentials.
	Getenv func(string) string
	Log    *slog.Logger
	// Offline asks no engine.
	Offline bool
	// Trusted shares which result a build had, with machines that are trusted.
	Trusted bool
}

// Scope is what of the whole layer and of the run counts for its images.
type Scope struct {
	Architectures []string
	// Triggers is the digest of the triggers, zero of none.
	Triggers store.Digest
	// CheckFile refuses a file that the layer cannot hold, which an element brings.
	CheckFile func(at fault.Path, path, machine string) error
	// Skip reports whether the run itself writes a file of the disk, which is then no
	// part of a context.
	Skip func(path string) bool
}

// platforms returns the platform that the user names, else those of the layer's
// architectures.
func (s Scope) platforms(named string) []string {
	if named != "" {
		return []string{named}
	}
	var out []string
	for _, a := range s.Architectures {
		out = append(out, container.Platform(a))
	}
	return out
}

// checkNative refuses native code for another architecture in the files that an
// element brings.
func (e *Env) checkNative(ctx context.Context, at fault.Path, files filetree.Tree, of Scope) error {
	known, err := e.Segments.Facts(ctx, files)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(known.Native)) {
		if err := of.CheckFile(at, name, known.Native[name].Machine); err != nil {
			return err
		}
	}
	return nil
}

// imageReader is the version of how images are read: another one may find other
// files in one.
const imageReader = 1

// deflate keeps what extract shows, at its layer paths.
func (e *Env) deflate(ctx context.Context, extract func(container.Visit) error) (store.Digest, error) {
	return e.Segments.DeflateSlow(func(packer filetree.Packer) error {
		return extract(func(f container.File, content io.Reader) error {
			return packer.Add(ctx, f.Path, f.Exec || f.Program && segment.IsRun(f.Path), f.Size, content)
		})
	})
}

// maxSegment bounds a segment that is taken from where it is shared, in bytes.
const maxSegment = 4 << 30

// hasSegment reports whether the store has a segment, or could bring it from
// where it is shared.
func (e *Env) hasSegment(ctx context.Context, digest store.Digest) (bool, error) {
	if e.Store.Has(digest, -1) {
		return true, nil
	}
	_, _, brought, err := e.Store.Pull(ctx, store.Wanted{Name: store.RemoteName(digest), SHA256: digest, MaxBytes: maxSegment})
	return brought, err
}
