package index

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// Project is one name with the versions of it that a target can install, the
// best first. Versions that cannot be installed are no part of it: why not is
// asked of the page when a message needs it (see verdict).
type Project struct {
	Name       string
	Page       *Page
	Candidates []Candidate
	Unfit      []*Release // versions without a candidate, in any order

	mu   sync.Mutex
	sets map[string]Set // by specifiers
}

// Candidate is a version with the best of its wheels.
type Candidate struct {
	*WheelFile
	Rank int // of the wheel's tags on the target
}

// Match returns the candidates that the specifiers allow, shared: not to be
// changed.
func (p *Project) Match(spec pep440.Specifiers) Set {
	key := spec.String()
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.sets[key]; ok {
		return s
	}
	s := NewSet(len(p.Candidates))
	for i := range p.Candidates {
		if spec.Match(p.Candidates[i].Version) {
			s.AddCandidate(i)
		}
	}
	if p.sets == nil {
		p.sets = map[string]Set{}
	}
	p.sets[key] = s
	return s
}

// Policy is what decides whether a file of one page is seen, and how good it
// is. It remembers what it was asked before: not for concurrent use.
type Policy struct {
	tags      *wheel.Tags
	python    pep440.Version // python_full_version
	CutOff    time.Time      // zero: none
	CutText   string         // cutOff to the second, in UTC, as upload times begin
	DatedOnly bool           // the cut-off hides files without upload time too
	Hashes    [][]string     // each list must hold the file's "sha256:…"
	Pins      map[string]bool
	Exempt    map[string]bool
	Prefer    map[string]int // place in the order, by version key
	AllPre    bool
	Sdists    bool // versions without a wheel may be made of their sources
	LeftOut   bool // versions need no wheel that fits
	// StandIn is the name of a given wheel that runs on the target, so that no
	// file that is not given is seen; "" where there is none.
	StandIn string

	admits map[string]bool // by Requires-Python
	ranks  []ranked        // by wheelKind.tags
}

// NewPolicy returns the rules of a target that hide no file.
func NewPolicy(tags *wheel.Tags, python pep440.Version) *Policy {
	return &Policy{tags: tags, python: python, admits: map[string]bool{}}
}

type ranked struct {
	rank        int
	known, fits bool
}

// Verdict is why a file is no candidate.
type Verdict int

// The reasons, in the order in which they are looked at.
const (
	Fits Verdict = iota
	TooNew
	Undated
	WrongHash
	Yanked
	Replaced
	WrongPython
	wrongTags
)

// Judge says whether a wheel may be installed.
func (pl *Policy) Judge(w *WheelFile) Verdict {
	if v := pl.Withheld(w.File, w.Key); v != Fits {
		return v
	}
	return pl.Runs(w)
}

// Runs says whether a wheel runs on the target, seen or not.
func (pl *Policy) Runs(w *WheelFile) Verdict {
	if !pl.allowsPython(w.RequiresPython) {
		return WrongPython
	}
	if _, ok := pl.Rank(w); !ok {
		return wrongTags
	}
	return Fits
}

// Rank returns the place of a wheel's tags on the target, lower is better.
func (pl *Policy) Rank(w *WheelFile) (rank int, ok bool) {
	for w.tags >= len(pl.ranks) {
		pl.ranks = append(pl.ranks, ranked{})
	}
	r := &pl.ranks[w.tags]
	if !r.known {
		r.known = true
		r.rank, r.fits = pl.tags.Rank(w.NameTags)
	}
	return r.rank, r.fits
}

// Withheld says whether a file may be seen at all, whatever runs it.
func (pl *Policy) Withheld(f *File, key string) Verdict {
	switch {
	case f.StandIn():
		return Fits
	case pl.StandIn != "":
		return Replaced
	}
	if !pl.CutOff.IsZero() && !pl.Exempt[key] && !f.Local() {
		switch {
		case f.Uploaded != "" && !pl.isOld(f.Uploaded):
			return TooNew
		case f.Uploaded == "" && pl.DatedOnly:
			return Undated
		}
	}
	for _, list := range pl.Hashes {
		if !slices.Contains(list, "sha256:"+f.SHA256) {
			return WrongHash
		}
	}
	if f.Yanked && !pl.Pins[key] {
		return Yanked
	}
	return Fits
}

// isOld reports whether an upload time lies before the cut-off. Where the text
// alone can tell, it is not parsed: pages hold thousands.
func (pl *Policy) isOld(uploaded string) bool {
	if n := len(pl.CutText); strings.HasSuffix(uploaded, "Z") && len(uploaded) > n && uploaded[:n] != pl.CutText {
		return uploaded < pl.CutText
	}
	at, err := time.Parse(time.RFC3339, uploaded)
	return err == nil && at.Before(pl.CutOff)
}

// allowsPython reports whether a Requires-Python admits the target. One that
// cannot be read admits every Python.
func (pl *Policy) allowsPython(requires string) bool {
	if requires == "" {
		return true
	}
	ok, known := pl.admits[requires]
	if !known {
		spec, err := pep440.ParseSpecifiers(requires)
		ok = err != nil || spec.Match(pl.python)
		pl.admits[requires] = ok
	}
	return ok
}

// Release is a version as a file spells it.
type Release struct {
	Version pep440.Version
	Key     string
	Text    string
}

// WheelFile is a file of a page with what its name says.
type WheelFile struct {
	*File
	*Release
	*WheelKind
	order int // of the version on the page, the oldest first; equal for equal versions
}

// WheelKind is what the names of all wheels of a page with the same build and
// compatibility tags say; name and version are those of the first of them.
type WheelKind struct {
	wheel.NameTags
	tags int // place among the kinds of the page
}

// NewProject picks the best wheel of each version that the policy lets through.
func NewProject(p *Page, pl *Policy) *Project {
	pr := &Project{Name: p.Name, Page: p}
	best := make([]Candidate, p.versions)
	others := make([]*Release, p.versions)
	for i := range p.Wheels {
		w := &p.Wheels[i]
		// On large pages most wheels are for other machines.
		rank, ok := pl.Rank(w)
		if ok {
			v := pl.Judge(w)
			ok = v == Fits
		}
		if !ok {
			others[w.order] = w.Release
			continue
		}
		c := Candidate{WheelFile: w, Rank: rank}
		if known := best[w.order]; known.WheelFile == nil || c.Compare(known) < 0 {
			best[w.order] = c
		}
	}
	for i, c := range slices.Backward(best) {
		switch {
		case c.WheelFile != nil:
			pr.Candidates = append(pr.Candidates, c)
		case others[i] != nil:
			pr.Unfit = append(pr.Unfit, others[i])
		}
	}
	if pl.Sdists {
		pr.addSdists(pl)
	}
	if pl.LeftOut {
		pr.addUnpacked(pl)
	}
	if len(pl.Prefer) > 0 || !pl.AllPre {
		slices.SortStableFunc(pr.Candidates, func(a, b Candidate) int {
			return cmp.Compare(pl.place(a.Release), pl.place(b.Release))
		})
	}
	return pr
}

// addUnpacked adds a file of every version that has none that fits, behind those
// that have one: of a distribution that is left out, only its requirements count.
func (p *Project) addUnpacked(pl *Policy) {
	taken := map[string]bool{}
	for _, c := range p.Candidates {
		taken[c.Key] = true
	}
	var more []Candidate
	for i := range p.Page.Wheels {
		if w := &p.Page.Wheels[i]; !taken[w.Key] && pl.Withheld(w.File, w.Key) == Fits {
			taken[w.Key] = true
			more = append(more, Candidate{WheelFile: w})
		}
	}
	p.Page.Sdists(func(f *File, r *Release) {
		if taken[r.Key] || pl.Withheld(f, r.Key) != Fits {
			return
		}
		taken[r.Key] = true
		kind := wheel.SdistKind
		kind.Name, kind.Version, kind.Parsed = p.Name, r.Text, r.Version
		more = append(more, Candidate{WheelFile: &WheelFile{File: f, Release: r, WheelKind: &WheelKind{NameTags: kind}}})
	})
	slices.SortStableFunc(more, func(a, b Candidate) int { return b.Version.Compare(a.Version) })
	p.Candidates = append(p.Candidates, more...)
}

// place orders versions before their age does: what the caller prefers, then
// stable versions, then pre-releases, which are so used only where nothing
// stable is left.
func (pl *Policy) place(r *Release) int {
	const stable, pre = 1 << 20, 1<<20 + 1
	if at, ok := pl.Prefer[r.Key]; ok {
		return at
	}
	if r.Version.IsPrerelease() && !pl.AllPre {
		return pre
	}
	return stable
}

// Compare orders the wheels of one version, the better first: by tags, then by
// the higher build tag, then by name, so that the order of the page is nothing.
func (c Candidate) Compare(d Candidate) int {
	return cmp.Or(
		cmp.Compare(c.Rank, d.Rank),
		d.CompareBuild(c.NameTags),
		cmp.Compare(c.File.Filename, d.File.Filename),
		preferLinked(c.File, d.File),
	)
}

// preferLinked orders equal files: one on disk, then one at an address of its
// own, then that of an index.
func preferLinked(a, b *File) int {
	place := func(f *File) int {
		switch {
		case f.Local():
			return 0
		case f.Link != nil:
			return 1
		}
		return 2
	}
	return cmp.Compare(place(a), place(b))
}
