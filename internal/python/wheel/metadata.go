package wheel

import (
	"bytes"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

// Metadata is what resolution needs of a METADATA file (the "Core metadata"
// specification).
type Metadata struct {
	Name           string // as written
	Version        string // as written
	RequiresPython pep440.Specifiers
	RequiresDist   []pep508.Requirement // in the order written
	ProvidesExtra  []string             // normalised, in the order written
}

// IsOf reports whether the metadata is of the distribution and version that the
// name of a wheel says (Binary distribution format, "File contents").
func (m *Metadata) IsOf(w NameTags) bool {
	version, err := pep440.Parse(m.Version)
	return err == nil && pep508.NormalizeName(m.Name) == w.Name && version.Compare(w.Parsed) == 0
}

// ParseMetadata reads the header block of a METADATA file; the description
// below it is not looked at. A field that resolution needs and that cannot be
// read is a *SyntaxError whose Input is the line.
func ParseMetadata(b []byte) (Metadata, error) {
	var m Metadata
	for name, value := range fields(b) {
		if err := m.set(name, strings.TrimSpace(value)); err != nil {
			return Metadata{}, locate(err, name+":"+value, value)
		}
	}
	switch {
	case m.Name == "":
		return Metadata{}, &pep508.SyntaxError{Source: "METADATA", Reason: "there is no Name"}
	case m.Version == "":
		return Metadata{}, &pep508.SyntaxError{Source: "METADATA", Reason: "there is no Version"}
	}
	return m, nil
}

func (m *Metadata) set(name, value string) error {
	var err error
	switch strings.ToLower(name) {
	case "name":
		m.Name = value
	case "version":
		m.Version = value
	case "requires-python":
		var set pep440.Specifiers
		set, err = pep440.ParseSpecifiers(value)
		m.RequiresPython = set
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
