package lockfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Locate returns the lock of what was read, and asks the indexes only for the
// addresses of Pins: without Pins no request is made. Indexes are as in Spec. A
// pin is looked for on the index that claims its name, else on the one that its
// lock file names, unless that is DefaultIndex, for which the configured ones
// stand in.
//
// The lock holds exactly what the lock file does: no dependency is followed, and
// no other version considered. Errors that a user can act on are *Error,
// *NoWheel, *Missing and *NoDigest.
func (f *LockFile) Locate(ctx context.Context, c *fetch.Client, indexes []index.Index, targets []wheel.Target) (*wheel.Lock, error) {
	l := &wheel.Lock{Wheels: slices.Clone(f.Wheels), Notes: slices.Clone(f.Notes)}
	if len(f.Pins) > 0 {
		if err := f.locatePins(ctx, c, indexes, targets, l); err != nil {
			return nil, err
		}
	}
	l.Sort()
	return l, f.checkSources(ctx, c, l)
}

func (f *LockFile) locatePins(ctx context.Context, c *fetch.Client, indexes []index.Index, targets []wheel.Target, l *wheel.Lock) error {
	cat, err := index.NewCatalog(ctx, c, &index.Sources{Indexes: f.sources(indexes)})
	if err != nil {
		return err
	}
	defer cat.Close()
	for _, p := range f.Pins {
		if p.URL == "" {
			cat.Page(p.Name)
		}
	}
	for _, p := range f.Pins {
		if p.URL != "" {
			if err := f.fetchPin(ctx, c, &p, l); err != nil {
				return err
			}
			continue
		}
		page, err := cat.Page(p.Name).Wait(ctx)
		if err != nil {
			return err
		}
		if page.Index == "" {
			return &wheel.Missing{Name: p.Name, Chain: fmt.Sprintf("the lock file %s asks for it", f.File), Indexes: page.Asked, Claimed: page.Claimed}
		}
		for _, t := range targets {
			if !slices.Contains(p.Targets, t.String()) {
				continue
			}
			if err := f.locate(&p, page, t, l); err != nil {
				return err
			}
		}
	}
	return nil
}

// sources returns the indexes with those that pins name, each for its names.
func (f *LockFile) sources(indexes []index.Index) []index.Index {
	all := slices.Clone(indexes)
	if len(all) == 0 {
		all = []index.Index{{URL: index.DefaultIndex}}
	}
	for _, p := range f.Pins {
		claimed := slices.ContainsFunc(indexes, func(x index.Index) bool { return x.Claims(p.Name) })
		if p.Index == "" || p.URL != "" || claimed || index.SameIndex(p.Index, index.DefaultIndex) {
			continue
		}
		at := slices.IndexFunc(all[len(indexes):], func(x index.Index) bool { return x.URL == p.Index && len(x.Packages) > 0 })
		if at < 0 {
			all = append(all, index.Index{URL: p.Index, Packages: []string{p.Name}})
			continue
		}
		x := &all[len(indexes)+at]
		x.Packages = append(x.Packages, p.Name)
	}
	return all
}

// locate adds the file of the pin that the target prefers, or else a source distribution
// of it, if wheels are made of such and no wheel of the version is for one platform.
func (f *LockFile) locate(p *Pin, page *index.Page, t wheel.Target, l *wheel.Lock) error {
	switch has := f.find(p, page, t); {
	case has.best.WheelFile != nil:
		return p.add(page, has.best.WheelFile, t, l)
	case has.source != nil:
		return p.add(page, has.source, t, l)
	default:
		return f.notThere(p, page, t, has)
	}
}

// there is what an index has of a pin.
type there struct {
	best   index.Candidate  // the wheel that the target prefers
	source *index.WheelFile // of which a wheel can be made
	// What is of no use: wheels that do not run on the target, one without a digest, one
	// that the lock file does not know, and a source distribution that it knows.
	rejected           []wheel.Rejected
	unhashed, unlocked string
	hasSource          bool
}

// find looks for the files of a pin.
func (f *LockFile) find(p *Pin, page *index.Page, t wheel.Target) there {
	var out there
	key, tags, native := keyOf(p.Version), t.Tags(), false
	for i := range page.Wheels {
		w := &page.Wheels[i]
		if p.Filename != w.File.Filename && (p.Filename != "" || key != w.Key) {
			continue
		}
		c := index.Candidate{WheelFile: w}
		fits, locked := false, p.allows(w.File)
		c.Rank, fits = tags.Rank(w.NameTags)
		native = native || locked && !w.Pure()
		switch {
		case w.SHA256 == "" && p.Filename == "":
			out.unhashed = w.File.Filename
		case !locked:
			out.unlocked = cmp.Or(out.unlocked, w.File.Filename)
		case !fits:
			out.rejected = append(out.rejected, wheel.Rejected{Filename: w.File.Filename, Misfit: tags.Misfit(w.NameTags)})
		case out.best.WheelFile == nil || c.Compare(out.best) < 0:
			out.best = c
		}
	}
	for i := range page.Sdists {
		x := &page.Sdists[i]
		if key != x.Key || !p.allows(x.File) {
			continue
		}
		out.hasSource = true
		if f.Sdists && !native && x.SHA256 != "" && (p.Filename == "" || p.Filename == x.File.Filename) {
			out.source = x
		}
	}
	return out
}

// notThere says why nothing that the index has of a pin is taken.
func (f *LockFile) notThere(p *Pin, page *index.Page, t wheel.Target, has there) error {
	miss := f.noWheel(p.Name, p.Version, t.String())
	switch {
	case has.unhashed != "":
		return &wheel.NoDigest{Name: p.Name, Version: p.Version, Filename: has.unhashed, Index: page.Index}
	case len(has.rejected) > 0:
		rejects(miss, has.rejected)
		return miss
	case has.unlocked != "":
		return f.fault(p, "the lock file has the SHA-256 of none of its files on the index %s, such as %q: they are not what was locked, so lock again if you trust them", page.Index, has.unlocked)
	case has.hasSource:
		onlySource(miss, p.Filename, miss.Asked, f.Sdists)
		return miss
	}
	return f.fault(p, "the index %s has no %s", page.Index, cmp.Or(p.Filename, "wheel of it that the lock file knows"))
}

// fault returns the fault of a pin.
func (f *LockFile) fault(p *Pin, format string, args ...any) error {
	return &Error{File: f.File, Entry: strings.TrimSpace(p.Name + " " + p.Version), Reason: fmt.Sprintf(format, args...)}
}

// keyOf returns the key of a version, "" where it cannot be read.
func keyOf(version string) string {
	v, err := pep440.Parse(version)
	if err != nil {
		return ""
	}
	return v.Key()
}

// checkSources makes the wheels of the source distributions of a lock, so that
// one of which none can be made is an error before it is kept.
func (f *LockFile) checkSources(ctx context.Context, c *fetch.Client, l *wheel.Lock) error {
	var m index.Making
	var faults []error
	for _, w := range l.Wheels {
		if !w.FromSource() {
			continue
		}
		source, err := openSource(ctx, c, w)
		if err != nil {
			return err
		}
		_, err = m.Wheel(w.Filename, source)
		if refused, ok := errors.AsType[*wheel.NotPure](err); ok {
			miss := f.noWheel(w.Name, w.Version, strings.Join(w.Targets, ", "))
			onlySource(miss, w.Filename, cmp.Or(w.Path, miss.Asked), true)
			miss.Reason = "the lock file has only a source distribution of it, and no wheel can be made from that without running its code: " + refused.Reason
			faults = append(faults, miss)
			continue
		}
		if err != nil {
			return err
		}
	}
	return errors.Join(faults...)
}

// openSource opens the source distribution of a locked wheel, whose digest was
// checked.
func openSource(ctx context.Context, c *fetch.Client, w wheel.Wheel) (io.ReadCloser, error) {
	if w.Path != "" {
		return wheel.OpenSource(w)
	}
	blob, err := c.Blob(ctx, index.WheelSource(w.URL, w.Filename, w.SHA256, w.Size, nil))
	if err != nil {
		return nil, fmt.Errorf("fetching the source distribution %q: %w", w.Filename, err)
	}
	return blob, nil
}

// allows reports whether the lock file has the digest that the index gives. An
// index that gives none is no obstacle where the file is known by its name: its
// bytes are checked against the lock file.
func (p *Pin) allows(f *index.File) bool {
	if f.SHA256 == "" {
		return true
	}
	digest, err := store.ParseDigest(f.SHA256)
	return err == nil && slices.Contains(p.SHA256, digest)
}

// add puts a file of the page into the lock.
func (p *Pin) add(page *index.Page, w *index.WheelFile, t wheel.Target, l *wheel.Lock) error {
	digest := p.SHA256[0]
	if w.SHA256 != "" {
		var err error
		if digest, err = store.ParseDigest(w.SHA256); err != nil {
			return &wheel.NoDigest{Name: p.Name, Version: p.Version, Filename: w.File.Filename, Index: page.Index}
		}
	}
	at := slices.IndexFunc(l.Wheels, func(x wheel.Wheel) bool { return x.Filename == w.File.Filename && x.SHA256 == digest })
	if at >= 0 {
		l.Wheels[at].Targets = append(l.Wheels[at].Targets, t.String())
		return nil
	}
	address, err := page.Locked(w.File)
	if err != nil {
		return err
	}
	l.Wheels = append(l.Wheels, wheel.Wheel{
		Name: p.Name, Version: w.Text, Filename: w.File.Filename, URL: address, SHA256: digest, Size: w.Size,
		Requires: p.Requires, Extras: p.Extras, Pure: w.Pure(), Targets: []string{t.String()},
	})
	return nil
}
