package publish

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/parameter"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/policy"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// CheckName returns a *LimitError when AWS would refuse the name of a layer:
// 1 to 140 letters, digits, hyphens and underscores.
func CheckName(name string) error {
	switch {
	case name == "":
		return &LimitError{Attribute: "layer_name", Problem: "is empty"}
	case strings.HasPrefix(name, "arn:"):
		return &LimitError{Attribute: "layer_name", Problem: fmt.Sprintf("is %q: write the name alone, not an ARN", name)}
	case len(name) > runtimes.MaxLayerName:
		return &LimitError{Attribute: "layer_name", Problem: fmt.Sprintf("has %d characters, AWS takes %d", len(name), runtimes.MaxLayerName)}
	}
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_') {
			return &LimitError{Attribute: "layer_name", Problem: fmt.Sprintf("is %q: AWS takes letters, digits, \"-\" and \"_\", not %q", name, r)}
		}
	}
	return nil
}

// CheckDescription returns a *LimitError for more than 256 characters.
func CheckDescription(text string) error {
	return checkLength("description", text, runtimes.MaxDescription)
}

// CheckLicenseInfo returns a *LimitError for more than 512 characters.
func CheckLicenseInfo(text string) error {
	return checkLength("license_info", text, runtimes.MaxLicenseInfo)
}

// CheckRuntimes returns a *LimitError for more than 15 runtimes, or an empty
// id. Whether AWS knows an id is for AWS to say: new ones appear every year.
func CheckRuntimes(ids []string) error {
	return checkList("compatible_runtimes", ids, runtimes.MaxCompatibleRuntimes)
}

// CheckArchitectures returns a *LimitError for more than two architectures, or
// one that Lambda does not have.
func CheckArchitectures(architectures []string) error {
	const attribute = "compatible_architectures"
	for _, a := range architectures {
		if !slices.Contains(runtimes.Architectures(), a) {
			return &LimitError{Attribute: attribute, Problem: fmt.Sprintf("names %q: Lambda has %s", a, strings.Join(runtimes.Architectures(), " and "))}
		}
	}
	return checkList(attribute, architectures, runtimes.MaxCompatibleArchitectures)
}

func checkLength(attribute, text string, limit int) error {
	if n := utf8.RuneCountInString(text); n > limit {
		return &LimitError{Attribute: attribute, Problem: fmt.Sprintf("has %d characters, AWS takes %d", n, limit)}
	}
	return nil
}

func checkList(attribute string, list []string, limit int) error {
	if len(list) > limit {
		return &LimitError{Attribute: attribute, Problem: fmt.Sprintf("has %d entries, AWS takes %d", len(list), limit)}
	}
	if slices.Contains(list, "") {
		return &LimitError{Attribute: attribute, Problem: "has an empty entry"}
	}
	return nil
}

// CheckParameterName returns a *LimitError when AWS would refuse the name of a
// parameter.
func CheckParameterName(name string) error { return parameter.CheckName(name) }

// CheckAccountID returns a *LimitError for what is not 12 digits.
func CheckAccountID(id string) error {
	if !policy.IsAccountID(id) {
		return &LimitError{Attribute: "sharing", Problem: fmt.Sprintf("names the account %q: write its 12 digits, such as \"123456789012\"", id)}
	}
	return nil
}

// CheckOrganizationID returns a *LimitError for what is no id of AWS
// Organizations: "o-" and 10 to 32 small letters and digits.
func CheckOrganizationID(id string) error {
	if !policy.IsOrganizationID(id) {
		return &LimitError{Attribute: "sharing", Problem: fmt.Sprintf("names the organization %q: write an id such as \"o-a1b2c3d4e5\"", id)}
	}
	return nil
}
