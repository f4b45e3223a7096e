package versionstate

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// Replica is a release of one region, as attributes.
type Replica struct {
	ARN                      types.String `tfsdk:"arn"`
	Version                  types.Int64  `tfsdk:"version"`
	CreatedDate              types.String `tfsdk:"created_date"`
	CodeSHA256               types.String `tfsdk:"code_sha256"`
	CodeSize                 types.Int64  `tfsdk:"code_size"`
	RetainedVersions         types.List   `tfsdk:"retained_versions"`
	UnsignedSHA256           types.String `tfsdk:"unsigned_sha256"`
	SigningJobARN            types.String `tfsdk:"signing_job_arn"`
	SigningProfileVersionARN types.String `tfsdk:"signing_profile_version_arn"`
}

// ReplicaType is the type of a Replica in the state.
func ReplicaType() types.ObjectType { return attributes.TypesOf(replicasAttribute()) }

// ReplicaOf returns a place as a value of the state.
func ReplicaOf(p *lifecycle.Place) Replica {
	r := p.Release
	m := Replica{
		ARN: values.TextOrNull(r.ARN), Version: types.Int64Null(), CreatedDate: values.TextOrNull(r.CreatedDate),
		CodeSHA256: values.TextOrNull(r.CodeSHA256), CodeSize: types.Int64Null(), RetainedVersions: values.NumbersOf(p.Older()),
		UnsignedSHA256: values.TextOrNull(r.UnsignedSHA256), SigningJobARN: values.TextOrNull(r.SigningJobARN), SigningProfileVersionARN: values.TextOrNull(r.SigningProfileVersionARN),
	}
	if r.Number != 0 {
		m.Version, m.CodeSize = types.Int64Value(r.Number), types.Int64Value(r.CodeSize)
	}
	return m
}

// release returns the version of the value.
func (m Replica) release() lifecycle.Release {
	return lifecycle.Release{
		ARN: m.ARN.ValueString(), Number: m.Version.ValueInt64(), CreatedDate: m.CreatedDate.ValueString(),
		CodeSHA256: m.CodeSHA256.ValueString(), CodeSize: m.CodeSize.ValueInt64(),
		UnsignedSHA256: m.UnsignedSHA256.ValueString(), SigningJobARN: m.SigningJobARN.ValueString(), SigningProfileVersionARN: m.SigningProfileVersionARN.ValueString(),
	}
}

// HomeRelease returns what the model has in its own region. The number follows from
// the ARN, which is all that an import knows.
func (m *Model) HomeRelease() lifecycle.Release {
	r := m.release()
	if arn, err := publish.ParseARN(r.ARN); err == nil {
		r.Number = arn.Number
	}
	return r
}

// FurtherReplicas returns what the model has in its further regions, by region.
func (m *Model) FurtherReplicas(ctx context.Context, diags *diag.Diagnostics) map[string]Replica {
	replicas := map[string]Replica{}
	if !m.Replicas.IsNull() && !m.Replicas.IsUnknown() {
		diags.Append(m.Replicas.ElementsAs(ctx, &replicas, false)...)
	}
	return replicas
}

// Releases returns what the model has in every region, its own included.
func (m *Model) Releases(ctx context.Context, diags *diag.Diagnostics) map[string]lifecycle.Release {
	all := map[string]lifecycle.Release{m.HomeRegion(): m.HomeRelease()}
	for region, replica := range m.FurtherReplicas(ctx, diags) {
		all[region] = replica.release()
	}
	return all
}

// SetReplicas writes the further regions and the map of all ARNs. A region
// without a version has no ARN there.
func (m *Model) SetReplicas(ctx context.Context, replicas map[string]Replica, diags *diag.Diagnostics) {
	var more diag.Diagnostics
	m.Replicas, more = types.MapValueFrom(ctx, ReplicaType(), replicas)
	diags.Append(more...)
	arns := map[string]attr.Value{}
	if region := m.HomeRegion(); region != "" && !m.ARN.IsNull() {
		arns[region] = m.ARN
	}
	for region, replica := range replicas {
		if !replica.ARN.IsNull() {
			arns[region] = replica.ARN
		}
	}
	m.ARNs = types.MapValueMust(types.StringType, arns)
}

// HomeRegion returns the region of the resource, "" where it is not known.
func (m *Model) HomeRegion() string {
	if region := m.Region.ValueString(); region != "" {
		return region
	}
	arn, err := publish.ParseARN(m.ARN.ValueString())
	if err != nil {
		return ""
	}
	return arn.Region
}

// LayerARNIn returns the layer's ARN in a region, whether there is a version or
// not; "" where none was ever anywhere.
func (m *Model) LayerARNIn(ctx context.Context, region string, diags *diag.Diagnostics) string {
	for _, r := range m.Releases(ctx, diags) {
		if arn, err := publish.ParseARN(r.ARN); err == nil {
			arn.Region = region
			return arn.LayerARN()
		}
	}
	if arn, err := publish.ParseLayerARN(m.LayerARN.ValueString()); err == nil {
		arn.Region = region
		return arn.LayerARN()
	}
	return ""
}

// FurtherRegions returns the regions beside the resource's own, sorted; false
// where they are not known.
func (m *Model) FurtherRegions(ctx context.Context, diags *diag.Diagnostics) ([]string, bool) {
	if m.Regions.IsUnknown() || m.Region.IsUnknown() && len(m.Regions.Elements()) > 0 {
		return nil, false
	}
	for _, element := range m.Regions.Elements() {
		if element.IsUnknown() {
			return nil, false
		}
	}
	named := map[string]bool{}
	for _, region := range values.Texts(m.Regions) {
		named[region] = region != m.HomeRegion()
	}
	maps.DeleteFunc(named, func(_ string, further bool) bool { return !further })
	return slices.Sorted(maps.Keys(named)), true
}
