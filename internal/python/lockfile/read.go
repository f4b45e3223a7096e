package lockfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// ReadLockFile reads uv.lock, pylock.toml (or pylock.<name>.toml, PEP 751),
// poetry.lock (1.0 to 2.1) or Pipfile.lock: its name tells which. The lock is
// obeyed: for each target the packages are those whose markers hold there, and
// of each package the best wheel among those listed is taken. No index is asked.
//
// Errors that a user can act on are *Error and *NoWheel.
func ReadLockFile(ctx context.Context, name string, o Options, targets []wheel.Target) (*LockFile, error) {
	title := filepath.Base(name)
	read := lockFormat(title)
	if read == nil {
		return nil, &Error{File: title, Reason: notALockFile(name)}
	}
	b, err := filetree.ReadDocument(name)
	if err != nil {
		return nil, fmt.Errorf("reading lock file %q: %w", title, err)
	}
	r := &lockReader{
		ctx:   ctx,
		title: title, dir: filepath.Dir(name), targets: targets, markers: map[string]*pep508.Marker{},
		given: o.Given, groups: normalizeAll(o.Groups), extras: normalizeAll(o.Extras), packages: normalizeAll(o.Packages),
		sdists: o.Sdists, leftOut: o.LeftOut, outside: o.AllowOutside,
		out: &LockFile{File: title, Wheels: []wheel.Wheel{}, Sdists: o.Sdists}, taken: map[[2]string]string{}, parents: map[string][]string{},
	}
	b = jsonscan.TrimBOM(b)
	if hasConflict(b) {
		return nil, r.fault("", "it holds the marks of a merge conflict: solve it and lock again")
	}
	if err := read(r, b); err != nil {
		return nil, errors.Join(append(r.told(), err)...)
	}
	if faults := r.told(); len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	r.finish()
	return r.out, nil
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

// lockFormat returns the reader for files of that name, or nil.
func lockFormat(title string) func(*lockReader, []byte) error {
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
