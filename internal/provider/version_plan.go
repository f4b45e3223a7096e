package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// ModifyPlan decides whether a new version is due: the bytes or what describes
// them differ from the version in the state. It asks AWS nothing.
func (r *versionResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var m, config versionModel
	var before *versionModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !req.State.Raw.IsNull() {
		before = &versionModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, before)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	r.planRegion(&m, &config, before, resp)
	for _, d := range m.plan(ctx, &config, before) {
		if before != nil && d.Severity() == diag.SeverityError {
			d = soften(d)
		}
		resp.Diagnostics.Append(d)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &m)...)
}

// planRegion fills the provider's region in where the user wrote none. Another
// region than the state's replaces the layer.
func (r *versionResource) planRegion(m, config, before *versionModel, resp *resource.ModifyPlanResponse) {
	if r.tools == nil {
		return
	}
	if config.Region.IsNull() && r.tools.region != "" {
		m.Region = types.StringValue(r.tools.region)
		if before != nil && !m.Region.Equal(before.Region) {
			resp.RequiresReplace = append(resp.RequiresReplace, path.Root("region"))
		}
	}
	if region := m.Region.ValueString(); region != "" && r.tools.checkRegions {
		if err := publish.CheckRegion(region); err != nil {
			resp.Diagnostics.Append(at("region", diag.NewErrorDiagnostic(fmt.Sprintf("Unknown region %q", region), sentence(err.Error()))))
		}
	}
}

func (m *versionModel) plan(ctx context.Context, config, before *versionModel) diag.Diagnostics {
	var diags diag.Diagnostics
	m.setDefaults(ctx, config, &diags)
	if err := m.built(ctx, &diags).checkLayer(); err != nil {
		return append(diags, diagnose("Unusable package", err))
	}
	zip, known := m.wanted(ctx, &diags)
	if known && before != nil && m.sameVersion(before, zip) {
		m.setComputed(before)
		m.keepImported(ctx, before, &diags)
		return diags
	}
	m.ARN, m.Version, m.CreatedDate = types.StringUnknown(), types.Int64Unknown(), types.StringUnknown()
	m.CodeSHA256, m.CodeSize = types.StringUnknown(), types.Int64Unknown()
	// An older version may be taken over, so which ones are older shows later.
	m.RetainedVersions = types.ListUnknown(types.Int64Type)
	m.LayerARN = types.StringUnknown()
	if before != nil && m.LayerName.Equal(before.LayerName) && m.Region.Equal(before.Region) {
		m.LayerARN = before.LayerARN
	}
	if !known {
		return diags
	}
	m.CodeSHA256 = types.StringValue(zip.hash)
	if zip.size > 0 {
		m.CodeSize = types.Int64Value(zip.size)
	}
	if zip.size > runtimes.MaxDirectUpload && m.S3.IsNull() {
		diags.Append(diagnose("", &publish.TooLargeError{Size: zip.size, Limit: runtimes.MaxDirectUpload}))
	}
	return diags
}

// keepImported keeps the package of an imported version in place of the equal
// one of the configuration, so that the import is followed by an empty plan.
func (m *versionModel) keepImported(ctx context.Context, before *versionModel, diags *diag.Diagnostics) {
	was := before.built(ctx, diags)
	if was == nil || was.Lock.ValueString() != "" || m.Package.IsNull() {
		return
	}
	if m.S3.Equal(before.S3) && m.Timeouts.Equal(before.Timeouts) {
		m.Package = before.Package
	}
}
