package python

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/release"
)

// Spec asks for Python distributions: by requirements, or by a lock file.
type Spec struct {
	// Requirements and Constraints are PEP 508 strings.
	Requirements []string
	Constraints  []string
	// RequirementsFile is a path, or "".
	RequirementsFile string
	// LockFile is the path of a lock file of uv, Poetry, Pipenv or PEP 751, or
	// "". It is obeyed, never resolved again; Groups and Extras of it are taken
	// besides the project's own dependencies.
	LockFile       string
	Groups, Extras []string
	// AllowOutside are folders that a lock file may take projects and wheels from
	// that lie outside of its own project.
	AllowOutside []string
	// Package names the workspace member whose dependencies are taken from a
	// uv.lock; "": those of the project beside it, or of every member.
	Package string
	// RequireHashes wants a digest for every distribution, those that are
	// only needed by others too. One digest anywhere asks for it as well.
	RequireHashes bool
	// Indexes serve their packages alone, before all other indexes.
	Indexes []IndexSpec
	// Wheels stand in for what has no wheel on an index. FindLinks are
	// directories with wheels, and addresses of pages with links to wheels,
	// that are searched besides the indexes.
	Wheels    []WheelSpec
	FindLinks []string
	// Sdist says what source distributions are good for: "", nothing, or
	// sdistPure.
	Sdist string
	// CutOff is of the distributions alone, in place of that of the Request.
	CutOff release.CutOff
	// Reconsider resolves anew where nothing but the cut-off changed.
	Reconsider bool
	// Scripts adds console scripts and other programs of the distributions.
	Scripts bool
	// Overlaps says what becomes of a path that two distributions write with
	// different content: "", an error, or overlapsLast.
	Overlaps string
	// Prerelease makes pre-releases versions as any other.
	Prerelease bool
	// Exclude names distributions that are resolved and then left out.
	Exclude []string
	// ExcludeRuntimeSDK leaves out boto3, botocore and what only they need.
	ExcludeRuntimeSDK bool
}

// leaveOut returns what is resolved and not packed.
func (p *Spec) leaveOut() wheel.LeaveOut {
	var out wheel.LeaveOut
	for _, name := range p.Exclude {
		out.Names = append(out.Names, pep508.NormalizeName(name))
	}
	slices.Sort(out.Names)
	if p.ExcludeRuntimeSDK {
		out.WithNeeds = wheel.RuntimeSDK()
	}
	return out
}

// Check finds what can be known wrong of the Python arguments without reading
// anything: a *[fault.Error], or several of them, joined.
func (p *Spec) Check() error {
	required := len(p.Requirements) > 0 || p.RequirementsFile != ""
	switch {
	case !required && p.LockFile == "":
		return &fault.Error{At: fault.At("python"), Summary: "No Python requirement", Detail: "Write python.requirements, python.requirements_file or python.lock_file, or drop python. " + fault.DroppedNames}
	case required && p.LockFile != "":
		return &fault.Error{
			At: fault.At("python"), Summary: "Requirements beside a lock file",
			Detail: "A lock file is not resolved again: add the requirements to the project that it locks, or put them into a package of their own.",
		}
	case p.LockFile != "" && (len(p.Constraints) > 0 || len(p.FindLinks) > 0 || p.Prerelease || p.RequireHashes || !p.CutOff.At.IsZero()):
		return &fault.Error{
			At: fault.At("python"), Summary: "Arguments of a resolution beside a lock file",
			Detail: "A lock file is not resolved again, and its hashes are always checked, so constraints, find_links, prerelease, exclude_newer and require_hashes would have no effect. Remove them here, and lock the project with them instead.",
		}
	case p.LockFile == "" && p.Package != "":
		return &fault.Error{
			At: fault.At("python", "package"), Summary: "A workspace member without a lock file",
			Detail: "It chooses among the members of the workspace that a uv.lock is of: name that in python.lock_file. A distribution is asked for in python.requirements. " + fault.DroppedNames,
		}
	case p.LockFile == "" && len(p.AllowOutside) > 0:
		return &fault.Error{
			At: fault.At("python", "allow_outside"), Summary: "Folders outside of a project without a lock file",
			Detail: "It says which folders a lock file may take projects from. Give the files of a folder by the argument files, and a wheel by python.wheels. " + fault.DroppedNames,
		}
	case p.LockFile == "" && len(p.Groups)+len(p.Extras) > 0:
		return &fault.Error{
			At: fault.At("python"), Summary: "Groups or extras without a lock file",
			Detail: "They are parts of python.lock_file. Extras of a requirement are written behind its name, such as \"uvicorn[standard]\". " + fault.DroppedNames,
		}
	}
	_, _, requirements := parseAll(fault.At("python", "requirements"), p.Requirements)
	_, _, constraints := parseAll(fault.At("python", "constraints"), p.Constraints)
	faults := []error{requirements, constraints}
	for i, name := range p.Exclude {
		if !distributionName.MatchString(name) {
			faults = append(faults, &fault.Error{
				At: fault.At("python", "exclude").Index(i), Summary: fmt.Sprintf("Malformed name %q", name),
				Detail: "python.exclude holds names of distributions, such as \"boto3\", without versions and globs.",
			})
		}
	}
	return errors.Join(append(faults, p.checkWords(), p.checkWheels(), p.checkLinks(), p.checkIndexes())...)
}

// The names of distributions ("Names and normalization" specification), and
// globs of them.
var (
	distributionName = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	distributionGlob = regexp.MustCompile(`^[A-Za-z0-9*?](?:[A-Za-z0-9._*?-]*[A-Za-z0-9*?])?$`)
)

// sdistPure makes wheels of source distributions where no code of them has to
// be run for it.
const sdistPure = "pure"

// checkWords finds arguments whose word means nothing.
func (p *Spec) checkWords() error {
	var faults []error
	for _, c := range []struct {
		name, word string
		known      []string
		detail     string
	}{
		{"sdist", p.Sdist, []string{"", sdistPure}, "Write \"pure\", which makes wheels from source distributions without running their code, or remove python.sdist."},
		{"overlaps", p.Overlaps, []string{"", "error", overlapsLast}, `Write "last", which lets the distribution that comes later in the order of names win where two write one path, or "error".`},
	} {
		if !slices.Contains(c.known, c.word) {
			faults = append(faults, &fault.Error{At: fault.At("python", c.name), Summary: fmt.Sprintf("Unknown value %q", c.word), Detail: c.detail})
		}
	}
	return errors.Join(faults...)
}
