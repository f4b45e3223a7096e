package lambdatest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Parameter is a parameter of Systems Manager, for assertions.
type Parameter struct {
	Value, Description, Type, Tier string
	// Version counts the writes, from 1.
	Version int
}

var parameterName = regexp.MustCompile(`^[a-zA-Z0-9_.\-/]+$`)

// Parameter returns the parameter of a name in a region, and false for none.
func (a *AWS) Parameter(regionName, name string) (Parameter, bool) {
	return a.ParameterOf(Account, regionName, name)
}

// ParameterOf is Parameter for any account.
func (a *AWS) ParameterOf(account, regionName, name string) (Parameter, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.in(scope{account, regionName}).parameters[name]
	if p == nil {
		return Parameter{}, false
	}
	return *p, true
}

// SetParameter writes a parameter behind everybody's back; "" removes it.
func (a *AWS) SetParameter(regionName, name, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.region(regionName)
	if value == "" {
		delete(r.parameters, name)
		return
	}
	r.parameters[name] = &Parameter{Value: value, Type: "String", Tier: "Standard", Version: 1}
}

// routeSSM finds the operation in the header that names it.
func (c *call) routeSSM() handler {
	operation, ok := strings.CutPrefix(c.Header.Get("X-Amz-Target"), "AmazonSSM.")
	if !ok || c.Method != http.MethodPost || c.URL.Path != "/" {
		return nil
	}
	c.operation = operation
	switch operation {
	case "PutParameter":
		return putParameter
	case "GetParameter":
		return getParameter
	case "DeleteParameter":
		return deleteParameter
	}
	return nil
}

type parameterInput struct {
	Name, Value, Type, Tier string
	Description             *string
	Overwrite               bool
}

func putParameter(a *AWS, c *call) reply {
	var in parameterInput
	if err := json.Unmarshal(c.body, &in); err != nil {
		return c.fail(http.StatusBadRequest, "SerializationException", "could not parse the request body")
	}
	first, _, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(in.Name, "/")), "/")
	was := a.own(c).parameters[in.Name]
	switch {
	case !parameterName.MatchString(in.Name), strings.HasPrefix(first, "aws"), strings.HasPrefix(first, "ssm"):
		return c.fail(http.StatusBadRequest, "ValidationException", "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive) and must match "+parameterName.String())
	case strings.Contains(in.Name, "/") && !strings.HasPrefix(in.Name, "/"):
		return c.fail(http.StatusBadRequest, "ValidationException", "Parameter name must be a fully qualified name.")
	case in.Value == "":
		return c.invalid("", "value", "Member must have length greater than or equal to 1")
	case utf8.RuneCountInString(described(in.Description)) > 1024:
		return c.invalid(*in.Description, "description", "Member must have length less than or equal to 1024")
	case was != nil && !in.Overwrite:
		return c.fail(http.StatusBadRequest, "ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	case was == nil && in.Type == "":
		return c.fail(http.StatusBadRequest, "ValidationException", "A parameter type is required when you create a parameter.")
	case was != nil && in.Type != "" && in.Type != was.Type:
		return c.fail(http.StatusBadRequest, "HierarchyTypeMismatchException", "The parameter type can't be changed.")
	case was != nil && was.Tier == "Advanced" && in.Tier == "Standard":
		return c.fail(http.StatusBadRequest, "ValidationException", "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.")
	}
	p := Parameter{Type: in.Type, Tier: "Standard", Version: 1}
	if was != nil {
		p = *was
		p.Version++
	}
	p.Value = in.Value
	if in.Description != nil {
		p.Description = *in.Description
	}
	if in.Tier == "Standard" || in.Tier == "Advanced" {
		p.Tier = in.Tier
	}
	a.own(c).parameters[in.Name] = &p
	return ok(map[string]any{"Version": p.Version, "Tier": p.Tier})
}

// described returns an optional description.
func described(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func getParameter(a *AWS, c *call) reply {
	var in parameterInput
	if err := json.Unmarshal(c.body, &in); err != nil {
		return c.fail(http.StatusBadRequest, "SerializationException", "could not parse the request body")
	}
	p := a.own(c).parameters[in.Name]
	if p == nil {
		return c.fail(http.StatusBadRequest, "ParameterNotFound", "")
	}
	return ok(map[string]any{"Parameter": map[string]any{
		"Name": in.Name, "Value": p.Value, "Type": p.Type, "Version": p.Version, "DataType": "text",
		"ARN": a.own(c).scope.arn("ssm", "parameter/"+strings.TrimPrefix(in.Name, "/")),
	}})
}

func deleteParameter(a *AWS, c *call) reply {
	var in parameterInput
	if err := json.Unmarshal(c.body, &in); err != nil {
		return c.fail(http.StatusBadRequest, "SerializationException", "could not parse the request body")
	}
	if a.own(c).parameters[in.Name] == nil {
		return c.fail(http.StatusBadRequest, "ParameterNotFound", "")
	}
	delete(a.own(c).parameters, in.Name)
	return ok(map[string]any{})
}
