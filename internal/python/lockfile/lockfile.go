// Package lockfile obeys the lock files of other tools: uv.lock, poetry.lock,
// Pipfile.lock and pylock.toml (PEP 751). Each reader turns its file into entries;
// lockfile.go takes the wheel of each for every target, lockpins.go asks indexes
// for addresses that a file does not have, and localpackage.go reads projects on
// disk. Nothing is resolved.
package lockfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/configuration"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Options chooses what of a lock file is wanted. The project's own
// dependencies always are; its other groups and its extras only when named.
type Options struct {
	Groups, Extras []string
	// Packages are members of a uv workspace whose dependencies are wanted.
	// None: the project beside the lock file, or every member where the
	// workspace has no project there.
	Packages []string
	// Given are wheels that stand in for what the lock file holds of the same
	// name and version, on the targets that they run on.
	Given []wheel.GivenWheel
	// Sdists makes wheels of pure source distributions, where the lock file has
	// no wheel of a distribution.
	Sdists bool
	// LeftOut are normalised names of distributions that are not packed: nothing
	// is asked of them, so that they need no wheel.
	LeftOut []string
	// AllowOutside are folders on disk, relative to the working directory. What a
	// lock file has outside of its project is packed only if it lies in one.
	AllowOutside []string
}

// LockFile is what a lock file holds for some targets. It is a pure function of
// the file, the options, the targets and the wheels on disk that the file names,
// and its JSON is fit for a digest.
type LockFile struct {
	File   string        // its name, without the folder
	Wheels []wheel.Wheel // with their addresses, sorted by name, then file name
	Pins   []Pin         // wheels whose addresses an index must tell: see Locate
	Local  []LocalPackage
	// Notes are sentences for the user on what the lock file leaves open.
	Notes []string
	// Sdists is the option.
	Sdists bool `json:",omitempty"`
	// LeftOut are the names of the option that the lock file holds for a target.
	LeftOut []string `json:",omitempty"`

	accounts []account // what Expand returns the addresses of
}

// Pin is a wheel that a lock file names without its address. Poetry's lock
// files give the file name, Pipenv's only digests.
type Pin struct {
	Name     string // normalised
	Version  string
	Filename string         // "": any file of the version with one of the digests
	URL      string         `json:",omitempty"` // where it is, without credentials; "": an index must tell
	SHA256   []store.Digest // what the file may have
	Index    string         // that the lock file names, without credentials; "": none
	Requires []string       // as in Wheel
	Extras   []string       // as in Wheel
	Targets  []string       // as Target.String, sorted
}

// Error says which part of a lock file cannot be used.
type Error struct {
	File   string // its name, without the folder
	Entry  string // such as "numpy 2.3.5"; "" for the file as a whole
	Reason string // a clause, with what to write instead
}

func (e *Error) Error() string {
	if e.Entry == "" {
		return fmt.Sprintf("reading lock file %q: %s", e.File, e.Reason)
	}
	return fmt.Sprintf("reading lock file %q: %s: %s", e.File, e.Entry, e.Reason)
}

// lockReader gathers what a lock file says.
type lockReader struct {
	Options                    // with normalised names
	ctx        context.Context // ends the reading of wheels on disk
	title, dir string
	markers    map[string]*pep508.Marker // parsed, by text
	taken      map[[2]string]string      // version by target and name
	out        *LockFile
	places     map[string]int      // see place
	faults     []error             // of entries
	parents    map[string][]string // who needs a distribution, by its name
	asked      map[string]bool     // folders that the project's own manifests ask for; nil before they are read
}

func newReader(ctx context.Context, name string, o Options) *lockReader {
	o.Groups, o.Extras, o.Packages = normalizeAll(o.Groups), normalizeAll(o.Extras), normalizeAll(o.Packages)
	return &lockReader{
		Options: o, ctx: ctx, title: filepath.Base(name), dir: filepath.Dir(name),
		markers: map[string]*pep508.Marker{}, taken: map[[2]string]string{}, places: map[string]int{}, parents: map[string][]string{},
		out: &LockFile{File: filepath.Base(name), Wheels: []wheel.Wheel{}, Sdists: o.Sdists},
	}
}

// tell keeps the fault of an entry for later, so that all of a file are reported at
// once. Any other error is returned.
func (r *lockReader) tell(err error) error {
	_, unfit := errors.AsType[*wheel.NoWheel](err)
	fault, ours := errors.AsType[*Error](err)
	if unfit || ours && fault.Entry != "" {
		r.faults = append(r.faults, err)
		return nil
	}
	return err
}

// told returns the faults of the entries, each once, with the way from the
// project to each distribution without a wheel.
func (r *lockReader) told() []error {
	seen := map[string]bool{}
	var faults []error
	for _, err := range r.faults {
		if miss, ok := errors.AsType[*wheel.NoWheel](err); ok {
			if way := r.way(miss.Name); len(way) > 1 {
				miss.Chain += ", by way of " + strings.Join(way, " → ")
			}
		}
		if !seen[err.Error()] {
			seen[err.Error()] = true
			faults = append(faults, err)
		}
	}
	return faults
}

// way returns the names from one that nothing else needs to a distribution.
func (r *lockReader) way(name string) []string {
	way := []string{name}
	for len(way) < 12 {
		parents := r.parents[way[0]]
		at := slices.IndexFunc(parents, func(p string) bool { return !slices.Contains(way, p) })
		if at < 0 {
			break
		}
		way = append([]string{parents[at]}, way...)
	}
	return way
}

// put adds an entry to what is locked for the target. A given wheel stands in for
// whatever the lock file has, be that a source distribution, a checkout or a folder.
func (r *lockReader) put(e *lockEntry, t wheel.Target) error {
	if done, err := r.standIn(e, t); done || err != nil {
		return err
	}
	switch {
	case e.unfit != nil:
		return e.unfit
	case e.codeless:
		return nil
	}
	if err := r.once(e, t); err != nil {
		return err
	}
	switch {
	case e.folder != "":
		return r.local(e, t)
	case e.anyOf != nil:
		r.pin(e, t, Pin{SHA256: e.anyOf})
		return nil
	}
	return r.take(e, t)
}

// standIn takes the given wheel of the entry's name and version that the target
// prefers, and reports whether nothing more is to be done: there is one, or the
// distribution is left out.
func (r *lockReader) standIn(e *lockEntry, t wheel.Target) (bool, error) {
	for _, name := range e.requires {
		if r.isNew("parent", name, e.name) {
			r.parents[name] = append(r.parents[name], e.name)
		}
	}
	if slices.Contains(r.LeftOut, e.name) {
		r.out.LeftOut = wheel.Union(r.out.LeftOut, []string{e.name}, "")
		return true, nil
	}
	given := make([]lockedFile, len(r.Given))
	for i, g := range r.Given {
		given[i].name = g.Filename()
	}
	best, w, _ := e.choose(given, t)
	if best < 0 {
		return false, nil
	}
	g := r.Given[best]
	if err := r.once(e, t); err != nil {
		return true, err
	}
	r.add(e, t, wheel.Wheel{Version: w.Version, Filename: g.Filename(), URL: g.URL, Path: g.Path, SHA256: g.SHA256, Size: g.Size, Pure: w.Pure()})
	return true, nil
}

// take adds the file of an entry that is best for the target.
func (r *lockReader) take(e *lockEntry, t wheel.Target) error {
	f, w, err := r.best(e, t)
	if err != nil {
		return err
	}
	if f.path = cmp.Or(f.path, pathOf(f.url)); f.path != "" {
		return r.takeLocal(e, f, w, t)
	}
	p := Pin{Filename: f.name, SHA256: f.oneOf}
	if len(f.oneOf) == 0 {
		digest, err := r.digest(e, f)
		if err != nil {
			return err
		}
		p.SHA256 = []store.Digest{digest}
	}
	if f.url != "" {
		if p.URL, err = r.address(e, f.url); err != nil {
			return err
		}
	}
	if p.URL == "" || len(f.oneOf) > 0 {
		r.pin(e, t, p)
		return nil
	}
	r.add(e, t, wheel.Wheel{Version: w.Version, Filename: f.name, URL: p.URL, SHA256: p.SHA256[0], Size: f.size, Pure: w.Pure()})
	return nil
}

// once notes that an entry is for the target, and faults a second one of its name.
func (r *lockReader) once(e *lockEntry, t wheel.Target) error {
	key := [2]string{t.String(), e.name}
	if other, ok := r.taken[key]; ok {
		return r.fault(e.title(), "version %s of it is for %s too, and only one can be installed: lock again", cmp.Or(other, "of unknown number"), t)
	}
	r.taken[key] = e.version
	return nil
}

// pin adds a file of the entry whose address an index must tell, or of which one of
// several digests is right, to what is locked for the target.
func (r *lockReader) pin(e *lockEntry, t wheel.Target, p Pin) {
	at := r.place(len(r.out.Pins), "pin", e.name, e.version, p.Filename, fmt.Sprint(p.SHA256))
	if at == len(r.out.Pins) {
		p.Name, p.Version, p.Index = e.name, e.version, configuration.WithoutUser(e.from.address)
		r.out.Pins = append(r.out.Pins, p)
	}
	if e.from.address != "" && !slices.Contains(r.out.accounts, e.from) {
		r.out.accounts = append(r.out.accounts, e.from)
	}
	l := &r.out.Pins[at]
	l.Requires = wheel.Union(l.Requires, e.requires, e.name)
	l.Extras = wheel.Union(l.Extras, e.extras, "")
	l.Targets = append(l.Targets, t.String())
}

// add adds a wheel of the entry to what is locked for the target.
func (r *lockReader) add(e *lockEntry, t wheel.Target, w wheel.Wheel) {
	at := r.place(len(r.out.Wheels), "wheel", w.Filename, w.SHA256.Hex())
	if at == len(r.out.Wheels) {
		w.Name = e.name
		r.out.Wheels = append(r.out.Wheels, w)
	}
	l := &r.out.Wheels[at]
	l.Requires = wheel.Union(l.Requires, e.requires, e.name)
	l.Extras = wheel.Union(l.Extras, e.extras, "")
	l.Targets = append(l.Targets, t.String())
}

// place returns the place in a list where the thing with these words was put before,
// else next, where it is put now. Lists are long, so none is searched.
func (r *lockReader) place(next int, words ...string) int {
	key := strings.Join(words, "\x00")
	if at, known := r.places[key]; known {
		return at
	}
	r.places[key] = next
	return next
}

// isNew reports whether the words were not met before.
func (r *lockReader) isNew(words ...string) bool {
	before := len(r.places)
	r.place(0, words...)
	return len(r.places) > before
}

// finish sorts what was gathered, and notes the given wheels that stand in for nothing.
func (r *lockReader) finish() {
	o := r.out
	l := &wheel.Lock{Wheels: slices.Clone(o.Wheels)}
	for _, p := range o.Pins {
		l.Wheels = append(l.Wheels, wheel.Wheel{Name: p.Name, Version: p.Version})
	}
	l = (&wheel.Lock{Wheels: o.Wheels, Notes: append(o.Notes, l.Unused(r.Given)...)}).Sort()
	o.Notes = l.Notes
	slices.SortFunc(o.Pins, func(a, b Pin) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Filename, b.Filename))
	})
	for i := range o.Pins {
		slices.Sort(o.Pins[i].Targets)
	}
	slices.SortFunc(o.Local, func(a, b LocalPackage) int { return cmp.Compare(a.Name, b.Name) })
	for i := range o.Local {
		slices.Sort(o.Local[i].Targets)
	}
}

// toml decodes the file.
func (r *lockReader) toml(b []byte, into any) error {
	err := toml.Unmarshal(b, into)
	if at, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, column := at.Position()
		return r.fault("", "line %d, column %d: %s", line, column, strings.TrimPrefix(at.Error(), "toml: "))
	}
	if err != nil {
		return r.fault("", "%s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	return nil
}

// understood faults a format version that the file does not have, or another one than
// those that are read. key is what the file calls it.
func (r *lockReader) understood(key string, version any, understood string, ok bool) error {
	if version == nil {
		return r.fault("", "it has no %s, so it is damaged or is not a %s", key, r.title)
	}
	if !ok {
		return r.fault("", "its %s is %v, and %s understood", key, version, understood)
	}
	return nil
}

// known faults the first of the asked names that is not among the known ones.
func (r *lockReader) known(kind string, asked, known []string) error {
	known = normalizeAll(known)
	for _, name := range asked {
		switch {
		case slices.Contains(known, name):
		case len(known) == 0:
			return r.fault("", "there is no %s %q: it has none", kind, name)
		default:
			return r.fault("", "there is no %s %q: it has %s", kind, name, quoteAll(known))
		}
	}
	return nil
}

// offers faults what is asked for of a file that has these groups and extras, and no
// members of a workspace.
func (r *lockReader) offers(kind string, groups, extras []string) error {
	if len(r.Packages) > 0 {
		return r.fault("", "it has no workspace members to choose from")
	}
	if err := r.known(kind, r.Groups, groups); err != nil {
		return err
	}
	return r.known("extra", r.Extras, extras)
}

func quoteAll(names []string) string { return `"` + strings.Join(names, `", "`) + `"` }

func normalizeAll(names []string) []string {
	out := make([]string, 0, len(names))
	for _, name := range names {
		out = append(out, pep508.NormalizeName(name))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (r *lockReader) fault(entry, format string, args ...any) error {
	return &Error{File: r.title, Entry: entry, Reason: fmt.Sprintf(format, args...)}
}

// named returns the value under a key that normalises to name, and whether there is one.
func named[T any](m map[string]T, name string) (value T, ok bool) {
	for key, value := range m {
		if pep508.NormalizeName(key) == name {
			return value, true
		}
	}
	return value, false
}
