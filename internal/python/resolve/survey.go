package resolve

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// survey is what a page holds of one version, fitting or not: the material of
// messages.
type survey struct {
	*index.Release
	wheels  []judged
	visible bool   // some file of it is not withheld
	source  string // SHA-256 of its source distribution
	archive string // file name of that
}

// judged is a wheel and why it is no candidate.
type judged struct {
	*index.WheelFile
	verdict index.Verdict
}

// fits reports whether the version has a wheel that fits.
func (s *survey) fits() bool {
	return slices.ContainsFunc(s.wheels, func(j judged) bool { return j.verdict == index.Fits })
}

// surveyPage lists all versions of a page, the newest first.
func (w *world) surveyPage(p *index.Page) []*survey {
	pl := w.policyOn(p)
	byKey := map[string]*survey{}
	var all []*survey
	get := func(r *index.Release) *survey {
		s, ok := byKey[r.Key]
		if !ok {
			s = &survey{Release: r}
			byKey[r.Key] = s
			all = append(all, s)
		}
		return s
	}
	for i := range p.Wheels {
		f := &p.Wheels[i]
		s := get(f.Release)
		v := pl.Judge(f)
		s.wheels = append(s.wheels, judged{f, v})
		s.visible = s.visible || v == index.Fits || v >= index.WrongPython
	}
	for _, f := range p.Sdists {
		s := get(f.Release)
		s.visible = s.visible || pl.Withheld(f.File, f.Key) == index.Fits
		s.source, s.archive = f.SHA256, f.Filename
	}
	slices.SortFunc(all, func(a, b *survey) int { return b.Version.Compare(a.Version) })
	return all
}

// refuse explains why no version of a project answers a requirement.
func (w *world) refuse(p *index.Page, d dependency, chain string) error {
	if p.Absent() {
		return &wheel.Missing{Name: d.name, Chain: chain, Indexes: p.Asked, Claimed: p.Claimed}
	}
	all := w.surveyPage(p)
	if given := w.policyOn(p).StandIn; given != "" {
		return &wheel.NoVersion{
			Name: d.name, Asked: d.text(), Chain: chain, Near: near(all, pep440.Specifiers{}),
			Withheld: fmt.Sprintf("%s gives %s of it, which stands in for all other versions", given, wheel.List(near(all, pep440.Specifiers{}))),
		}
	}
	newest := newestMatch(all, d.spec)
	if newest == nil {
		return &wheel.NoVersion{Name: d.name, Asked: d.text(), Chain: chain, Near: near(all, d.spec), Index: p.Index, After: p.After}
	}
	if !newest.visible {
		return &wheel.NoVersion{
			Name: d.name, Asked: d.text(), Chain: chain,
			Withheld: newest.withheld(w), Near: near(all, d.spec),
		}
	}
	e := &wheel.NoWheel{
		Name: d.name, Version: newest.Text, Asked: d.text(), Chain: chain, Target: w.target.String(),
		Advice: w.advice(d.name, all, newest),
	}
	e.Reason = w.lacks(newest)
	for _, j := range newest.wheels {
		e.Files = append(e.Files, wheel.Rejected{Filename: j.Filename, Misfit: w.misfit(j)})
	}
	if newest.archive != "" {
		e.Files = append(e.Files, wheel.Rejected{Filename: newest.archive, Misfit: wheel.FromSource})
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
		if !s.Version.IsPrerelease() {
			n++
		}
		return n
	}
	for _, s := range all {
		if spec.Match(s.Version) && (best == nil || score(s) > score(best)) {
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
			at := slices.IndexFunc(seen, func(s *survey) bool { return s.Version.Compare(v) < 0 })
			if at < 0 {
				at = len(seen)
			}
			from = max(0, min(at-2, len(seen)-4))
		}
	}
	var texts []string
	for _, s := range seen[from:min(from+4, len(seen))] {
		texts = append(texts, s.Text)
	}
	slices.Reverse(texts)
	return texts
}

// withheld says why no file of the version may be seen.
func (s *survey) withheld(w *world) string {
	v := index.Fits
	for _, j := range s.wheels {
		v = max(v, j.verdict)
	}
	switch v {
	case index.TooNew:
		return fmt.Sprintf("%s was released at %s, and only what is older than %s is used", s.Text, s.wheels[0].Uploaded, w.spec.ExcludeNewer.UTC().Format("2006-01-02T15:04:05Z"))
	case index.Undated:
		return "the index gives no upload times, so that nothing of it is known to be older than " + w.spec.ExcludeNewer.UTC().Format("2006-01-02T15:04:05Z")
	case index.WrongHash:
		return fmt.Sprintf("no file of %s has one of the given hashes", s.Text)
	case index.Yanked:
		return fmt.Sprintf("%s was yanked by its authors; only an exact pin such as ==%s selects it", s.Text, s.Text)
	}
	return fmt.Sprintf("%s has only a source distribution, which is withheld", s.Text)
}

// lacks says what the best wheel of a version would need, as a clause.
func (w *world) lacks(s *survey) string {
	if reason := w.faults[s.source]; len(s.wheels) == 0 && reason != "" {
		return reason
	}
	if len(s.wheels) == 0 {
		return "it has only a source distribution, and nothing is built from source"
	}
	misfits := w.misfits(s)
	for _, m := range misfits {
		if m.Kind == wheel.NeedsGlibc {
			return fmt.Sprintf("it %s (manylinux_%s), and %s", m, strings.ReplaceAll(m.Need, ".", "_"), w.system())
		}
	}
	var pythons, systems []string
	for _, m := range misfits {
		switch m.Kind {
		case wheel.RequiresPython, wheel.NeedsPython:
			return "it " + m.String()
		case wheel.ForPython:
			need := m.Need
			if len(pythons) > 0 {
				need = strings.TrimPrefix(need, "CPython ")
			}
			pythons = append(pythons, need)
		case wheel.ForSystem:
			systems = append(systems, m.Need)
		case wheel.ForABI:
			systems = append(systems, "the ABI "+m.Need)
		case wheel.Fits, wheel.NeedsGlibc, wheel.Unusable:
		}
	}
	if len(pythons) > 0 {
		return "its wheels are for " + wheel.List(pythons)
	}
	if len(systems) > 0 {
		return "its wheels are for " + wheel.List(systems)
	}
	var faults []string
	for _, m := range misfits {
		faults = append(faults, m.String())
	}
	return "each of its wheels has a fault: " + wheel.List(faults)
}

// misfits returns the reasons of all wheels, those with numbers in their order.
func (w *world) misfits(s *survey) []wheel.Misfit {
	var reasons []wheel.Misfit
	for _, j := range s.wheels {
		reasons = append(reasons, w.misfit(j))
	}
	slices.SortFunc(reasons, func(a, b wheel.Misfit) int {
		x, y := a.String(), b.String()
		return cmp.Or(cmp.Compare(strings.TrimRight(x, "0123456789"), strings.TrimRight(y, "0123456789")), cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
	})
	return slices.Compact(reasons)
}

func (w *world) misfit(j judged) wheel.Misfit {
	clause := ""
	switch j.verdict {
	case index.WrongPython:
		return wheel.Misfit{Kind: wheel.RequiresPython, Need: j.RequiresPython}
	case index.TooNew, index.Undated:
		clause = "is too new"
	case index.WrongHash:
		clause = "has none of the given hashes"
	case index.Yanked:
		clause = "is yanked"
	case index.Replaced:
		clause = "is replaced by a wheel that is given"
	default:
		return w.target.Misfit(j.NameTags)
	}
	return wheel.Misfit{Kind: wheel.Unusable, Need: clause}
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
		text := w.sourceAdvice(name, refused.Text)
		if len(ways) > 0 {
			text = fault.Sentence(strings.Join(ways, ", or ")) + " " + text
		}
		return text
	}
	if len(ways) == 0 {
		return "Use another distribution, or build a wheel of it elsewhere and give that in python.wheels."
	}
	return fault.Sentence(strings.Join(ways, ", or "))
}

// sourceAdvice says how a wheel is made elsewhere and given.
func (w *world) sourceAdvice(name, version string) string {
	first := "Make"
	if !w.spec.Sdists {
		first = `Set python.sdist = "pure", which makes the wheel if that is possible without running its code. Or make`
	}
	return fmt.Sprintf(`%s the wheel once by "pip wheel --no-deps %s==%s", on Linux and on the layer's architecture if it holds native code, and give the file that this writes: `+
		`python.wheels = [{ source = "${path.module}/….whl" }].`, first, name, version)
}

// neighbours returns the oldest newer version that has a fitting wheel, or else
// what to stay below for one, of the stable versions.
func neighbours(all []*survey, refused *survey) (below, above string) {
	bound := ""
	for _, s := range all {
		older := s.Version.Compare(refused.Version) <= 0
		switch {
		case s.fits() && !s.Version.IsPrerelease() && older:
			if above != "" {
				bound = ""
			}
			return bound, above
		case s.fits() && !s.Version.IsPrerelease():
			above = s.Text
		case older && !s.Version.IsPrerelease():
			bound = s.Text
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
		pl := index.NewPolicy(wheel.TargetFor(runtimes.Target{Runtime: r, Architecture: arch}).Tags())
		if !slices.ContainsFunc(s.wheels, func(j judged) bool { v := pl.Runs(j.WheelFile); return v == index.Fits }) {
			continue
		}
		if minor > w.target.Minor {
			return r.ID
		}
		older = r.ID
	}
	return older
}
