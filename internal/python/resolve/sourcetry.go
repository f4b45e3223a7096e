package resolve

import (
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
)

// maxRefused is how many source distributions of one project a resolution looks
// at in vain: each has to be fetched.
const maxRefused = 3

// sourceTries is what became of the source distributions that the solver asked about.
type sourceTries struct {
	faults  map[string]string // what is wrong with each, "" for nothing, by digest
	refused map[string]int    // how many were of no use, by project
}

func newSourceTries() sourceTries {
	return sourceTries{faults: map[string]string{}, refused: map[string]int{}}
}

// tooMany reports whether so many source distributions of the project were
// looked at in vain that this one is not.
func (t *sourceTries) tooMany(c index.Candidate) bool {
	_, seen := t.faults[c.File.SHA256]
	return sdist.Is(c.File.Filename) && !seen && t.refused[c.Name] >= maxRefused
}

// count remembers what became of a source distribution.
func (t *sourceTries) count(c index.Candidate, fault string) {
	if _, seen := t.faults[c.File.SHA256]; seen || !sdist.Is(c.File.Filename) {
		return
	}
	t.faults[c.File.SHA256] = fault
	if fault != "" {
		t.refused[c.Name]++
	}
}
