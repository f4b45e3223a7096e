package layer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/container"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/segment"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// imageReader is the version of how images are read: another one may find other
// files in one.
const imageReader = 1

// containerFacts is what is noted of the files that were taken out of an image.
type containerFacts struct {
	Segment store.Digest `json:"segment"`
	Count   int          `json:"count"`
	// Native maps the layer paths of native code to what it runs on.
	Native map[string]string `json:"native,omitempty"`
}

// packContainer deflates what extract shows into the store, at its layer paths.
func (c *cache) packContainer(ctx context.Context, extract func(container.Visit) error) (facts containerFacts, err error) {
	facts.Native = map[string]string{}
	facts.Segment, err = c.segments.DeflateSlow(func(packer filetree.Packer) error {
		return extract(func(f container.File, content io.Reader) error {
			facts.Count++
			if f.Machine != "" {
				facts.Native[f.Path] = f.Machine
			}
			return packer.Add(ctx, f.Path, f.Exec || f.Program && segment.IsRun(f.Path), f.Size, content)
		})
	})
	if err != nil {
		return containerFacts{}, err
	}
	return facts, nil
}

// notedContainer returns what was noted under a key. The store may have lost
// the segment since.
func (c *cache) notedContainer(key string) (containerFacts, bool) {
	body, _, _ := c.store.GetRecord(segment.Bucket, key)
	var facts containerFacts
	// What cannot be read is absent, or of another version.
	ok := json.Unmarshal(body, &facts) == nil
	return facts, ok
}

// hasSegment reports whether the store has a segment, or could bring it from
// where it is shared.
func (c *cache) hasSegment(ctx context.Context, segment store.Digest) (bool, error) {
	if c.store.Has(segment, -1) {
		return true, nil
	}
	_, _, brought, err := c.store.Pull(ctx, store.Wanted{Name: store.RemoteName(segment), SHA256: segment, MaxBytes: maxShared})
	return brought, err
}

// noteContainer remembers what was taken out of an image.
func (c *cache) noteContainer(key string, facts containerFacts) error {
	body, err := json.Marshal(facts)
	if err != nil {
		return fmt.Errorf("encoding what was packed: %w", err)
	}
	return c.store.PutRecord(segment.Bucket, key, body)
}

// checkNative refuses native code for another architecture.
func (s Spec) checkNative(facts containerFacts) error {
	for _, name := range slices.Sorted(maps.Keys(facts.Native)) {
		if err := s.checkFile(filetree.File{Path: name, Machine: facts.Native[name]}); err != nil {
			return err
		}
	}
	return nil
}

// checkNative refuses native code that the layer of the lock cannot run.
func (l *Lock) checkNative(facts containerFacts) error {
	return l.spec().checkNative(facts)
}

// containerPlatforms returns the platform that the user names, else those of
// the layer's architectures.
func (s Spec) containerPlatforms(named string) []string {
	if named != "" {
		return []string{named}
	}
	var out []string
	for _, a := range s.Architectures {
		out = append(out, container.Platform(a))
	}
	return out
}

// triggersDigest returns the digest of the triggers, zero of none.
func (s Spec) triggersDigest() (store.Digest, error) {
	if len(s.Triggers) == 0 {
		return store.Digest{}, nil
	}
	return digestOf(s.Triggers)
}
