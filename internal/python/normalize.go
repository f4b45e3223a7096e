package python

import (
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
)

// NormalizeRequirements returns requirements (PEP 508) in their canonical spelling,
// sorted and each once. Hashes follow theirs, as "--hash=sha256:…". The error names
// every one that is malformed, by its index.
func NormalizeRequirements(texts []string) ([]string, error) {
	inputs, _, err := parseAll(fault.At("requirements"), texts)
	if err != nil {
		return nil, err
	}
	all := []string{}
	for _, in := range inputs {
		in.Requirement.Specifiers = in.Requirement.Specifiers.Sorted()
		parts := []string{in.Requirement.String()}
		for _, hash := range slices.Sorted(slices.Values(in.Hashes)) {
			parts = append(parts, "--hash="+hash)
		}
		all = append(all, strings.Join(parts, " "))
	}
	slices.SortFunc(all, strings.Compare)
	return slices.Compact(all), nil
}
