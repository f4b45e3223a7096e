package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

const (
	teamA = "111122223333"
	teamB = "444455556666"
	corp  = "o-a1b2c3d4e5"
)

// policyCalls are the operations that read or change who may use a version.
func policyCalls() []string {
	return []string{"GetLayerVersionPolicy", "AddLayerVersionPermission", "RemoveLayerVersionPermission"}
}

// allowed is a statement that gives a version to an account.
func allowed(id, account string) string {
	return fmt.Sprintf(`{"Sid":%q,"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"lambda:GetLayerVersion","Resource":%q}`, id, account, layerARN+":1")
}

// sharedWith checks who the policies of versions name, such as
// {1: "111122223333 o-a1b2c3d4e5"}, everyone being "*".
func (w *world) sharedWith(region string, want map[int64]string) resource.TestCheckFunc {
	return func(*terraformState) error {
		for number, who := range want {
			if got := w.policy(region, number); got != who {
				return fmt.Errorf("version %d in %s is shared with %q, want %q", number, region, got, who)
			}
		}
		return nil
	}
}

func (w *world) policy(region string, number int64) string {
	text := w.aws.Policy(region, "deps", number)
	if text == "" {
		return ""
	}
	var document struct {
		Statement []struct {
			Principal any
			Condition struct{ StringEquals map[string]string }
		}
	}
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return err.Error()
	}
	var who []string
	for _, s := range document.Statement {
		name := fmt.Sprint(s.Principal)
		if root, ok := s.Principal.(map[string]any); ok {
			name = strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(root["AWS"]), "arn:aws:iam::"), ":root")
		}
		if organization := s.Condition.StringEquals["aws:PrincipalOrgID"]; organization != "" {
			name = organization
		}
		who = append(who, name)
	}
	slices.Sort(who)
	return strings.Join(who, " ")
}

// noPolicyCall checks that nobody asked about policies.
func (w *world) noPolicyCall(*terraformState) error {
	if calls := w.aws.Calls(policyCalls()...); len(calls) != 0 {
		return fmt.Errorf("there were calls about policies: %+v", calls)
	}
	return nil
}

// shows checks the sharing from which a plan starts.
type shows struct{ pattern string }

func (s shows) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	for _, change := range req.Plan.ResourceChanges {
		if change.Address != versionA {
			continue
		}
		before, _ := change.Change.Before.(map[string]any)
		text, err := json.Marshal(before["sharing"])
		if err != nil || !regexp.MustCompile(s.pattern).Match(text) {
			resp.Error = fmt.Errorf("the sharing before is %s, want %s", text, s.pattern)
		}
		return
	}
	resp.Error = fmt.Errorf("the plan does not have %s", versionA)
}

// TestSharingMovesToEveryVersion shares before the ARN is handed on, and leaves
// older versions shared.
func TestSharingMovesToEveryVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := func(description string) string {
		return w.publishing("idna", fmt.Sprintf("description = %q\n  sharing = { account_ids = [%q], organization_ids = [%q] }", description, teamA, corp)) + `
resource "layerbuild_version" "next" {
  layer_name  = "next"
  package     = layerbuild_package.p
  description = layerbuild_version.v.arn
}`
	}
	both := teamA + " " + corp
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config("one"), ConfigPlanChecks: action(plancheck.ResourceActionCreate), Check: w.sharedWith(region, map[int64]string{1: both})},
			{Config: config("two"), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: w.sharedWith(region, map[int64]string{1: both, 2: both})},
		},
		CheckDestroy: w.hasVersions(),
	})
	var order []string
	for _, c := range w.aws.Calls("PublishLayerVersion", "AddLayerVersionPermission") {
		layer := strings.Split(c.Path, "/")[3]
		order = append(order, c.Operation[:1]+" "+layer)
	}
	if want := "[P deps A deps A deps P next P deps A deps A deps P next]"; fmt.Sprint(order) != want {
		t.Errorf("publishes and additions came as %v, want %s", order, want)
	}
}

// TestSharingIsNotAskedForInVain has no sharing: nobody needs the permissions.
func TestSharingIsNotAskedForInVain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.publishing("idna", "")},
			{PreConfig: func() { w.aws.SetPolicy(region, "deps", 1, allowed("own", teamA)) }, Config: w.publishing("idna", ""), ConfigPlanChecks: expectEmpty()},
			{Config: w.publishing("idna", `description = "two"`), Check: w.sharedWith(region, map[int64]string{1: teamA, 2: ""})},
		},
		CheckDestroy: w.noPolicyCall,
	})
}

// TestSharingDriftIsPutRight changes the policy behind Terraform's back.
func TestSharingDriftIsPutRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := w.publishing("idna", fmt.Sprintf("sharing = { account_ids = [%q, %q] }", teamA, teamB))
	drift := func(pattern string, statements ...string) resource.TestStep {
		return resource.TestStep{
			PreConfig: func() { w.aws.SetPolicy(region, "deps", 1, statements...) },
			Config:    config,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(versionA, plancheck.ResourceActionUpdate), shows{pattern}},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			Check: resource.ComposeTestCheckFunc(w.sharedWith(region, map[int64]string{1: teamA + " " + teamB}), w.hasVersions(1)),
		}
	}
	a, b := allowed("layerbuild-"+teamA, teamA), allowed("layerbuild-"+teamB, teamB)
	deny := strings.Replace(allowed("deny", teamA), "Allow", "Deny", 1)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config, ConfigPlanChecks: action(plancheck.ResourceActionCreate)},
			drift(`^{"account_ids":null,"organization_ids":null,"public":null}$`),
			drift(`"account_ids":\["111122223333"\]`, a),
			drift(`"account_ids":\["111122223333","444455556666","777788889999"\]`, a, b, allowed("own", "777788889999")),
			drift(`"account_ids":\["777788889999"\]`, allowed("layerbuild-"+teamA, "777788889999")),
			drift(`"public":true`, a, b, `{"Sid":"all","Effect":"Allow","Principal":"*","Action":"lambda:GetLayerVersion"}`),
			drift(`\\"Effect\\":\\"Deny\\"`, a, b, deny),
			{
				// Other words for the same are no difference.
				PreConfig: func() { w.aws.SetPolicy(region, "deps", 1, allowed("one", teamA), allowed("two", teamB)) },
				Config:    config, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			},
		},
	})
}

// forget is a configuration that drops the version without destroying it.
func (w *world) forget() string {
	return strings.Split(w.publishing("idna", ""), "resource \"layerbuild_version\"")[0] + `
removed {
  from = layerbuild_version.v
  lifecycle {
    destroy = false
  }
}`
}

// TestSharingIsImported imports shared versions, with sharing in the
// configuration and without.
func TestSharingIsImported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shared := w.publishing("idna", fmt.Sprintf("sharing = { account_ids = [%q], public = false }", teamA))
	unshared := w.publishing("idna", "")
	imported := func(config string) resource.TestStep {
		return resource.TestStep{ResourceName: versionA, ImportState: true, ImportStatePersist: true, ImportStateId: layerARN + ":1", Config: config}
	}
	empty := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: unshared},
			{PreConfig: func() { w.aws.SetPolicy(region, "deps", 1, allowed("own", teamA)) }, Config: w.forget()},
			imported(shared),
			{Config: shared, ConfigPlanChecks: empty},
			{Config: w.forget()},
			imported(unshared),
			{Config: unshared, ConfigPlanChecks: empty, Check: w.sharedWith(region, map[int64]string{1: teamA})},
			{
				// What nobody asked for stays, and does not move on.
				Config: w.publishing("idna", `description = "two"`), ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				Check: w.sharedWith(region, map[int64]string{1: teamA, 2: ""}),
			},
			{Config: w.forget()},
			imported(shared),
			// Once an apply has made it its own it is revoked like any other.
			{Config: strings.Replace(shared, "sharing =", "timeouts = { create = \"30m\" }\n  sharing =", 1), Check: w.sharedWith(region, map[int64]string{1: teamA})},
			{Config: unshared, ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: w.sharedWith(region, map[int64]string{1: ""})},
		},
	})
}

// TestSharingIsImportedWithoutPermission imports although policies cannot be
// read.
func TestSharingIsImportedWithoutPermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := w.publishing("idna", "")
	denied := lambdatest.Fault{Operation: "GetLayerVersionPolicy", Status: 403, ErrorType: "AccessDeniedException", Message: "no"}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config},
			{Config: w.forget()},
			{PreConfig: func() { w.aws.Inject(denied) }, ResourceName: versionA, ImportState: true, ImportStatePersist: true, ImportStateId: layerARN + ":1", Config: config},
			{Config: config, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
		},
	})
}

// TestSharingFailureIsTriedAgain refuses a change of the policy once: what was
// published stays, and the next apply shares it.
func TestSharingFailureIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := func(description, sharing string) string {
		return w.publishing("idna", fmt.Sprintf("description = %q\n  %s", description, sharing))
	}
	a, b := fmt.Sprintf("sharing = { account_ids = [%q] }", teamA), fmt.Sprintf("sharing = { account_ids = [%q] }", teamB)
	refuse := func(operation string, skip, status int, code string) func() {
		return func() {
			w.aws.Inject(lambdatest.Fault{Operation: operation, Skip: skip, Status: status, ErrorType: code, Message: "not this time"})
		}
	}
	settles := func(config string, want map[int64]string) resource.TestStep {
		return resource.TestStep{Config: config, ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: w.sharedWith(region, want)}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config("one", a)},
			{
				PreConfig: refuse("AddLayerVersionPermission", 0, 403, "AccessDeniedException"),
				Config:    config("two", a), ExpectError: sentenceLike(`A permission is missing: lambda:AddLayerVersionPermission`),
			},
			settles(config("two", a), map[int64]string{1: teamA, 2: teamA}),
			{
				// The older version is the one that fails.
				PreConfig: refuse("RemoveLayerVersionPermission", 0, 403, "AccessDeniedException"),
				Config:    config("two", b), ExpectError: sentenceLike(`A permission is missing: lambda:RemoveLayerVersionPermission`),
			},
			settles(config("two", b), map[int64]string{1: teamB, 2: teamB}),
			{
				PreConfig: refuse("AddLayerVersionPermission", 1, 400, "PolicyLengthExceededException"),
				Config:    config("two", fmt.Sprintf("sharing = { account_ids = [%q, %q] }", teamA, teamB)), ExpectError: sentenceLike(`name organizations in place of their accounts`),
			},
			settles(config("two", b), map[int64]string{1: teamB, 2: teamB}),
			{
				PreConfig: refuse("RemoveLayerVersionPermission", 0, 403, "AccessDeniedException"),
				Config:    config("two", ""), ExpectError: sentenceLike(`lambda:RemoveLayerVersionPermission`),
			},
			settles(config("two", ""), map[int64]string{1: "", 2: ""}),
			{
				PreConfig: refuse("AddLayerVersionPermission", 0, 403, "AccessDeniedException"),
				Config:    config("three", a), ExpectError: sentenceLike(`lambda:AddLayerVersionPermission`),
			},
			settles(config("three", a), map[int64]string{1: teamA, 2: teamA, 3: teamA}),
			{
				PreConfig: refuse("GetLayerVersionPolicy", 0, 403, "AccessDeniedException"),
				Config:    config("three", a), ExpectError: sentenceLike(`lambda:GetLayerVersionPolicy`),
			},
			{Config: config("three", a), Check: w.hasVersions(1, 2, 3), ConfigPlanChecks: expectEmpty()},
		},
	})
}

// TestSharingInEveryRegion shares replicas, and shows the drift of one.
func TestSharingInEveryRegion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const far = "us-east-1"
	config := func(accounts string) string {
		return w.publishing("idna", fmt.Sprintf("regions = [%q]\n  sharing = { account_ids = %s }", far, accounts))
	}
	one, two := fmt.Sprintf("[%q]", teamA), fmt.Sprintf("[%q, %q]", teamA, teamB)
	everywhere := func(who string) resource.TestCheckFunc {
		return resource.ComposeTestCheckFunc(w.sharedWith(region, map[int64]string{1: who}), w.sharedWith(far, map[int64]string{1: who}))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config(one), ConfigPlanChecks: action(plancheck.ResourceActionCreate), Check: everywhere(teamA)},
			{
				PreConfig: func() { w.aws.SetPolicy(far, "deps", 1) },
				Config:    config(one),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(versionA, plancheck.ResourceActionUpdate), shows{`"account_ids":null`}},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				Check: everywhere(teamA),
			},
			{Config: config(two), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: everywhere(teamA + " " + teamB)},
			{
				PreConfig: func() {
					w.aws.Inject(lambdatest.Fault{Operation: "RemoveLayerVersionPermission", Status: 403, ErrorType: "AccessDeniedException", Message: "no"})
				},
				Config: config(one), ExpectError: sentenceLike(`A permission is missing: lambda:RemoveLayerVersionPermission`),
			},
			{Config: config(one), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: everywhere(teamA)},
		},
	})
}

// TestSharingThatIsKnownLater has an account that another resource makes.
func TestSharingThatIsKnownLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := func(account string) string {
		return w.publishing("idna", "sharing = { account_ids = [terraform_data.account.output], public = false }") + fmt.Sprintf(`
resource "terraform_data" "account" {
  input = %q
}`, account)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config(teamA), ConfigPlanChecks: expectEmpty(), Check: w.sharedWith(region, map[int64]string{1: teamA})},
			{Config: config(teamB), ConfigPlanChecks: expectEmpty(), Check: w.sharedWith(region, map[int64]string{1: teamB})},
			{
				Config: config(teamB), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(versionA, at1("version"), knownvalue.Int64Exact(1))},
			},
		},
	})
}

func TestSharingRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct{ sharing, want string }{
		"letters":      {`{ account_ids = ["acme"] }`, `names the account "acme": write its 12 digits`},
		"number":       {`{ account_ids = [012345678901] }`, `names the account "12345678901"`},
		"null":         {`{ account_ids = [null] }`, `null value`},
		"organization": {`{ organization_ids = ["ou-a1b2-c3d4e5f6"] }`, `names the organization "ou-a1b2-c3d4e5f6"`},
		"public":       {`{ public = true, account_ids = ["111122223333"] }`, `A public layer cannot be limited`},
		"public_corp":  {`{ public = true, organization_ids = ["o-a1b2c3d4e5"] }`, `Remove them, or remove public`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps:                    []resource.TestStep{{Config: w.publishing("idna", "sharing = "+c.sharing), ExpectError: sentenceLike(c.want)}},
			})
		})
	}
}
