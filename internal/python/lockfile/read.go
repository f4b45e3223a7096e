package lockfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// ReadLockFile reads uv.lock, pylock.toml (or pylock.<name>.toml, PEP 751),
// poetry.lock (1.0 to 2.1) or Pipfile.lock: its name tells which. The lock is
// obeyed: for each target the packages are those whose markers hold there, and
// of each package the best wheel among those listed is taken. No index is asked.
//
// Errors that a user can act on are *Error and *NoWheel.
func ReadLockFile(ctx context.Context, name string, o Options, targets []wheel.Target) (*LockFile, error) {
	r := newReader(ctx, name, o)
	format := formatOf(r.title)
	if format == nil {
		return nil, r.fault("", "%s", notALockFile(name))
	}
	b, err := filetree.ReadDocument(name)
	if err != nil {
		return nil, fmt.Errorf("reading lock file %q: %w", r.title, err)
	}
	if err := r.read(format, jsonscan.TrimBOM(b), targets); err != nil {
		return nil, err
	}
	r.finish()
	return r.out, nil
}

// lockFormat reads a file, and returns what tells its entries for a target: those up to
// the first fault of the file, and that.
type lockFormat func(r *lockReader, b []byte) (entries func(t wheel.Target) ([]*lockEntry, error), err error)

// read puts the entries of a file for each target into what is locked.
func (r *lockReader) read(format lockFormat, b []byte, targets []wheel.Target) error {
	if hasConflict(b) {
		return r.fault("", "it holds the marks of a merge conflict: solve it and lock again")
	}
	entries, err := format(r, b)
	for _, t := range targets {
		if err != nil {
			break
		}
		var all []*lockEntry
		all, err = entries(t)
		for _, e := range all {
			if err := r.tell(r.put(e, t)); err != nil {
				return errors.Join(append(r.told(), err)...)
			}
		}
	}
	return errors.Join(append(r.told(), err)...)
}

// hasConflict reports whether git left a conflict in a text. No format of a lock file
// has a line that starts so.
func hasConflict(b []byte) bool {
	for line := range bytes.Lines(b) {
		if bytes.HasPrefix(line, []byte("<<<<<<< ")) || bytes.HasPrefix(line, []byte(">>>>>>> ")) {
			return true
		}
	}
	return false
}

// formatOf returns the reader for files of that name, or nil.
func formatOf(title string) lockFormat {
	switch title {
	case "uv.lock":
		return (*lockReader).readUV
	case "poetry.lock":
		return (*lockReader).readPoetry
	case "Pipfile.lock":
		return (*lockReader).readPipfile
	}
	if middle, ok := strings.CutPrefix(title, "pylock."); ok {
		middle, ok = strings.CutSuffix("."+middle, ".toml")
		if ok && (middle == "" || strings.Count(middle, ".") == 1 && len(middle) > 1) {
			return (*lockReader).readPylock
		}
	}
	return nil
}
