package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// Writer takes the bytes of a new blob and hashes them on the way. It must end
// in Commit or Abort; it is not safe for concurrent use.
type Writer struct {
	s    *Store
	f    *os.File
	hash hash.Hash
	size int64
	err  error // the first failed write: nothing can be committed after it
	done bool
}

// NewWriter opens a temporary file in the store. It stays locked until the end
// of the writer, so that no Trim of any process takes it for litter.
func (s *Store) NewWriter() (*Writer, error) {
	f, err := s.createTemp("blob-")
	if err != nil {
		return nil, err
	}
	return &Writer{s: s, f: f, hash: sha256.New()}, nil
}

// Write appends p.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.f.Write(p)
	w.hash.Write(p[:n])
	w.size += int64(n)
	if err != nil {
		w.err = fmt.Errorf("writing to cache directory %q: %w", w.s.dir, err)
	}
	return n, w.err
}

// Sum returns the digest of what was written so far.
func (w *Writer) Sum() Digest { return Digest(w.hash.Sum(nil)) }

// Size returns the number of bytes written so far.
func (w *Writer) Size() int64 { return w.size }

// File returns the temporary file, for reading what was written before it is
// committed. Use ReadAt: the offset belongs to the writer.
func (w *Writer) File() *os.File { return w.f }

// Reset forgets what was written.
func (w *Writer) Reset() error {
	if w.err != nil {
		return w.err
	}
	if err := w.f.Truncate(0); err != nil {
		return fmt.Errorf("writing to cache directory %q: %w", w.s.dir, err)
	}
	if _, err := w.f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("writing to cache directory %q: %w", w.s.dir, err)
	}
	w.hash.Reset()
	w.size = 0
	return nil
}

// Commit makes the content a blob under its digest and ends the writer. When
// want is not zero and is not the digest, nothing is stored and the error is a
// *DigestError. A blob that is already there is replaced by its equal.
func (w *Writer) Commit(want Digest) error {
	if w.done {
		return errors.New("committing a blob: the writer has ended")
	}
	if w.err != nil {
		return errors.Join(w.err, w.Abort())
	}
	got := w.Sum()
	if !want.IsZero() && got != want {
		return errors.Join(&DigestError{Want: want, Got: got, Size: w.size}, w.Abort())
	}
	w.done = true
	dst := w.s.Path(got)
	err := errors.Join(w.f.Chmod(0o444), os.MkdirAll(filepath.Dir(dst), 0o777))
	if err = publish(w.f, dst, err); err == nil {
		if info, err := os.Stat(dst); err == nil && info.Size() == w.size {
			w.s.checked.Store(got, info)
		}
		return nil
	}
	if w.s.Has(got, w.size) {
		return nil // Windows: another process holds the same blob open
	}
	return fmt.Errorf("committing to cache directory %q: %w", w.s.dir, err)
}

// Abort ends the writer and removes what was written; after Commit it does
// nothing.
func (w *Writer) Abort() error {
	if w.done {
		return nil
	}
	w.done = true
	return discard(w.f)
}

// Keep copies what in holds, whose digest is known, into the store. Other bytes are a
// *DigestError.
func (s *Store) Keep(want Digest, in io.Reader) (err error) {
	defer s.files.enter()()
	w, err := s.NewWriter()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Abort()) }()
	if _, err := io.Copy(w, in); err != nil {
		return err
	}
	return w.Commit(want)
}

// SyncBlob waits until a blob's bytes are on the disk: for one that costs more to lose
// than a fetch. Other blobs that a loss of power cuts short are damaged, and are
// fetched again.
func (s *Store) SyncBlob(d Digest) (err error) {
	f, err := os.Open(s.Path(d))
	if err != nil {
		return fmt.Errorf("reading blob %s: %w", d, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := Sync(f); err != nil && !unwritable(err) {
		return fmt.Errorf("writing blob %s to the disk: %w", d, err)
	}
	return nil
}

// Sync waits until the file's bytes are on the disk, where the file system can.
func Sync(f *os.File) error {
	if err := f.Sync(); !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

// Replace puts a small file below the cache directory in the place of the one at
// path. It is for what cannot be fetched again: the bytes are on the disk before
// they get the name.
func (s *Store) Replace(path string, body []byte) error {
	f, err := s.createTemp("file-")
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err == nil {
		err = Sync(f)
	}
	if err := publish(f, path, err); err != nil {
		return fmt.Errorf("writing to cache directory %q: %w", s.dir, err)
	}
	return nil
}

// createTemp opens a new locked file in tmp.
func (s *Store) createTemp(prefix string) (*os.File, error) {
	f, err := os.CreateTemp(filepath.Join(s.root, "tmp"), prefix+"*")
	if err != nil {
		return nil, fmt.Errorf("writing to cache directory %q: %w", s.dir, err)
	}
	// A file system without locks is served too: there Trim goes by age alone.
	_, _ = tryLock(f)
	return f, nil
}

// publish closes f and moves it to dst, unless err is an error already. On
// failure the file is removed.
func publish(f *os.File, dst string, err error) error {
	if err != nil {
		return errors.Join(err, discard(f))
	}
	if err := moveOpen(f, dst); err != nil {
		return errors.Join(err, removeTemp(f.Name()))
	}
	return nil
}

func discard(f *os.File) error {
	if err := errors.Join(f.Close(), removeTemp(f.Name())); err != nil {
		return fmt.Errorf("removing temporary file: %w", err)
	}
	return nil
}

func removeTemp(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
