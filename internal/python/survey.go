package python

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// survey is what a page holds of one version, fitting or not: the material of
// messages.
type survey struct {
	*release
	wheels  []judged
	visible bool   // some file of it is not withheld
	source  string // SHA-256 of its source distribution
	archive string // file name of that
}

// judged is a wheel and why it is no candidate.
type judged struct {
	*wheelFile
	verdict verdict
}

// fits reports whether the version has a wheel that fits.
func (s *survey) fits() bool {
	return slices.ContainsFunc(s.wheels, func(j judged) bool { return j.verdict == fits })
}

// surveyPage lists all versions of a page, the newest first.
func (w *world) surveyPage(p *page) []*survey {
	pl := w.policyOn(p)
	byKey := map[string]*survey{}
	var all []*survey
	get := func(r *release) *survey {
		s, ok := byKey[r.key]
		if !ok {
			s = &survey{release: r}
			byKey[r.key] = s
			all = append(all, s)
		}
		return s
	}
	for i := range p.wheels {
		f := &p.wheels[i]
		s := get(f.release)
		v := pl.judge(f)
		s.wheels = append(s.wheels, judged{f, v})
		s.visible = s.visible || v == fits || v >= wrongPython
	}
	p.sdists(func(f *file, r *release) {
		s := get(r)
		s.visible = s.visible || pl.withheld(f, r.key) == fits
		s.source, s.archive = f.sha256, f.name
	})
	slices.SortFunc(all, func(a, b *survey) int { return b.version.Compare(a.version) })
	return all
}

// sdists calls visit for every source distribution whose version can be read.
func (p *page) sdists(visit func(f *file, r *release)) {
	for i := range p.files {
		f := &p.files[i]
		base, ok := strings.CutSuffix(f.name, ".tar.gz")
		if !ok {
			if base, ok = strings.CutSuffix(f.name, ".zip"); !ok {
				continue
			}
		}
		dash := strings.LastIndexByte(base, '-')
		if dash < 0 || NormalizeName(base[:dash]) != p.name {
			continue
		}
		if v, err := pep440.Parse(base[dash+1:]); err == nil {
			visit(f, &release{v, v.Key(), base[dash+1:]})
		}
	}
}

// refuse explains why no version of a project answers a requirement.
func (w *world) refuse(p *page, d dependency, chain string) error {
	if p.absent() {
		return &Missing{Name: d.name, Chain: chain, Indexes: p.asked, Claimed: p.claimed}
	}
	all := w.surveyPage(p)
	if given := w.policyOn(p).standIn; given != "" {
		return &NoVersion{
			Name: d.name, Asked: d.text(), Chain: chain, Target: w.target.String(), Near: near(all, pep440.Specifiers{}),
			Withheld: fmt.Sprintf("%s gives %s of it, which stands in for all other versions", given, list(near(all, pep440.Specifiers{}))),
		}
	}
	newest := newestMatch(all, d.spec)
	if newest == nil {
		return &NoVersion{Name: d.name, Asked: d.text(), Chain: chain, Target: w.target.String(), Near: near(all, d.spec), Index: p.index, After: p.after}
	}
	if !newest.visible {
		return &NoVersion{
			Name: d.name, Asked: d.text(), Chain: chain, Target: w.target.String(),
			Withheld: newest.withheld(w), Near: near(all, d.spec),
		}
	}
	e := &NoWheel{
		Name: d.name, Version: newest.text, Asked: d.text(), Chain: chain, Target: w.target.String(),
		Sdist: len(newest.wheels) == 0, Advice: w.advice(d.name, all, newest),
	}
	e.Reason = w.lacks(newest)
	for _, j := range newest.wheels {
		e.Files = append(e.Files, Rejected{j.name, w.misfit(j)})
	}
	if newest.archive != "" {
		e.Files = append(e.Files, Rejected{newest.archive, "is a source distribution"})
	}
	return e
}

// newestMatch returns the newest version that the requirement allows: a visible
// stable one if there is any.
func newestMatch(all []*survey, spec pep440.Specifiers) *survey {
	var best *survey
	score := func(s *survey) int {
		n := 0
		if s.visible {
			n += 2
		}
		if !s.version.IsPrerelease() {
			n++
		}
		return n
	}
	for _, s := range all {
		if spec.Match(s.version) && (best == nil || score(s) > score(best)) {
			best = s
		}
	}
	return best
}

// near returns up to four versions that exist: around a pinned one, else the
// newest.
func near(all []*survey, spec pep440.Specifiers) []string {
	var seen []*survey
	for _, s := range all {
		if s.visible {
			seen = append(seen, s)
		}
	}
	from := 0
	if text, ok := spec.Pinned(); ok {
		if v, err := pep440.Parse(text); err == nil {
			at := slices.IndexFunc(seen, func(s *survey) bool { return s.version.Compare(v) < 0 })
			if at < 0 {
				at = len(seen)
			}
			from = max(0, min(at-2, len(seen)-4))
		}
	}
	var texts []string
	for _, s := range seen[from:min(from+4, len(seen))] {
		texts = append(texts, s.text)
	}
	slices.Reverse(texts)
	return texts
}

// withheld says why no file of the version may be seen.
func (s *survey) withheld(w *world) string {
	v := fits
	for _, j := range s.wheels {
		v = max(v, j.verdict)
	}
	switch v {
	case tooNew:
		return fmt.Sprintf("%s was released at %s, and only what is older than %s is used", s.text, s.wheels[0].uploaded, w.spec.ExcludeNewer.UTC().Format("2006-01-02T15:04:05Z"))
	case undated:
		return "the index gives no upload times, so that nothing of it is known to be older than " + w.spec.ExcludeNewer.UTC().Format("2006-01-02T15:04:05Z")
	case wrongHash:
		return fmt.Sprintf("no file of %s has one of the given hashes", s.text)
	case yanked:
		return fmt.Sprintf("%s was yanked by its authors; only an exact pin such as ==%s selects it", s.text, s.text)
	}
	return fmt.Sprintf("%s has only a source distribution, which is withheld", s.text)
}

// lacks says what the best wheel of a version would need, as a clause.
func (w *world) lacks(s *survey) string {
	if fault := w.sources[s.source]; len(s.wheels) == 0 && fault != "" {
		return fault
	}
	if len(s.wheels) == 0 {
		return "it has only a source distribution, and nothing is built from source"
	}
	misfits := w.misfits(s)
	for _, m := range misfits {
		if glibc, ok := strings.CutPrefix(m, "needs glibc 2."); ok {
			return fmt.Sprintf("it %s (manylinux_2_%s), and %s", m, glibc, w.system())
		}
	}
	var pythons, systems []string
	for _, m := range misfits {
		if strings.HasPrefix(m, "requires ") || strings.HasPrefix(m, "needs ") {
			return "it " + m
		}
		target, ok := strings.CutPrefix(m, "is for ")
		switch {
		case ok && strings.Contains(m, "Python"):
			if len(pythons) > 0 {
				target = strings.TrimPrefix(target, "CPython ")
			}
			pythons = append(pythons, target)
		case ok:
			systems = append(systems, target)
		}
	}
	if len(pythons) > 0 {
		return "its wheels are for " + list(pythons)
	}
	if len(systems) > 0 {
		return "its wheels are for " + list(systems)
	}
	return "each of its wheels has a fault: " + list(misfits)
}

// list writes "a, b and c".
func list(texts []string) string {
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " and " + texts[last]
}

// misfits returns the reasons of all wheels, those with numbers in their order.
func (w *world) misfits(s *survey) []string {
	var reasons []string
	for _, j := range s.wheels {
		reasons = append(reasons, w.misfit(j))
	}
	slices.SortFunc(reasons, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.TrimRight(a, "0123456789"), strings.TrimRight(b, "0123456789")), cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	return slices.Compact(reasons)
}

func (w *world) misfit(j judged) string {
	switch j.verdict {
	case wrongPython:
		return "requires Python " + j.requiresPython
	case tooNew, undated:
		return "is too new"
	case wrongHash:
		return "has none of the given hashes"
	case yanked:
		return "is yanked"
	case replaced:
		return "is replaced by a wheel that is given"
	}
	return w.target.Misfit(j.WheelName)
}

// system names the target's platform: "python3.11 is Amazon Linux 2 with glibc 2.26".
func (w *world) system() string {
	known, err := runtimes.Lookup(w.target.Runtime)
	if err != nil {
		return fmt.Sprintf("%s has glibc 2.%d", w.target, w.target.Glibc)
	}
	return fmt.Sprintf("%s is %s with glibc 2.%d", w.target.Runtime, known.System, w.target.Glibc)
}

// advice says which version or which runtime would do.
func (w *world) advice(name string, all []*survey, refused *survey) string {
	var ways []string
	below, above := neighbours(all, refused)
	switch {
	case above != "":
		ways = append(ways, fmt.Sprintf("allow %s %s or newer", name, above))
	case below != "":
		ways = append(ways, fmt.Sprintf("pin %s below %s", name, strings.TrimSuffix(below, ".0")))
	}
	if runtime := w.betterRuntime(refused); runtime != "" {
		ways = append(ways, "use runtime "+runtime)
	}
	if len(refused.wheels) == 0 {
		text := w.sourceAdvice(name, refused.text)
		if len(ways) > 0 {
			text = sentence(strings.Join(ways, ", or ")) + " " + text
		}
		return text
	}
	if len(ways) == 0 {
		return "Use another distribution, or build a wheel of it elsewhere and give that in python.wheels."
	}
	return sentence(strings.Join(ways, ", or "))
}

// neighbours returns the oldest newer version that has a fitting wheel, or else
// what to stay below for one, of the stable versions.
func neighbours(all []*survey, refused *survey) (below, above string) {
	bound := ""
	for _, s := range all {
		older := s.version.Compare(refused.version) <= 0
		switch {
		case s.fits() && !s.version.IsPrerelease() && older:
			if above != "" {
				bound = ""
			}
			return bound, above
		case s.fits() && !s.version.IsPrerelease():
			above = s.text
		case older && !s.version.IsPrerelease():
			bound = s.text
		}
	}
	return "", above
}

// deprecated reports whether AWS has named a runtime's end for a day that has
// passed: by the day its row was read, or the moment of the resolution.
func (w *world) deprecated(r runtimes.Runtime) bool {
	today := max(r.Checked, w.spec.ExcludeNewer.Format(time.DateOnly))
	return r.Deprecated != "" && r.Deprecated <= today
}

// betterRuntime returns a Python runtime on which a version has a wheel: the
// next newer one, else the next older.
func (w *world) betterRuntime(s *survey) string {
	arch := w.target.Arch
	if arch == "aarch64" {
		arch = runtimes.ARM64
	}
	older := ""
	for _, r := range runtimes.All() {
		minor, ok := r.PythonMinor()
		if !ok || r.Preview || w.deprecated(r) || minor == w.target.Minor {
			continue
		}
		t := TargetFor(runtimes.Target{Runtime: r, Architecture: arch})
		python, err := pep440.Parse(t.Env().PythonFullVersion)
		if err != nil {
			continue
		}
		pl := newPolicy(t.Tags(), python)
		if !slices.ContainsFunc(s.wheels, func(j judged) bool { v := pl.runs(j.wheelFile); return v == fits }) {
			continue
		}
		if minor > w.target.Minor {
			return r.ID
		}
		older = r.ID
	}
	return older
}
