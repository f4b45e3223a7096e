package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Each calls visit for every blob, in the order of the digests, until it fails.
func (s *Store) Each(visit func(Digest) error) error {
	err := filepath.WalkDir(filepath.Join(s.root, "blobs", "sha256"), func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another run removed it
		}
		if err != nil || d.IsDir() {
			return err
		}
		digest, err := ParseDigest(d.Name())
		if err != nil {
			return nil //nolint:nilerr // a file that is no blob
		}
		return visit(digest)
	})
	if err != nil {
		return fmt.Errorf("listing cache directory %q: %w", s.dir, err)
	}
	return nil
}

// Clear removes all that the store holds. Runs that use it at the same time
// fetch again what they need.
func (s *Store) Clear() error {
	if err := os.RemoveAll(s.root); err != nil {
		return fmt.Errorf("clearing cache directory %q: %w", s.dir, err)
	}
	return nil
}
