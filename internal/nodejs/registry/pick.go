package registry

import (
	"fmt"
	"maps"
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

// Pick returns the place in p.Versions that npm picks for a range, version or tag
// ("" is like "*"). An exact version is picked whatever else is said of it, and a
// tag is what it names. Of a range it is the version tagged latest, if that is
// within, is not deprecated and runs; else, of those within, one that runs, before
// one that is not deprecated, before the newest.
//
// Where none fits the error is a *ResolveError: ETARGET, or ENOVERSIONS where the
// document has no version that counts.
func Pick(p *Packument, spec manifest.Spec, o PickOptions) (int, error) {
	raw := spec.Raw
	spec = spec.Resolved()
	k := choice{Packument: p, o: o}
	var at int
	switch spec.Kind {
	case manifest.VersionSpec:
		at = k.exact(spec.Range)
	case manifest.TagSpec:
		at = k.tagged(spec.Fetch)
	case manifest.RangeSpec:
		at = k.within(spec.Range, spec.Fetch == "" || spec.Fetch == "*")
	default:
		return -1, fmt.Errorf("picking a version of %q: %q is %s", p.Name, raw, spec.Kind)
	}
	if at >= 0 {
		return at, nil
	}
	out := &manifest.ResolveError{Code: "ETARGET", Name: spec.Name, Spec: raw, Detail: k.whyNone(spec)}
	if !slices.ContainsFunc(p.Versions, func(r Release) bool { return k.isVisible(&r) }) {
		out.Code = "ENOVERSIONS"
	}
	return -1, out
}

// choice is a document seen with the options of a pick.
type choice struct {
	*Packument
	o PickOptions
}

// isVisible tells whether a version was there at the cut-off.
func (k choice) isVisible(r *Release) bool {
	return k.o.Before.IsZero() || r.Uploaded.IsZero() || !r.Uploaded.After(k.o.Before)
}

// runs tells whether the engines of a version admit the target and npm.
func (k choice) runs(r *Release) bool {
	return manifest.EngineAdmits(r.npm, manifest.NPMVersion) && (k.o.Node == "" || manifest.EngineAdmits(r.Engines, k.o.Node))
}

func (k choice) exact(wanted semver.Range) int {
	for _, n := range k.sorted() {
		if wanted.Match(n.version) && k.isVisible(&k.Versions[n.at]) {
			return n.at
		}
	}
	return -1
}

// tagged returns what a tag names. If the cut-off hides that, it is the best of
// those up to it.
func (k choice) tagged(tag string) int {
	named, ok := k.DistTags[tag]
	if !ok {
		return -1
	}
	at := k.Find(named)
	if at < 0 || k.isVisible(&k.Versions[at]) {
		return at
	}
	upTo, err := semver.ParseRange("<=" + named)
	if err != nil {
		return -1
	}
	return k.within(upTo, false)
}

// within returns the best version of a range; every is set for one that asks for
// nothing in particular: then the one tagged latest may be a prerelease.
func (k choice) within(wanted semver.Range, every bool) int {
	if at := k.Find(k.DistTags["latest"]); at >= 0 {
		r := &k.Versions[at]
		if k.isVisible(r) && !r.Deprecated && k.runs(r) && (every || matches(wanted, r.Version)) {
			return at
		}
	}
	const mostMerits = 3
	best, merits := -1, -1
	for _, n := range k.sorted() { // the newest first
		r := &k.Versions[n.at]
		if !k.isVisible(r) || !wanted.Match(n.version) {
			continue
		}
		m := 0
		if k.runs(r) {
			m += 2
		}
		if !r.Deprecated {
			m++
		}
		if m > merits {
			best, merits = n.at, m
		}
		if merits == mostMerits {
			break
		}
	}
	return best
}

func matches(wanted semver.Range, version string) bool {
	v, err := semver.ParseLoose(version)
	return err == nil && wanted.Match(v)
}

// whyNone says what there is instead of a version that was asked for.
func (k choice) whyNone(spec manifest.Spec) string {
	if spec.Kind == manifest.TagSpec {
		named, ok := k.DistTags[spec.Fetch]
		if !ok {
			return "there is no such tag; the tags are " + strings.Join(slices.Sorted(maps.Keys(k.DistTags)), ", ")
		}
		return fmt.Sprintf("the tag names %s, which the registry does not have", named)
	}
	var newest []string
	for _, n := range k.sorted() {
		r := &k.Versions[n.at]
		switch visible := k.isVisible(r); {
		case !visible && spec.Range.Match(n.version):
			return fmt.Sprintf("%s matches, but was uploaded at %s, after the cut-off %s",
				r.Version, r.Uploaded.UTC().Format(time.RFC3339), k.o.Before.UTC().Format(time.RFC3339))
		case visible && len(newest) < 3 && !n.version.IsPrerelease():
			newest = append(newest, r.Version)
		}
	}
	if len(newest) == 0 {
		return "no version matches"
	}
	return "no version matches; the newest are " + strings.Join(newest, ", ")
}
