package wheel

import (
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// About is what an installed distribution says of itself to people.
type About struct {
	Name, Version string // as written
	Description   string // the field Summary: one line
	// License and LicenseExpression are the fields of their names, Classifiers those
	// that begin with "License ::".
	License, LicenseExpression string
	Classifiers                []string
	// RequiresPython is as written, "" where it says nothing.
	RequiresPython string

	requires []pep508.Requirement
	extras   []string
}

// ReadAbout reads the header block of a METADATA or PKG-INFO file (the "Core
// metadata" specification). What is malformed is left out: ParseMetadata refuses
// it. It reports false where there is no name or no version.
func ReadAbout(b []byte) (About, bool) {
	var a About
	for name, value := range fields(b) {
		a.set(strings.ToLower(name), strings.TrimSpace(value))
	}
	return a, a.Name != "" && a.Version != ""
}

func (a *About) set(name, value string) {
	switch name {
	case "name":
		a.Name = value
	case "version":
		a.Version = value
	case "summary":
		a.Description = value
	case "license":
		a.License = value
	case "requires-python":
		a.RequiresPython = value
	case "license-expression":
		a.LicenseExpression = value
	case "classifier":
		if strings.HasPrefix(value, "License ::") {
			a.Classifiers = append(a.Classifiers, value)
		}
	case "provides-extra":
		a.extras = append(a.extras, pep508.NormalizeName(value))
	case "requires-dist":
		if r, err := pep508.ParseRequirement(value); err == nil {
			a.requires = append(a.requires, r)
		}
	}
}

// maxLicense is the longest text that is taken for the name of a licence: older
// distributions have all of its text in the field.
const maxLicense = 100

// license returns its licence as a few words, "" where it says nothing.
func (a About) license() string {
	if a.LicenseExpression != "" {
		return a.LicenseExpression
	}
	if a.License != "" && len(a.License) <= maxLicense && !strings.EqualFold(a.License, "unknown") {
		return a.License
	}
	var names []string
	for _, c := range a.Classifiers {
		if name := c[strings.LastIndex(c, " :: ")+len(" :: "):]; name != "OSI Approved" {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// Is reports whether the metadata is of a locked wheel's distribution and version.
func (a About) Is(w Wheel) bool {
	if pep508.NormalizeName(a.Name) != w.Name {
		return false
	}
	if a.Version == w.Version {
		return true
	}
	mine, err := pep440.Parse(a.Version)
	locked, err2 := pep440.Parse(w.Version)
	return err == nil && err2 == nil && mine.Compare(locked) == 0
}

// Needs returns the names of the distributions that it requires on one of the
// targets, sorted, as far as they are there. What an extra requires counts where
// all of it is there: metadata do not tell which extras were asked for.
func (a About) Needs(on []runtimes.Target, there func(name string) bool) []string {
	targets := TargetsFor(on)
	var names []string
	for _, extra := range append([]string{""}, a.extras...) {
		var all []string
		whole := true
		for _, r := range a.requires {
			if !holds(r.Marker, targets, extra) || extra != "" && holds(r.Marker, targets, "") {
				continue
			}
			name := pep508.NormalizeName(r.Name)
			if there(name) {
				all = append(all, name)
			} else {
				whole = false
			}
		}
		if extra == "" || whole {
			names = append(names, all...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// holds reports whether a marker is true on one of the targets.
func holds(m *pep508.Marker, targets []Target, extra string) bool {
	return slices.ContainsFunc(targets, func(t Target) bool { return m.Eval(t.Env(), extra) })
}
