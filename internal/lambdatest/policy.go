package lambdatest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

const maxPolicy = 20_480 // bytes

var (
	statementIDPattern  = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,100}$`)
	principalPattern    = regexp.MustCompile(`^(\d{12}|\*|arn:[a-z-]+:iam::\d{12}:root)$`)
	organizationPattern = regexp.MustCompile(`^o-[a-z0-9]{10,32}$`)
)

// policy is who may use a layer version. The zero policy is none.
type policy struct {
	revision   string
	statements []json.RawMessage
}

type statement struct {
	Sid, Effect string
	Principal   any
	Action      string
	Resource    string
	Condition   map[string]any `json:",omitempty"`
}

// Policy returns the policy of a layer version, as AWS would answer it; "" if
// it has none.
func (a *AWS) Policy(regionName, layerName string, number int64) string {
	a.Lock()
	defer a.Unlock()
	v := a.live(wire.Scope{Account: Account, Region: regionName}, layerName, number)
	if v == nil || len(v.policy.statements) == 0 {
		return ""
	}
	return v.policy.document()
}

// SetPolicy replaces the statements of a layer version's policy, as somebody
// else would: each is JSON in whatever form, none removes the policy.
func (a *AWS) SetPolicy(regionName, layerName string, number int64, statements ...string) {
	a.Lock()
	defer a.Unlock()
	v := a.live(wire.Scope{Account: Account, Region: regionName}, layerName, number)
	if v == nil {
		panic(fmt.Sprintf("there is no version %d of layer %q in %s", number, layerName, regionName))
	}
	v.policy = policy{revision: a.revision()}
	for _, text := range statements {
		v.policy.statements = append(v.policy.statements, json.RawMessage(text))
	}
}

type permissionInput struct {
	StatementId, Action, Principal, OrganizationId string
}

func (a *AWS) addPermission(c *call) reply {
	v := a.layerVersion(c)
	in := wire.In[permissionInput](c)
	switch {
	case !statementIDPattern.MatchString(in.StatementId):
		return c.Invalid(in.StatementId, "statementId", "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)")
	case in.Action != "lambda:GetLayerVersion":
		return c.Invalid(in.Action, "action", "Member must satisfy regular expression pattern: lambda:GetLayerVersion")
	case !principalPattern.MatchString(in.Principal):
		return c.Invalid(in.Principal, "principal", `Member must satisfy regular expression pattern: \d{12}|\*|arn:(aws[a-zA-Z-]*):iam::\d{12}:root`)
	case in.OrganizationId != "" && !organizationPattern.MatchString(in.OrganizationId):
		return c.Invalid(in.OrganizationId, "organizationId", "Member must satisfy regular expression pattern: o-[a-z0-9]{10,32}")
	case in.OrganizationId != "" && in.Principal != "*":
		return c.Fail(http.StatusBadRequest, "InvalidParameterValueException", "OrganizationId is only allowed with the principal *")
	}
	v.policy.admit(c)
	if v.policy.find(in.StatementId) >= 0 {
		return conflict(c, fmt.Sprintf("The statement id (%s) provided already exists. "+
			"Please provide a new statement id, or remove the existing statement.", in.StatementId))
	}
	added := in.statement(v.ARN)
	next := policy{statements: append(slices.Clone(v.policy.statements), json.RawMessage(text(added)))}
	if len(next.document()) > maxPolicy {
		return c.Fail(http.StatusBadRequest, "PolicyLengthExceededException",
			fmt.Sprintf("The final policy size (%d) is bigger than the limit (%d).", len(next.document()), maxPolicy))
	}
	next.revision = a.revision()
	v.policy = next
	return wire.Created(map[string]any{"Statement": text(added), "RevisionId": next.revision})
}

func (in permissionInput) statement(resource string) statement {
	s := statement{Sid: in.StatementId, Effect: "Allow", Action: in.Action, Resource: resource, Principal: "*"}
	if in.Principal != "*" {
		account := in.Principal
		if !strings.HasPrefix(account, "arn:") {
			account = "arn:aws:iam::" + account + ":root"
		}
		s.Principal = map[string]string{"AWS": account}
	}
	if in.OrganizationId != "" {
		s.Condition = map[string]any{"StringEquals": map[string]string{"aws:PrincipalOrgID": in.OrganizationId}}
	}
	return s
}

func (a *AWS) getPolicy(c *call) reply {
	v := a.layerVersion(c)
	if len(v.policy.statements) == 0 {
		return c.Fail(http.StatusNotFound, "ResourceNotFoundException", "No policy is associated with the given resource.")
	}
	return wire.OK(map[string]any{"Policy": v.policy.document(), "RevisionId": v.policy.revision})
}

func (a *AWS) removePermission(c *call) reply {
	v := a.layerVersion(c)
	v.policy.admit(c)
	at := v.policy.find(c.Part[2])
	if at < 0 {
		return c.Fail(http.StatusNotFound, "ResourceNotFoundException",
			fmt.Sprintf("Statement %s is not found in resource policy.", c.Part[2]))
	}
	v.policy = policy{revision: a.revision(), statements: slices.Delete(slices.Clone(v.policy.statements), at, at+1)}
	return wire.Nothing()
}

// admit refuses a change that was based on another state of the policy.
func (p policy) admit(c *call) {
	if asked := c.URL.Query().Get("RevisionId"); asked != "" && asked != p.revision {
		c.Refuse(http.StatusPreconditionFailed, "PreconditionFailedException",
			"The Revision Id provided does not match the latest Revision Id. "+
				"Call the GetLayerVersionPolicy API to retrieve the latest Revision Id")
	}
}

// find returns the place of the statement with the id, or -1.
func (p policy) find(id string) int {
	return slices.IndexFunc(p.statements, func(text json.RawMessage) bool {
		var s struct{ Sid string }
		return json.Unmarshal(text, &s) == nil && s.Sid == id
	})
}

// allows reports whether a statement gives the version to the account or, on no
// condition, to everyone.
func (p policy) allows(account string) bool {
	return slices.ContainsFunc(p.statements, func(text json.RawMessage) bool {
		var s statement
		if json.Unmarshal(text, &s) != nil || s.Effect != "Allow" || len(s.Condition) > 0 {
			return false
		}
		named, _ := s.Principal.(map[string]any)
		return s.Principal == "*" || named["AWS"] == "arn:aws:iam::"+account+":root"
	})
}

func (p policy) document() string {
	return text(struct {
		Version, Id string
		Statement   []json.RawMessage
	}{"2012-10-17", "default", p.statements})
}

// revision returns a revision id that was never used.
func (a *AWS) revision() string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", a.Next()) }

func text(v any) string { return string(wire.JSON(0, http.Header{}, v).Body) }
