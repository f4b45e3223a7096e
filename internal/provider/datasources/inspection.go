package datasources

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/findings"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

var (
	_ datasource.DataSourceWithConfigure        = (*inspectionData)(nil)
	_ datasource.DataSourceWithConfigValidators = (*inspectionData)(nil)
)

// NewInspection returns the data source layerbuild_inspection: what any zip of
// a layer holds, and what does not load of it.
func NewInspection() datasource.DataSource { return &inspectionData{layerReader{typ: "_inspection"}} }

type inspectionData struct{ layerReader }

type inspectionModel struct {
	Filename      types.String `tfsdk:"filename"`
	URL           types.String `tfsdk:"url"`
	SHA256        types.String `tfsdk:"sha256"`
	VersionARN    types.String `tfsdk:"layer_version_arn"`
	Runtimes      types.List   `tfsdk:"runtimes"`
	Architectures types.List   `tfsdk:"architectures"`
	Hash          types.String `tfsdk:"source_code_hash"`
	Size          types.Int64  `tfsdk:"size"`
	UnzippedSize  types.Int64  `tfsdk:"unzipped_size"`
	FileCount     types.Int64  `tfsdk:"file_count"`
	Contents      types.Map    `tfsdk:"contents"`
	Findings      types.List   `tfsdk:"findings"`
}

func (d *inspectionData) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.ExactlyOneOf(path.MatchRoot("filename"), path.MatchRoot("url"), path.MatchRoot("layer_version_arn")),
		datasourcevalidator.RequiredTogether(path.MatchRoot("url"), path.MatchRoot("sha256")),
	}
}

func (d *inspectionData) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Inspects any zip of a layer: what it holds, and which files cannot be found, loaded or run. It runs the checks of `layerbuild_package` without a package.\n\n" +
			"It is read at every plan and fetches a zip once. A finding never makes it fail: use the findings in a `check` or a `postcondition`.",
		Attributes: map[string]schema.Attribute{
			"filename":          attributes.SomeText("Path of a zip."),
			"url":               attributes.SomeText("Address of a zip, with `sha256`."),
			"sha256":            attributes.SomeText("SHA-256 of the zip at `url`, in hexadecimal."),
			"layer_version_arn": attributes.SomeText("ARN of a layer version, also one that another account shares with you."),
			"runtimes": attributes.Texts("The runtimes to check for. Default: those of the layer version. Without any runtime, only the layout is checked.",
				listvalidator.ValueStringsAre(attributes.RuntimeID())),
			"architectures": attributes.Texts("The architectures to check for. Default: those of the layer version, else that of most native files.",
				listvalidator.ValueStringsAre(attributes.OneOf(runtimes.Architectures()...))),
			"source_code_hash": attributes.ComputedText("SHA-256 of the zip in base64."),
			"size":             attributes.ComputedNumber("Size of the zip in bytes."),
			"unzipped_size":    attributes.ComputedNumber("Sum of the sizes of the files in bytes."),
			"file_count":       attributes.ComputedNumber("Number of files."),
			"contents":         attributes.ComputedMap(types.StringType, "Python distributions and Node.js packages in the zip: `python:requests` → `2.31.0`, `nodejs:lodash` → `4.17.21`."),
			"findings": findings.Attribute("What was found, grouped by cause, up to 50.",
				"The distribution or package of the file, such as `python:fiona 1.10.1`, as far as its metadata is in the zip."),
		},
	}
}

// Read finds the zip, and judges it.
func (d *inspectionData) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m inspectionModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || d.defers(ctx, req, resp) {
		return
	}
	zip, ids, architectures := d.find(ctx, &m, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	found, err := d.tools.Builder.Inspect(ctx, zip, layer.Question{Runtimes: ids, Architectures: architectures, Now: d.tools.Now()})
	if err != nil {
		resp.Diagnostics.Append(diagnostic.Of("The zip cannot be inspected", err))
		return
	}
	m.Hash, m.Size, m.UnzippedSize = types.StringValue(found.SHA256.Base64()), types.Int64Value(found.Size), types.Int64Value(found.Unzipped)
	m.FileCount, m.Contents, m.Findings = types.Int64Value(int64(len(found.Files))), values.MapOf(found.Contents), findings.List(found.Findings)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// find returns the zip that is named, and what it is judged for.
func (d *inspectionData) find(ctx context.Context, m *inspectionModel, diags *diag.Diagnostics) (zip layer.Zip, ids, architectures []string) {
	ids, architectures = values.Texts(m.Runtimes), values.Texts(m.Architectures)
	switch arn := m.VersionARN.ValueString(); {
	case arn != "":
		publisher := d.tools.Reach(diags)
		if publisher == nil {
			return layer.Zip{}, nil, nil
		}
		found, v, err := ZipOfVersion(ctx, publisher, arn)
		if err != nil {
			diags.Append(diagnostic.At("layer_version_arn", diagnostic.Of(fmt.Sprintf("The layer version %q cannot be read", arn), err)))
			return layer.Zip{}, nil, nil
		}
		zip = found
		if len(ids) == 0 {
			ids = v.Runtimes
		}
		if len(architectures) == 0 {
			architectures = v.Architectures
		}
	case m.URL.ValueString() != "":
		var err error
		zip = layer.Zip{URL: m.URL.ValueString(), Name: "the zip at url"}
		if zip.SHA256, err = layer.ParseSHA256(m.SHA256.ValueString()); err != nil {
			diags.Append(diagnostic.At("sha256", diag.NewErrorDiagnostic(fmt.Sprintf("Malformed digest %q", m.SHA256.ValueString()), diagnostic.Sentence(err.Error()))))
		}
	default:
		zip = layer.Zip{Path: m.Filename.ValueString()}
	}
	return zip, ids, architectures
}

// ZipOfVersion returns where the zip of a layer version lies, and the version.
func ZipOfVersion(ctx context.Context, publisher *publish.Publisher, arn string) (layer.Zip, publish.Version, error) {
	v, address, err := publisher.Locate(ctx, arn)
	if err != nil {
		return layer.Zip{}, v, err
	}
	zip := layer.Zip{URL: address, Name: arn}
	zip.SHA256, err = publish.ParseCodeSHA256(v.CodeSHA256)
	return zip, v, err
}
