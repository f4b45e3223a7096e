package versions

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	query "github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

var _ query.ListResourceWithConfigure = (*versionList)(nil)

// NewList returns the list of layers that "terraform query" finds, as
// identities of layerbuild_version.
func NewList() query.ListResource { return &versionList{} }

type versionList struct {
	toolbox.Configured
}

type versionListModel struct {
	Region types.String `tfsdk:"region"`
	Prefix types.String `tfsdk:"name_prefix"`
}

func (l *versionList) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_version"
}

func (l *versionList) ListResourceConfigSchema(_ context.Context, _ query.ListResourceSchemaRequest, resp *query.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the layers of the account in a region, for `terraform query` (Terraform 1.14 and later). Each result is the identity of a `layerbuild_version`, whose import takes the newest version. It sends one request for each 50 layers.",
		Attributes: map[string]schema.Attribute{
			"region": schema.StringAttribute{
				MarkdownDescription: "Region of the layers. Default: the provider's.", Optional: true,
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"name_prefix": schema.StringAttribute{
				MarkdownDescription: "List only layers whose names begin with this text.", Optional: true,
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
		},
	}
}

// List finds the layers.
func (l *versionList) List(ctx context.Context, req query.ListRequest, stream *query.ListResultsStream) {
	var m versionListModel
	diags := req.Config.Get(ctx, &m)
	var found []publish.Version
	if !diags.HasError() {
		found = l.find(ctx, &m, int(req.Limit), &diags)
	}
	if diags.HasError() {
		stream.Results = query.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(yield func(query.ListResult) bool) {
		for _, v := range found {
			result := req.NewListResult(ctx)
			result.DisplayName = fmt.Sprintf("%s (version %d, %s)", v.LayerARN, v.Number, dayOf(v.CreatedDate))
			result.Diagnostics = versionstate.Identify(ctx, result.Identity, v.LayerARN)
			if req.IncludeResource {
				result.Diagnostics.Append(listed(ctx, v, result.Resource)...)
			}
			if !yield(result) {
				return
			}
		}
	}
}

func (l *versionList) find(ctx context.Context, m *versionListModel, most int, diags *diag.Diagnostics) []publish.Version {
	publisher := l.Tools.Reach(diags)
	if publisher == nil {
		return nil
	}
	region, err := publisher.Region(ctx, m.Region.ValueString())
	if err != nil {
		diags.Append(diagnostic.Of("The region is not known", err))
		return nil
	}
	found, err := publisher.NewestOfAll(ctx, region, m.Prefix.ValueString(), most)
	if err != nil {
		diags.Append(diagnostic.Of("The layers cannot be listed", err))
	}
	return found
}

// listed writes what the listing tells of the newest version.
func listed(ctx context.Context, v publish.Version, to *tfsdk.Resource) (diags diag.Diagnostics) {
	arn, err := publish.ParseARN(v.ARN)
	if err != nil {
		return diag.Diagnostics{diagnostic.Of("The layer version cannot be read", err)}
	}
	for name, value := range map[string]any{
		"layer_name": arn.Name, "region": arn.Region, "arn": v.ARN, "id": v.ARN, "layer_arn": v.LayerARN, "version": v.Number,
		"created_date": v.CreatedDate, "description": v.Description,
		"compatible_runtimes": v.Runtimes, "compatible_architectures": v.Architectures,
	} {
		diags.Append(to.SetAttribute(ctx, path.Root(name), value)...)
	}
	return diags
}
