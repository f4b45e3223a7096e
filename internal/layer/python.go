package layer

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

func (p *PythonSpec) leaveOut() python.LeaveOut {
	var out python.LeaveOut
	for _, name := range p.Exclude {
		out.Names = append(out.Names, python.NormalizeName(name))
	}
	slices.Sort(out.Names)
	if p.ExcludeRuntimeSDK {
		out.WithNeeds = python.RuntimeSDK()
	}
	return out
}

// check finds what can be known wrong of the Python arguments without reading
// anything.
func (p *PythonSpec) check(Spec) error {
	required := len(p.Requirements) > 0 || p.RequirementsFile != ""
	switch {
	case !required && p.LockFile == "":
		return &fault.Error{At: fault.At("python"), Summary: "No Python requirement", Detail: "Write python.requirements, python.requirements_file or python.lock_file, or drop python. " + fault.DroppedNames}
	case required && p.LockFile != "":
		return &fault.Error{
			At: fault.At("python"), Summary: "Requirements beside a lock file",
			Detail: "A lock file is obeyed as it is: add the requirements to the project that it locks, or put them into a package of their own.",
		}
	case p.LockFile != "" && (len(p.Constraints) > 0 || len(p.FindLinks) > 0 || p.Prerelease || p.RequireHashes || p.ExcludeNewer):
		return &fault.Error{
			At: fault.At("python"), Summary: "Arguments of a resolution beside a lock file",
			Detail: "A lock file is obeyed as it is, and its hashes are always checked: constraints, find_links, prerelease, exclude_newer and require_hashes have no place beside it. Drop them, and lock the project with them instead.",
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
	return errors.Join(append(faults, p.checkSdist(), p.checkOverlaps(), p.checkWheels(), p.checkLinks(), p.checkIndexes())...)
}

// The names of distributions ("Names and normalization" specification), and
// globs of them.
var (
	distributionName = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	distributionGlob = regexp.MustCompile(`^[A-Za-z0-9*?](?:[A-Za-z0-9._*?-]*[A-Za-z0-9*?])?$`)
)

// pythonTargets returns the Python runtimes on every architecture; none is an
// error.
func (s Spec) pythonTargets() ([]runtimes.Target, error) {
	targets, err := s.targets(runtimes.Python)
	if err == nil && len(targets) == 0 {
		err = &fault.Error{
			At: fault.At("runtimes"), Summary: "No Python runtime",
			Detail: "The package has python requirements, but none of its runtimes runs Python. Add one such as \"python3.12\", or drop python.",
		}
	}
	return targets, err
}

// checkIndexes refuses addresses that hold credentials: they would be kept in
// the state.
func (p *PythonSpec) checkIndexes() error {
	for i, index := range p.Indexes {
		at := fault.At("python", "index").Index(i)
		if index.CodeArtifact != nil {
			if err := index.CodeArtifact.check(at.At("codeartifact")); err != nil {
				return err
			}
			if index.URL != "" {
				return &fault.Error{At: at, Summary: "An index with two addresses", Detail: "It names both url and codeartifact: write one of them."}
			}
			index.URL = "https://" + index.CodeArtifact.Domain
		}
		u, err := url.Parse(index.URL)
		switch {
		case index.URL == "":
			return &fault.Error{At: at, Summary: "An index without an address", Detail: "It names neither url nor codeartifact: write one of them. " + fault.DroppedNames}
		case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
			return &fault.Error{At: at.At("url"), Summary: "Malformed index address", Detail: "An index is an address such as \"https://pypi.example.com/simple/\"."}
		case u.User != nil:
			return &fault.Error{
				At: at.At("url"), Summary: fmt.Sprintf("Credentials in the address of the index at %q", u.Host),
				Detail: "They would be kept in the state. Write the address without them, and the user and password into netrc.",
			}
		case u.RawQuery != "" || u.Fragment != "":
			return &fault.Error{
				At: at.At("url"), Summary: fmt.Sprintf("A query in the address of the index at %q", u.Host),
				Detail: "An index is addressed by its path, and a token in a query would be kept in the state. Write credentials into netrc.",
			}
		case len(index.Packages) == 0:
			return &fault.Error{
				At: at.At("packages"), Summary: fmt.Sprintf("No packages for the index at %q", u.Host),
				Detail: "An index serves only the packages that it names, so that no other index can slip in a package of the same name. Name them in packages, such as [\"acme-*\"].",
			}
		}
		for j, pattern := range index.Packages {
			if !distributionGlob.MatchString(pattern) {
				return &fault.Error{
					At: at.At("packages").Index(j), Summary: fmt.Sprintf("Malformed pattern %q", pattern),
					Detail: "packages holds names of distributions, or globs of them with * and ?, such as \"acme-*\". Another index would serve what a malformed one means.",
				}
			}
		}
	}
	return nil
}

// checkShadow tells where a part of the AWS SDK in the layer would be used
// together with the runtime's own other part: versions of the two must match.
// noun is what the zip is for.
func checkShadow(l *python.Lock, noun string, severity Severity) ([]Warning, error) {
	if severity != SeverityError && severity != SeverityWarning {
		return nil, nil
	}
	has := map[string]bool{}
	for _, w := range l.Wheels {
		has[w.Name] = true
	}
	if has["boto3"] == has["botocore"] {
		return nil, nil
	}
	inLayer, inRuntime := "botocore", "boto3"
	if has["boto3"] {
		inLayer, inRuntime = inRuntime, inLayer
	}
	var wanting []string
	for _, w := range l.Wheels {
		if slices.Contains(w.Requires, inLayer) && !slices.Contains(wanting, w.Name) {
			wanting = append(wanting, w.Name)
		}
	}
	wanted := ""
	if len(wanting) > 0 {
		wanted = fmt.Sprintf(" %s is needed by %s.", inLayer, strings.Join(wanting, ", "))
	}
	fault := &fault.Error{
		At:      fault.At("python"),
		Summary: fmt.Sprintf("%s comes from the %s and %s from the runtime", inLayer, noun, inRuntime),
		Detail: fmt.Sprintf("Lambda's Python runtimes bring boto3 and botocore, and a %s's copy goes before. One of them alone meets a version of the other that it was not made for.%s "+
			"Add %s to the requirements, or leave both out: python = { exclude_runtime_sdk = true }.", noun, wanted, inRuntime),
	}
	return severity.Judge(fault)
}
