package rollouts

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

var _ resource.ResourceWithConfigure = (*retirementResource)(nil)

// NewRetirement returns layerbuild_retirement: the end of versions that
// functions have left, in the apply in which they left.
func NewRetirement() resource.Resource {
	return &retirementResource{toolbox.Resource{Type: "_retirement"}}
}

type retirementResource struct{ toolbox.Resource }

type retirementModel struct {
	VersionARN types.String `tfsdk:"version_arn"`
	Versions   types.List   `tfsdk:"versions"`
	ID         types.String `tfsdk:"id"`
	AccountID  types.String `tfsdk:"account_id"`
	Deleted    types.List   `tfsdk:"deleted"`
	InUse      types.Map    `tfsdk:"in_use"`
}

func (r *retirementResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Deletes the versions of a layer that functions leave during the same apply.\n\n" +
			"`layerbuild_version` deletes what `retention` no longer keeps before functions move to the new version, so the version that they leave stays. This resource runs after them, by `depends_on`, and deletes it. A version that a function still uses stays, and so does one that another resource points at. Destroying this resource deletes nothing." + attributes.NestedNote,
		Attributes: map[string]schema.Attribute{
			"version_arn": attributes.NeededText("The current version of the layer, `layerbuild_version.….arn`. It is never deleted.", versionARN()),
			"versions": schema.ListAttribute{
				MarkdownDescription: "The numbers of the versions to delete, `layerbuild_version.….retiring_versions`.",
				ElementType:         attributes.WholeNumber{}, Required: true,
				Validators: []validator.List{listvalidator.NoNullValues()},
			},
			"id":         attributes.ComputedText("ARN of the layer."),
			"account_id": attributes.ComputedText("The account of the layer."),
			"deleted":    attributes.ComputedList(types.Int64Type, "The numbers of `versions` that no longer exist after the last apply."),
			"in_use":     attributes.ComputedMap(types.ListType{ElemType: types.StringType}, "The functions, or published versions of functions, that kept versions of `versions`, by version number. A later plan of `layerbuild_version` deletes a version when its last user has gone."),
		},
	}
}

// Create deletes what no function uses.
func (r *retirementResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m retirementModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	r.retire(ctx, &m, types.StringNull(), &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	}
}

// Update deletes what no function uses.
func (r *retirementResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, before retirementModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	r.retire(ctx, &m, before.AccountID, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	}
}

// retire deletes the versions and fills in the computed values. A failed
// deletion is a warning, as it is for retention.
func (r *retirementResource) retire(ctx context.Context, m *retirementModel, account types.String, diags *diag.Diagnostics) {
	if diags.HasError() {
		return
	}
	publisher := r.Tools.Reach(diags)
	arn, err := publish.ParseARN(m.VersionARN.ValueString())
	if err != nil {
		diags.Append(diagnostic.At("version_arn", diagnostic.Of("The layer version cannot be read", err)))
	}
	if publisher == nil || err != nil {
		return
	}
	if m.AccountID = callerOf(ctx, publisher, arn.Region, account, diags); diags.HasError() {
		return
	}
	batch := publish.Batch{LayerARN: arn.LayerARN(), Current: lifecycle.Version{Number: arn.Number}, KeepInUse: true, Moved: true}
	for _, n := range values.Numbers(ctx, m.Versions, diags) {
		if n != arn.Number {
			batch.Versions = append(batch.Versions, lifecycle.Version{Number: n})
		}
	}
	retired, err := publisher.Retire(ctx, batch)
	if err != nil {
		diags.Append(diagnostic.CleanUpWarning(fmt.Sprintf("Older versions of layer %q stay", arn.Name), err))
	}
	if failed := slices.Sorted(maps.Keys(retired.Failed)); len(failed) > 0 {
		diags.Append(diagnostic.CleanUpWarning(fmt.Sprintf("Not deleted: %s of layer %q", diagnostic.Versions(failed), arn.Name), retired.Failed[failed[0]]))
	}
	users := map[string]attr.Value{}
	for n, names := range retired.InUse {
		users[strconv.FormatInt(n, 10)] = values.ListOf(names)
	}
	m.ID, m.Deleted = types.StringValue(arn.LayerARN()), values.NumbersOf(retired.Deleted)
	m.InUse = types.MapValueMust(types.ListType{ElemType: types.StringType}, users)
}

// Read keeps what the last apply did.
func (r *retirementResource) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

// Delete deletes nothing.
func (r *retirementResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {
}
