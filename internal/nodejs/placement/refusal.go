package placement

import (
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// Kind says how a package wants another.
type Kind int

// The kinds of demands, in the order in which a manifest's are listed.
const (
	Member Kind = iota // the project's for each member of its workspace
	Peer
	OptionalPeer
	Plain
	Optional
	Development
)

// Demand is an entry of a package in the tree.
type Demand struct {
	// Owner is the name and version of the package that has the entry, "" for
	// the project.
	Owner string
	// OwnerPath is its folder.
	OwnerPath  string
	Name, Text string
	Kind       Kind
}

func (d Demand) String() string {
	owner := d.Owner
	if owner == "" {
		owner = "the project"
	}
	verb := map[Kind]string{
		Member: "has the member", Peer: "has the peer dependency", OptionalPeer: "has the optional peer dependency",
		Plain: "depends on", Optional: "depends optionally on", Development: "depends for development on",
	}[d.Kind]
	text := d.Name
	if d.Text != "" {
		text += "@" + d.Text
	}
	return fmt.Sprintf("%s %s %q", owner, verb, text)
}

// Reason is why there is no tree.
type Reason int

// The reasons.
const (
	// Conflict: two demands exclude each other, and neither can move aside.
	// ERESOLVE.
	Conflict Reason = iota
	// Missing: a version that is needed cannot be had. Err has the cause.
	Missing
	// Endless: npm would place the same packages again and again. ELOOP.
	Endless
	// Exhausted: the placement was ended after a number of steps. Names are the
	// packages that were moved most often. npm might go on for hours.
	Exhausted
	// Circle: versions need each other in a circle that nests without end.
	// ELOOP.
	Circle
	// Platform: a package that is needed does not run on the target.
	// EBADPLATFORM.
	Platform
	// OverridesProject: an override contradicts what the project asks for
	// itself. EOVERRIDE.
	OverridesProject
	// BadOverride: an override cannot be understood. EOVERRIDE.
	BadOverride
	// Incomplete: npm's tree, and the one that was tried instead, lacks a
	// package that is needed. ERESOLVE.
	Incomplete
	// Outside: an entry names a folder that is not in the project's Folders.
	// EUNSUPPORTED.
	Outside
)

// Refusal says why there is no tree.
type Refusal struct {
	Reason Reason
	// Demand is what cannot be met. It is zero where no demand is the cause.
	Demand Demand
	// Against are the demands that exclude it.
	Against []Demand
	// Found is the package that is in the way, or that does not run, as
	// name@version; of OverridesProject the text that the override asks for.
	Found string
	// Names are the packages that bring each other without end.
	Names []string
	// Manifest is of the package that does not run.
	Manifest *manifest.Manifest
	Err      error // the cause, may be nil
}

// Code is npm's own code of the error.
func (r *Refusal) Code() string {
	switch r.Reason {
	case Missing:
		if cause, ok := manifest.AsRefusal(r.Err); ok {
			return cause.Code
		}
		return "E404"
	case Endless, Exhausted, Circle:
		return "ELOOP"
	case Platform:
		return "EBADPLATFORM"
	case OverridesProject, BadOverride:
		return "EOVERRIDE"
	case Outside:
		return "EUNSUPPORTED"
	}
	return "ERESOLVE"
}

func (r *Refusal) Error() string {
	against := make([]string, len(r.Against))
	for i, d := range r.Against {
		against[i] = d.String()
	}
	switch r.Reason {
	case Conflict:
		text := r.Demand.String()
		if r.Found != "" {
			text += fmt.Sprintf(", but its place has %q", r.Found)
		}
		if len(against) > 0 {
			text += ": " + strings.Join(against, "; ")
		}
		return text
	case Missing:
		return fmt.Sprintf("%s: %v", r.Demand, r.Err)
	case Endless:
		return "these packages bring each other's peers without end: " + strings.Join(r.Names, ", ")
	case Exhausted:
		return "the placement was ended, as it takes too long; these packages were moved most often: " + strings.Join(r.Names, ", ")
	case Circle:
		return "these packages need each other's versions in a circle without end: " + strings.Join(r.Names, ", ")
	case Platform:
		return fmt.Sprintf("%q does not run on the target, and %s", r.Found, r.Demand)
	case OverridesProject:
		return fmt.Sprintf("%s, and an override asks for something else", r.Demand)
	case BadOverride:
		return fmt.Sprintf("reading the overrides: %v", r.Err)
	case Incomplete:
		return fmt.Sprintf("%s, and no place was found where it is met", r.Demand)
	case Outside:
		return fmt.Sprintf("%s, which is not a package folder within the project", r.Demand)
	}
	return "no tree"
}

func (r *Refusal) Unwrap() error { return r.Err }
