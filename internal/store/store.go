// Package store keeps files on disk under the name of their content, and small
// records under a key. It is safe between processes: everything appears by
// rename, so that a reader sees nothing or all, and a killed writer leaves only
// a temporary file that the next Trim removes.
//
// Layout below the directory, all under v1:
//
//	blobs/sha256/ab/<hex>     blobs, mode 0444
//	records/<bucket>/ab/<hex> records, named by the digest of their key
//	locks/<hex>               locks, named by the digest of their key
//	tmp/                      files being written, locked by their writers
package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Store is a cache directory. It holds no open files of its own and needs no
// closing; it is safe for concurrent use.
type Store struct {
	dir  string // as the user named it, absolute
	root string // dir/v1
	// distrust says why the records of the folder are not believed, "" where they
	// are.
	distrust string
	key      recordKey
	// checked has the files that were read and have the digests of their names, as
	// they were then: fs.FileInfo by Digest.
	checked *sync.Map
	files   openFiles
	// shared is what the store shares with other machines, or nil.
	shared *sharing
}

// maxOpen is how many files of records, and of blobs that are kept or verified, are open at once:
// hundreds of records may be asked for together, and a process may have few files.
const maxOpen = 12

// openFiles bounds how many files are open. Nobody who holds a place asks for another.
type openFiles chan struct{}

func (o openFiles) enter() (leave func()) {
	o <- struct{}{}
	return func() { <-o }
}

// touchAfter is how old the time of last use may grow before a use renews it:
// eviction needs no finer grain, and a read should not cost a write.
const touchAfter = 24 * time.Hour

// Open returns the store in dir, which it creates with all parents if need be.
// Errors name dir.
func Open(dir string) (*Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening cache directory %q: %w", dir, err)
	}
	s := &Store{dir: abs, root: filepath.Join(abs, "v1"), checked: &sync.Map{}, files: make(openFiles, maxOpen)}
	for _, sub := range []string{"blobs/sha256", "records", "locks", "tmp"} {
		name := filepath.Join(s.root, filepath.FromSlash(sub))
		if err := os.MkdirAll(name, 0o700); err != nil && !isDir(name) {
			return nil, fmt.Errorf("opening cache directory %q: %w", abs, err)
		}
	}
	if s.distrust, err = foreign(abs, s.root, filepath.Join(s.root, "records")); err != nil {
		return nil, fmt.Errorf("opening cache directory %q: %w", abs, err)
	}
	return s, nil
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// Distrust says why the records of the cache directory are not believed, in a
// sentence: another user owns it, or others may write to it. It is "" where they
// are. Blobs are used all the same: their digests tell what they are.
func (s *Store) Distrust() string { return s.distrust }

// Dir returns the absolute path of the cache directory.
func (s *Store) Dir() string { return s.dir }

// Path returns where the blob of the digest is, or would be.
func (s *Store) Path(d Digest) string {
	name := d.Hex()
	return filepath.Join(s.root, "blobs", "sha256", name[:2], name)
}

// Open returns the blob, open for reading; the caller closes it. The error of
// an absent blob matches fs.ErrNotExist. A blob whose size differs from size
// (when size is not negative) is damaged: it is evicted and absent.
func (s *Store) Open(d Digest, size int64) (*os.File, error) {
	f, err := os.Open(s.Path(d))
	if err != nil {
		return nil, fmt.Errorf("reading blob %s: %w", d, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading blob %s: %w", d, err), f.Close())
	}
	if size >= 0 && info.Size() != size {
		absent := fmt.Errorf("reading blob %s: %w: it had %d bytes for %d", d, fs.ErrNotExist, info.Size(), size)
		return nil, errors.Join(absent, f.Close(), s.Evict(d))
	}
	touch(f.Name(), info)
	return f, nil
}

// Has reports whether the blob is present with that size; a negative size
// means any. It never evicts.
func (s *Store) Has(d Digest, size int64) bool {
	info, err := os.Stat(s.Path(d))
	return err == nil && info.Mode().IsRegular() && (size < 0 || info.Size() == size)
}

// Evict removes the blob; an absent one is no error. Files already open stay
// readable, except on Windows, where an open blob cannot be evicted.
func (s *Store) Evict(d Digest) error {
	if err := os.Remove(s.Path(d)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("evicting blob %s: %w", d, err)
	}
	return nil
}

// Verify reads the whole blob, unless this Store has read the same file before. One
// whose content has another digest is evicted and reported as a *CorruptError.
func (s *Store) Verify(ctx context.Context, d Digest) error {
	defer s.files.enter()()
	f, err := s.Open(d, -1)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && s.isChecked(d, info) {
		return f.Close()
	}
	got, _, sumErr := SumReader(ctx, f)
	if err = errors.Join(err, sumErr, f.Close()); err != nil {
		return fmt.Errorf("verifying blob %s: %w", d, err)
	}
	if got == d {
		s.checked.Store(d, info)
		return nil
	}
	corrupt := &CorruptError{Path: s.Path(d), Got: got}
	if err := s.Evict(d); err != nil {
		return errors.Join(corrupt, err)
	}
	return corrupt
}

// OpenVerified is as Open, of a blob whose bytes have its digest: a damaged one is
// evicted and absent.
func (s *Store) OpenVerified(ctx context.Context, d Digest, size int64) (*os.File, error) {
	var corrupt *CorruptError
	if err := s.Verify(ctx, d); errors.As(err, &corrupt) {
		return nil, fmt.Errorf("reading blob %s: %w: %w", d, fs.ErrNotExist, err)
	} else if err != nil {
		return nil, err
	}
	return s.Open(d, size)
}

// isChecked reports whether a file is as it was when it was read.
func (s *Store) isChecked(d Digest, now fs.FileInfo) bool {
	known, _ := s.checked.Load(d)
	then, ok := known.(fs.FileInfo)
	return ok && os.SameFile(then, now) && then.Size() == now.Size() && then.ModTime().Equal(now.ModTime())
}

// touch renews the time of last use. A failure only makes eviction less fair,
// and a read-only cache must stay readable.
func touch(path string, info fs.FileInfo) {
	now := time.Now()
	if now.Sub(info.ModTime()) > touchAfter {
		_ = os.Chtimes(path, now, now)
	}
}

// DigestError says that content is not what was asked for.
type DigestError struct {
	Want, Got Digest
	// Size is the number of bytes that have the digest Got.
	Size int64
}

func (e *DigestError) Error() string {
	return fmt.Sprintf("the %d bytes have sha256 %s, want %s", e.Size, e.Got, e.Want)
}

// CorruptError says that a blob was damaged on disk; it has been evicted.
type CorruptError struct {
	Path string
	Got  Digest
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("the cached file %q was damaged: it had sha256 %s; it has been removed", e.Path, e.Got)
}
