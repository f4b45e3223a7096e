// Package ssm is the stand-in of the parameter store of Systems Manager.
package ssm

import (
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

// SSM is the parameters of all accounts and regions.
type SSM struct {
	*wire.State
	parameters map[key]Parameter
}

// New returns the service on a state.
func New(state *wire.State) *SSM { return &SSM{State: state, parameters: map[key]Parameter{}} }

// key is where a parameter is kept, and its name.
type key struct {
	wire.Scope
	name string
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
	p, found := a.parameters[key{wire.Scope{Account: account, Region: regionName}, name}]
	return p, found
}

// SetParameter writes a parameter behind everybody's back; "" removes it.
func (a *SSM) SetParameter(regionName, name, value string) {
	a.Lock()
	defer a.Unlock()
	at := key{wire.Scope{Account: wire.Account, Region: regionName}, name}
	if value == "" {
		delete(a.parameters, at)
		return
	}
	a.parameters[at] = Parameter{Value: value, Type: "String", Tier: "Standard", Version: 1}
}

// Route finds the operation of a call in the header that names it, and what carries it
// out; nil for none.
func (a *SSM) Route(c *wire.Request) wire.Handler {
	operation, ok := strings.CutPrefix(c.Header.Get("X-Amz-Target"), "AmazonSSM.")
	if !ok || c.Method != http.MethodPost || c.URL.Path != "/" {
		return nil
	}
	c.Operation = operation
	return map[string]wire.Handler{"PutParameter": a.putParameter, "GetParameter": a.getParameter, "DeleteParameter": a.deleteParameter}[operation]
}

type parameterInput struct {
	Name, Value, Type, Tier string
	Description             *string // nil keeps what is there
	Overwrite               bool
}

func (a *SSM) putParameter(c *wire.Request) wire.Reply {
	in := wire.In[parameterInput](c)
	first, _, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(in.Name, "/")), "/")
	at := key{c.Scope(), in.Name}
	was, known := a.parameters[at]
	switch {
	case !parameterName.MatchString(in.Name), strings.HasPrefix(first, "aws"), strings.HasPrefix(first, "ssm"):
		return c.Fail(http.StatusBadRequest, "ValidationException", "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive) and must match "+parameterName.String())
	case strings.Contains(in.Name, "/") && !strings.HasPrefix(in.Name, "/"):
		return c.Fail(http.StatusBadRequest, "ValidationException", "Parameter name must be a fully qualified name.")
	case in.Value == "":
		return c.Invalid("", "value", "Member must have length greater than or equal to 1")
	case in.Description != nil && utf8.RuneCountInString(*in.Description) > 1024:
		return c.Invalid(*in.Description, "description", "Member must have length less than or equal to 1024")
	case known && !in.Overwrite:
		return c.Fail(http.StatusBadRequest, "ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	case !known && in.Type == "":
		return c.Fail(http.StatusBadRequest, "ValidationException", "A parameter type is required when you create a parameter.")
	case known && in.Type != "" && in.Type != was.Type:
		return c.Fail(http.StatusBadRequest, "HierarchyTypeMismatchException", "The parameter type can't be changed.")
	case was.Tier == "Advanced" && in.Tier == "Standard":
		return c.Fail(http.StatusBadRequest, "ValidationException", "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.")
	}
	p := Parameter{Type: in.Type, Tier: "Standard", Version: 1}
	if known {
		p = was
		p.Version++
	}
	p.Value = in.Value
	if in.Description != nil {
		p.Description = *in.Description
	}
	if in.Tier == "Standard" || in.Tier == "Advanced" {
		p.Tier = in.Tier
	}
	a.parameters[at] = p
	return wire.OK(map[string]any{"Version": p.Version, "Tier": p.Tier})
}

func (a *SSM) getParameter(c *wire.Request) wire.Reply {
	at := a.named(c)
	p := a.parameters[at]
	return wire.OK(map[string]any{"Parameter": map[string]any{
		"Name": at.name, "Value": p.Value, "Type": p.Type, "Version": p.Version, "DataType": "text",
		"ARN": at.ARN("ssm", "parameter/"+strings.TrimPrefix(at.name, "/")),
	}})
}

func (a *SSM) deleteParameter(c *wire.Request) wire.Reply {
	delete(a.parameters, a.named(c))
	return wire.OK(map[string]any{})
}

// named returns where the parameter is that a call names, and refuses one that is not
// there.
func (a *SSM) named(c *wire.Request) key {
	at := key{c.Scope(), wire.In[parameterInput](c).Name}
	if _, found := a.parameters[at]; !found {
		c.Refuse(http.StatusBadRequest, "ParameterNotFound", "")
	}
	return at
}
