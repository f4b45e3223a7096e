package fetch

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Offer has the blob uploaded to the store that machines share, where this
// machine's has it. Blob does so by itself.
func (c *Client) Offer(s Source) {
	if !c.store.Shared() {
		return
	}
	if located := c.locate(s); !located.SHA256.IsZero() && c.store.Has(located.SHA256, knownSize(s)) {
		c.store.Offer(s.sharedName(), located.SHA256, "")
	}
}

// pull brings the blob from the store that machines share. It is judged as one
// from the server is.
func (c *Client) pull(ctx context.Context, s Source) (store.Digest, bool, error) {
	judge := func(f *os.File, size int64) error {
		if err := s.Integrity.Check(io.NewSectionReader(f, 0, size)); err != nil {
			return err
		}
		if s.Vet == nil {
			return nil
		}
		return s.Vet(ctx, f, size)
	}
	digest, _, ok, err := c.store.Pull(ctx, store.Wanted{
		Name: s.sharedName(), SHA256: s.SHA256, Size: s.Size, MaxBytes: cmp.Or(s.MaxBytes, defaultBlobBytes), Accept: judge,
	})
	if !ok || err != nil {
		return store.Digest{}, false, err
	}
	if err := c.remember(s, digest); err != nil {
		return store.Digest{}, false, fmt.Errorf("keeping a blob of the shared cache: %w", err)
	}
	return digest, true, nil
}

// sharedName returns what the blob is called where machines share it: the one
// digest that the source names. A source that names none, or several, or one
// that can be forged, is not looked for.
func (s Source) sharedName() string {
	switch {
	case !s.SHA256.IsZero():
		return store.RemoteName(s.SHA256)
	case len(s.Integrity.sums) != 1 || s.Integrity.Weak():
		return ""
	}
	return digests[s.Integrity.algorithm].name + "/" + hex.EncodeToString([]byte(s.Integrity.sums[0]))
}
