package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// TrimResult says what a Trim did.
type TrimResult struct {
	// Removed and Freed count the blobs and records that went, and their bytes.
	Removed int
	Freed   int64
	// Kept and Bytes count those that stayed.
	Kept  int
	Bytes int64
	// Swept counts the temporary and lock files of writers that are gone.
	Swept int
}

const (
	// tempGrace spares a temporary file in the moments when it has no lock:
	// after its creation and, on Windows, before its rename.
	tempGrace = time.Minute
	// idleAfter is the age of a lock file, or of a temporary file on a file
	// system without locks, from which it counts as left behind.
	idleAfter = 24 * time.Hour
)

// Trim removes blobs and records not used for maxAge (when positive), then the
// least recently used until no more than maxBytes remain (when positive), and
// always what killed writers left. Time of use is kept to the day. A file that
// is being written is never removed. When another Trim is under way anywhere,
// or the cache directory cannot be written, it does nothing.
func (s *Store) Trim(ctx context.Context, maxBytes int64, maxAge time.Duration) (TrimResult, error) {
	var result TrimResult
	own, err := lockPath(filepath.Join(s.root, "locks", "trim"))
	if unwritable(err) {
		return result, nil
	}
	if err != nil {
		return result, fmt.Errorf("trimming cache directory %q: %w", s.dir, err)
	}
	if own == nil {
		return result, nil
	}
	err = errors.Join(
		s.sweep(ctx, "tmp", leftTemp, &result),
		s.sweep(ctx, "locks", leftLock, &result),
		s.trimFiles(ctx, maxBytes, maxAge, &result),
		own.Close(),
	)
	if err != nil {
		return result, fmt.Errorf("trimming cache directory %q: %w", s.dir, err)
	}
	return result, nil
}

type usedFile struct {
	path string
	size int64
	used time.Time
}

func (s *Store) trimFiles(ctx context.Context, maxBytes int64, maxAge time.Duration, result *TrimResult) error {
	files, err := s.usedFiles(ctx)
	faults := []error{err}
	for _, f := range files {
		result.Bytes += f.size
	}
	result.Kept = len(files)
	oldest := time.Now().Add(-maxAge)
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			faults = append(faults, err)
			break
		}
		tooOld := maxAge > 0 && f.used.Before(oldest)
		tooMuch := maxBytes > 0 && result.Bytes > maxBytes
		if !tooOld && !tooMuch {
			break
		}
		removed, err := removeUnused(f)
		faults = append(faults, err)
		if removed {
			result.Removed++
			result.Freed += f.size
			result.Kept--
			result.Bytes -= f.size
		}
	}
	return errors.Join(faults...)
}

// usedFiles returns the blobs and records, least recently used first.
func (s *Store) usedFiles(ctx context.Context) ([]usedFile, error) {
	var files []usedFile
	var faults []error
	for _, sub := range []string{"blobs", "records"} {
		faults = append(faults, filepath.WalkDir(filepath.Join(s.root, sub), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return errors.Join(ignoreAbsent(err), ctx.Err())
			}
			info, err := d.Info()
			if err != nil {
				return ignoreAbsent(err)
			}
			files = append(files, usedFile{path: path, size: info.Size(), used: info.ModTime()})
			return nil
		}))
	}
	slices.SortFunc(files, func(a, b usedFile) int {
		return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.path, b.path))
	})
	return files, errors.Join(faults...)
}

// removeUnused removes the file unless it was used since it was listed.
func removeUnused(f usedFile) (bool, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return false, ignoreAbsent(err)
	}
	if !info.ModTime().Equal(f.used) {
		return false, nil
	}
	if err := os.Remove(f.path); err != nil {
		if busy(err) {
			return false, nil
		}
		return false, ignoreAbsent(err)
	}
	return true, nil
}

// sweep removes what gone writers left in a folder: the files that left opens.
func (s *Store) sweep(ctx context.Context, sub string, left func(string, time.Duration) (*os.File, error), result *TrimResult) error {
	dir := filepath.Join(s.root, sub)
	entries, err := os.ReadDir(dir)
	faults := []error{err}
	for _, entry := range entries {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(faults, err)...)
		}
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() {
			faults = append(faults, ignoreAbsent(err))
			continue
		}
		f, err := left(filepath.Join(dir, entry.Name()), time.Since(info.ModTime()))
		if f != nil {
			err = removeOpen(f)
		}
		if f != nil && err == nil {
			result.Swept++
		}
		faults = append(faults, ignoreBusy(err))
	}
	return errors.Join(faults...)
}

// leftTemp opens a temporary file of that age if its writer is gone; else it returns
// nil.
func leftTemp(path string, age time.Duration) (*os.File, error) {
	if age < tempGrace {
		return nil, nil
	}
	f, err := os.Open(path) // for reading: it may have its final mode
	if err != nil {
		return nil, err
	}
	locked, err := tryLock(f)
	if err != nil && age < idleAfter || err == nil && !locked {
		return nil, f.Close()
	}
	return f, nil
}

// leftLock opens a lock file of that age if nobody has used it for long; else it
// returns nil.
func leftLock(path string, age time.Duration) (*os.File, error) {
	if age < idleAfter || filepath.Base(path) == "trim" {
		return nil, nil
	}
	return lockPath(path)
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func ignoreBusy(err error) error {
	if err != nil && busy(err) {
		return nil
	}
	return ignoreAbsent(err)
}

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
