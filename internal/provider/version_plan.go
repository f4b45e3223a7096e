package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// ModifyPlan decides whether a new version is due: the bytes or what describes
// them differ from the version in the state. It asks AWS nothing.
func (r *versionResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		r.planDestroy(ctx, req, resp)
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
	if r.planRegion(&m, &config, before, resp); resp.Diagnostics.HasError() {
		return
	}
	owned := ownership{Places: map[string]*holdings{}}
	if before != nil {
		var diags diag.Diagnostics
		owned, diags = readOwnership(ctx, req.Private, before)
		resp.Diagnostics.Append(diags...)
	}
	resp.Diagnostics.Append(blocking(r.plan(ctx, &m, &config, before, &owned), before != nil)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &m)...)
	if !resp.Plan.Raw.Equal(req.State.Raw) {
		resp.Diagnostics.Append(r.guardPlan(ctx, &m, before, &owned)...)
	}
}

// planDestroy refuses the destroy of another account's state at plan.
func (r *versionResource) planDestroy(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var before versionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	if resp.Diagnostics.HasError() {
		return
	}
	owned, diags := readOwnership(ctx, req.Private, &before)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(r.guardPlan(ctx, &before, &before, &owned)...)
}

// planRegion fills the provider's region in where the user wrote none. One that
// has moved since the state was written is refused: nobody has asked for the
// layer to be published elsewhere and deleted where it is.
func (r *versionResource) planRegion(m, config, before *versionModel, resp *resource.ModifyPlanResponse) {
	if r.tools == nil {
		return
	}
	if config.Region.IsNull() && r.tools.regionUnknown() && before != nil {
		resp.Diagnostics.Append(at("region", diag.NewErrorDiagnostic("The region of the layer is not known yet", fmt.Sprintf(
			"The state has the layer in %q, and the region of the provider block is known only after the apply: whether the layer stays cannot be told. "+
				"Write the region here, as in region = %[1]q, or in the provider block a value that is known at plan.", before.Region.ValueString()))))
		return
	}
	if config.Region.IsNull() && r.tools.region != "" {
		m.Region = types.StringValue(r.tools.region)
		if before != nil && before.Region.ValueString() != "" && !m.Region.Equal(before.Region) {
			resp.Diagnostics.Append(at("region", movedRegion(before, r.tools.region)))
		}
	}
	if !r.tools.checkRegions {
		return
	}
	for _, region := range append([]attr.Value{m.Region}, m.Regions.Elements()...) {
		name, ok := region.(types.String)
		if !ok || name.ValueString() == "" {
			continue
		}
		attribute := "regions"
		if region.Equal(m.Region) {
			attribute = "region"
		}
		if err := publish.CheckRegion(name.ValueString()); err != nil {
			resp.Diagnostics.Append(at(attribute, diag.NewErrorDiagnostic(fmt.Sprintf("Unknown region %q", name.ValueString()), sentence(err.Error()))))
		}
	}
}

// movedRegion refuses a region of the provider that is not the state's.
func movedRegion(before *versionModel, region string) diag.Diagnostic {
	was := before.Region.ValueString()
	return diag.NewErrorDiagnostic("The provider's region is not that of the state", fmt.Sprintf(
		"Layer %q of the state is in %s, the provider's region is now %s, and the resource names none. Nothing was changed.\n\n"+
			"To leave the layer where it is, write region = %[2]q in the resource, or set the provider's region back. To move it, write region = %[3]q: it is then published there and deleted in %[2]s.",
		before.LayerName.ValueString(), was, region))
}

// plan decides what is due in each region, and writes what is known of it.
func (r *versionResource) plan(ctx context.Context, m, config, before *versionModel, owned *ownership) diag.Diagnostics {
	var diags diag.Diagnostics
	m.setDefaults(ctx, config, &diags)
	if err := m.built(ctx, &diags).checkLayer(); err != nil {
		return append(diags, diagnose("Unusable package", err))
	}
	zip, known := m.wanted(ctx, &diags)
	m.planDescription(ctx, config, before, zip, known, &diags)
	p := planning{zip: zip, known: known}
	if before != nil {
		p.same = known && m.sameLayer(before)
	}
	p.plan(ctx, m, before, &diags)
	m.planSharing(config, before, owned, &diags)
	r.planRetention(ctx, m, before, owned, &diags)
	m.planPublished(before, owned)
	if m.anyDue() {
		m.planStaging(ctx, zip, &diags)
		diags.Append(r.inspect(ctx, m)...)
	} else {
		m.keepImported(ctx, before, &diags)
	}
	return diags
}

// planning is what a plan knows when it looks at the regions.
type planning struct {
	zip wanted
	// known is set where the zip is; same where the state describes what the
	// plan asks for, in all but the bytes.
	known, same bool
}

// due reports whether a release is to be made: the bytes or what describes
// them differ from it.
func (p planning) due(has release) bool { return !p.same || has.bytes() != p.zip.hash }

// plan writes the releases of all regions.
func (p planning) plan(ctx context.Context, m, before *versionModel, diags *diag.Diagnostics) {
	was, replicas := replicaModel{}, map[string]replicaModel{}
	if before != nil {
		was, replicas = before.home(), before.replicas(ctx, diags)
	}
	if p.due(was.release(ctx, diags)) {
		m.setHome(p.coming(m))
		m.LayerARN = types.StringUnknown()
		if before != nil && m.LayerName.Equal(before.LayerName) && m.Region.Equal(before.Region) {
			m.LayerARN = before.LayerARN
		}
	} else {
		m.setHome(was)
		m.LayerARN, m.Region = before.LayerARN, before.Region
	}
	further, ok := m.furtherRegions(ctx, diags)
	if !ok || m.Region.IsUnknown() {
		m.Replicas, m.ARNs = types.MapUnknown(replicaType()), types.MapUnknown(types.StringType)
		return
	}
	planned, moved := map[string]replicaModel{}, m.ARN.IsUnknown() || len(further) != len(replicas)
	for _, region := range further {
		has, ok := replicas[region]
		if !ok || p.due(has.release(ctx, diags)) {
			has, moved = p.coming(m), true
		}
		planned[region] = has
	}
	if !moved {
		m.Replicas, m.ARNs = before.Replicas, before.ARNs
		return
	}
	m.setReplicas(ctx, planned, diags)
}

// coming is a release that is to be made. An older version may be taken over,
// so which ones are older shows later.
func (p planning) coming(m *versionModel) replicaModel {
	c := replicaModel{
		ARN: types.StringUnknown(), Version: types.Int64Unknown(), CreatedDate: types.StringUnknown(),
		CodeSHA256: types.StringUnknown(), CodeSize: types.Int64Unknown(), RetainedVersions: types.ListUnknown(types.Int64Type),
		UnsignedSHA256: types.StringUnknown(), SigningJobARN: types.StringUnknown(), SigningProfileVersionARN: types.StringUnknown(),
	}
	switch {
	case m.Signing.IsUnknown():
	case !m.Signing.IsNull():
		if p.known {
			c.UnsignedSHA256 = types.StringValue(p.zip.hash)
		}
	default:
		c.UnsignedSHA256, c.SigningJobARN, c.SigningProfileVersionARN = types.StringNull(), types.StringNull(), types.StringNull()
		if p.known {
			c.CodeSHA256 = types.StringValue(p.zip.hash)
		}
		if p.known && p.zip.size > 0 {
			c.CodeSize = types.Int64Value(p.zip.size)
		}
	}
	return c
}

// planPublished says whether the list of published versions changes: with a
// publish, with what retention deletes, and with regions. A parameter that is
// still to be given up, as where the last refresh found one region's changed and
// took it out of the state, makes an update in the same way.
func (m *versionModel) planPublished(before *versionModel, owned *ownership) {
	leftover := m.SSMParameter.IsNull() && owned.hasParameter()
	if before == nil || m.RetainedVersions.IsUnknown() || !m.Replicas.Equal(before.Replicas) || leftover {
		m.PublishedVersions = types.MapUnknown(types.ListType{ElemType: types.Int64Type})
		return
	}
	m.PublishedVersions = before.PublishedVersions
}

// anyDue reports whether a plan makes a version in any region.
func (m *versionModel) anyDue() bool {
	if m.ARN.IsUnknown() || m.ARNs.IsUnknown() {
		return true
	}
	for _, arn := range m.ARNs.Elements() {
		if arn.IsUnknown() {
			return true
		}
	}
	return false
}

// keepImported keeps the package of an imported version in place of the equal
// one of the configuration, so that the import is followed by an empty plan.
func (m *versionModel) keepImported(ctx context.Context, before *versionModel, diags *diag.Diagnostics) {
	was := before.built(ctx, diags)
	if was == nil || was.Lock.ValueString() != "" || m.Package.IsNull() {
		return
	}
	if m.sameSettings(before) {
		m.Package = before.Package
	}
}

// sameSettings reports whether the arguments that say how to publish, and not
// what, are those of the state.
func (m *versionModel) sameSettings(before *versionModel) bool {
	return m.S3.Equal(before.S3) && m.Timeouts.Equal(before.Timeouts) && m.Regions.Equal(before.Regions) &&
		m.Retention.Equal(before.Retention) && m.Sharing.Equal(before.Sharing) && m.SSMParameter.Equal(before.SSMParameter)
}
