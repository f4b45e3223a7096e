// Package fault says what is wrong with an argument, or worth a warning, in a
// form that a user can act on: which argument by its [Path], what came of it,
// why, and what to write instead. Every room returns these; the provider alone
// turns them into diagnostics.
package fault

import (
	"errors"
	"slices"
	"strings"
)

// Error is a fault of one argument.
type Error struct {
	// At is the argument; the zero path is the whole resource.
	At Path
	// Summary names the outcome and the culprit.
	Summary string
	// Detail says what was tried, why it failed and what to write instead.
	Detail string
	// Err is the cause, or nil.
	Err error
}

func (e *Error) Error() string { return e.Summary + ": " + e.Detail }

func (e *Error) Unwrap() error { return e.Err }

// Warning is something a user should know of and may act on.
type Warning struct {
	At              Path // the argument it is about, or the zero path
	Summary, Detail string
}

// Tie ties a cause to the argument that brought it, with the cause's text as
// the detail. An error that is tied to an argument already keeps its own; nil
// stays nil.
func Tie(at Path, summary string, err error) error {
	if err == nil || Tied(err) {
		return err
	}
	return &Error{At: at, Summary: summary, Detail: Sentence(err.Error()), Err: err}
}

// Tied reports whether an error names the argument that brought it.
func Tied(err error) bool {
	_, ok := errors.AsType[*Error](err)
	return ok
}

// All returns the faults that an error holds, in their order: several where
// errors were joined. It is empty where the error names no argument.
func All(err error) []*Error {
	// Joined errors are taken apart before a fault is looked for in each.
	if joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		var all []*Error
		for _, part := range joined.Unwrap() {
			all = append(all, All(part)...)
		}
		if first, ok := errors.AsType[*Error](err); !ok || slices.Contains(all, first) {
			return all
		}
	}
	if found, ok := errors.AsType[*Error](err); ok {
		return []*Error{found}
	}
	return nil
}

// Sentence writes the text of an error as a sentence: with a capital and a full
// stop. A first word that is not a plain one, such as a file name, keeps its
// spelling: "a.zip is empty" becomes "a.zip is empty.".
func Sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	first, _, _ := strings.Cut(text, " ")
	if strings.Trim(strings.TrimRight(first, ".,:;!?"), "abcdefghijklmnopqrstuvwxyz") == "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	if !strings.ContainsAny(text[len(text)-1:], ".!?") {
		text += "."
	}
	return text
}

// Severity is what a finding of a check means.
type Severity string

// The severities of the checks. The zero value stands for SeverityError.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
	SeverityOff     Severity = "off"
)

// Apply makes an error or a warning of a finding, or nothing of it.
func (s Severity) Apply(found *Error) ([]Warning, error) {
	switch s {
	case SeverityOff:
		return nil, nil
	case SeverityWarning:
		return []Warning{{At: found.At, Summary: found.Summary, Detail: found.Detail}}, nil
	}
	return nil, found
}

// PerArchitecture is what to write where one layer cannot serve two architectures.
const PerArchitecture = `

Write one package for each architecture:

  resource "layerbuild_package" "deps" {
    for_each      = toset(["x86_64", "arm64"])
    architectures = [each.key]
    …
  }`

// DroppedNames is what a message about a missing argument of an object adds.
const DroppedNames = "Check the spelling: Terraform drops names it does not know inside { }."

// Notes makes one warning of all notes. Without notes there is none.
func Notes(at Path, summary string, notes []string) []Warning {
	if len(notes) == 0 {
		return nil
	}
	sentences := make([]string, 0, len(notes))
	for _, note := range notes {
		text := Sentence(note)
		if _, after, _ := strings.Cut(note, " "); after != "" && after[0] >= '0' && after[0] <= '9' {
			text = note[:1] + text[1:] // a name in front of its version keeps its case
		}
		sentences = append(sentences, text)
	}
	return []Warning{{At: at, Summary: summary, Detail: strings.Join(sentences, "\n")}}
}
