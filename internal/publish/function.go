package publish

import (
	"fmt"
	"strings"
)

// maxFunctionName is how many characters the name of a function may have (Lambda
// API, CreateFunction).
const maxFunctionName = 64

// FunctionID is what names a function. Region and AccountID are "" where the name
// stands alone.
type FunctionID struct{ Region, AccountID, Name string }

// ParseFunction reads what Lambda takes for a function: its name, its ARN, or
// "123456789012:function:name". A version or an alias behind it is an error.
func ParseFunction(s string) (FunctionID, error) {
	fault := func(format string, args ...any) (FunctionID, error) {
		return FunctionID{}, fmt.Errorf("reading the name of a function %q: %s", s, fmt.Sprintf(format, args...))
	}
	var id FunctionID
	part := strings.Split(s, ":")
	switch {
	case part[0] == "arn":
		if len(part) < 7 || part[2] != "lambda" || part[5] != "function" {
			return fault("it is not the ARN of a function, such as %q", "arn:aws:lambda:eu-west-1:123456789012:function:items")
		}
		id.Region, id.AccountID, part = part[3], part[4], part[6:]
	case len(part) > 2 && part[1] == "function":
		id.AccountID, part = part[0], part[2:]
	}
	id.Name = part[0]
	if len(part) > 1 {
		return fault("it names the version or alias %q; name the function alone, as %q", strings.Join(part[1:], ":"), id.Name)
	}
	if id.Name == "" {
		return fault("it is empty")
	}
	if len(id.Name) > maxFunctionName {
		return fault("it has %d characters, AWS takes %d", len(id.Name), maxFunctionName)
	}
	for _, r := range id.Name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_') {
			return fault("AWS takes letters, digits, \"-\" and \"_\", not %q", r)
		}
	}
	return id, nil
}

// CheckFunction accepts what ParseFunction reads.
func CheckFunction(s string) error {
	_, err := ParseFunction(s)
	return err
}

// In returns the name of the function, where it is one of the region and the
// account; "" for an account that is not known. Others are an error.
func (id FunctionID) In(region, account string) (string, error) {
	switch {
	case id.Region != "" && id.Region != region:
		return "", fmt.Errorf("function %q is in region %s, and the layer version is in %s: Lambda takes layers of the function's own region", id.Name, id.Region, region)
	case id.AccountID != "" && account != "" && id.AccountID != account:
		return "", fmt.Errorf("function %q is of account %s, and the credentials are of account %s", id.Name, id.AccountID, account)
	}
	return id.Name, nil
}
