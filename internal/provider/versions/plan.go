package versions

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// ModifyPlan decides whether a new version is due: the bytes or what describes
// them differ from the version in the state. AWS is asked only where something
// changes, for what would stop the apply.
func (r *versionResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		r.planDestroy(ctx, req, resp)
		return
	}
	var m, config versionstate.Model
	var before *versionstate.Model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !req.State.Raw.IsNull() {
		before = &versionstate.Model{}
		resp.Diagnostics.Append(req.State.Get(ctx, before)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if r.planRegion(&m, &config, before, resp); resp.Diagnostics.HasError() {
		return
	}
	policy, _, _ := m.Policy(ctx, &resp.Diagnostics)
	further, _ := m.FurtherRegions(ctx, &resp.Diagnostics)
	if !config.Region.IsUnknown() {
		further = append([]string{m.HomeRegion()}, further...)
	}
	resp.Diagnostics.Append(claimLayers(r.Tools, req.Config.Raw, &m, policy.WholeLayer, further)...)
	if resp.Diagnostics.HasError() {
		return
	}
	life := &lifecycle.Life{}
	if before != nil {
		var diags diag.Diagnostics
		life, diags = versionstate.ReadLife(ctx, req.Private, before)
		resp.Diagnostics.Append(diags...)
		registerState(ctx, r.Tools, before, life)
	}
	p, diags := r.plan(ctx, &m, &config, before, life)
	resp.Diagnostics.Append(diagnostic.Blocking(diags, before != nil)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(p.planChanges(ctx, &m, req.Private)...)
	announcePlan(ctx, r.Tools, p, &m, resp.Private)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &m)...)
	if resp.Plan.Raw.Equal(req.State.Raw) {
		return
	}
	if resp.Diagnostics.Append(guardPlan(ctx, r.Tools, &m, before)...); !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(diagnostic.Blocking(lookAhead(ctx, r.Tools, p, &m), before != nil)...)
	}
}

// planDestroy refuses the destroy of another account's state at plan, and takes
// note of what the apply may not be able to know.
func (r *versionResource) planDestroy(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var before versionstate.Model
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if resp.Diagnostics.Append(guardPlan(ctx, r.Tools, &before, &before)...); resp.Diagnostics.HasError() {
		return
	}
	life, diags := versionstate.ReadLife(ctx, req.Private, &before)
	resp.Diagnostics.Append(diags...)
	if life.Holder != "" && announceEnd(ctx, r.Tools, &before, life) {
		resp.Diagnostics.Append(versionstate.WriteLife(ctx, life, resp.Private)...)
	}
}

// planRegion fills the provider's region in where the user wrote none. One that
// has moved since the state was written is refused: nobody has asked for the
// layer to be published elsewhere and deleted where it is.
func (r *versionResource) planRegion(m, config, before *versionstate.Model, resp *resource.ModifyPlanResponse) {
	if r.Tools == nil {
		return
	}
	if config.Region.IsNull() && slices.Contains(r.Tools.Unknown, "region") && before != nil {
		resp.Diagnostics.Append(diagnostic.At("region", diag.NewErrorDiagnostic("The region of the layer is not known yet", fmt.Sprintf(
			"The state has the layer in %q, and the region of the provider block is known only after the apply, so the plan cannot say whether the layer stays there. "+
				"Write the region here, as in region = %[1]q, or in the provider block a value that is known at plan.", before.Region.ValueString()))))
		return
	}
	if config.Region.IsNull() && r.Tools.Region != "" {
		m.Region = types.StringValue(r.Tools.Region)
		if before != nil && before.Region.ValueString() != "" && !m.Region.Equal(before.Region) {
			resp.Diagnostics.Append(diagnostic.At("region", movedRegion(before, r.Tools.Region)))
		}
	}
	if !r.Tools.CheckRegions {
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
			resp.Diagnostics.Append(diagnostic.At(attribute, diag.NewErrorDiagnostic(fmt.Sprintf("Unknown region %q", name.ValueString()), diagnostic.Sentence(err.Error()))))
		}
	}
}

// movedRegion refuses a region of the provider that is not the state's.
func movedRegion(before *versionstate.Model, region string) diag.Diagnostic {
	was := before.Region.ValueString()
	return diag.NewErrorDiagnostic("The provider's region is not that of the state", fmt.Sprintf(
		"Layer %q of the state is in %s, the provider's region is now %s, and the resource names none. Nothing was changed.\n\n"+
			"To leave the layer where it is, write region = %[2]q in the resource, or set the provider's region back. To move it, write region = %[3]q: it is then published there and deleted in %[2]s.",
		before.LayerName.ValueString(), was, region))
}

// plan writes what is due, and what is known of it. What is due, and why, the
// lifecycle decides; this tells Terraform. A version that is to be
// published has attributes that are not known, and where something is due that
// no attribute shows, published_versions is not known, which makes an update.
func (r *versionResource) plan(ctx context.Context, m, config, before *versionstate.Model, life *lifecycle.Life) (p *planning, diags diag.Diagnostics) {
	m.SetDefaults(ctx, config, &diags)
	if err := m.Built(ctx, &diags).CheckLayer(); err != nil {
		return nil, append(diags, diagnostic.Of("Unusable package", err))
	}
	p = &planning{before: before, life: life}
	p.zip, p.known = m.Wanted(ctx, &diags)
	planDescription(ctx, m, config, before, p.zip, p.known, &diags)
	p.want = argumentsOf(ctx, m, config.Sharing, p.zip, p.known, &diags)
	p.dues = lifecycle.Plan(stateArguments(ctx, before, &diags), life, p.want)
	if diags.HasError() {
		return nil, diags
	}
	p.planReleases(ctx, m, &diags)
	p.planSharing(m, config, &diags)
	planRetention(ctx, r.Tools, p, m, &diags)
	p.planPublished(m)
	if p.publishes() {
		planStaging(ctx, m, p.zip, &diags)
		diags.Append(lookAtZip(ctx, m, p.zip)...)
		diags.Append(inspectVersion(ctx, r.Tools, m)...)
	} else {
		keepImported(ctx, m, before, &diags)
	}
	return p, diags
}

// planReleases writes the releases of all regions.
func (p *planning) planReleases(ctx context.Context, m *versionstate.Model, diags *diag.Diagnostics) {
	before := p.before
	if p.dues[0].Publish != lifecycle.None {
		m.SetHome(p.coming(m))
		m.LayerARN = types.StringUnknown()
		if before != nil && m.LayerName.Equal(before.LayerName) && m.Region.Equal(before.Region) {
			m.LayerARN = before.LayerARN
		}
	} else {
		m.SetHome(before.Replica)
		m.LayerARN, m.Region = before.LayerARN, before.Region
	}
	further, ok := m.FurtherRegions(ctx, diags)
	if p.open = !ok || m.Region.IsUnknown(); p.open {
		m.Replicas, m.ARNs = types.MapUnknown(versionstate.ReplicaType()), types.MapUnknown(types.StringType)
		return
	}
	replicas := map[string]versionstate.Replica{}
	if before != nil {
		replicas = before.FurtherReplicas(ctx, diags)
	}
	planned, moved := map[string]versionstate.Replica{}, p.dues[0].Publish != lifecycle.None || len(further) != len(replicas)
	for _, due := range p.dues[1:] {
		switch has, ok := replicas[due.Region]; {
		case due.Leave:
		case ok && due.Publish == lifecycle.None:
			planned[due.Region] = has
		default:
			planned[due.Region], moved = p.coming(m), true
		}
	}
	if !moved {
		m.Replicas, m.ARNs = before.Replicas, before.ARNs
		return
	}
	m.SetReplicas(ctx, planned, diags)
}

// coming is a release that is to be made. An older version may be taken over,
// so which ones are older shows later.
func (p *planning) coming(m *versionstate.Model) versionstate.Replica {
	c := versionstate.Replica{
		ARN: types.StringUnknown(), Version: types.Int64Unknown(), CreatedDate: types.StringUnknown(),
		CodeSHA256: types.StringUnknown(), CodeSize: types.Int64Unknown(), RetainedVersions: types.ListUnknown(types.Int64Type),
		UnsignedSHA256: types.StringUnknown(), SigningJobARN: types.StringUnknown(), SigningProfileVersionARN: types.StringUnknown(),
	}
	switch {
	case m.Signing.IsUnknown():
	case !m.Signing.IsNull():
		if p.known {
			c.UnsignedSHA256 = types.StringValue(p.zip.Hash)
		}
	default:
		c.UnsignedSHA256, c.SigningJobARN, c.SigningProfileVersionARN = types.StringNull(), types.StringNull(), types.StringNull()
		if p.known {
			c.CodeSHA256 = types.StringValue(p.zip.Hash)
		}
		if p.known && p.zip.Size > 0 {
			c.CodeSize = types.Int64Value(p.zip.Size)
		}
	}
	return c
}

// planPublished says whether the list of published versions changes, or has to
// seem so: with a publish, with what retention deletes, with regions, and with
// what no other attribute shows.
func (p *planning) planPublished(m *versionstate.Model) {
	hidden := p.before == nil || p.open
	for _, d := range p.dues {
		hidden = hidden || d.Publish != lifecycle.None || d.Leave || d.Share == lifecycle.NotFinished || d.Parameter == lifecycle.Strayed ||
			d.DropParameter && m.SSMParameter.IsNull() || p.retires(d)
	}
	if hidden {
		m.PublishedVersions = types.MapUnknown(types.ListType{ElemType: types.Int64Type})
		return
	}
	m.PublishedVersions = p.before.PublishedVersions
}

// argumentsOf returns what decides what is due. sharing is the argument as it is
// written; known is set where the zip is known.
func argumentsOf(ctx context.Context, m *versionstate.Model, sharing types.Object, zip versionstate.Zip, known bool, diags *diag.Diagnostics) lifecycle.Arguments {
	a := lifecycle.Arguments{
		Labels: lifecycle.Labels{
			Layer: m.LayerName.ValueString(), Region: m.HomeRegion(), Description: m.Description.ValueString(), License: m.LicenseInfo.ValueString(),
			Runtimes: values.Texts(m.CompatibleRuntimes), Architectures: values.Texts(m.CompatibleArchitectures), SignedBy: m.SignerName(),
		},
		Bytes: zip.Hash,
		Known: known && !m.LayerName.IsUnknown() && !m.Region.IsUnknown() && !m.Description.IsUnknown() && !m.LicenseInfo.IsUnknown() && !m.Signing.IsUnknown() &&
			!m.CompatibleRuntimes.IsUnknown() && !m.CompatibleArchitectures.IsUnknown(),
	}
	a.Regions, _ = m.FurtherRegions(ctx, diags)
	a.Sharing, a.SharingKnown = versionstate.SharingText(sharing)
	if p := m.Parameter(ctx, diags); p != nil {
		a.Parameter = p.Name.ValueString()
		a.ParameterArguments = p.Description.ValueString() + "\n" + p.Tier.ValueString() + "\n" + p.Overwrite.String()
	}
	policy, _, known := m.Policy(ctx, diags)
	if a.RetentionKnown = known; !m.Retention.IsNull() && known {
		a.Retention = &policy
	}
	return a
}

// stateArguments returns the arguments of a state, nil where there is none.
func stateArguments(ctx context.Context, m *versionstate.Model, diags *diag.Diagnostics) *lifecycle.Arguments {
	if m == nil || m.LayerName.IsNull() {
		return nil
	}
	a := argumentsOf(ctx, m, m.Sharing, versionstate.Zip{}, true, diags)
	return &a
}

// keepImported keeps the package of an imported version in place of the equal
// one of the configuration, so that the import is followed by an empty plan.
func keepImported(ctx context.Context, m *versionstate.Model, before *versionstate.Model, diags *diag.Diagnostics) {
	was := before.Built(ctx, diags)
	if was == nil || was.Lock.ValueString() != "" || m.Package.IsNull() {
		return
	}
	// The arguments that say how to publish, and not what, are those of the state.
	if m.S3.Equal(before.S3) && m.Timeouts.Equal(before.Timeouts) && m.Regions.Equal(before.Regions) && m.Checks.Equal(before.Checks) &&
		m.Retention.Equal(before.Retention) && m.Sharing.Equal(before.Sharing) && m.SSMParameter.Equal(before.SSMParameter) {
		m.Package = before.Package
	}
}

// planStaging refuses, before anything is published, what cannot travel: a zip
// that is too large without a bucket, and one bucket for several regions.
func planStaging(ctx context.Context, m *versionstate.Model, zip versionstate.Zip, diags *diag.Diagnostics) {
	if zip.Size > runtimes.MaxDirectUpload && m.S3.IsNull() {
		diags.Append(diagnostic.Of("", &publish.TooLargeError{Size: zip.Size, Limit: runtimes.MaxDirectUpload}))
		return
	}
	s := m.Staging()
	if s == nil || len(m.Regions.Elements()) == 0 {
		return
	}
	further, known := m.FurtherRegions(ctx, diags)
	staged := s.Takes(zip.Size, runtimes.MaxDirectUpload, !m.Signing.IsNull() && !m.Signing.IsUnknown())
	if bucket := s.Bucket; bucket != "" && known && len(further) > 0 && staged && !strings.Contains(bucket, "{region}") {
		diags.Append(diagnostic.At("s3", diag.NewErrorDiagnostic("One bucket for several regions", fmt.Sprintf(
			"The zip goes through the bucket %q, and AWS wants bucket and layer in one region, here in %s and in %s. Have a bucket in each region and write \"{region}\" where their names differ, as in \"artifacts-{region}\".",
			bucket, m.HomeRegion(), strings.Join(further, ", ")))))
	}
}

// planning is what a plan knows when it looks at the regions.
type planning struct {
	before *versionstate.Model // nil at a create
	life   *lifecycle.Life
	zip    versionstate.Zip
	known  bool // the zip is
	want   lifecycle.Arguments
	dues   []lifecycle.Due
	// open is set where the regions are known only during the apply.
	open bool
}

// publishes reports whether a version is due in any region.
func (p *planning) publishes() bool {
	return p.open || slices.ContainsFunc(p.dues, func(d lifecycle.Due) bool { return d.Publish != lifecycle.None })
}

// retires reports whether versions go from a region where none is published.
func (p *planning) retires(d lifecycle.Due) bool {
	if d.Retire == lifecycle.None || d.Publish != lifecycle.None || p.want.Retention == nil {
		return false
	}
	place := p.life.At(d.Region)
	going, known := place.Foresee(*p.want.Retention, place.Release.Number)
	return !known || len(going) > 0
}
