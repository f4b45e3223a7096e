package lockfile

import (
	"slices"
	"strings"

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

// supported faults a target on which none of the markers of environments holds. advice
// says how to lock for more.
func (r *lockReader) supported(t wheel.Target, environments []string, env pep508.Env, extras []string, advice string) error {
	for _, marker := range environments {
		if ok, err := r.holds("", marker, env, extras); ok || err != nil {
			return err
		}
	}
	if len(environments) == 0 {
		return nil
	}
	return r.fault("", "it does not support %s, only environments where %s: %s", t, strings.Join(environments, " or "), advice)
}

// admits faults targets whose Python the file or the entry is not for. A target's
// patch version moves by itself, so a range holds that admits any of its patches.
func (r *lockReader) admits(entry, requires string, parse func(string) ([]pep440.Specifiers, error), t wheel.Target) error {
	if requires == "" {
		return nil
	}
	ranges, err := parse(requires)
	if err != nil {
		return r.fault(entry, "the range of Python versions %q cannot be read: %v", requires, err)
	}
	if !admitsMinor(ranges, t.Minor) {
		return r.fault(entry, "it is for Python %s, which %s is not: drop the runtime, or widen the range in the project and lock again", requires, t.Runtime)
	}
	return nil
}

func admitsMinor(ranges []pep440.Specifiers, minor int) bool {
	return slices.ContainsFunc(ranges, func(s pep440.Specifiers) bool { return s.AdmitsMinor(minor) })
}

// pythonRange reads a range in the form of PEP 440.
func pythonRange(text string) ([]pep440.Specifiers, error) {
	spec, err := pep440.ParseSpecifiers(text)
	return []pep440.Specifiers{spec}, err
}
