package policy

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// statementText returns a statement on some version, with more fields.
func statementText(id, more string) string {
	return fmt.Sprintf(`{"Sid":%q,"Resource":"arn:aws:lambda:eu-west-1:123456789012:layer:deps:1",%s}`, id, more)
}

// allow is a statement as AWS writes it.
func allow(id, principal string) string {
	return statementText(id, `"Effect":"Allow","Action":"lambda:GetLayerVersion","Principal":`+principal)
}

func account(id string) string { return `{"AWS":"arn:aws:iam::` + id + `:root"}` }

func organization(id string) string {
	return `"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"` + id + `"}}`
}

func TestParsePolicy(t *testing.T) {
	t.Parallel()
	denied := statementText("d", `"Effect":"Deny","Action":"lambda:GetLayerVersion","Principal":"*"`)
	for name, c := range map[string]struct {
		statement string
		want      []Grant
	}{
		"account":                   {allow("a", account("210987654321")), []Grant{{Account: "210987654321"}}},
		"account of China":          {allow("a", `{"AWS":"arn:aws-cn:iam::210987654321:root"}`), []Grant{{Account: "210987654321"}}},
		"account as a number":       {allow("a", `{"AWS":"210987654321"}`), []Grant{{Account: "210987654321"}}},
		"principal as a bare text":  {allow("a", `{"AWS":["210987654321"]}`), []Grant{{Account: "210987654321"}}},
		"two accounts":              {allow("a", `{"AWS":["210987654321","arn:aws:iam::111122223333:root"]}`), []Grant{{Account: "210987654321"}, {Account: "111122223333"}}},
		"everyone":                  {allow("a", `"*"`), []Grant{{Public: true}}},
		"everyone by AWS":           {allow("a", `{"AWS":"*"}`), []Grant{{Public: true}}},
		"organization":              {allow("a", organization("o-a1b2c3d4e5")), []Grant{{Organization: "o-a1b2c3d4e5"}}},
		"key without case":          {allow("a", `{"AWS":"*"},"Condition":{"StringEquals":{"aws:principalorgid":["o-a1b2c3d4e5"]}}`), []Grant{{Organization: "o-a1b2c3d4e5"}}},
		"two organizations":         {allow("a", `"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":["o-a1b2c3d4e5","o-zzzzzzzzzz"]}}`), []Grant{{Organization: "o-a1b2c3d4e5"}, {Organization: "o-zzzzzzzzzz"}}},
		"user":                      {allow("a", `{"AWS":"arn:aws:iam::210987654321:user/ann"}`), []Grant{{Foreign: "arn:aws:iam::210987654321:user/ann"}}},
		"account that was closed":   {allow("a", `{"AWS":"AIDAEXAMPLE"}`), []Grant{{Foreign: "AIDAEXAMPLE"}}},
		"list of actions":           {statementText("a", `"Effect":"Allow","Action":["lambda:getLayerVersion"],"Principal":"*"`), []Grant{{Public: true}}},
		"deny":                      {denied, []Grant{{Foreign: denied}}},
		"white space goes":          {strings.Replace(denied, ",", " ,\n\t", 1), []Grant{{Foreign: denied}}},
		"two principals, condition": {allow("a", `{"AWS":["*","210987654321"]},"Condition":{}`), []Grant{{Foreign: allow("a", `{"AWS":["*","210987654321"]},"Condition":{}`)}}},
		"no principal":              {allow("a", `{"AWS":[]}`), []Grant{{Foreign: allow("a", `{"AWS":[]}`)}}},
		"empty principal":           {allow("a", `""`), []Grant{{Foreign: allow("a", `""`)}}},
		"null principal":            {allow("a", `null`), []Grant{{Foreign: allow("a", `null`)}}},
		"service":                   {allow("a", `{"Service":"lambda.amazonaws.com"}`), []Grant{{Foreign: allow("a", `{"Service":"lambda.amazonaws.com"}`)}}},
		"account and service":       {allow("a", `{"AWS":"*","Service":"x"}`), []Grant{{Foreign: allow("a", `{"AWS":"*","Service":"x"}`)}}},
		"another condition":         {allow("a", `"*","Condition":{"StringLike":{"aws:PrincipalOrgID":"o-*"}}`), []Grant{{Foreign: allow("a", `"*","Condition":{"StringLike":{"aws:PrincipalOrgID":"o-*"}}`)}}},
		"a second condition":        {allow("a", `"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5","aws:SourceVpc":"vpc-1"}}`), []Grant{{Foreign: allow("a", `"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5","aws:SourceVpc":"vpc-1"}}`)}}},
		"a second operator":         {allow("a", `"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"},"Bool":{}}`), []Grant{{Foreign: allow("a", `"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"},"Bool":{}}`)}}},
		"an empty condition":        {allow("a", `"*","Condition":{}`), []Grant{{Foreign: allow("a", `"*","Condition":{}`)}}},
		"condition on an account":   {allow("a", `{"AWS":"210987654321"},"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}`), []Grant{{Foreign: allow("a", `{"AWS":"210987654321"},"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}`)}}},
		"not principal":             {statementText("a", `"Effect":"Allow","Action":"lambda:GetLayerVersion","NotPrincipal":"*"`), []Grant{{Foreign: statementText("a", `"Effect":"Allow","Action":"lambda:GetLayerVersion","NotPrincipal":"*"`)}}},
		"another action":            {statementText("a", `"Effect":"Allow","Action":"lambda:*","Principal":"*"`), []Grant{{Foreign: statementText("a", `"Effect":"Allow","Action":"lambda:*","Principal":"*"`)}}},
		"nothing":                   {`{}`, []Grant{{Foreign: `{}`}}},
	} {
		for form, text := range map[string]string{
			"list":  `{"Version":"2012-10-17","Id":"default","Statement":[` + c.statement + `]}`,
			"alone": `{"Statement":` + c.statement + `}`,
		} {
			got, err := Parse(text)
			if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0].Grants, c.want) {
				t.Errorf("%s, %s: got %+v, %v; want %+v", name, form, got, err, c.want)
			}
		}
	}
}

func TestParsePolicyRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "null", "[]", `"policy"`, `{}`, `{"Statement":null}`, `{"Statement":"x"}`, `{"Statement":[1]}`, `{"Statement":[null]}`,
		`{"Statement":[{"Sid":1}]}`, `{"Statement":[]} more`, `{"Statement":[{]}`,
	} {
		if got, err := Parse(text); err == nil {
			t.Errorf("parsePolicy(%q) = %+v, want an error", text, got)
		}
	}
}

// FuzzParsePolicy holds that no statement is out of sight, and that what counts
// as an account or an organization has their form.
func FuzzParsePolicy(f *testing.F) {
	for _, statement := range []string{
		"", allow("a", account("210987654321")), allow("a", `"*"`), allow("a", organization("o-a1b2c3d4e5")), allow("a", `{"AWS":["x","210987654321"]}`),
		statementText("d", `"Effect":"Deny","Action":["lambda:GetLayerVersion"],"NotPrincipal":{"AWS":"*"}`),
		allow("a", `{"AWS":"*"},"Condition":{"StringEquals":{"aws:PrincipalOrgID":null}}`),
	} {
		f.Add(`{"Version":"2012-10-17","Id":"default","Statement":[` + statement + `]}`)
		f.Add(`{"Statement":` + statement + `}`)
	}
	f.Fuzz(func(t *testing.T, text string) {
		defer indextest.Budget(t, len(text))()
		statements, err := Parse(text)
		if err != nil {
			return
		}
		var document map[string]any
		if err := json.Unmarshal([]byte(text), &document); err != nil {
			t.Fatalf("parsePolicy took what is not JSON: %v", err)
		}
		want := 1
		if list, ok := document["Statement"].([]any); ok {
			want = len(list)
		}
		if len(statements) != want {
			t.Errorf("got %d statements, the document has %d", len(statements), want)
		}
		for _, s := range statements {
			if len(s.Grants) == 0 {
				t.Errorf("statement %q gives nothing that shows", s.id)
			}
			for _, g := range s.Grants {
				if g == (Grant{}) || g.Account != "" && len(g.Account) != 12 || g.Organization != "" && !strings.HasPrefix(g.Organization, "o-") {
					t.Errorf("statement %q gives %+v", s.id, g)
				}
			}
		}
	})
}
