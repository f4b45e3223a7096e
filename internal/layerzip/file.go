package layerzip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Names of the files beside a target while it is written. Only a killed process
// leaves one behind; the next write to the directory removes it once it is
// older than any process could be writing it.
const (
	tempPrefix = ".layer-"
	tempSuffix = ".tmp"
	tempAge    = time.Hour
)

// WriteFileIn writes the zip to the path below dir that choose names once the
// digest is known, mode 0644, and returns the digest. An error of choose keeps
// the zip from appearing. The file appears by rename: a reader of the path
// sees the old file, or none, or the whole new one, and after an error nothing
// has changed. Its bytes are on the disk before it gets its name, so that a loss of
// power leaves no short zip there. Missing directories are made. Where the system can, the space is
// taken first, so that a full disk is an error before the first byte.
func (l *Layout) WriteFileIn(ctx context.Context, dir string, choose func(store.Digest) (string, error)) (store.Digest, error) {
	return writeIn(dir, func(f *os.File) (store.Digest, error) { return l.fill(ctx, f) }, choose)
}

// CopyFileIn is WriteFileIn for a zip that is there already.
func CopyFileIn(ctx context.Context, dir string, zip io.Reader, choose func(store.Digest) (string, error)) (store.Digest, error) {
	return writeIn(dir, func(f *os.File) (store.Digest, error) {
		digest, _, err := store.SumReader(ctx, io.TeeReader(zip, f))
		if err != nil {
			return store.Digest{}, err
		}
		return digest, f.Chmod(0o644)
	}, choose)
}

// writeIn lets fill write a file that appears by rename.
func writeIn(dir string, fill func(*os.File) (store.Digest, error), choose func(store.Digest) (string, error)) (store.Digest, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return store.Digest{}, fmt.Errorf("writing to %q: %w", dir, err)
	}
	sweep(dir, time.Now().Add(-tempAge))
	temp, err := os.CreateTemp(dir, tempPrefix+"*"+tempSuffix)
	if err != nil {
		return store.Digest{}, fmt.Errorf("writing to %q: %w", dir, err)
	}
	digest, err := fill(temp)
	if err == nil {
		err = store.Sync(temp)
	}
	if err = errors.Join(err, temp.Close()); err == nil {
		err = publish(temp.Name(), digest, choose)
	}
	if err != nil {
		return store.Digest{}, errors.Join(fmt.Errorf("writing to %q: %w", dir, err), os.Remove(temp.Name()))
	}
	return digest, nil
}

func publish(temp string, digest store.Digest, choose func(store.Digest) (string, error)) error {
	path, err := choose(digest)
	if err != nil {
		return err
	}
	return os.Rename(temp, path)
}

func (l *Layout) fill(ctx context.Context, f *os.File) (store.Digest, error) {
	if err := preallocate(f, l.size); err != nil {
		return store.Digest{}, fmt.Errorf("taking %d bytes: %w", l.size, err)
	}
	digest, err := l.Write(ctx, f)
	if err != nil {
		return store.Digest{}, err
	}
	return digest, f.Chmod(0o644)
}

// sweep removes the temporary files in dir that were last written before the
// given time. It is a service to the user: what it cannot remove it leaves.
func sweep(dir string, before time.Time) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tempPrefix) || !strings.HasSuffix(e.Name(), tempSuffix) || !e.Type().IsRegular() {
			continue
		}
		if info, err := e.Info(); err == nil && info.ModTime().Before(before) {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
