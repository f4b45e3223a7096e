package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Lock waits for the exclusive right to key, between all processes and all
// goroutines, until ctx ends. The right ends with unlock or with the process. A
// cache directory that cannot be written needs no lock: nobody changes it.
func (s *Store) Lock(ctx context.Context, key string) (unlock func() error, err error) {
	path := filepath.Join(s.root, "locks", Sum([]byte(key)).Hex())
	for wait := 2 * time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		f, err := lockPath(path)
		if unwritable(err) {
			return func() error { return nil }, nil
		}
		if err != nil {
			return nil, fmt.Errorf("locking in cache directory %q: %w", s.dir, err)
		}
		if f != nil {
			return f.Close, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for a lock in cache directory %q: %w", s.dir, context.Cause(ctx))
		case <-time.After(wait):
		}
	}
}

// lockPath returns the locked file at path, or nil when another holds it.
func lockPath(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	locked, err := tryLock(f)
	if err != nil || !locked {
		return nil, errors.Join(err, f.Close())
	}
	// Trim removes idle lock files: the lock of a file that has lost its name
	// excludes nobody.
	mine, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if named, err := os.Stat(path); err != nil || !os.SameFile(mine, named) {
		return nil, f.Close()
	}
	return f, nil
}
