package publish

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

const (
	teamA = "111122223333"
	teamB = "444455556666"
	corp  = "o-a1b2c3d4e5"
)

// toShare publishes version 1 of the layer "deps".
func toShare(t testing.TB, a *lambdatest.AWS) (*Publisher, string) {
	t.Helper()
	p := against(t, a)
	p.client.Paces.Of(home, time.Microsecond)
	v, _, err := p.Publish(t.Context(), request(zipOf(t, "x")))
	if err != nil {
		t.Fatal(err)
	}
	return p, v.ARN
}

// statementIDs returns the ids in the policy of version 1, sorted.
func statementIDs(t testing.TB, a *lambdatest.AWS) []string {
	t.Helper()
	policy := a.Policy(home, "deps", 1)
	if policy == "" {
		return nil
	}
	var document struct{ Statement []struct{ Sid string } }
	if err := json.Unmarshal([]byte(policy), &document); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, s := range document.Statement {
		ids = append(ids, s.Sid)
	}
	slices.Sort(ids)
	return ids
}

// policyCalls returns the calls about policies, such as "Get Add Add Get".
func policyCalls(a *lambdatest.AWS) string {
	var calls []string
	for _, c := range a.Calls("GetLayerVersionPolicy", "AddLayerVersionPermission", "RemoveLayerVersionPermission") {
		calls = append(calls, strings.TrimSuffix(strings.TrimSuffix(c.Operation, "LayerVersionPolicy"), "LayerVersionPermission"))
	}
	return strings.Join(calls, " ")
}

func TestShareWritesAStatementForEach(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p, arn := toShare(t, a)
	want := Sharing{AccountIDs: []string{teamB, teamA, teamB}, OrganizationIDs: []string{corp}}
	if err := p.Share(t.Context(), arn, want); err != nil {
		t.Fatal(err)
	}
	const policy = `{"Version":"2012-10-17","Id":"default","Statement":[` +
		`{"Sid":"layerbuild-111122223333","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"lambda:GetLayerVersion","Resource":"arn:aws:lambda:eu-west-1:123456789012:layer:deps:1"},` +
		`{"Sid":"layerbuild-444455556666","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"lambda:GetLayerVersion","Resource":"arn:aws:lambda:eu-west-1:123456789012:layer:deps:1"},` +
		`{"Sid":"layerbuild-o-a1b2c3d4e5","Effect":"Allow","Principal":"*","Action":"lambda:GetLayerVersion","Resource":"arn:aws:lambda:eu-west-1:123456789012:layer:deps:1","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}]}`
	if got := a.Policy(home, "deps", 1); got != policy {
		t.Errorf("the policy is\n%s\nwant\n%s", got, policy)
	}
	if got := policyCalls(a); got != "Get Add Add Add Get" {
		t.Errorf("the calls are %q, want a look before and after", got)
	}
	for i, c := range a.Calls("AddLayerVersionPermission") {
		if (i > 0) != (c.RevisionId != "") {
			t.Errorf("addition %d is based on revision %q", i+1, c.RevisionId)
		}
	}
	got, err := p.SharedWith(t.Context(), arn)
	if wanted := (Sharing{AccountIDs: []string{teamA, teamB}, OrganizationIDs: []string{corp}}); err != nil || !reflect.DeepEqual(got, wanted) {
		t.Errorf("SharedWith = %+v, %v; want %+v", got, err, wanted)
	}
}

// TestShareOwnsThePolicy starts from policies that others wrote.
func TestShareOwnsThePolicy(t *testing.T) {
	t.Parallel()
	ours := func(id string) string { return allowing("layerbuild-"+id, ofAccount(id)) }
	for name, c := range map[string]struct {
		before []string
		want   Sharing
		ids    []string // afterwards
		calls  string
	}{
		"nothing to do":             {[]string{ours(teamA)}, Sharing{AccountIDs: []string{teamA}}, []string{"layerbuild-" + teamA}, "Get"},
		"nobody":                    {nil, Sharing{}, nil, "Get"},
		"public":                    {nil, Sharing{Public: true}, []string{"layerbuild-public"}, "Get Add Get"},
		"somebody else's words":     {[]string{allowing("team", ofAccount(teamA)), allowing("corp", ofOrganization(corp))}, Sharing{AccountIDs: []string{teamA}, OrganizationIDs: []string{corp}}, []string{"corp", "team"}, "Get"},
		"one more":                  {[]string{ours(teamA)}, Sharing{AccountIDs: []string{teamA, teamB}}, []string{"layerbuild-" + teamA, "layerbuild-" + teamB}, "Get Add"},
		"one less":                  {[]string{ours(teamA), ours(teamB)}, Sharing{AccountIDs: []string{teamB}}, []string{"layerbuild-" + teamB}, "Get Remove Get"},
		"none left":                 {[]string{ours(teamA), ours(teamB)}, Sharing{}, nil, "Get Remove Get Remove Get"},
		"stranger":                  {[]string{ours(teamA), allowing("x", ofAccount(teamB))}, Sharing{AccountIDs: []string{teamA}}, []string{"layerbuild-" + teamA}, "Get Remove Get"},
		"public stranger":           {[]string{ours(teamA), allowing("x", `"*"`)}, Sharing{AccountIDs: []string{teamA}}, []string{"layerbuild-" + teamA}, "Get Remove Get"},
		"deny":                      {[]string{ours(teamA), `{"Sid":"x","Resource":"arn:aws:lambda:eu-west-1:123456789012:layer:deps:1","Effect":"Deny","Principal":"*","Action":"lambda:GetLayerVersion"}`}, Sharing{AccountIDs: []string{teamA}}, []string{"layerbuild-" + teamA}, "Get Remove Get"},
		"account became a user":     {[]string{allowing("layerbuild-"+teamA, `{"AWS":"AIDAEXAMPLE"}`)}, Sharing{AccountIDs: []string{teamA}}, []string{"layerbuild-" + teamA}, "Get Remove Get Add Get"},
		"our id, another account":   {[]string{allowing("layerbuild-"+teamA, ofAccount(teamB))}, Sharing{AccountIDs: []string{teamA, teamB}}, []string{"layerbuild-" + teamA, "layerbuild-" + teamB}, "Get Remove Get Add Add Get"},
		"our id, one too many":      {[]string{allowing("layerbuild-"+teamA, `{"AWS":["`+teamA+`","`+teamB+`"]}`)}, Sharing{AccountIDs: []string{teamA}}, []string{"layerbuild-" + teamA}, "Get Remove Get Add Get"},
		"account to organization":   {[]string{ours(teamA), ours(teamB)}, Sharing{OrganizationIDs: []string{corp}}, []string{"layerbuild-" + corp}, "Get Add Remove Get Remove Get"},
		"first give, then take":     {[]string{allowing("x", `{"AWS":["`+teamA+`","`+teamB+`"]}`)}, Sharing{AccountIDs: []string{teamA}}, []string{"layerbuild-" + teamA}, "Get Add Remove Get"},
		"two in one statement stay": {[]string{allowing("x", `{"AWS":["`+teamA+`","`+teamB+`"]}`)}, Sharing{AccountIDs: []string{teamA, teamB}}, []string{"x"}, "Get"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := lambdatest.New(t)
			p, arn := toShare(t, a)
			a.SetPolicy(home, "deps", 1, c.before...)
			if err := p.Share(t.Context(), arn, c.want); err != nil {
				t.Fatal(err)
			}
			if got := statementIDs(t, a); !slices.Equal(got, c.ids) {
				t.Errorf("the statements are %q, want %q", got, c.ids)
			}
			if got := policyCalls(a); got != c.calls {
				t.Errorf("the calls are %q, want %q", got, c.calls)
			}
			for _, call := range a.Calls("RemoveLayerVersionPermission") {
				if call.RevisionId == "" {
					t.Error("a removal names no revision")
				}
			}
		})
	}
}

// TestShareGivesBeforeItTakes: where the new grant is refused, nobody has lost the old
// one; where AWS takes no more statements, the old ones go first.
func TestShareGivesBeforeItTakes(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p, arn := toShare(t, a)
	if err := p.Share(t.Context(), arn, Sharing{AccountIDs: []string{teamA}}); err != nil {
		t.Fatal(err)
	}
	a.Inject(lambdatest.Fault{Operation: "AddLayerVersionPermission", Status: 400, ErrorType: "InvalidParameterValueException", Message: "no such organization"})
	if err := p.Share(t.Context(), arn, Sharing{OrganizationIDs: []string{corp}}); err == nil {
		t.Error("a refused grant is no error")
	}
	if got := statementIDs(t, a); !slices.Equal(got, []string{"layerbuild-" + teamA}) {
		t.Errorf("after a refused grant the statements are %q", got)
	}
	many := Sharing{}
	for i := range 200 {
		many.AccountIDs = append(many.AccountIDs, fmt.Sprintf("%012d", i))
	}
	if err := p.Share(t.Context(), arn, many); err == nil { // as many as AWS takes
		t.Fatal("the policy is not full")
	}
	if err := p.Share(t.Context(), arn, Sharing{OrganizationIDs: []string{corp}}); err != nil {
		t.Fatal(err)
	}
	if got := statementIDs(t, a); !slices.Equal(got, []string{"layerbuild-" + corp}) {
		t.Errorf("the statements are %q", got)
	}
}

// TestSharedWithShowsStrangers reads what Share never writes.
func TestSharedWithShowsStrangers(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p, arn := toShare(t, a)
	deny := `{"Sid":"d","Resource":"arn:aws:lambda:eu-west-1:123456789012:layer:deps:1","Effect":"Deny","Principal":"*","Action":"lambda:GetLayerVersion"}`
	a.SetPolicy(home, "deps", 1, allowing("x", ofAccount(teamA)), allowing("y", `{"AWS":"arn:aws:iam::210987654321:user/ann"}`), deny, allowing("z", `"*"`), allowing("w", ofOrganization(corp)))
	got, err := p.SharedWith(t.Context(), arn)
	want := Sharing{AccountIDs: []string{teamA, "arn:aws:iam::210987654321:user/ann", deny}, OrganizationIDs: []string{corp}, Public: true}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	a.SetPolicy(home, "deps", 1)
	if got, err := p.SharedWith(t.Context(), arn); err != nil || !got.Equal(Sharing{}) {
		t.Errorf("without a policy: got %+v, %v; want nobody", got, err)
	}
}

// TestShareMeetsAnotherWriter changes the policy between look and change.
func TestShareMeetsAnotherWriter(t *testing.T) {
	t.Parallel()
	want := Sharing{AccountIDs: []string{teamA}}
	for name, c := range map[string]struct {
		operation string
		before    []string
		meanwhile []string
	}{
		"adds to none":             {"AddLayerVersionPermission", nil, []string{allowing("x", ofAccount(teamB))}},
		"adds to some":             {"AddLayerVersionPermission", []string{allowing("y", ofAccount(teamA)), allowing("x", ofAccount(teamB))}, []string{allowing("x", ofAccount(teamB))}},
		"adds the same":            {"AddLayerVersionPermission", nil, []string{allowing("layerbuild-"+teamA, ofAccount(teamA))}},
		"adds ours for another":    {"AddLayerVersionPermission", nil, []string{allowing("layerbuild-"+teamA, ofAccount(teamB))}},
		"removes what is to go":    {"RemoveLayerVersionPermission", []string{allowing("x", ofAccount(teamB))}, nil},
		"replaces what is to go":   {"RemoveLayerVersionPermission", []string{allowing("x", ofAccount(teamB))}, []string{allowing("x", ofAccount(teamA))}},
		"changes nothing, rewrote": {"RemoveLayerVersionPermission", []string{allowing("x", ofAccount(teamB))}, []string{allowing("x", ofAccount(teamB))}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := lambdatest.New(t)
			p, arn := toShare(t, a)
			a.SetPolicy(home, "deps", 1, c.before...)
			a.Inject(lambdatest.Fault{Operation: c.operation, Do: func() { a.SetPolicy(home, "deps", 1, c.meanwhile...) }})
			if err := p.Share(t.Context(), arn, want); err != nil {
				t.Fatal(err)
			}
			if got, err := against(t, a).SharedWith(t.Context(), arn); err != nil || !got.Equal(want) {
				t.Errorf("in the end it is shared with %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

func TestShareGivesUpOnAContestedPolicy(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p, arn := toShare(t, a)
	a.SetPolicy(home, "deps", 1, allowing("x", ofAccount(teamB)))
	a.Inject(lambdatest.Fault{Operation: "RemoveLayerVersionPermission", Times: -1, Do: func() { a.SetPolicy(home, "deps", 1, allowing("x", ofAccount(teamB))) }})
	err := p.Share(t.Context(), arn, Sharing{})
	if err == nil || !strings.Contains(err.Error(), "the policy of "+arn+" does not stay") {
		t.Errorf("got %v, want an error about the policy of %s", err, arn)
	}
	if n := len(a.Calls("RemoveLayerVersionPermission")); n != 9 {
		t.Errorf("it was tried %d times, want 9", n)
	}
}

// TestShareGivesUpOnAPolicyThatIsNotKept has additions that do not last.
func TestShareGivesUpOnAPolicyThatIsNotKept(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p, arn := toShare(t, a)
	a.Inject(lambdatest.Fault{Operation: "GetLayerVersionPolicy", Times: -1, Do: func() { a.SetPolicy(home, "deps", 1) }})
	err := p.Share(t.Context(), arn, Sharing{AccountIDs: []string{teamA}})
	if err == nil || !strings.Contains(err.Error(), "the policy of "+arn+" does not stay") {
		t.Errorf("got %v, want an error about the policy", err)
	}
}

func TestShareByTwoAtOnce(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	one, arn := toShare(t, a)
	a.SetPolicy(home, "deps", 1, allowing("x", ofAccount("777788889999")))
	other := against(t, a)
	other.client.Paces.Of(home, time.Microsecond)
	want := Sharing{AccountIDs: []string{teamA, teamB}, OrganizationIDs: []string{corp}}
	var group sync.WaitGroup
	for _, p := range []*Publisher{one, other} {
		group.Go(func() {
			if err := p.Share(t.Context(), arn, want); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	ids := []string{"layerbuild-" + teamA, "layerbuild-" + teamB, "layerbuild-" + corp}
	if got := statementIDs(t, a); !slices.Equal(got, ids) {
		t.Errorf("the statements are %q, want %q", got, ids)
	}
}

// TestShareSurvivesALostAnswer cuts the connection after a change.
func TestShareSurvivesALostAnswer(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"AddLayerVersionPermission", "RemoveLayerVersionPermission"} {
		a := lambdatest.New(t)
		p, arn := toShare(t, a)
		a.SetPolicy(home, "deps", 1, allowing("x", ofAccount(teamB)))
		a.Inject(lambdatest.Fault{Operation: operation, At: lambdatest.AfterProcessing, Close: true})
		if err := p.Share(t.Context(), arn, Sharing{AccountIDs: []string{teamA}}); err != nil {
			t.Errorf("%s: %v", operation, err)
		}
		if got := statementIDs(t, a); !slices.Equal(got, []string{"layerbuild-" + teamA}) {
			t.Errorf("%s: the statements are %q", operation, got)
		}
	}
}

func TestShareOfWhatIsGoneOrYoung(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p, arn := toShare(t, a)
	a.Inject(lambdatest.Fault{Operation: "AddLayerVersionPermission", Status: 404, ErrorType: "ResourceNotFoundException", Message: "not yet", Times: 2})
	if err := p.Share(t.Context(), arn, Sharing{Public: true}); err != nil {
		t.Errorf("right after the publish: %v", err)
	}
	a.Inject(lambdatest.Fault{Operation: "RemoveLayerVersionPermission", Status: 404, ErrorType: "ResourceNotFoundException", Message: "Statement is not found in resource policy."})
	if err := p.Share(t.Context(), arn, Sharing{}); err != nil || a.Policy(home, "deps", 1) != "" {
		t.Errorf("a statement that was removed meanwhile: %v, the policy is %q", err, a.Policy(home, "deps", 1))
	}
	gone := "arn:aws:lambda:eu-west-1:123456789012:layer:deps:7"
	if err := p.Share(t.Context(), gone, Sharing{Public: true}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a version that is gone: %v, want ErrNotFound", err)
	}
	if err := p.Share(t.Context(), gone, Sharing{}); err != nil {
		t.Errorf("a version that is gone, shared with nobody: %v", err)
	}
}

func TestShareRefusals(t *testing.T) {
	t.Parallel()
	many := make([]string, 200)
	for i := range many {
		many[i] = fmt.Sprintf("%012d", i)
	}
	denied := func(operation string) lambdatest.Fault {
		return lambdatest.Fault{Operation: operation, Times: -1, Status: 403, ErrorType: "AccessDeniedException", Message: "is not authorized to perform: lambda:" + operation}
	}
	stranger := allowing("x", ofAccount(teamB))
	for name, c := range map[string]struct {
		before string
		fault  lambdatest.Fault
		want   Sharing
		says   string
	}{
		"no number":    {"", lambdatest.Fault{}, Sharing{AccountIDs: []string{"acme"}}, `names the account "acme": write its 12 digits`},
		"no org":       {"", lambdatest.Fault{}, Sharing{OrganizationIDs: []string{"ou-1234"}}, `names the organization "ou-1234": write an id such as`},
		"too many":     {"", lambdatest.Fault{}, Sharing{AccountIDs: many}, `name organizations in place of their accounts (PolicyLengthExceededException`},
		"no look":      {"", denied("GetLayerVersionPolicy"), Sharing{Public: true}, `lack the permission lambda:GetLayerVersionPolicy`},
		"no addition":  {"", denied("AddLayerVersionPermission"), Sharing{AccountIDs: []string{teamA}}, `granting it to account "111122223333": the credentials lack the permission lambda:AddLayerVersionPermission`},
		"no removal":   {stranger, denied("RemoveLayerVersionPermission"), Sharing{}, `revoking what account "444455556666" has: the credentials lack the permission lambda:RemoveLayerVersionPermission`},
		"no such root": {"", lambdatest.Fault{Operation: "AddLayerVersionPermission", Status: 400, ErrorType: "InvalidParameterValueException", Message: "The provided principal was invalid."}, Sharing{AccountIDs: []string{teamA}}, `granting it to account "111122223333": InvalidParameterValueException: The provided principal was invalid.`},
		"no id":        {`{"Effect":"Allow","Principal":"*","Action":"lambda:GetLayerVersion"}`, lambdatest.Fault{}, Sharing{}, `its statement has no id`},
		"no policy":    {"[]", lambdatest.Fault{}, Sharing{}, `reading statement 1 of the policy`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := lambdatest.New(t)
			p, arn := toShare(t, a)
			if c.before != "" {
				a.SetPolicy(home, "deps", 1, c.before)
			}
			if c.fault.Status != 0 {
				a.Inject(c.fault)
			}
			if err := p.Share(t.Context(), arn, c.want); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

// TestShareOfAnotherAccountsVersion never touches one's own of the same name.
func TestShareOfAnotherAccountsVersion(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p, _ := toShare(t, a)
	err := p.Share(t.Context(), "arn:aws:lambda:eu-west-1:999999999999:layer:deps:1", Sharing{Public: true})
	if _, ok := errors.AsType[*AccessDeniedError](err); !ok {
		t.Errorf("got %v, want an AccessDeniedError", err)
	}
	if got := a.Policy(home, "deps", 1); got != "" {
		t.Errorf("one's own version got the policy %s", got)
	}
}

func TestCheckSharingIDs(t *testing.T) {
	t.Parallel()
	for id, valid := range map[string]bool{
		"123456789012": true, "000000000000": true, "12345678901": false, "1234567890123": false, "12345678901x": false, "": false, "arn:aws:iam::1:root": false,
	} {
		if err := CheckAccountID(id); (err == nil) != valid {
			t.Errorf("CheckAccountID(%q) = %v", id, err)
		}
	}
	for id, valid := range map[string]bool{
		"o-a1b2c3d4e5": true, "o-" + strings.Repeat("z", 32): true, "o-" + strings.Repeat("z", 33): false, "o-123456789": false,
		"o-A1B2C3D4E5": false, "a1b2c3d4e5f6": false, "": false, "ou-a1b2c3d4e5": false,
	} {
		if err := CheckOrganizationID(id); (err == nil) != valid {
			t.Errorf("CheckOrganizationID(%q) = %v", id, err)
		}
	}
}

// allowing is a statement on some version, as AWS writes it.
func allowing(id, principal string) string {
	return fmt.Sprintf(`{"Sid":%q,"Resource":"arn:aws:lambda:eu-west-1:123456789012:layer:deps:1","Effect":"Allow","Action":"lambda:GetLayerVersion","Principal":%s}`, id, principal)
}

func ofAccount(id string) string { return `{"AWS":"arn:aws:iam::` + id + `:root"}` }

func ofOrganization(id string) string {
	return `"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"` + id + `"}}`
}
