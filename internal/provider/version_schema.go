package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

func (r *versionResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Publishes a layer zip as a Lambda layer version. A change of the bytes or of what describes them publishes a new version in place; older ones stay for the functions that use them. " +
			"A version with equal bytes and metadata is taken over, never published twice.\n\n" +
			"Where the zip of a `layerbuild_package` is missing, as on a worker that runs only the apply, it is rebuilt from the package's lock and must meet the planned hash.",
		Attributes: map[string]schema.Attribute{
			"layer_name": schema.StringAttribute{
				MarkdownDescription: "Name of the layer. A change replaces the resource.",
				Required:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators:          []validator.String{checked{"a layer name", publish.CheckName}},
			},
			"package": packageAttribute(),
			"filename": schema.StringAttribute{
				MarkdownDescription: "Path of any layer zip, in place of `package`.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"source_code_hash": schema.StringAttribute{
				MarkdownDescription: "SHA-256 of the zip in base64, as `filebase64sha256` writes it. Nothing with another hash is published. Default: read from `filename`.",
				Optional:            true,
				Validators:          []validator.String{checked{"a SHA-256 in base64", checkHash}, stringvalidator.ConflictsWith(path.MatchRoot("package"))},
			},
			"description": schema.StringAttribute{
				MarkdownDescription: "Description of the version.",
				Optional:            true,
				Validators:          []validator.String{checked{"a description", publish.CheckDescription}},
			},
			"license_info": schema.StringAttribute{
				MarkdownDescription: "Licence of the layer: an SPDX identifier, a URL or a text.",
				Optional:            true,
				Validators:          []validator.String{checked{"a licence", publish.CheckLicenseInfo}},
			},
			"compatible_runtimes": schema.SetAttribute{
				MarkdownDescription: "Runtimes that the version declares itself compatible with. Default: those of the package.",
				ElementType:         types.StringType,
				Optional:            true,
				Computed:            true,
				Validators:          []validator.Set{setvalidator.SizeAtMost(runtimes.MaxCompatibleRuntimes), setvalidator.NoNullValues(), setvalidator.ValueStringsAre(runtimeID{})},
			},
			"compatible_architectures": schema.SetAttribute{
				MarkdownDescription: "Architectures that the version declares itself compatible with. Default: those of the package.",
				ElementType:         types.StringType,
				Optional:            true,
				Computed:            true,
				Validators:          []validator.Set{setvalidator.NoNullValues(), setvalidator.ValueStringsAre(stringvalidator.OneOf(runtimes.Architectures()...))},
			},
			"region": schema.StringAttribute{
				MarkdownDescription: "Region of the layer. Default: the provider's. A change replaces the resource.",
				Optional:            true,
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"s3":           stagingAttribute(),
			"timeouts":     timeouts.Attributes(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
			"arn":          computedString("ARN of the version, for `layers` of a function."),
			"layer_arn":    computedString("ARN of the layer, without a version."),
			"created_date": computedString("When the version was published."),
			"code_sha256":  computedString("SHA-256 of the zip in base64, as AWS reports it. Known at plan."),
			"version":      schema.Int64Attribute{MarkdownDescription: "Number of the version.", Computed: true},
			"code_size":    schema.Int64Attribute{MarkdownDescription: "Size of the zip in bytes.", Computed: true},
			"retained_versions": schema.ListAttribute{
				MarkdownDescription: "Older versions that this resource published and that are kept.",
				ElementType:         types.Int64Type,
				Computed:            true,
			},
		},
	}
}

func packageAttribute() schema.Attribute {
	part := func(description string) schema.Attribute {
		return schema.StringAttribute{MarkdownDescription: description, Required: true}
	}
	parts := func(description string) schema.Attribute {
		return schema.ListAttribute{MarkdownDescription: description, ElementType: types.StringType, Required: true}
	}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "The package to publish: `package = layerbuild_package.deps`.",
		Optional:            true,
		Attributes: map[string]schema.Attribute{
			"lock":             part("The package's recipe."),
			"filename":         part("Where the package's zip is, if it is there."),
			"source_code_hash": part("SHA-256 of the zip in base64."),
			"sha256":           part("SHA-256 of the zip in hexadecimal."),
			"size":             schema.Int64Attribute{MarkdownDescription: "Size of the zip in bytes.", Required: true},
			"runtimes":         parts("Runtimes that the package is built for."),
			"architectures":    parts("Architectures that the package is built for."),
		},
	}
}

func stagingAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Where the zip is put before it is published. Needed above 50 MiB, which is the most that AWS takes in a request.",
		Optional:            true,
		Attributes: map[string]schema.Attribute{
			"bucket":     schema.StringAttribute{MarkdownDescription: "Bucket in the region of the layer.", Required: true},
			"prefix":     schema.StringAttribute{MarkdownDescription: "What precedes the name of the object, such as `layers/`. The name is the digest of the zip.", Optional: true},
			"kms_key_id": schema.StringAttribute{MarkdownDescription: "KMS key that encrypts the object.", Optional: true},
			"storage_mode": schema.StringAttribute{
				MarkdownDescription: "`COPY` (default), or `REFERENCE`: Lambda reads the object itself, which must then outlive the version.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.OneOf("COPY", "REFERENCE")},
			},
		},
	}
}

// checkHash accepts the form of CodeSha256.
func checkHash(s string) error {
	_, err := publish.ParseCodeSHA256(s)
	return err
}
