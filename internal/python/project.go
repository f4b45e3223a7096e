package python

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
)

// project is one name with the versions of it that a target can install, the
// best first. Versions that cannot be installed are no part of it: why not is
// asked of the page when a message needs it (see verdict).
type project struct {
	name       string
	page       *page
	candidates []candidate
	unfit      []*release // versions without a candidate, in any order

	mu   sync.Mutex
	sets map[string]set // by specifiers
}

// candidate is a version with the best of its wheels.
type candidate struct {
	*wheelFile
	rank int // of the wheel's tags on the target
}

// match returns the candidates that the specifiers allow, shared: not to be
// changed.
func (p *project) match(spec pep440.Specifiers) set {
	key := spec.String()
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.sets[key]; ok {
		return s
	}
	s := newSet(len(p.candidates))
	for i := range p.candidates {
		if spec.Match(p.candidates[i].version) {
			s.addCandidate(i)
		}
	}
	if p.sets == nil {
		p.sets = map[string]set{}
	}
	p.sets[key] = s
	return s
}

// policy is what decides whether a file of one page is seen, and how good it
// is. It remembers what it was asked before: not for concurrent use.
type policy struct {
	tags      *Tags
	python    pep440.Version // python_full_version
	cutOff    time.Time      // zero: none
	cutText   string         // cutOff to the second, in UTC, as upload times begin
	datedOnly bool           // the cut-off hides files without upload time too
	hashes    [][]string     // each list must hold the file's "sha256:…"
	pins      map[string]bool
	exempt    map[string]bool
	prefer    map[string]int // place in the order, by version key
	allPre    bool
	sdists    bool // versions without a wheel may be made of their sources
	leftOut   bool // versions need no wheel that fits
	// standIn is the name of a given wheel that runs on the target, so that no
	// file that is not given is seen; "" where there is none.
	standIn string

	admits map[string]bool // by Requires-Python
	ranks  []ranked        // by wheelKind.tags
}

func newPolicy(tags *Tags, python pep440.Version) *policy {
	return &policy{tags: tags, python: python, admits: map[string]bool{}}
}

type ranked struct {
	rank        int
	known, fits bool
}

// Reasons for which a file is no candidate, in the order in which they are
// looked at.
type verdict int

const (
	fits verdict = iota
	tooNew
	undated
	wrongHash
	yanked
	replaced
	wrongPython
	wrongTags
)

// judge says whether a wheel may be installed.
func (pl *policy) judge(w *wheelFile) verdict {
	if v := pl.withheld(w.file, w.key); v != fits {
		return v
	}
	return pl.runs(w)
}

// runs says whether a wheel runs on the target, seen or not.
func (pl *policy) runs(w *wheelFile) verdict {
	if !pl.allowsPython(w.requiresPython) {
		return wrongPython
	}
	if _, ok := pl.rank(w); !ok {
		return wrongTags
	}
	return fits
}

// rank returns the place of a wheel's tags on the target, lower is better.
func (pl *policy) rank(w *wheelFile) (rank int, ok bool) {
	for w.tags >= len(pl.ranks) {
		pl.ranks = append(pl.ranks, ranked{})
	}
	r := &pl.ranks[w.tags]
	if !r.known {
		r.known = true
		r.rank, r.fits = pl.tags.Rank(w.WheelName)
	}
	return r.rank, r.fits
}

// withheld says whether a file may be seen at all, whatever runs it.
func (pl *policy) withheld(f *file, key string) verdict {
	switch {
	case f.standIn():
		return fits
	case pl.standIn != "":
		return replaced
	}
	if !pl.cutOff.IsZero() && !pl.exempt[key] && !f.local() {
		switch {
		case f.uploaded != "" && !pl.isOld(f.uploaded):
			return tooNew
		case f.uploaded == "" && pl.datedOnly:
			return undated
		}
	}
	for _, list := range pl.hashes {
		if !slices.Contains(list, "sha256:"+f.sha256) {
			return wrongHash
		}
	}
	if f.yanked && !pl.pins[key] {
		return yanked
	}
	return fits
}

// isOld reports whether an upload time lies before the cut-off. Where the text
// alone can tell, it is not parsed: pages hold thousands.
func (pl *policy) isOld(uploaded string) bool {
	if n := len(pl.cutText); strings.HasSuffix(uploaded, "Z") && len(uploaded) > n && uploaded[:n] != pl.cutText {
		return uploaded < pl.cutText
	}
	at, err := time.Parse(time.RFC3339, uploaded)
	return err == nil && at.Before(pl.cutOff)
}

// allowsPython reports whether a Requires-Python admits the target. One that
// cannot be read admits every Python.
func (pl *policy) allowsPython(requires string) bool {
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

// release is a version as a file spells it.
type release struct {
	version pep440.Version
	key     string
	text    string
}

// wheelFile is a file of a page with what its name says.
type wheelFile struct {
	*file
	*release
	*wheelKind
	order int // of the version on the page, the oldest first; equal for equal versions
}

// wheelKind is what the names of all wheels of a page with the same build and
// compatibility tags say; name and version are those of the first of them.
type wheelKind struct {
	WheelName
	tags int // place among the kinds of the page
}

// newProject picks the best wheel of each version that the policy lets through.
func newProject(p *page, pl *policy) *project {
	pr := &project{name: p.name, page: p}
	best := make([]candidate, p.versions)
	others := make([]*release, p.versions)
	for i := range p.wheels {
		w := &p.wheels[i]
		// On large pages most wheels are for other machines.
		rank, ok := pl.rank(w)
		if ok {
			v := pl.judge(w)
			ok = v == fits
		}
		if !ok {
			others[w.order] = w.release
			continue
		}
		c := candidate{wheelFile: w, rank: rank}
		if known := best[w.order]; known.wheelFile == nil || c.compare(known) < 0 {
			best[w.order] = c
		}
	}
	for i, c := range slices.Backward(best) {
		switch {
		case c.wheelFile != nil:
			pr.candidates = append(pr.candidates, c)
		case others[i] != nil:
			pr.unfit = append(pr.unfit, others[i])
		}
	}
	if pl.sdists {
		pr.addSdists(pl)
	}
	if pl.leftOut {
		pr.addUnpacked(pl)
	}
	if len(pl.prefer) > 0 || !pl.allPre {
		slices.SortStableFunc(pr.candidates, func(a, b candidate) int {
			return cmp.Compare(pl.place(a.release), pl.place(b.release))
		})
	}
	return pr
}

// addUnpacked adds a file of every version that has none that fits, behind those
// that have one: of a distribution that is left out, only its requirements count.
func (p *project) addUnpacked(pl *policy) {
	taken := map[string]bool{}
	for _, c := range p.candidates {
		taken[c.key] = true
	}
	var more []candidate
	for i := range p.page.wheels {
		if w := &p.page.wheels[i]; !taken[w.key] && pl.withheld(w.file, w.key) == fits {
			taken[w.key] = true
			more = append(more, candidate{wheelFile: w})
		}
	}
	p.page.sdists(func(f *file, r *release) {
		if taken[r.key] || pl.withheld(f, r.key) != fits {
			return
		}
		taken[r.key] = true
		kind := sdistKind
		kind.Name, kind.Version, kind.Parsed = p.name, r.text, r.version
		more = append(more, candidate{wheelFile: &wheelFile{file: f, release: r, wheelKind: &wheelKind{WheelName: kind}}})
	})
	slices.SortStableFunc(more, func(a, b candidate) int { return b.version.Compare(a.version) })
	p.candidates = append(p.candidates, more...)
}

// place orders versions before their age does: what the caller prefers, then
// stable versions, then pre-releases, which are so used only where nothing
// stable is left.
func (pl *policy) place(r *release) int {
	const stable, pre = 1 << 20, 1<<20 + 1
	if at, ok := pl.prefer[r.key]; ok {
		return at
	}
	if r.version.IsPrerelease() && !pl.allPre {
		return pre
	}
	return stable
}

// compare orders the wheels of one version, the better first: by tags, then by
// the higher build tag, then by name, so that the order of the page is nothing.
func (c candidate) compare(d candidate) int {
	return cmp.Or(
		cmp.Compare(c.rank, d.rank),
		d.CompareBuild(c.WheelName),
		cmp.Compare(c.file.name, d.file.name),
		preferLinked(c.file, d.file),
	)
}

// preferLinked orders equal files: one on disk, then one at an address of its
// own, then that of an index.
func preferLinked(a, b *file) int {
	place := func(f *file) int {
		switch {
		case f.local():
			return 0
		case f.link != nil:
			return 1
		}
		return 2
	}
	return cmp.Compare(place(a), place(b))
}
