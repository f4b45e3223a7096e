// Package ssm is the stand-in of the parameter store of Systems Manager.
package ssm

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

// SSM is the parameters of all accounts and regions.
type SSM struct {
	*wire.State
	parameters map[wire.Scope]map[string]*Parameter // by name
}

// New returns the service on a state.
func New(state *wire.State) *SSM {
	return &SSM{State: state, parameters: map[wire.Scope]map[string]*Parameter{}}
}

// call is one request on its way through, handler what carries it out.
type (
	call    struct{ *wire.Request }
	handler func(*SSM, *call) wire.Reply
)

// Route finds the operation of a call, and what carries it out; nil for none.
func (a *SSM) Route(r *wire.Request) wire.Handler {
	handle := (&call{r}).route()
	if handle == nil {
		return nil
	}
	return func(r *wire.Request) wire.Reply { return handle(a, &call{r}) }
}

// Parameter is a parameter of Systems Manager, for assertions.
type Parameter struct {
	Value, Description, Type, Tier string
	// Version counts the writes, from 1.
	Version int
}

var parameterName = regexp.MustCompile(`^[a-zA-Z0-9_.\-/]+$`)

// Parameter returns the parameter of a name in a region, and false for none.
func (a *SSM) Parameter(regionName, name string) (Parameter, bool) {
	return a.ParameterOf(wire.Account, regionName, name)
}

// ParameterOf is Parameter for any account.
func (a *SSM) ParameterOf(account, regionName, name string) (Parameter, bool) {
	a.Lock()
	defer a.Unlock()
	p := a.in(wire.Scope{Account: account, Region: regionName})[name]
	if p == nil {
		return Parameter{}, false
	}
	return *p, true
}

// SetParameter writes a parameter behind everybody's back; "" removes it.
func (a *SSM) SetParameter(regionName, name, value string) {
	a.Lock()
	defer a.Unlock()
	r := a.in(wire.Scope{Account: wire.Account, Region: regionName})
	if value == "" {
		delete(r, name)
		return
	}
	r[name] = &Parameter{Value: value, Type: "String", Tier: "Standard", Version: 1}
}

// routeSSM finds the operation in the header that names it.
func (c *call) route() handler {
	operation, ok := strings.CutPrefix(c.Header.Get("X-Amz-Target"), "AmazonSSM.")
	if !ok || c.Method != http.MethodPost || c.URL.Path != "/" {
		return nil
	}
	c.Operation = operation
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

func putParameter(a *SSM, c *call) wire.Reply {
	var in parameterInput
	if err := json.Unmarshal(c.Payload, &in); err != nil {
		return c.Fail(http.StatusBadRequest, "SerializationException", "could not parse the request body")
	}
	first, _, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(in.Name, "/")), "/")
	was := a.own(c)[in.Name]
	switch {
	case !parameterName.MatchString(in.Name), strings.HasPrefix(first, "aws"), strings.HasPrefix(first, "ssm"):
		return c.Fail(http.StatusBadRequest, "ValidationException", "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive) and must match "+parameterName.String())
	case strings.Contains(in.Name, "/") && !strings.HasPrefix(in.Name, "/"):
		return c.Fail(http.StatusBadRequest, "ValidationException", "Parameter name must be a fully qualified name.")
	case in.Value == "":
		return c.Invalid("", "value", "Member must have length greater than or equal to 1")
	case utf8.RuneCountInString(described(in.Description)) > 1024:
		return c.Invalid(*in.Description, "description", "Member must have length less than or equal to 1024")
	case was != nil && !in.Overwrite:
		return c.Fail(http.StatusBadRequest, "ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	case was == nil && in.Type == "":
		return c.Fail(http.StatusBadRequest, "ValidationException", "A parameter type is required when you create a parameter.")
	case was != nil && in.Type != "" && in.Type != was.Type:
		return c.Fail(http.StatusBadRequest, "HierarchyTypeMismatchException", "The parameter type can't be changed.")
	case was != nil && was.Tier == "Advanced" && in.Tier == "Standard":
		return c.Fail(http.StatusBadRequest, "ValidationException", "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.")
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
	a.own(c)[in.Name] = &p
	return wire.OK(map[string]any{"Version": p.Version, "Tier": p.Tier})
}

// described returns an optional description.
func described(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func getParameter(a *SSM, c *call) wire.Reply {
	var in parameterInput
	if err := json.Unmarshal(c.Payload, &in); err != nil {
		return c.Fail(http.StatusBadRequest, "SerializationException", "could not parse the request body")
	}
	p := a.own(c)[in.Name]
	if p == nil {
		return c.Fail(http.StatusBadRequest, "ParameterNotFound", "")
	}
	return wire.OK(map[string]any{"Parameter": map[string]any{
		"Name": in.Name, "Value": p.Value, "Type": p.Type, "Version": p.Version, "DataType": "text",
		"ARN": c.Scope().ARN("ssm", "parameter/"+strings.TrimPrefix(in.Name, "/")),
	}})
}

func deleteParameter(a *SSM, c *call) wire.Reply {
	var in parameterInput
	if err := json.Unmarshal(c.Payload, &in); err != nil {
		return c.Fail(http.StatusBadRequest, "SerializationException", "could not parse the request body")
	}
	if a.own(c)[in.Name] == nil {
		return c.Fail(http.StatusBadRequest, "ParameterNotFound", "")
	}
	delete(a.own(c), in.Name)
	return wire.OK(map[string]any{})
}

// in returns the parameters of a region of an account, own those that a call means.
func (a *SSM) in(s wire.Scope) map[string]*Parameter {
	if a.parameters[s] == nil {
		a.parameters[s] = map[string]*Parameter{}
	}
	return a.parameters[s]
}

func (a *SSM) own(c *call) map[string]*Parameter { return a.in(c.Scope()) }
