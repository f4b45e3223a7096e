package lockfile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// inSync compares what the projects on disk want with the lock file, and finds out
// anew what is extraneous, as "npm ci" of npm 11 does. Folders that production does
// not need may be out of date.
func (r *packageLockReader) inSync() error {
	var faults []string
	wanted := r.lock.reach(inProduction)
	for _, key := range slices.Sorted(maps.Keys(r.lock.packages)) {
		p := r.lock.packages[key]
		if key != r.lock.root && (!r.packages[key].Link || p.Linked || !wanted[key]) {
			continue
		}
		for _, e := range p.Edges {
			if fault := r.edgeFault(e); fault != "" {
				faults = append(faults, fmt.Sprintf("%s wants %s %q and %s", r.wisher(key), e.Name, e.Spec, fault))
			}
		}
	}
	if err := r.outOfDate(faults); err != nil {
		return err
	}
	if !r.old {
		r.lock.markExtraneous()
	}
	return nil
}

func (r *packageLockReader) wisher(key string) string {
	if key == r.lock.root {
		return "the project"
	}
	return fmt.Sprintf("%q", r.lock.packages[key].Name)
}

// edgeFault says why the lock file does not answer a wish, or "".
func (r *packageLockReader) edgeFault(e lockEdge) string {
	to := r.lock.packages[e.To]
	if e.To == "" || to == nil {
		if e.Kind.bends() {
			return ""
		}
		return "the lock file has none"
	}
	if r.top.Overrides[e.Name] || answers(to, e.Name, e.Spec) {
		return ""
	}
	return fmt.Sprintf("the lock file has %s", to)
}

// answers reports whether a locked package is what a range or alias allows.
// Tags, addresses and folders have no versions to compare.
func answers(p *lockPackage, folder, wanted string) bool {
	spec, err := manifest.ParseSpec(folder, wanted)
	if err != nil {
		return true
	}
	if spec = spec.Resolved(); spec.Name != p.Name && spec.FromRegistry() && p.fetched() && !p.Remote {
		return false
	}
	if spec.Kind != manifest.RangeSpec && spec.Kind != manifest.VersionSpec || spec.Fetch == "" || spec.Fetch == "*" {
		return true
	}
	version, err := semver.ParseLoose(p.Version)
	return err != nil || spec.Range.Match(version)
}
