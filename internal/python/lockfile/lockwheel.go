package lockfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// isVersion reports whether a wheel is of the entry's version, where it tells one.
func (e *lockEntry) isVersion(w wheel.NameTags) bool {
	key := keyOf(e.version)
	return key == "" || key == w.Parsed.Key()
}

// takeLocal adds a file that lies on disk, a wheel or a source distribution. One that
// the lock file has no hash of is what lies there, as a wheel that is given by its
// path.
func (r *lockReader) takeLocal(e *lockEntry, f lockedFile, w wheel.NameTags, t wheel.Target) error {
	place, kind := strings.ReplaceAll(f.path, `\`, "/"), wheel.FileKind(f.name)
	if path.IsAbs(place) || filepath.IsAbs(f.path) || filepath.VolumeName(f.path) != "" {
		return r.fault(e.title(), "the %s %q lies at an absolute path, so that no other machine would find it: lock it by a relative path, or give %s in python.wheels", kind, place, inWheels(kind))
	}
	if err := r.checkAllowed(place); err != nil {
		return r.fault(e.title(), "the %s %q: %v", kind, place, err)
	}
	title := place
	place = path.Join(filepath.ToSlash(r.dir), place)
	sum, size, err := wheel.SumWheel(r.ctx, place)
	if errors.Is(err, fs.ErrNotExist) {
		return r.fault(e.title(), "there is no %s %q: put it there, or lock again", kind, title)
	}
	if err != nil {
		return r.fault(e.title(), "%v", err)
	}
	if len(f.oneOf) == 0 && len(f.hashes) > 0 {
		digest, err := r.digest(e, f)
		if err != nil {
			return err
		}
		f.oneOf = []store.Digest{digest}
	}
	if len(f.oneOf) > 0 && !slices.Contains(f.oneOf, sum) {
		return r.fault(e.title(), "the %s %q has the SHA-256 %s, and %s was locked: put the locked file back, or lock again", kind, title, sum, f.oneOf[0])
	}
	r.add(e, t, wheel.Wheel{Version: w.Version, Filename: f.name, Path: place, SHA256: sum, Size: size, Pure: w.Pure()})
	return nil
}

// inWheels names what of a file goes into python.wheels.
func inWheels(kind string) string {
	if kind == wheel.KindWheel {
		return "it"
	}
	return "a wheel of it"
}

// pathOf returns the path of a file: address, "" for other addresses.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "file" {
		return ""
	}
	return cmp.Or(u.Path, u.Opaque)
}

// fetchPin adds a wheel whose lock file gives its address, and several digests
// of which one must be its own.
func (f *LockFile) fetchPin(ctx context.Context, c *fetch.Client, p *Pin, l *wheel.Lock) (err error) {
	entry := strings.TrimSpace(p.Name + " " + p.Version)
	blob, err := c.Blob(ctx, index.WheelSource(p.URL, p.Filename, store.Digest{}, 0, nil))
	if err != nil {
		return fmt.Errorf("fetching %s of the lock file %q: %w", entry, f.File, err)
	}
	defer func() { err = errors.Join(err, blob.Close()) }()
	digest, size, err := store.SumReader(ctx, blob)
	if err != nil {
		return fmt.Errorf("fetching %s of the lock file %q: %w", entry, f.File, err)
	}
	if !slices.Contains(p.SHA256, digest) {
		return f.fault(p, "the file at %s has the SHA-256 %s, which is not in the lock file: it is not the file that was locked, so lock again if you trust it", fetch.Redact(p.URL), digest)
	}
	name, ok := wheel.SourceName(p.Filename)
	if !ok {
		if name, err = wheel.ParseWheelName(p.Filename); err != nil {
			return err
		}
	}
	l.Wheels = append(l.Wheels, wheel.Wheel{
		Name: p.Name, Version: name.Version, Filename: p.Filename, URL: p.URL, SHA256: digest, Size: size,
		Requires: p.Requires, Extras: p.Extras, Pure: name.Pure(), Targets: slices.Clone(p.Targets),
	})
	return nil
}
