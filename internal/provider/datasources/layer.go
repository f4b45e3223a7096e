// Package datasources has the data sources: one version of a layer, the list of its
// versions, and what is in a zip. They ask, and change nothing.
package datasources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	resource "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	changes "github.com/layerbuild/terraform-provider-layerbuild/internal/history"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

var _ datasource.DataSourceWithConfigure = (*layerData)(nil)

// NewLayer returns the data source layerbuild_layer: a layer's versions,
// what is known of their contents, and who uses them.
func NewLayer() datasource.DataSource { return &layerData{layerReader{typ: "_layer"}} }

type layerData struct{ layerReader }

type layerDataModel struct {
	LayerName  types.String `tfsdk:"layer_name"`
	Region     types.String `tfsdk:"region"`
	Newest     types.Int64  `tfsdk:"newest"`
	ReadHashes types.Bool   `tfsdk:"read_hashes"`
	ReadUsers  types.Bool   `tfsdk:"read_users"`

	ReadContents types.Bool           `tfsdk:"read_contents"`
	LayerARN     types.String         `tfsdk:"layer_arn"`
	Latest       *knownVersionModel   `tfsdk:"latest"`
	Versions     []*knownVersionModel `tfsdk:"versions"`
}

// knownVersionModel is a version with what further requests tell of it. What
// was not asked for is null.
type knownVersionModel struct {
	listedVersionModel
	CodeSHA256      types.String `tfsdk:"code_sha256"`
	CodeSize        types.Int64  `tfsdk:"code_size"`
	Contents        types.Map    `tfsdk:"contents"`
	ContentsOmitted types.Int64  `tfsdk:"contents_omitted"`
	Changes         types.Map    `tfsdk:"changes"`
	Users           types.List   `tfsdk:"users"`
	UserCount       types.Int64  `tfsdk:"user_count"`
}

func (d *layerData) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A layer: its versions (newest first), their known contents, and the functions that use them. A layer without versions is an error. `layerbuild_versions` gives only the list.\n\n" +
			"It is read at every plan and sends these requests. AWS allows 15 requests a second per account:\n\n" +
			"- The list: one for each 50 versions.\n" +
			"- The users: one for each 50 functions and published function versions of the region. All resources and data sources of a run share these requests.\n" +
			"- The hashes: one for each version.\n" +
			"- The contents: one for each version, and one to fetch its zip. A zip that this machine has read or built is not fetched again.",
		Attributes: map[string]schema.Attribute{
			"layer_name":    layerNameAttribute("Name of the layer, its ARN, or the ARN of one version. AWS does not list the layers of another account: name a version that is shared with yours."),
			"region":        dataRegionAttribute(),
			"newest":        newestAttribute(),
			"read_hashes":   attributes.Flag("Whether to read `code_sha256` and `code_size`. This takes one request for each version, so set `newest` too. Default `false`."),
			"read_contents": attributes.Flag("Whether to read `contents` from the zip of each version instead of its description. This also works for versions that something else published. Each zip is fetched once, verified by its hash and kept in the cache. Set `newest` if the layer is large. This sets `code_sha256` and `code_size` too. Default `false`."),
			"read_users":    attributes.Flag("Whether to look for the functions that use the versions. Needs the permission `lambda:ListFunctions`. Default `true`."),
			"layer_arn":     attributes.ComputedText("ARN of the layer, without a version."),
			"latest":        resource.SingleNestedAttribute{MarkdownDescription: "The newest version, the first of `versions`.", Computed: true, Attributes: knownAttributes()},
			"versions":      attributes.ComputedObjects("The versions that are not deleted.", knownAttributes()),
		},
	}
}

func knownAttributes() attributes.Named {
	all := listedAttributes()
	maps.Copy(all, attributes.Named{
		"code_sha256":      attributes.ComputedText("SHA-256 of the zip in base64. Null without `read_hashes`."),
		"code_size":        attributes.ComputedNumber("Size of the zip in bytes. Null without `read_hashes`."),
		"contents":         attributes.ComputedMap(types.StringType, "What the version holds, by name, read from its description: `requests` → `2.31.0`. Null if the description is not the default one of `layerbuild_version`. With `read_contents`, read from the zip: `python:requests` → `2.31.0`, and `files:python/shared` → a short digest of other files."),
		"contents_omitted": attributes.ComputedNumber("How many parts of the version are missing in its description, and so in `contents`."),
		"changes":          attributes.ComputedMap(types.StringType, "What is different from the next older version of the list, by name: `2.30.0 → 2.31.0`, `added 3.7` or `removed 1.16.0`. Null for the oldest of the list, and if the contents of one of the two are not known as a whole."),
		"users":            attributes.ComputedList(types.StringType, "Functions of the account in the region that use the version: `resize` for the function itself, `resize:3` for its published version 3. Aliases point to published versions. The list shows the first twenty. Null with `read_users = false`."),
		"user_count":       attributes.ComputedNumber("Number of functions and published function versions that use the version. Null with `read_users = false`."),
	})
	return all
}

// Read lists the versions and asks for what is wanted besides.
func (d *layerData) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m layerDataModel
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
	found, err := m.find(ctx, publisher)
	if err != nil {
		resp.Diagnostics.Append(diagnostic.Of(fmt.Sprintf("Layer %q cannot be read", m.LayerName.ValueString()), err))
		return
	}
	if len(found) == 0 {
		resp.Diagnostics.Append(diagnostic.At("layer_name", diag.NewErrorDiagnostic(fmt.Sprintf("Layer %q has no versions", m.LayerName.ValueString()),
			fmt.Sprintf("AWS knows no layer of this name in %s, or all its versions are deleted. Check name and region, or read layerbuild_versions, which gives an empty list.", m.Region.ValueString()))))
		return
	}
	m.LayerARN = types.StringValue(found[0].LayerARN)
	for _, v := range found {
		m.Versions = append(m.Versions, known(v))
	}
	if m.ReadContents.ValueBool() && !d.readContents(ctx, publisher, &m, &resp.Diagnostics) {
		return
	}
	m.compare()
	if m.ReadUsers.IsNull() || m.ReadUsers.ValueBool() {
		if err := m.readUsers(ctx, publisher); err != nil {
			resp.Diagnostics.Append(usersUnknown(m.LayerName.ValueString(), err))
			return
		}
	}
	m.Latest = m.Versions[0]
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// find returns the versions, with their hashes if they are asked for or come
// for nothing.
func (m *layerDataModel) find(ctx context.Context, publisher *publish.Publisher) ([]publish.Version, error) {
	if arn, err := publish.ParseARN(m.LayerName.ValueString()); err == nil {
		if region := m.Region.ValueString(); region != arn.Region {
			return nil, &publish.LimitError{Attribute: "region", Problem: fmt.Sprintf("is %q, and %s is in %q: drop one of the two", region, arn, arn.Region)}
		}
		v, err := publisher.Read(ctx, arn.String())
		if errors.Is(err, publish.ErrNotFound) {
			return nil, nil
		}
		return []publish.Version{v}, err
	}
	found, err := publisher.Versions(ctx, m.Region.ValueString(), m.LayerName.ValueString(), publish.Selection{Newest: int(m.Newest.ValueInt64())})
	if err != nil || !m.ReadHashes.ValueBool() || m.ReadContents.ValueBool() {
		return found, err
	}
	hashed := make([]publish.Version, 0, len(found))
	for _, v := range found {
		full, err := publisher.Read(ctx, v.ARN)
		if errors.Is(err, publish.ErrNotFound) {
			continue // deleted since it was listed
		}
		if err != nil {
			return nil, err
		}
		hashed = append(hashed, full)
	}
	return hashed, nil
}

// known returns what AWS said of a version, and what its description tells.
func known(v publish.Version) *knownVersionModel {
	k := &knownVersionModel{
		listedVersionModel: listedVersion(v), CodeSHA256: values.TextOrNull(v.CodeSHA256),
		Contents: types.MapNull(types.StringType), Changes: types.MapNull(types.StringType), Users: types.ListNull(types.StringType),
	}
	if v.CodeSHA256 != "" {
		k.CodeSize = types.Int64Value(v.CodeSize)
	}
	if described, ok := publish.ParseDescription(v.Description); ok && len(described.Parts) > 0 {
		k.Contents, k.ContentsOmitted = values.MapOf(described.Parts), types.Int64Value(int64(described.More))
	}
	return k
}

// readUsers fills in who uses the versions.
func (m *layerDataModel) readUsers(ctx context.Context, publisher *publish.Publisher) error {
	uses, _, err := publisher.Uses(ctx, m.Region.ValueString(), m.LayerARN.ValueString(), time.Time{})
	if err != nil {
		return err
	}
	for _, v := range m.Versions {
		use := cmp.Or(uses[v.Version.ValueInt64()], &publish.Use{})
		v.Users, v.UserCount = values.ListOrEmpty(use.Names), types.Int64Value(int64(use.Count))
	}
	return nil
}

// usersUnknown tells how to do without the users.
func usersUnknown(layer string, err error) diag.Diagnostic {
	d := diagnostic.Of(fmt.Sprintf("The functions that use layer %q cannot be listed", layer), err)
	return diag.NewErrorDiagnostic(d.Summary(), d.Detail()+" Set read_users = false to read the layer without them.")
}

// readContents reads what the zips hold, and reports whether it could.
func (d *layerData) readContents(ctx context.Context, publisher *publish.Publisher, m *layerDataModel, diags *diag.Diagnostics) bool {
	for _, v := range m.Versions {
		arn := v.ARN.ValueString()
		full, address, err := publisher.Locate(ctx, arn)
		if errors.Is(err, publish.ErrNotFound) {
			continue // deleted since it was listed
		}
		if err == nil {
			v.CodeSHA256, v.CodeSize = values.TextOrNull(full.CodeSHA256), types.Int64Value(full.CodeSize)
			zip := layer.Zip{URL: address, Name: arn}
			var contents map[string]string
			if zip.SHA256, err = publish.ParseCodeSHA256(full.CodeSHA256); err == nil {
				contents, err = d.tools.Builder.Contents(ctx, zip)
				v.Contents, v.ContentsOmitted = values.MapOf(contents), types.Int64Value(0)
			}
		}
		if err != nil {
			diags.Append(diagnostic.At("read_contents", diagnostic.Of(fmt.Sprintf("The zip of %s cannot be read", arn), err)))
			return false
		}
	}
	return true
}

// compare says what each version changes, as far as both contents are known whole.
func (m *layerDataModel) compare() {
	for i, v := range m.Versions[:len(m.Versions)-1] {
		older := m.Versions[i+1]
		if v.Contents.IsNull() || older.Contents.IsNull() || v.ContentsOmitted.ValueInt64()+older.ContentsOmitted.ValueInt64() > 0 {
			continue
		}
		v.Changes = values.MapOf(changes.Texts(changes.Compare(values.TextMap(older.Contents), values.TextMap(v.Contents))))
	}
}

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
