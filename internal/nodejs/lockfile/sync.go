package lockfile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
)

// inSync compares what the projects on disk want with the lock file, and finds out
// anew what is extraneous, as "npm ci" of npm 11 does. Folders that production does
// not need may be out of date.
func (r *packageLockReader) inSync() error {
	var faults []string
	wanted := r.lock.Reach(locked.InProduction)
	for _, key := range slices.Sorted(maps.Keys(r.lock.Packages)) {
		p := r.lock.Packages[key]
		if key != r.lock.Root && (!r.packages[key].Link || p.Linked || !wanted[key]) {
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
	if !r.lock.Bare {
		r.lock.MarkExtraneous()
	}
	return nil
}

func (r *packageLockReader) wisher(key string) string {
	if key == r.lock.Root {
		return "the project"
	}
	return fmt.Sprintf("%q", r.lock.Packages[key].Name)
}

// edgeFault says why the lock file does not answer a wish, or "".
func (r *packageLockReader) edgeFault(e locked.Edge) string {
	to := r.lock.Packages[e.To]
	if e.To == "" || to == nil {
		if e.Kind.Bends() {
			return ""
		}
		return "the lock file has none"
	}
	if overrides(r.top.Overrides, e.Name) || locked.Answers(to, e.Name, e.Spec) {
		return ""
	}
	return fmt.Sprintf("the lock file has %s", to)
}
