package resolve

import (
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
)

// maxRefused is how many source distributions of one project a resolution looks
// at in vain: each has to be fetched.
const maxRefused = 3

// tooMany reports whether so many source distributions of the project were
// looked at in vain that this one is not.
func (w *world) tooMany(c index.Candidate) bool {
	_, seen := w.sources[c.File.SHA256]
	return sdist.Is(c.File.Filename) && !seen && w.refused[c.Name] >= maxRefused
}

// count remembers what became of a source distribution.
func (w *world) count(c index.Candidate, fault string) {
	if _, seen := w.sources[c.File.SHA256]; seen || !sdist.Is(c.File.Filename) {
		return
	}
	w.sources[c.File.SHA256] = fault
	if fault != "" {
		w.refused[c.Name]++
	}
}
