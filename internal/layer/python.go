package layer

import (
	"fmt"
	"net/url"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
)

// runtimeSDK are the distributions that Lambda's Python runtimes bring, with
// what only they need: "Runtime-included SDK versions" in the developer guide.
var runtimeSDK = []string{"boto3", "botocore"}

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

// apply returns the wheels that are left. Distributions are left out after
// they were resolved, so that they still bound the versions of the others.
func (o leaveOut) apply(roots []python.Input, wheels []python.Wheel) []python.Wheel {
	if len(o.Names) == 0 && len(o.WithNeeds) == 0 {
		return wheels
	}
	needs := map[string][]string{}
	for _, w := range wheels {
		needs[w.Name] = append(needs[w.Name], w.Requires...)
	}
	reached := map[string]bool{}
	var reach func(name string)
	reach = func(name string) {
		if reached[name] || slices.Contains(o.WithNeeds, name) {
			return
		}
		reached[name] = true
		for _, need := range needs[name] {
			reach(need)
		}
	}
	for _, in := range roots {
		reach(in.Requirement.Name)
	}
	return slices.DeleteFunc(wheels, func(w python.Wheel) bool {
		return !reached[w.Name] || slices.Contains(o.Names, w.Name)
	})
}

// checkIndexes refuses addresses that hold credentials: they would be kept in
// the state.
func (p *PythonSpec) checkIndexes() error {
	for i, index := range p.Indexes {
		at := fmt.Sprintf("python.index[%d]", i)
		u, err := url.Parse(index.URL)
		switch {
		case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
			return &InputError{Attribute: at, Summary: "Malformed index address", Detail: "An index is an address such as \"https://pypi.example.com/simple/\"."}
		case u.User != nil:
			return &InputError{
				Attribute: at, Summary: fmt.Sprintf("Credentials in the address of the index at %q", u.Host),
				Detail: "They would be kept in the state. Write the address without them, and the user and password into netrc.",
			}
		case len(index.Packages) == 0:
			return &InputError{
				Attribute: at, Summary: fmt.Sprintf("No packages for the index at %q", u.Host),
				Detail: "An index serves only the packages that it names, so that no other index can slip in a package of the same name. Name them in packages, such as [\"acme-*\"].",
			}
		}
	}
	return nil
}

// checkShadow tells where a part of the AWS SDK in the layer would be used
// together with the runtime's own other part: versions of the two must match.
func checkShadow(l *python.Lock, severity Severity) ([]Warning, error) {
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
	fault := &InputError{
		Attribute: "python",
		Summary:   fmt.Sprintf("%s comes from the layer and %s from the runtime", inLayer, inRuntime),
		Detail: fmt.Sprintf("Lambda's Python runtimes bring boto3 and botocore, and a layer's copy goes before. One of them alone meets a version of the other that it was not made for. "+
			"Add %s to the requirements, or leave both out by exclude_runtime_sdk.", inRuntime),
	}
	if severity == SeverityWarning {
		return []Warning{{Attribute: fault.Attribute, Summary: fault.Summary, Detail: fault.Detail}}, nil
	}
	return nil, fault
}
