package index

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
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
	CutOff    time.Time  // zero: none
	CutText   string     // cutOff to the second, in UTC, as upload times begin
	DatedOnly bool       // the cut-off hides files without upload time too
	Hashes    [][]string // each list must hold the file's "sha256:…"
	Pins      map[string]bool
	Exempt    map[string]bool
	Prefer    map[string]int // place in the order, by version key
	AllPre    bool
	Sdists    bool // versions without a wheel may be made of their sources
	LeftOut   bool // versions need no wheel that fits
	// StandIn is the name of a given wheel that runs on the target, so that no
	// file that is not given is seen; "" where there is none.
	StandIn string

	admits map[string]bool    // by Requires-Python
	ranks  map[*WheelKind]int // -1: it does not run
}

// NewPolicy returns the rules of a target that hide no file.
func NewPolicy(tags *wheel.Tags) *Policy {
	return &Policy{tags: tags, admits: map[string]bool{}, ranks: map[*WheelKind]int{}}
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
	if !pl.allowsPython(w) {
		return WrongPython
	}
	if _, ok := pl.Rank(w); !ok {
		return wrongTags
	}
	return Fits
}

// Rank returns the place of a wheel's tags on the target, lower is better.
func (pl *Policy) Rank(w *WheelFile) (rank int, ok bool) {
	rank, known := pl.ranks[w.WheelKind]
	if !known {
		if rank, ok = pl.tags.Rank(w.NameTags); !ok {
			rank = -1
		}
		pl.ranks[w.WheelKind] = rank
	}
	return rank, rank >= 0
}

// Withheld says whether a file may be seen at all, whatever runs it.
func (pl *Policy) Withheld(f *File, key string) Verdict {
	switch {
	case f.StandIn:
		return Fits
	case pl.StandIn != "":
		return Replaced
	}
	if !pl.CutOff.IsZero() && !pl.Exempt[key] && f.Path == "" {
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

// allowsPython reports whether a Requires-Python admits the target; of a version that
// is pinned, whether it admits any patch version. One that cannot be read admits every
// Python.
func (pl *Policy) allowsPython(w *WheelFile) bool {
	if w.RequiresPython == "" {
		return true
	}
	ok, known := pl.admits[w.RequiresPython]
	if !known {
		spec, err := pep440.ParseSpecifiers(w.RequiresPython)
		ok = err != nil || pl.tags.Target().Admits(spec)
		pl.admits[w.RequiresPython] = ok
	}
	if !ok && pl.Pins[w.Key] {
		spec, err := pep440.ParseSpecifiers(w.RequiresPython)
		return err == nil && pl.tags.Target().AdmitsSome(spec)
	}
	return ok
}

// Release is a version as a file spells it.
type Release struct {
	Version pep440.Version
	Key     string
	Text    string
	order   int // on its page, the oldest first; equal for equal versions
}

// WheelFile is a wheel of a page with what its name says, or a source distribution,
// as the wheel that is made of it.
type WheelFile struct {
	*File
	*Release
	*WheelKind
}

// WheelKind is what the names of all wheels of a page with the same build and
// compatibility tags say; name and version are those of the first of them.
type WheelKind struct{ wheel.NameTags }

// read finds the wheels and the source distributions among the files of the page,
// and brings their versions into order.
func (p *Page) read() {
	releases, kinds := map[string]*Release{}, map[string]*WheelKind{}
	source := &WheelKind{wheel.SdistKind}
	source.Name = p.Name
	p.Wheels = make([]WheelFile, 0, len(p.files))
	known := p.Name // most names of a page differ in the version alone
	for i := range p.files {
		f := &p.files[i]
		name, text, tags, isWheel := splitName(f.Filename)
		if name != known {
			if pep508.NormalizeName(name) != p.Name {
				continue
			}
			known = name
		}
		kind := source
		if isWheel {
			if kind = kinds[tags]; kind == nil {
				parsed, err := wheel.ParseWheelName(f.Filename)
				if err != nil {
					continue
				}
				kind = &WheelKind{parsed}
				kinds[tags] = kind
			}
		}
		release := releases[text]
		if release == nil {
			version, err := pep440.Parse(text)
			if err != nil {
				continue
			}
			release = &Release{Version: version, Key: version.Key(), Text: text}
			releases[text] = release
		}
		if isWheel {
			p.Wheels = append(p.Wheels, WheelFile{f, release, kind})
		} else {
			p.Sdists = append(p.Sdists, WheelFile{f, release, kind})
		}
	}
	var last *Release
	for _, r := range slices.SortedFunc(maps.Values(releases), func(a, b *Release) int { return a.Version.Compare(b.Version) }) {
		if last == nil || r.Version.Compare(last.Version) > 0 {
			p.versions++
		}
		r.order, last = p.versions-1, r
	}
}

// splitName cuts the name of a wheel or a source distribution (pages have no other
// files) into the name of its project, its version, and the tags of a wheel, build tag
// included.
func splitName(filename string) (name, version, tags string, isWheel bool) {
	if stem, ok := strings.CutSuffix(filename, ".whl"); ok {
		name, rest, _ := strings.Cut(stem, "-")
		version, tags, _ = strings.Cut(rest, "-")
		return name, version, tags, true
	}
	stem := strings.TrimSuffix(strings.TrimSuffix(filename, ".zip"), ".tar.gz")
	dash := strings.LastIndexByte(stem, '-')
	return stem[:max(dash, 0)], stem[dash+1:], "", false
}

// NewProject picks the best wheel of each version that the policy lets through.
func NewProject(p *Page, pl *Policy) *Project {
	pr := &Project{Name: p.Name, Page: p}
	best := make([]Candidate, p.versions)
	others := make([]*Release, p.versions)
	for i := range p.Wheels {
		w := &p.Wheels[i]
		if pl.Judge(w) != Fits {
			others[w.order] = w.Release
			continue
		}
		rank, _ := pl.Rank(w)
		c := Candidate{WheelFile: w, Rank: rank}
		if known := best[w.order]; known.WheelFile == nil || c.Compare(known) < 0 {
			best[w.order] = c
		}
	}
	if pl.Sdists {
		pl.addSdists(p, best)
	}
	for i, c := range slices.Backward(best) {
		switch {
		case c.WheelFile != nil:
			pr.Candidates = append(pr.Candidates, c)
		case others[i] != nil:
			pr.Unfit = append(pr.Unfit, others[i])
		}
	}
	if pl.LeftOut {
		pr.Candidates = append(pr.Candidates, pl.unpacked(p, best)...)
	}
	if len(pl.Prefer) > 0 || !pl.AllPre {
		slices.SortStableFunc(pr.Candidates, func(a, b Candidate) int {
			return cmp.Compare(pl.place(a.Release), pl.place(b.Release))
		})
	}
	return pr
}

// addSdists adds source distributions: of versions that have no wheel for the target,
// nor any that is for one platform. What is built for platforms is more than files to
// copy.
func (pl *Policy) addSdists(p *Page, best []Candidate) {
	native := make([]bool, len(best))
	for i := range p.Wheels {
		w := &p.Wheels[i]
		native[w.order] = native[w.order] || !w.Pure()
	}
	for i := range p.Sdists {
		w := &p.Sdists[i]
		if best[w.order].WheelFile == nil && !native[w.order] && pl.Withheld(w.File, w.Key) == Fits && pl.allowsPython(w) {
			best[w.order] = Candidate{WheelFile: w}
		}
	}
}

// unpacked returns a file of every version that has none that fits, the newest first:
// of a distribution that is left out, only its requirements count.
func (pl *Policy) unpacked(p *Page, best []Candidate) []Candidate {
	more := make([]Candidate, len(best))
	for _, files := range [][]WheelFile{p.Wheels, p.Sdists} {
		for i := range files {
			w := &files[i]
			if best[w.order].WheelFile == nil && more[w.order].WheelFile == nil && pl.Withheld(w.File, w.Key) == Fits {
				more[w.order] = Candidate{WheelFile: w}
			}
		}
	}
	slices.Reverse(more)
	return slices.DeleteFunc(more, func(c Candidate) bool { return c.WheelFile == nil })
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
		case f.Path != "":
			return 0
		case f.linked:
			return 1
		}
		return 2
	}
	return cmp.Compare(place(a), place(b))
}
