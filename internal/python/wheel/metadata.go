package wheel

import (
	"bytes"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Metadata is what a METADATA or PKG-INFO file says (the "Core metadata"
// specification).
type Metadata struct {
	Name, Version string // as written
	Description   string // the field Summary: one line
	// License and LicenseExpression are the fields of their names, Classifiers those
	// that begin with "License ::".
	License, LicenseExpression string
	Classifiers                []string
	Python                     string // Requires-Python as written
	RequiresPython             pep440.Specifiers
	RequiresDist               []pep508.Requirement // in the order written
	ProvidesExtra              []string             // normalised, in the order written
}

// Is reports whether the metadata is of a distribution and version. name is normalised.
func (m *Metadata) Is(name, version string) bool {
	if pep508.NormalizeName(m.Name) != name {
		return false
	}
	if m.Version == version {
		return true
	}
	own, err1 := pep440.Parse(m.Version)
	other, err2 := pep440.Parse(version)
	return err1 == nil && err2 == nil && own.Compare(other) == 0
}

// ParseMetadata reads the header block of a METADATA file; the description
// below it is not looked at. A field that resolution needs and that cannot be
// read is a *SyntaxError whose Input is the line. All others are read then, too.
func ParseMetadata(b []byte) (m Metadata, err error) {
	for name, value := range fields(b) {
		if fault := m.set(name, strings.TrimSpace(value)); fault != nil && err == nil {
			err = locate(fault, name+":"+value, value)
		}
	}
	switch {
	case err != nil:
	case m.Name == "":
		err = &pep508.SyntaxError{Source: "METADATA", Reason: "there is no Name"}
	case m.Version == "":
		err = &pep508.SyntaxError{Source: "METADATA", Reason: "there is no Version"}
	}
	return m, err
}

// Older distributions have all of a licence's text in the field: what is kept of it, in
// bytes, and the longest text that is taken for a name.
const maxLicense, maxLicenseName = 1000, 100

func (m *Metadata) set(name, value string) (err error) {
	switch strings.ToLower(name) {
	case "name":
		m.Name = value
	case "version":
		m.Version = value
	case "summary":
		m.Description = value
	case "license":
		m.License = strings.Clone(value[:min(len(value), maxLicense)])
	case "license-expression":
		m.LicenseExpression = value
	case "classifier":
		if strings.HasPrefix(value, "License ::") {
			m.Classifiers = append(m.Classifiers, value)
		}
	case "requires-python":
		m.Python = value
		m.RequiresPython, err = pep440.ParseSpecifiers(value)
	case "requires-dist":
		var r pep508.Requirement
		if r, err = pep508.ParseRequirement(value); err == nil {
			m.RequiresDist = append(m.RequiresDist, r)
		}
	case "provides-extra":
		m.ProvidesExtra = append(m.ProvidesExtra, pep508.NormalizeName(value))
	}
	return err
}

// LicenseName returns its licence as a few words, "" where it says nothing:
// License-Expression, else a License of one short line, else the classifiers.
func (m *Metadata) LicenseName() string {
	if m.LicenseExpression != "" {
		return m.LicenseExpression
	}
	if m.License != "" && len(m.License) <= maxLicenseName && !strings.EqualFold(m.License, "unknown") {
		return m.License
	}
	var names []string
	for _, c := range m.Classifiers {
		if name := c[strings.LastIndex(c, " :: ")+len(" :: "):]; name != "OSI Approved" {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// Needs returns the names of the distributions that it requires on one of the
// targets, sorted, as far as they are there. What an extra requires counts where
// all of it is there: metadata do not tell which extras were asked for.
func (m *Metadata) Needs(on []runtimes.Target, there func(name string) bool) []string {
	targets := TargetsFor(on)
	holds := func(m *pep508.Marker, extra string) bool {
		return slices.ContainsFunc(targets, func(t Target) bool { return m.Eval(t.Env(), extra) })
	}
	var names []string
	for _, extra := range append([]string{""}, m.ProvidesExtra...) {
		var all []string
		whole := true
		for _, r := range m.RequiresDist {
			if !holds(r.Marker, extra) || extra != "" && holds(r.Marker, "") {
				continue
			}
			if there(r.Name) {
				all = append(all, r.Name)
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

// fields returns the names and values of the header block, as they are written.
func fields(b []byte) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		b := bytes.TrimPrefix(b, []byte("\ufeff"))
		for len(b) > 0 {
			field, rest := nextField(b)
			name, value, ok := strings.Cut(field, ":")
			if !ok || name == "" || strings.ContainsAny(name, pep508.Spaces) || !yield(name, value) {
				return
			}
			b = rest
		}
	}
}

// nextField returns the first field of b with its continuation lines, joined
// by spaces, and what follows. The field is "" at the end of the block.
func nextField(b []byte) (field string, rest []byte) {
	line, rest := nextLine(b)
	if len(line) == 0 {
		return "", rest
	}
	joined := slices.Clip(line)
	for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
		line, rest = nextLine(rest)
		joined = append(append(joined, ' '), bytes.TrimSpace(line)...)
	}
	return string(joined), rest
}

func nextLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// locate turns the error of a field's value into one of the whole field.
func locate(err error, field, value string) error {
	located := &pep508.SyntaxError{Source: "METADATA", Input: field, Offset: len(field) - len(strings.TrimLeft(value, pep508.Spaces))}
	var requirement *pep508.SyntaxError
	var specifier *pep440.SyntaxError
	switch {
	case errors.As(err, &requirement):
		located.Offset += requirement.Offset
		located.Reason = requirement.Reason
	case errors.As(err, &specifier):
		located.Offset += specifier.Offset
		located.Reason = specifier.Reason
	default:
		return err
	}
	return located
}
