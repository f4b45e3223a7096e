package layer

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// runtimeSDK are the distributions that Lambda's Python runtimes bring, with
// what only they need: "Runtime-included SDK versions" in the developer guide.
var runtimeSDK = []string{"boto3", "botocore"}

// runtimeSDKParts are the distributions that exist for the SDK's sake.
var runtimeSDKParts = []string{"boto3", "botocore", "s3transfer", "jmespath"}

// leaveOut says which distributions are resolved and then not packed. Its
// fields are normalised names, sorted.
type leaveOut struct {
	Names []string `json:",omitempty"`
	// WithNeeds are left out together with what nothing else needs.
	WithNeeds []string `json:",omitempty"`
}

func (p *PythonSpec) leaveOut() leaveOut {
	var out leaveOut
	for _, name := range p.Exclude {
		out.Names = append(out.Names, python.NormalizeName(name))
	}
	slices.Sort(out.Names)
	if p.ExcludeRuntimeSDK {
		out.WithNeeds = runtimeSDK
	}
	return out
}

// check finds what can be known wrong of the Python arguments without reading
// anything.
func (p *PythonSpec) check(Spec) error {
	required := len(p.Requirements) > 0 || p.RequirementsFile != ""
	switch {
	case !required && p.LockFile == "":
		return &fault.Error{At: fault.At("python"), Summary: "No Python requirement", Detail: "Write python.requirements, python.requirements_file or python.lock_file, or drop python."}
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
			Detail: "It chooses among the members of the workspace that a uv.lock is of: name that in python.lock_file. A distribution is asked for in python.requirements.",
		}
	case p.LockFile == "" && len(p.Groups)+len(p.Extras) > 0:
		return &fault.Error{
			At: fault.At("python"), Summary: "Groups or extras without a lock file",
			Detail: "They are parts of python.lock_file. Extras of a requirement are written behind its name, such as \"uvicorn[standard]\".",
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

// from leaves distributions out of a resolution, and notes the names that are
// neither in it nor among those that were left out before.
func (o leaveOut) from(l *python.Lock, roots, before []string) {
	for _, name := range o.Names {
		if !slices.Contains(before, name) && !slices.ContainsFunc(l.Wheels, func(w python.Wheel) bool { return w.Name == name }) {
			l.Notes = append(l.Notes, fmt.Sprintf("python.exclude names %q, which nothing asks for", name))
		}
	}
	l.Wheels = o.apply(roots, l.Wheels)
}

// apply returns the wheels that are left. Distributions are left out after
// they were resolved, so that they still bound the versions of the others.
// roots are the names that are asked for, not only needed.
func (o leaveOut) apply(roots []string, wheels []python.Wheel) []python.Wheel {
	if len(o.Names) == 0 && len(o.WithNeeds) == 0 {
		return wheels
	}
	dropped := map[string]bool{}
	for _, name := range o.Names {
		dropped[name] = true
	}
	if len(o.WithNeeds) > 0 {
		kept := reachable(wheels, roots, o.WithNeeds)
		for name := range reachable(wheels, o.WithNeeds, nil) {
			dropped[name] = dropped[name] || !kept[name]
		}
	}
	return slices.DeleteFunc(wheels, func(w python.Wheel) bool { return dropped[w.Name] })
}

// besideSDK returns the names that stay whatever the AWS SDK needs. A lock file
// does not tell which of its distributions the project asks for itself, so only
// the SDK's own parts count as needed by it alone.
func besideSDK(wheels []python.Wheel) []string {
	var names []string
	for _, w := range wheels {
		if !slices.Contains(runtimeSDKParts, w.Name) {
			names = append(names, w.Name)
		}
	}
	return names
}

// reachable returns the names that the roots need, themselves included, on
// ways that pass none of the barred ones.
func reachable(wheels []python.Wheel, roots, barred []string) map[string]bool {
	needs := map[string][]string{}
	for _, w := range wheels {
		needs[w.Name] = append(needs[w.Name], w.Requires...)
	}
	reached := map[string]bool{}
	for queue := slices.Clone(roots); len(queue) > 0; {
		name := queue[0]
		queue = queue[1:]
		if reached[name] || slices.Contains(barred, name) {
			continue
		}
		reached[name] = true
		queue = append(queue, needs[name]...)
	}
	return reached
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
			return &fault.Error{At: at, Summary: "An index without an address", Detail: "It names neither url nor codeartifact: write one of them."}
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
	fault := &fault.Error{
		At:      fault.At("python"),
		Summary: fmt.Sprintf("%s comes from the %s and %s from the runtime", inLayer, noun, inRuntime),
		Detail: fmt.Sprintf("Lambda's Python runtimes bring boto3 and botocore, and a %s's copy goes before. One of them alone meets a version of the other that it was not made for. "+
			"Add %s to the requirements, or leave both out by exclude_runtime_sdk.", noun, inRuntime),
	}
	return severity.Judge(fault)
}
