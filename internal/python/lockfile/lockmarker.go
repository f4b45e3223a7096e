package lockfile

import (
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// holds evaluates a marker, "" being always true. extras are the names for
// which a comparison of "extra" is true.
func (r *lockReader) holds(entry, text string, env pep508.Env, extras []string) (bool, error) {
	if text == "" {
		return true, nil
	}
	m, ok := r.markers[text]
	if !ok {
		var err error
		if m, err = pep508.ParseMarker(text); err != nil {
			return false, r.fault(entry, "its marker: %v", err)
		}
		r.markers[text] = m
	}
	env.Extras = extras
	return m.Eval(env, ""), nil
}

// admits faults targets whose Python the file or the entry is not for. A target's
// patch version moves by itself, so a range holds that admits any of its patches.
func (r *lockReader) admits(entry, requires string, t wheel.Target) error {
	if requires == "" {
		return nil
	}
	spec, err := pep440.ParseSpecifiers(requires)
	if err != nil {
		return r.fault(entry, "the range of Python versions %q cannot be read: %v", requires, err)
	}
	if !spec.AdmitsMinor(t.Minor) {
		return r.fault(entry, "it is for Python %s, which %s is not: drop the runtime, or widen the range in the project and lock again", requires, t.Runtime)
	}
	return nil
}
