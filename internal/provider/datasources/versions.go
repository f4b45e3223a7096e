// Package datasources has the data sources: one version of a layer, the list of its
// versions, and what is in a zip. They ask, and change nothing.
package datasources

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

var _ datasource.DataSourceWithConfigure = (*versionsData)(nil)

// NewVersions returns the data source layerbuild_versions: the list of a
// layer's versions.
func NewVersions() datasource.DataSource { return &versionsData{layerReader{typ: "_versions"}} }

type versionsData struct{ layerReader }

type versionsDataModel struct {
	LayerName              types.String         `tfsdk:"layer_name"`
	Region                 types.String         `tfsdk:"region"`
	CompatibleRuntime      types.String         `tfsdk:"compatible_runtime"`
	CompatibleArchitecture types.String         `tfsdk:"compatible_architecture"`
	Newest                 types.Int64          `tfsdk:"newest"`
	ARNs                   types.List           `tfsdk:"arns"`
	Numbers                types.List           `tfsdk:"numbers"`
	Versions               []listedVersionModel `tfsdk:"versions"`
}

// listedVersionModel is a version as a listing tells of it.
type listedVersionModel struct {
	Version                 types.Int64  `tfsdk:"version"`
	ARN                     types.String `tfsdk:"arn"`
	CreatedDate             types.String `tfsdk:"created_date"`
	Description             types.String `tfsdk:"description"`
	LicenseInfo             types.String `tfsdk:"license_info"`
	CompatibleRuntimes      types.List   `tfsdk:"compatible_runtimes"`
	CompatibleArchitectures types.List   `tfsdk:"compatible_architectures"`
}

func (d *versionsData) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the versions of a layer, newest first. It sends one request for each 50 versions. It does not show hashes or users: see `layerbuild_layer` for those. For a layer that does not exist, the list is empty and there is no error.",
		Attributes: map[string]schema.Attribute{
			"layer_name":              layerNameAttribute("Name of the layer, or its ARN. AWS lists only the layers of the account."),
			"region":                  dataRegionAttribute(),
			"compatible_runtime":      attributes.SomeText("List only versions that declare themselves compatible with this runtime, such as `python3.12`."),
			"compatible_architecture": attributes.Text("List only versions that declare themselves compatible with this architecture: `x86_64` or `arm64`.", attributes.OneOf(runtimes.Architectures()...)),
			"newest":                  newestAttribute(),
			"arns":                    attributes.ComputedList(types.StringType, "ARNs of the versions."),
			"numbers":                 attributes.ComputedList(types.Int64Type, "Numbers of the versions."),
			"versions":                attributes.ComputedObjects("The versions.", listedAttributes()),
		},
	}
}

// Read lists the versions.
func (d *versionsData) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m versionsDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if d.defers(ctx, req, resp) {
		return
	}
	publisher := d.reach(ctx, &m.Region, m.LayerName, &resp.Diagnostics)
	if publisher == nil {
		return
	}
	found, err := publisher.Versions(ctx, m.Region.ValueString(), m.LayerName.ValueString(), publish.Selection{
		Runtime: m.CompatibleRuntime.ValueString(), Architecture: m.CompatibleArchitecture.ValueString(), Newest: int(m.Newest.ValueInt64()),
	})
	if err != nil {
		resp.Diagnostics.Append(diagnostic.Of(fmt.Sprintf("The versions of layer %q cannot be listed", m.LayerName.ValueString()), err))
		return
	}
	var arns []string
	var numbers []int64
	m.Versions = []listedVersionModel{}
	for _, v := range found {
		arns, numbers = append(arns, v.ARN), append(numbers, v.Number)
		m.Versions = append(m.Versions, listedVersion(v))
	}
	m.ARNs, m.Numbers = values.ListOrEmpty(arns), values.NumbersOf(numbers)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// layerReader is what the data sources about a layer have in common.
type layerReader struct {
	typ   string // such as "_layer", behind the name of the provider
	tools *toolbox.Tools
}

func (d *layerReader) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + d.typ
}

func (d *layerReader) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.tools = toolbox.From(req.ProviderData, &resp.Diagnostics)
}

// defers leaves the read to a later round where the CLI has rounds, and reports
// whether it did.
func (d *layerReader) defers(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) bool {
	if len(d.tools.Unknown) == 0 || !req.ClientCapabilities.DeferralAllowed {
		return false
	}
	resp.State.Raw = tftypes.NewValue(resp.State.Schema.Type().TerraformType(ctx), tftypes.UnknownValue)
	resp.Deferred = &datasource.Deferred{Reason: datasource.DeferredReasonProviderConfigUnknown}
	return true
}

// reach returns the publisher, and fills in the region of a layer that is named
// or has an ARN. It returns nil where one of the two is not to be had.
func (d *layerReader) reach(ctx context.Context, region *types.String, layer types.String, diags *diag.Diagnostics) *publish.Publisher {
	publisher := d.tools.Reach(diags)
	if publisher == nil {
		return nil
	}
	if arn, err := publish.ParseLayerARN(layer.ValueString()); err == nil && region.IsNull() {
		*region = types.StringValue(arn.Region)
		return publisher
	}
	own, err := publisher.Region(ctx, region.ValueString())
	if err != nil {
		diags.Append(diagnostic.Of("The region is not known", err))
		return nil
	}
	*region = types.StringValue(own)
	return publisher
}

// listedVersion returns what a listing tells of a version. AWS knows no
// difference between an empty text and none.
func listedVersion(v publish.Version) listedVersionModel {
	return listedVersionModel{
		Version: types.Int64Value(v.Number), ARN: types.StringValue(v.ARN), CreatedDate: types.StringValue(v.CreatedDate),
		Description: types.StringValue(v.Description), LicenseInfo: types.StringValue(v.LicenseInfo),
		CompatibleRuntimes: values.ListOrEmpty(v.Runtimes), CompatibleArchitectures: values.ListOrEmpty(v.Architectures),
	}
}

func listedAttributes() attributes.Named {
	return attributes.Named{
		"version":                  attributes.ComputedNumber("Number of the version."),
		"arn":                      attributes.ComputedText("ARN of the version."),
		"created_date":             attributes.ComputedText("When the version was published."),
		"description":              attributes.ComputedText("Description of the version. Empty if there is none."),
		"license_info":             attributes.ComputedText("Licence of the version. Empty if there is none."),
		"compatible_runtimes":      attributes.ComputedList(types.StringType, "Runtimes that the version declares itself compatible with."),
		"compatible_architectures": attributes.ComputedList(types.StringType, "Architectures that the version declares itself compatible with."),
	}
}

func layerNameAttribute(description string) schema.Attribute {
	return attributes.NeededText(description, attributes.Limited("a layer's name or ARN", checkLayer))
}

func dataRegionAttribute() schema.Attribute {
	region := attributes.SomeText("Region of the layer. Default: that of the ARN, else the provider's.")
	region.Computed = true
	return region
}

func newestAttribute() schema.Attribute {
	return attributes.Number("Return at most this many versions. Default: all.", int64validator.AtLeast(1))
}

// checkLayer accepts a layer's name, its ARN or that of a version.
func checkLayer(layer string) error {
	if strings.HasPrefix(layer, "arn:") {
		_, err := publish.ParseLayerARN(layer)
		return err
	}
	return publish.CheckName(layer)
}
