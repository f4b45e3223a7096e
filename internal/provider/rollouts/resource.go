// Package rollouts has what moves functions to a version and comes after it: the
// resources layerbuild_rollout and layerbuild_retirement, and the action
// layerbuild_invoke. Package rollout decides the order.
package rollouts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/rollout"
)

var (
	_ resource.ResourceWithConfigure        = (*rolloutResource)(nil)
	_ resource.ResourceWithConfigValidators = (*rolloutResource)(nil)
	_ resource.ResourceWithValidateConfig   = (*rolloutResource)(nil)
	_ resource.ResourceWithModifyPlan       = (*rolloutResource)(nil)
)

// givenKey is where private state keeps the version that the last roll-out which
// ended gave each function: a refresh does not change it.
const givenKey = "given"

// New returns layerbuild_rollout: functions that move to a layer
// version, one first.
func New() resource.Resource { return &rolloutResource{toolbox.Resource{Type: "_rollout"}} }

type rolloutResource struct{ toolbox.Resource }

// ModifyPlan reads the functions, refuses those that cannot get the version, and
// plans the version that each will have.
func (r *rolloutResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.Tools == nil {
		return
	}
	if !req.Config.Raw.IsFullyKnown() || len(r.Tools.Unknown) > 0 {
		return // where anything changes, the framework has marked the computed values as known after the apply
	}
	var m rolloutModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	before := &rolloutModel{}
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, before)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	changed := !req.Plan.Raw.Equal(req.State.Raw)
	resp.Diagnostics.Append(diagnostic.Blocking(r.plan(ctx, &m, before, changed), !req.State.Raw.IsNull())...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, &m)...)
	}
}

// plan fills in the computed values and tells which functions move. changed says
// that there is an apply in any case.
func (r *rolloutResource) plan(ctx context.Context, m, before *rolloutModel, changed bool) diag.Diagnostics {
	var diags diag.Diagnostics
	functions, order := r.prepare(ctx, m, before.AccountID, &diags)
	if diags.HasError() {
		return diags
	}
	found, err := rollout.Inspect(ctx, functions, order)
	if err != nil {
		return append(diags, diagnoseRollout(err))
	}
	m.ARN, m.ID = m.VersionARN, m.VersionARN
	versions, moving := map[string]int64{}, []string{}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		has := rollout.VersionOn(found[name], order.Version.Layer)
		if slices.Contains(order.Functions, name) {
			versions[name] = rollout.NumberOf(order.Version.ARN)
		}
		if has != order.Version.ARN {
			moving = append(moving, fmt.Sprintf("%s (%s)", name, nowOn(has)))
		}
	}
	m.FunctionVersions = versionsOf(versions)
	changed = changed || !m.ARN.Equal(before.ARN) || !m.FunctionVersions.Equal(before.FunctionVersions)
	if len(moving) > 0 && !changed {
		changed = true
		m.ARN, m.ID = types.StringUnknown(), types.StringUnknown() // the canary has to pass again, and no attribute shows its version
	}
	if !m.named() && changed {
		m.FunctionVersions = types.MapUnknown(types.Int64Type) // others may come by the layer before the apply
	}
	if len(moving) > 0 {
		diags.AddWarning(fmt.Sprintf("Functions move to version %d of the layer", rollout.NumberOf(order.Version.ARN)),
			fmt.Sprintf("This apply moves: %s. If Terraform manages one of them, write lifecycle { ignore_changes = [layers] } there. Otherwise the next apply of that function removes the version again.", strings.Join(moving, ", ")))
	}
	if changed {
		diags.Append(m.checkTime(ctx, order, before.ARN.IsNull())...)
	}
	missing, err := rollout.MissingAliases(ctx, functions, order)
	if err != nil {
		return append(diags, diagnostic.Of("The aliases cannot be read", err))
	}
	if len(missing) > 0 {
		diags.Append(diagnostic.At("alias", diag.NewWarningDiagnostic("Functions lack the alias",
			diagnostic.Sentence(strings.Join(missing, "; "))+" The apply fails before it changes anything, unless something makes the alias before.")))
	}
	return diags
}

// checkTime refuses pauses of aliases that take longer than the apply may.
func (m *rolloutModel) checkTime(ctx context.Context, order rollout.Order, create bool) (diags diag.Diagnostics) {
	name, timeout := "update", m.Timeouts.Update
	if create {
		name, timeout = "create", m.Timeouts.Create
	}
	limit, diags := timeout(ctx, toolbox.DefaultTimeout)
	if least := order.LeastTime(); least >= limit && !diags.HasError() {
		diags.AddAttributeError(path.Root("alias"), "The pauses of the alias take longer than the apply may", fmt.Sprintf(
			"%d functions in batches of %d wait %s in all, and timeouts.%s is %s. Write timeouts = { %[4]s = %[6]q }, a larger batch_size, or a shorter pause_seconds.",
			len(order.Functions), order.BatchSize, least, name, limit, fmt.Sprintf("%dm", int(least.Minutes())+20)))
	}
	return diags
}

func nowOn(arn string) string {
	if arn == "" {
		return "has no version now"
	}
	return fmt.Sprintf("has version %d now", rollout.NumberOf(arn))
}

// prepare returns the functions of the region and what the roll-out has to do
// with them. It refuses credentials of another account than the state's, and
// fills in the account.
func (r *rolloutResource) prepare(ctx context.Context, m *rolloutModel, account types.String, diags *diag.Diagnostics) (*publish.Functions, rollout.Order) {
	order := m.order(ctx, diags)
	publisher := r.Tools.Reach(diags)
	if publisher == nil {
		return nil, order
	}
	arn, err := publish.ParseARN(order.Version.ARN)
	if err != nil {
		diags.AddAttributeError(path.Root("version_arn"), "Not the ARN of a layer version", diagnostic.Sentence(err.Error()))
		return nil, order
	}
	if m.AccountID = callerOf(ctx, publisher, arn.Region, account, diags); diags.HasError() {
		return nil, order
	}
	m.resolveNames(&order, arn.Region, diags)
	version, err := publisher.Read(ctx, order.Version.ARN)
	if err != nil {
		diags.Append(diagnostic.At("version_arn", diagnostic.Of("The layer version cannot be read", err)))
		return nil, order
	}
	if diags.HasError() {
		return nil, order
	}
	order.Version.Layer, order.Version.Runtimes, order.Version.Architectures = arn.LayerARN(), version.Runtimes, version.Architectures
	order.Unzipped = r.unzipped(publisher)
	functions, err := publisher.Functions(ctx, arn.Region)
	if err != nil {
		diags.Append(diagnostic.Of("The functions cannot be reached", err))
		return nil, order
	}
	switch {
	case m.AllUsingLayer.ValueBool():
		order.Functions, err = functions.FunctionsUsing(ctx, arn.LayerARN())
	case !m.Tags.IsNull():
		order.Functions, err = functions.FunctionsTagged(ctx, values.TextMap(m.Tags))
	}
	if err != nil {
		diags.Append(diagnostic.Of("The functions cannot be listed", err))
	}
	return functions, order
}

// unzipped returns a function that tells how many bytes a layer version has
// unzipped, by its zip. Each version is read once; one that the caller may not
// read is not known.
func (r *rolloutResource) unzipped(publisher *publish.Publisher) func(context.Context, string) (int64, bool) {
	known := map[string]int64{}
	return func(ctx context.Context, arn string) (int64, bool) {
		size, read := known[arn]
		if !read {
			size = r.measure(ctx, publisher, arn)
			known[arn] = size
		}
		return size, size > 0
	}
}

// measure returns the unzipped size of a layer version, 0 where it cannot be
// read: then Lambda itself refuses what is too large.
func (r *rolloutResource) measure(ctx context.Context, publisher *publish.Publisher, arn string) int64 {
	version, address, err := publisher.Locate(ctx, arn)
	if err != nil {
		return 0
	}
	digest, err := publish.ParseCodeSHA256(version.CodeSHA256)
	if err != nil {
		return 0
	}
	size, err := r.Tools.Builder.Unzipped(ctx, layer.Zip{URL: address, Name: arn, SHA256: digest})
	if err != nil {
		return 0
	}
	return size
}

// callerOf returns the account of the credentials, null where the settings keep
// it from being asked for. Another one than that of the state is an error:
// functions of the same names may exist there.
func callerOf(ctx context.Context, publisher *publish.Publisher, region string, account types.String, diags *diag.Diagnostics) types.String {
	caller, err := publisher.Caller(ctx, region)
	if err != nil {
		diags.Append(diagnostic.Of("The account of the credentials is not known", err))
		return types.StringNull()
	}
	if known := account.ValueString(); known != "" && caller.AccountID != "" && known != caller.AccountID {
		diags.AddError("The state is of another AWS account", fmt.Sprintf(
			"The functions of the state are of account %s, and the credentials are of %s. Nothing was changed in either. Use credentials of account %[1]s, or first remove the roll-out from this state (\"terraform state rm\").",
			known, caller))
	}
	if caller.AccountID == "" {
		return account
	}
	return types.StringValue(caller.AccountID)
}

// Create moves the functions.
func (r *rolloutResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m rolloutModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	ctx, cancel := toolbox.Limit(ctx, m.Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	r.apply(ctx, &m, types.StringNull(), nil, applied{resp.Private, &resp.State, &resp.Diagnostics})
}

// Update moves the functions to another version, or those that somebody gave
// another one. After a failure the state stays as it was, so that "arn" is still
// the version that passed.
func (r *rolloutResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, before rolloutModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	former, diags := req.Private.GetKey(ctx, givenKey)
	resp.Diagnostics.Append(diags...)
	ctx, cancel := toolbox.Limit(ctx, m.Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	r.apply(ctx, &m, before.AccountID, former, applied{resp.Private, &resp.State, &resp.Diagnostics})
}

// applied is where an apply leaves what it did.
type applied struct {
	private toolbox.PrivateWriter
	state   *tfsdk.State
	diags   *diag.Diagnostics
}

// apply carries out a roll-out and keeps what it did, where it succeeded.
func (r *rolloutResource) apply(ctx context.Context, m *rolloutModel, account types.String, former []byte, to applied) {
	if to.diags.HasError() {
		return
	}
	given, diags := r.roll(ctx, m, account, former)
	if to.diags.Append(diags...); to.diags.HasError() {
		return
	}
	to.diags.Append(to.private.SetKey(ctx, givenKey, given)...)
	to.diags.Append(to.state.Set(ctx, m)...)
}

// roll carries out the roll-out and fills in the computed values. It returns the
// versions that it gave, for the private state.
func (r *rolloutResource) roll(ctx context.Context, m *rolloutModel, account types.String, former []byte) (given []byte, diags diag.Diagnostics) {
	functions, order := r.prepare(ctx, m, account, &diags)
	if diags.HasError() {
		return nil, diags
	}
	if len(former) > 0 {
		if err := json.Unmarshal(former, &order.Former); err != nil {
			return nil, append(diags, diag.NewErrorDiagnostic("The state cannot be read", diagnostic.Sentence(err.Error())))
		}
	}
	result, err := rollout.Run(ctx, functions, order)
	if err != nil {
		return nil, append(diags, diagnoseRollout(err))
	}
	versions, gave := map[string]int64{}, map[string]string{}
	for name, had := range result.Before {
		if reason, left := result.Left[name]; left {
			diags.AddWarning(fmt.Sprintf("Function %q was left alone", name), diagnostic.Sentence(reason)+" The next plan shows it.")
		}
		_, ours := order.Former[name]
		listed := slices.Contains(order.Functions, name)
		if listed {
			versions[name] = rollout.NumberOf(order.Version.ARN)
		}
		if listed || ours || had != order.Version.ARN {
			gave[name] = order.Version.ARN
		}
	}
	m.ARN, m.ID, m.FunctionVersions = m.VersionARN, m.VersionARN, versionsOf(versions)
	given, err = json.Marshal(gave)
	if err != nil {
		diags.AddError("The state cannot be written", diagnostic.Sentence(err.Error()))
	}
	return given, diags
}

// Read asks for the version that each function has now.
func (r *rolloutResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m rolloutModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if len(r.Tools.Unknown) > 0 {
		resp.Diagnostics.Append(r.Tools.NotRefreshed("The roll-out of " + m.ARN.ValueString()))
		return
	}
	publisher := r.Tools.Reach(&resp.Diagnostics)
	arn, err := publish.ParseARN(m.ARN.ValueString())
	if publisher == nil || err != nil {
		return
	}
	if m.AccountID = callerOf(ctx, publisher, arn.Region, m.AccountID, &resp.Diagnostics); resp.Diagnostics.HasError() {
		return
	}
	functions, err := publisher.Functions(ctx, arn.Region)
	if err != nil {
		resp.Diagnostics.Append(diagnostic.Of("The functions cannot be reached", err))
		return
	}
	versions := m.functionVersions()
	for name := range versions {
		f, err := functions.Function(ctx, name, "")
		switch {
		case errors.Is(err, rollout.ErrNoFunction):
			delete(versions, name)
		case err != nil:
			resp.Diagnostics.Append(diagnostic.Of(fmt.Sprintf("Function %q cannot be read", name), err))
			return
		default:
			versions[name] = rollout.NumberOf(rollout.VersionOn(f, arn.LayerARN()))
		}
	}
	m.FunctionVersions = versionsOf(versions)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// Delete leaves the functions as they are.
func (r *rolloutResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

// diagnoseRollout returns the diagnostic of a roll-out that failed.
func diagnoseRollout(err error) diag.Diagnostic {
	if unfit, ok := errors.AsType[*rollout.UnfitError](err); ok {
		return diag.NewErrorDiagnostic("Functions cannot get the layer version",
			"Nothing was changed. "+diagnostic.Sentence(strings.Join(unfit.Faults, "; "))+" Remove them from the roll-out, or publish a version that fits. "+
				"A function that the same apply creates is named by its ARN, such as aws_lambda_function.items.arn: the plan then waits for it.")
	}
	if canary, ok := errors.AsType[*rollout.CanaryError](err); ok {
		detail := diagnostic.Sentence(strings.Join(canary.Faults, "; ")) + " No other function was moved."
		switch {
		case canary.NotRestored != nil:
			detail += " The canary could not get its former version again: " + canary.NotRestored.Error() + "."
		case canary.Restored:
			detail += " The canary has its former version again."
		}
		if canary.Log != "" {
			detail += "\n\nThe end of its log:\n" + canary.Log
		}
		return diagnostic.At("canary", diag.NewErrorDiagnostic(fmt.Sprintf("The canary %q did not pass", canary.Function), detail))
	}
	if _, ok := errors.AsType[*rollout.MoveError](err); ok {
		return diag.NewErrorDiagnostic("The functions did not move", diagnostic.Sentence(err.Error())+" Correct the cause and apply again.")
	}
	return diagnostic.Of("The functions cannot be moved", err)
}
