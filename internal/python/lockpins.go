package python

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Locate returns the lock of what was read, and asks the indexes only for the
// addresses of Pins: without Pins no request is made. Indexes are as in Spec. A
// pin is looked for on the index that claims its name, else on the one that its
// lock file names, unless that is DefaultIndex, for which the configured ones
// stand in.
//
// The lock holds exactly what the lock file does: no dependency is followed, and
// no other version considered. Errors that a user can act on are *LockFileError,
// *NoWheel, *Missing and *NoDigest.
func (f *LockFile) Locate(ctx context.Context, c *fetch.Client, indexes []Index, targets []Target) (*Lock, error) {
	r := &resolution{lock: &Lock{Wheels: slices.Clone(f.Wheels), Notes: slices.Clone(f.Notes)}}
	if len(f.Pins) > 0 {
		if err := f.locatePins(ctx, c, indexes, targets, r.lock); err != nil {
			return nil, err
		}
	}
	l := r.finish()
	return l, f.checkSources(ctx, c, l)
}

func (f *LockFile) locatePins(ctx context.Context, c *fetch.Client, indexes []Index, targets []Target, l *Lock) error {
	cat, err := newCatalog(c, &Spec{Indexes: f.sources(indexes)})
	if err != nil {
		return err
	}
	background, cancel := context.WithCancel(ctx)
	cat.ctx = background
	defer cat.tasks.Wait()
	defer cancel()
	for _, p := range f.Pins {
		if p.URL == "" {
			cat.page(p.Name)
		}
	}
	for _, p := range f.Pins {
		if p.URL != "" {
			if err := f.fetchPin(ctx, c, &p, l); err != nil {
				return err
			}
			continue
		}
		page, err := cat.page(p.Name).wait(ctx)
		if err != nil {
			return err
		}
		if page.index == "" {
			return &Missing{Name: p.Name, Chain: fmt.Sprintf("the lock file %s asks for it", f.File), Indexes: page.asked, Claimed: page.claimed}
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
func (f *LockFile) sources(indexes []Index) []Index {
	all := slices.Clone(indexes)
	if len(all) == 0 {
		all = []Index{{URL: DefaultIndex}}
	}
	for _, p := range f.Pins {
		claimed := slices.ContainsFunc(indexes, func(x Index) bool { return x.claims(p.Name) })
		if p.Index == "" || p.URL != "" || claimed || sameIndex(p.Index, DefaultIndex) {
			continue
		}
		at := slices.IndexFunc(all[len(indexes):], func(x Index) bool { return x.URL == p.Index && len(x.Packages) > 0 })
		if at < 0 {
			all = append(all, Index{URL: p.Index, Packages: []string{p.Name}})
			continue
		}
		x := &all[len(indexes)+at]
		x.Packages = append(x.Packages, p.Name)
	}
	return all
}

func sameIndex(a, b string) bool { return strings.TrimRight(a, "/") == strings.TrimRight(b, "/") }

// withoutUser returns an address without user and password. It reads text that
// is no valid URL yet: Pipenv leaves variables in it.
func withoutUser(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	host, path, deep := strings.Cut(rest, "/")
	host = host[strings.LastIndexByte(host, '@')+1:]
	if deep {
		path = "/" + path
	}
	return scheme + "://" + host + path
}

// locate adds the file of the pin that the target prefers.
func (f *LockFile) locate(p *Pin, page *page, t Target, l *Lock) error {
	tags := t.Tags()
	best, bestRank := -1, 0
	unhashed, found := "", false
	var rejected []Rejected
	for i := range page.wheels {
		w := &page.wheels[i]
		if !p.named(w) {
			continue
		}
		if w.sha256 == "" && p.Filename == "" {
			unhashed = w.file.name
			continue
		}
		if !p.allows(w.file) {
			continue
		}
		found = true
		rank, ok := tags.Rank(w.WheelName)
		switch {
		case !ok:
			rejected = append(rejected, Rejected{Filename: w.file.name, Reason: tags.Misfit(w.WheelName)})
		case best < 0 || (candidate{w, rank}).compare(candidate{&page.wheels[best], bestRank}) < 0:
			best, bestRank = i, rank
		}
	}
	if best >= 0 {
		return p.add(page, &page.wheels[best], t, l)
	}
	if source := f.sourceOf(p, page); source != nil {
		return p.add(page, source, t, l)
	}
	switch {
	case unhashed != "":
		return &NoDigest{Name: p.Name, Version: p.Version, Filename: unhashed, Index: page.index}
	case !found:
		return f.unknown(p, page, t)
	}
	return &NoWheel{
		Name: p.Name, Version: p.Version, Asked: p.Name + "==" + p.Version, Target: t.String(), Files: rejected,
		Chain:  fmt.Sprintf("the lock file %s asks for it", f.File),
		Reason: "the lock file holds " + sumUp(rejected),
		Advice: lockAdvice,
	}
}

// sourceOf returns the source distribution of a pin, if wheels are made of such
// and the index has no wheel of the version for one platform.
func (f *LockFile) sourceOf(p *Pin, page *page) (found *wheelFile) {
	if !f.Sdists || slices.ContainsFunc(page.wheels, func(w wheelFile) bool { return p.named(&w) && p.allows(w.file) && !w.Pure() }) {
		return nil
	}
	page.sdists(func(x *file, r *release) {
		v, err := pep440.Parse(p.Version)
		if err != nil || v.Key() != r.key || x.sha256 == "" || !p.allows(x) || !sdist.Is(x.name) || p.Filename != "" && p.Filename != x.name {
			return
		}
		kind := sdistKind
		kind.Name, kind.Version, kind.Parsed = p.Name, r.text, r.version
		found = &wheelFile{file: x, release: r, wheelKind: &wheelKind{WheelName: kind}}
	})
	return found
}

// checkSources makes the wheels of the source distributions of a lock, so that
// one of which none can be made is an error before it is kept.
func (f *LockFile) checkSources(ctx context.Context, c *fetch.Client, l *Lock) error {
	var m making
	for _, w := range l.Wheels {
		if !w.FromSource() {
			continue
		}
		blob, err := c.Blob(ctx, sourceFile(w.URL, w.SHA256, w.Size))
		if err != nil {
			return fmt.Errorf("fetching the source distribution %q: %w", w.Filename, err)
		}
		_, err = m.wheel(w.Filename, blob)
		if refused, ok := errors.AsType[*NotPure](err); ok {
			return &NoWheel{
				Name: w.Name, Version: w.Version, Asked: w.Name + "==" + w.Version, Target: strings.Join(w.Targets, ", "), Sdist: true,
				Chain:  fmt.Sprintf("the lock file %s asks for it", f.File),
				Reason: "the lock file holds only a source distribution of it, of which no wheel can be made without running it: " + refused.Reason,
				Advice: sourceLockAdvice(w.Name, w.Version, true),
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// named reports whether a file is of the pinned version and name.
func (p *Pin) named(w *wheelFile) bool {
	if p.Filename != "" {
		return w.file.name == p.Filename
	}
	v, err := pep440.Parse(p.Version)
	return err == nil && v.Key() == w.key
}

// allows reports whether the lock file has the digest that the index gives. An
// index that gives none is no obstacle where the file is known by its name: its
// bytes are checked against the lock file.
func (p *Pin) allows(f *file) bool {
	if f.sha256 == "" {
		return true
	}
	digest, err := store.ParseDigest(f.sha256)
	return err == nil && slices.Contains(p.SHA256, digest)
}

// unknown tells that the index has no file as the lock file wants it.
func (f *LockFile) unknown(p *Pin, page *page, t Target) error {
	var names []string
	source := false
	for i := range page.wheels {
		if p.named(&page.wheels[i]) {
			names = append(names, page.wheels[i].file.name)
		}
	}
	page.sdists(func(x *file, r *release) {
		v, err := pep440.Parse(p.Version)
		source = source || err == nil && v.Key() == r.key && p.allows(x)
	})
	entry := p.Name + " " + p.Version
	switch {
	case len(names) > 0:
		return &LockFileError{File: f.File, Entry: entry, Reason: fmt.Sprintf("the lock file has the SHA-256 of none of its files on the index %s, such as %q: they are not what was locked, so lock again if you trust them", page.index, names[0])}
	case source:
		return &NoWheel{
			Name: p.Name, Version: p.Version, Asked: p.Name + "==" + p.Version, Target: t.String(), Sdist: true,
			Chain: fmt.Sprintf("the lock file %s asks for it", f.File), Reason: onlySource(f.Sdists),
			Advice: sourceLockAdvice(p.Name, p.Version, f.Sdists),
		}
	}
	return &LockFileError{File: f.File, Entry: entry, Reason: fmt.Sprintf("the index %s has no %s", page.index, cmp.Or(p.Filename, "wheel of it that the lock file knows"))}
}

// add puts a file of the page into the lock.
func (p *Pin) add(page *page, w *wheelFile, t Target, l *Lock) error {
	digest := p.SHA256[0]
	if w.sha256 != "" {
		var err error
		if digest, err = store.ParseDigest(w.sha256); err != nil {
			return &NoDigest{Name: p.Name, Version: p.Version, Filename: w.file.name, Index: page.index}
		}
	}
	at := slices.IndexFunc(l.Wheels, func(x Wheel) bool { return x.Filename == w.file.name && x.SHA256 == digest })
	if at >= 0 {
		l.Wheels[at].Targets = append(l.Wheels[at].Targets, t.String())
		return nil
	}
	address, err := page.locked(w.file)
	if err != nil {
		return err
	}
	l.Wheels = append(l.Wheels, Wheel{
		Name: p.Name, Version: w.text, Filename: w.file.name, URL: address, SHA256: digest, Size: w.size,
		Requires: p.Requires, Extras: p.Extras, Pure: w.Pure(), Targets: []string{t.String()},
	})
	return nil
}
