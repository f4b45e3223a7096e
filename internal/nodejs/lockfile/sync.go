package lockfile

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

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
		who := "the project"
		if key != r.lock.Root {
			who = strconv.Quote(p.Name)
		}
		for _, e := range p.Edges {
			to, has := r.lock.Packages[e.To], "none"
			switch {
			case e.To != "" && to != nil:
				has = to.String()
				if overrides(r.top.Overrides, e.Name) || locked.Answers(to, e.Name, e.Spec) {
					continue
				}
			case e.Kind.Bends():
				continue
			}
			faults = append(faults, fmt.Sprintf("%s wants %s %q and the lock file has %s", who, e.Name, e.Spec, has))
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
