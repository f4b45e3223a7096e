package wheel

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Wheel is one locked wheel.
type Wheel struct {
	Name     string // normalised
	Version  string // as the file name spells it
	Filename string
	URL      string // without credentials; "" for a wheel on disk
	Path     string // on disk, as the user wrote it, with forward slashes; "" for one at URL
	SHA256   store.Digest
	Size     int64    // bytes; 0 where the index gives none
	Requires []string // names, normalised and sorted, over all targets
	Extras   []string // that are asked for, normalised and sorted
	Pure     bool     // runs on every platform
	Targets  []string // that it serves, as Target.String, sorted
}

// Lock is the answer to a Spec: for each target a set of wheels that is closed
// under their requirements.
type Lock struct {
	Wheels []Wheel // sorted by name, then file name
	// Notes are sentences for the user on what is not as the newest version
	// would have it.
	Notes []string
	// direct is what Direct read, nil for a lock that was not read.
	direct []string
}

// Direct returns the names of the distributions that no other one requires, sorted,
// such as requests, and not idna beside it. It returns all names where each is
// required by another one, or where the lock was written before it told.
func (l *Lock) Direct() []string {
	if l.direct != nil {
		return l.direct
	}
	required := map[string]bool{}
	for _, w := range l.Wheels {
		for _, name := range w.Requires {
			required[name] = required[name] || name != w.Name
		}
	}
	all := l.names()
	direct := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return required[name] })
	if len(direct) == 0 {
		return all
	}
	return direct
}

// names returns the names of the distributions, sorted.
func (l *Lock) names() []string {
	var names []string
	for _, w := range l.Wheels {
		names = append(names, w.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// lockJSON is the encoding of a Lock: a line of text for each wheel, under the
// targets that it serves, so that a state stays small and a plan shows a wheel
// in a line. Of the graph of requirements only Direct is kept.
type lockJSON struct {
	// Wheels maps targets, joined by ", ", to lines
	// "name==version sha256:<hex> <size> <url>", sorted. A wheel on disk has
	// "file:" and its escaped path in place of the URL, and one that is made of
	// the source distribution there has "made:<form>" at the end.
	Wheels map[string][]string `json:"wheels"`
	// Direct is left out where it would name all.
	Direct []string `json:"direct,omitempty"`
	Notes  []string `json:"notes,omitempty"`
}

const targetSeparator = ", "

// MarshalJSON writes the same bytes for the same lock.
func (l Lock) MarshalJSON() ([]byte, error) {
	out := lockJSON{Wheels: map[string][]string{}, Direct: l.Direct(), Notes: l.Notes}
	if len(out.Direct) == len(l.names()) {
		out.Direct = nil
	}
	for _, w := range l.Wheels {
		key := strings.Join(w.Targets, targetSeparator)
		line := fmt.Sprintf("%s==%s sha256:%s %d %s", w.Name, w.Version, w.SHA256, w.Size, w.location())
		if w.Path == "" && path.Base(w.URL) != w.Filename {
			line += " " + w.Filename
		}
		if w.FromSource() {
			line += " " + madeAs + SdistForm
		}
		out.Wheels[key] = append(out.Wheels[key], line)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		return nil, fmt.Errorf("encoding wheels: %w", err)
	}
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *Lock) UnmarshalJSON(b []byte) error {
	var in lockJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return fmt.Errorf("reading wheels: %w", err)
	}
	*l = Lock{Wheels: []Wheel{}, Notes: in.Notes, direct: in.Direct}
	for targets, lines := range in.Wheels {
		for _, line := range lines {
			w, err := parseLocked(line)
			if err != nil {
				name, _, _ := strings.Cut(line, " ") // the address may hold credentials
				return fmt.Errorf("reading the locked wheel %q: %w", name, err)
			}
			w.Targets = strings.Split(targets, targetSeparator)
			l.Wheels = append(l.Wheels, w)
		}
	}
	slices.SortFunc(l.Wheels, byName)
	return nil
}

// onDisk marks the location of a wheel that no server has.
const onDisk = "file:"

// madeAs marks a wheel that is made of a source distribution, in front of the
// name of the form that it has.
const madeAs = "made:"

// location returns where the wheel lies, without white space.
func (w Wheel) location() string {
	if w.Path == "" {
		return w.URL
	}
	return onDisk + (&url.URL{Path: w.Path}).EscapedPath()
}

// parseLocked reads one line of a lock.
func parseLocked(line string) (w Wheel, err error) {
	fields := strings.Fields(line)
	var form string
	if last := len(fields) - 1; last > 3 {
		var made bool
		if form, made = strings.CutPrefix(fields[last], madeAs); made {
			fields = fields[:last]
		}
	}
	if len(fields) != 4 && len(fields) != 5 {
		return w, errors.New("want name==version, sha256, size and address")
	}
	hex, hashed := strings.CutPrefix(fields[1], "sha256:")
	var pinned bool
	if w.Name, w.Version, pinned = strings.Cut(fields[0], "=="); !pinned || !hashed {
		return w, errors.New("want name==version and sha256:…")
	}
	if w.SHA256, err = store.ParseDigest(hex); err != nil {
		return w, err
	}
	if w.Size, err = strconv.ParseInt(fields[2], 10, 64); err != nil {
		return w, fmt.Errorf("its size: %w", err)
	}
	if escaped, ok := strings.CutPrefix(fields[3], onDisk); ok {
		if w.Path, err = url.PathUnescape(escaped); err != nil || w.Path == "" {
			return w, errors.New("its path is malformed")
		}
	} else if _, err := fetch.ParseKept(fields[3]); err != nil {
		return w, err
	} else {
		w.URL = fields[3]
	}
	w.Filename = path.Base(cmp.Or(w.Path, w.URL))
	if len(fields) == 5 {
		w.Filename = fields[4]
	}
	if w.FromSource() {
		if form != SdistForm {
			return w, fmt.Errorf("this version of the provider makes it as %s: plan again", SdistForm)
		}
		w.Pure = true
		return w, nil
	}
	tags, err := ParseWheelName(w.Filename)
	w.Pure = tags.Pure()
	return w, err
}

// Unused returns a note for each given wheel that the lock does not hold.
func (l *Lock) Unused(given []GivenWheel) []string {
	var notes []string
	for _, g := range given {
		name, err := g.Name()
		if err != nil || slices.ContainsFunc(l.Wheels, func(w Wheel) bool { return w.SHA256 == g.SHA256 }) {
			continue
		}
		var used []string
		for _, w := range l.Wheels {
			if w.Name == name.Name && !slices.Contains(used, w.Version) {
				used = append(used, w.Version)
			}
		}
		if len(used) == 0 {
			notes = append(notes, fmt.Sprintf("%s gives %q, which nothing asks for", g.Source, g.Filename()))
			continue
		}
		notes = append(notes, fmt.Sprintf("%s gives %q, which is not used: the layer has %s %s", g.Source, g.Filename(), name.Name, strings.Join(used, " and ")))
	}
	return notes
}

// Union merges names into a sorted list without doubles and without one name.
func Union(list, more []string, without string) []string {
	list = slices.DeleteFunc(append(list, more...), func(s string) bool { return s == without })
	slices.Sort(list)
	return slices.Compact(list)
}

func byName(a, b Wheel) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Filename, b.Filename))
}

// Sort brings a lock into its order.
func (l *Lock) Sort() *Lock {
	slices.SortFunc(l.Wheels, byName)
	for i := range l.Wheels {
		slices.Sort(l.Wheels[i].Targets)
	}
	slices.Sort(l.Notes)
	l.Notes = slices.Compact(l.Notes)
	return l
}
