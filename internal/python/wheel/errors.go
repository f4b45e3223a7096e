package wheel

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
)

// Unsat tells that no versions of the distributions satisfy all requirements.
type Unsat struct {
	Target string   // as Target.String
	Names  []string // of the distributions in conflict, sorted
	// Facts are statements that cannot all hold: the user's requirements, then
	// those of the wheels, from parents to children.
	Facts []string
}

func (e *Unsat) Error() string {
	return fmt.Sprintf("no set of versions satisfies all requirements on %s; these cannot hold together:\n  - %s",
		e.Target, strings.Join(e.Facts, "\n  - "))
}

// Undecided tells that a search was given up before it found versions, or why there
// are none.
type Undecided struct {
	Target    string // as Target.String
	Conflicts int    // that were met until then
	// Names are those of the distributions that conflicted most often, the most
	// frequent first.
	Names []string
	// Facts are statements that cannot all hold, of the conflict with the fewest.
	Facts []string
}

func (e *Undecided) Error() string {
	text := fmt.Sprintf("no versions were found on %s after %d conflicts, and the search was given up. ", e.Target, e.Conflicts)
	if len(e.Names) > 0 {
		text += fmt.Sprintf("Most conflicts are about %s: allow fewer versions of them, such as an exact one or a lower bound.", strings.Join(e.Names, ", "))
	}
	if len(e.Facts) > 0 {
		text += " One conflict of many, these cannot hold together:\n  - " + strings.Join(e.Facts, "\n  - ")
	}
	return text
}

// NoWheel tells that a needed distribution has versions, and none of them a
// wheel that runs on the target.
type NoWheel struct {
	Name    string // normalised
	Version string // the newest that the requirement allows
	Asked   string // the requirement, such as "numpy>=2.3"
	Chain   string // who asks for it, a clause such as `main.tf asks for "pandas", which needs "numpy>=2.3"`
	Target  string
	// Reason says what the best of its wheels lacks, a clause such as "it needs
	// glibc 2.28, and python3.11 is Amazon Linux 2 with glibc 2.26".
	Reason string
	// Files are the files that were looked at.
	Files []Rejected
	// Advice is a sentence on what to write instead, "" where nothing is known.
	Advice string
}

// Rejected is a file and why it does not fit.
type Rejected struct {
	Filename string
	Misfit   Misfit
}

func (e *NoWheel) Error() string {
	return fmt.Sprintf("no wheel of %s runs on %s: %s", e.Title(), e.Target, e.text(e.Reason+"."))
}

// Title returns the name and the version, as far as it is known.
func (e *NoWheel) Title() string { return strings.TrimSpace(fmt.Sprintf("%q %s", e.Name, e.Version)) }

// Detail returns what Error says, without what a summary has said: sentences.
func (e *NoWheel) Detail() string { return e.text(fault.Sentence(e.Reason)) }

func (e *NoWheel) text(reason string) string {
	text := reason + " " + fault.Sentence(e.Chain)
	if meant := wrongName(e.Name); meant != "" {
		return text + " " + meant
	}
	if e.Advice != "" {
		text += " " + e.Advice
	}
	return text
}

// NoVersion tells that no version of a distribution is allowed by a
// requirement, or that those that are allowed are withheld.
type NoVersion struct {
	Name  string
	Asked string
	Chain string
	// Withheld says why versions that the requirement allows may not be used,
	// "" when there are none.
	Withheld string
	// Near are versions that exist, close to what was asked for, ascending.
	Near []string
	// Index is the one that has the distribution, and After are those that were
	// not asked because it has it. Both without credentials.
	Index string
	After []string
}

func (e *NoVersion) Error() string {
	text := fmt.Sprintf("no version of %q fits %q: %s.", e.Name, e.Asked, e.reason()) + " " + fault.Sentence(e.Chain)
	if len(e.After) > 0 {
		text += fmt.Sprintf(" The first index that has a package provides all its versions. That is %s, so %s was not asked. To take %s from there, write python.index = [{ url = %q, packages = [%q] }].",
			e.Index, strings.Join(e.After, " and "), e.Name, e.After[0], e.Name)
	}
	if meant := wrongName(e.Name); meant != "" {
		text += " " + meant
	}
	return text
}

func (e *NoVersion) reason() string {
	switch {
	case e.Withheld != "":
		return e.Withheld
	case len(e.Near) == 0:
		return "the index has no version of it"
	}
	return "versions near it are " + strings.Join(e.Near, ", ")
}

// Missing tells that no index has a distribution.
type Missing struct {
	Name    string
	Chain   string
	Indexes []string // that were asked, without credentials
	// Claimed is set where an index serves the name alone.
	Claimed bool
}

func (e *Missing) Error() string {
	where := "no index serves this name"
	if len(e.Indexes) > 0 {
		where = "not on " + strings.Join(e.Indexes, " or ")
	}
	text := fmt.Sprintf("there is no distribution %q: %s. %s ", e.Name, where, fault.Sentence(e.Chain))
	if meant := wrongName(e.Name); meant != "" {
		return text + meant
	}
	if e.Claimed {
		return text + "If it is misspelt, correct it."
	}
	return text + fmt.Sprintf("If it is misspelt, correct it. If it is private, name its index: index = [{ url = \"https://…/simple/\", packages = [%q] }].", e.Name)
}

// NoDigest tells that the index gives no SHA-256 for a chosen wheel, so that
// nothing could vouch for its bytes.
// Source names who else gives the file, where that is no index.
type NoDigest struct{ Name, Version, Filename, Index, Source string }

func (e *NoDigest) Error() string {
	return fmt.Sprintf("%s gives no SHA-256 for %q of %q %s: every file is verified, so it cannot be used", cmp.Or(e.Source, "the index "+e.Index), e.Filename, e.Name, e.Version)
}

// DirectURL tells why the address that a requirement names cannot be used.
type DirectURL struct {
	Requirement, Source string
	Reason              string // a clause, with what to write instead
}

func (e *DirectURL) Error() string {
	return fmt.Sprintf("%s asks for %q at an address: %s", cmp.Or(e.Source, "the configuration"), e.Requirement, e.Reason)
}

// List writes "a, b and c".
func List(texts []string) string {
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " and " + texts[last]
}

// BrokenWheel tells that installers refuse a wheel for what it holds or lacks.
type BrokenWheel struct {
	Filename, Name, Version string
	Reason                  string // a clause
}

func (e *BrokenWheel) Error() string {
	return fmt.Sprintf("wheel %q is broken: %s", e.Filename, e.Reason)
}
