package registry

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// PickOptions say for what a version is picked.
type PickOptions struct {
	// Node is the version of Node.js that engines must accept; "" for any.
	Node string
	// Before is the cut-off: what was uploaded after it does not count. Zero
	// is none. Versions without a time count always.
	Before time.Time
}

// Pick returns the place in p.Versions that npm picks for a range, version or
// tag ("" is the tag latest): the version that is tagged latest if it fits and
// nothing speaks against it, else the newest that fits, those before others
// that are not deprecated and run on Node. Where none fits the error is a
// *ResolveError: ETARGET, or ENOVERSIONS where the document is empty.
func Pick(p *Packument, spec manifest.Spec, o PickOptions) (int, error) {
	spec = spec.Resolved()
	pick := picking{p: p, o: o}
	if o.Node != "" {
		v, err := semver.ParseLoose(o.Node)
		if err != nil {
			return 0, fmt.Errorf("picking a version of %q: the version of Node.js: %w", p.Name, err)
		}
		pick.node, pick.checked = v, true
	}
	var at int
	switch {
	case spec.Kind == manifest.TagSpec:
		at = pick.tagged(spec.Fetch)
	case spec.Kind == manifest.VersionSpec:
		at = pick.exact(spec.Fetch)
	case spec.Kind == manifest.RangeSpec:
		at = pick.newest(spec.Range, spec.Fetch == "*" || spec.Fetch == "")
	default:
		return 0, fmt.Errorf("picking a version of %q: %s is not answered by a registry", p.Name, spec.Kind)
	}
	if at >= 0 {
		return at, nil
	}
	code := "ETARGET"
	if spec.Kind == manifest.RangeSpec && !slices.ContainsFunc(p.Versions, pick.counts) {
		code = "ENOVERSIONS"
	}
	return 0, &manifest.ResolveError{Code: code, Name: p.Name, Spec: spec.Raw, Detail: pick.explain(spec)}
}

type picking struct {
	p       *Packument
	o       PickOptions
	node    semver.Version
	checked bool // whether engines are
}

// counts reports whether the cut-off lets a release through.
func (k *picking) counts(r Release) bool {
	return k.o.Before.IsZero() || !r.Uploaded.After(k.o.Before)
}

// runs reports whether the release runs on Node.
func (k *picking) runs(r Release) bool {
	if r.refusesNPM {
		return false
	}
	if !k.checked || r.Engines == "" {
		return true
	}
	engines, err := semver.ParseRangeWith(r.Engines, semver.Options{Strict: true, IncludePrerelease: true})
	return err == nil && engines.Match(k.node)
}

func (k *picking) exact(wanted string) int {
	v, err := semver.ParseLoose(wanted)
	if err != nil {
		return -1
	}
	at := k.p.Find(v.String())
	if at < 0 || !k.counts(k.p.Versions[at]) {
		return -1
	}
	return at
}

// tagged returns what a tag names. Where the cut-off hides that, it is the
// newest version below it.
func (k *picking) tagged(tag string) int {
	version, ok := k.p.DistTags[tag]
	if !ok {
		return -1
	}
	at := k.p.Find(version)
	if at < 0 || k.counts(k.p.Versions[at]) {
		return at
	}
	below, err := semver.ParseRange("<=" + version)
	if err != nil {
		return -1
	}
	return k.newest(below, false)
}

// newest returns the best version of a range; all is set where the range is
// the one that a prerelease tagged latest matches too.
func (k *picking) newest(wanted semver.Range, all bool) int {
	if at := k.p.Find(k.p.DistTags["latest"]); at >= 0 {
		r := k.p.Versions[at]
		v, err := semver.ParseLoose(r.Version)
		if (all || err == nil && wanted.Match(v)) && k.counts(r) && !r.Deprecated && k.runs(r) {
			return at
		}
	}
	best, bestRank := -1, -1
	for _, n := range k.p.sorted() {
		r := k.p.Versions[n.at]
		if !k.counts(r) || !wanted.Match(n.version) {
			continue
		}
		rank := 0
		if k.runs(r) {
			rank += 2
		}
		if !r.Deprecated {
			rank++
		}
		if rank > bestRank {
			best, bestRank = n.at, rank
		}
		if rank == 3 {
			break
		}
	}
	return best
}

// explain says what there is where nothing fits.
func (k *picking) explain(spec manifest.Spec) string {
	if len(k.p.Versions) == 0 {
		return "the registry has no version of it"
	}
	if spec.Kind == manifest.TagSpec {
		tags := make([]string, 0, len(k.p.DistTags))
		for tag := range k.p.DistTags {
			tags = append(tags, tag)
		}
		slices.Sort(tags)
		return fmt.Sprintf("there is no such tag; the tags are %s", listed(tags))
	}
	if !k.o.Before.IsZero() {
		if at, err := Pick(k.p, spec, PickOptions{Node: k.o.Node}); err == nil {
			r := k.p.Versions[at]
			return fmt.Sprintf("%s matches, but was uploaded at %s, after the cut-off %s",
				r.Version, r.Uploaded.Format(time.RFC3339), k.o.Before.UTC().Format(time.RFC3339))
		}
	}
	var near []string
	for _, n := range k.p.sorted() {
		if r := k.p.Versions[n.at]; k.counts(r) && !r.Deprecated && !n.version.IsPrerelease() && len(near) < 3 {
			near = append(near, r.Version)
		}
	}
	detail := "no version matches"
	switch len(near) {
	case 0:
	case 1:
		detail += "; the newest is " + near[0]
	default:
		detail += "; the newest are " + listed(near)
	}
	if latest := k.p.DistTags["latest"]; latest != "" && !slices.Contains(near, latest) {
		detail += "; latest is " + latest
	}
	return detail
}

// listed joins words, at most eight of them.
func listed(words []string) string {
	const most = 8
	if len(words) > most {
		return strings.Join(words[:most], ", ") + ", …"
	}
	return strings.Join(words, ", ")
}
