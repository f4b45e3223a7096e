package versions

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

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/built"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

func (r *versionResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Publishes a layer zip as a Lambda layer version. Changing the content or the metadata publishes a new version in place. Older versions stay for the functions that use them.\n\n" +
			"A version with equal bytes and metadata is adopted and never published twice. It stays as long as another resource points at it, and is deleted with the last one.\n\n" +
			"If the zip of a `layerbuild_package` is missing, as on a worker that runs only the apply, it is rebuilt below `.layerbuild` from the package's lock. It must match the planned hash." + attributes.NestedNote,
		Attributes: map[string]schema.Attribute{
			"layer_name": schema.StringAttribute{
				MarkdownDescription: "Name of the layer. A change replaces the resource.",
				Required:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators:          []validator.String{attributes.Checked("a layer name", publish.CheckName)},
			},
			"package": built.Attribute(),
			"filename": schema.StringAttribute{
				MarkdownDescription: "Path of any layer zip, in place of `package`.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"source_code_hash": schema.StringAttribute{
				MarkdownDescription: "SHA-256 of the zip in base64, as `filebase64sha256` writes it. A zip with another hash is not published. Default: read from `filename`.",
				Optional:            true,
				Validators:          []validator.String{codeHash{}, stringvalidator.ConflictsWith(path.MatchRoot("package"))},
			},
			"description": descriptionAttribute(),
			"license_info": schema.StringAttribute{
				MarkdownDescription: "Licence of the layer: an SPDX identifier, a URL or a text.",
				Optional:            true,
				Validators:          []validator.String{attributes.Checked("a licence", publish.CheckLicenseInfo)},
			},
			"compatible_runtimes": schema.SetAttribute{
				MarkdownDescription: "Runtimes that the version declares itself compatible with. Default: those of the package.",
				ElementType:         types.StringType,
				Optional:            true,
				Computed:            true,
				Validators:          []validator.Set{setvalidator.SizeAtMost(runtimes.MaxCompatibleRuntimes), setvalidator.NoNullValues(), setvalidator.ValueStringsAre(attributes.RuntimeID{})},
			},
			"compatible_architectures": schema.SetAttribute{
				MarkdownDescription: "Architectures that the version declares itself compatible with. Default: those of the package.",
				ElementType:         types.StringType,
				Optional:            true,
				Computed:            true,
				Validators:          []validator.Set{setvalidator.NoNullValues(), setvalidator.ValueStringsAre(attributes.OneOf(runtimes.Architectures()...))},
			},
			"region": schema.StringAttribute{
				MarkdownDescription: "Region of the layer. Default: the provider's. A change replaces the resource.",
				Optional:            true,
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"regions": schema.SetAttribute{
				MarkdownDescription: "Further regions in which the same layer is published, at the same time. If you remove a region, its versions are deleted as on destroy.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.Set{setvalidator.NoNullValues(), setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))},
			},
			"s3":             stagingAttribute(),
			"checks":         zipChecksAttribute(),
			"retention":      retentionAttribute(),
			"sharing":        sharingAttribute(),
			"signing":        signingAttribute(),
			"ssm_parameter":  parameterAttribute(),
			"changelog_path": attributes.SomeText(changelogText),
			"changes":        changesAttribute(),
			"timeouts":       attributes.Timeouts(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
			"id":             attributes.ComputedText("ARN of the version. Terraform uses it as the id of the resource."),
			"arn":            attributes.ComputedText("ARN of the version, for `layers` of a function."),
			"layer_arn":      attributes.ComputedText("ARN of the layer, without a version."),
			"created_date":   attributes.ComputedText("When the version was published."),
			"code_sha256":    attributes.ComputedText("SHA-256 of the zip in base64, as AWS reports it. Known at plan."),
			"version":        schema.Int64Attribute{MarkdownDescription: "Number of the version.", Computed: true},
			"code_size":      schema.Int64Attribute{MarkdownDescription: "Size of the zip in bytes.", Computed: true},
			"retained_versions": schema.ListAttribute{
				MarkdownDescription: "Older versions that this resource published and keeps.",
				ElementType:         types.Int64Type,
				Computed:            true,
			},
			"retiring_versions": schema.ListAttribute{
				MarkdownDescription: "Versions in `region` that `retention` deletes with this publish. A version that a function uses is kept.",
				ElementType:         types.Int64Type,
				Computed:            true,
			},
			"published_versions": schema.MapAttribute{
				MarkdownDescription: "Versions by region that this resource may delete:\n" +
					"  - versions that it published itself,\n" +
					"  - versions that an import added,\n" +
					"  - versions that it adopted and whose publisher is gone.\n\n" +
					"  It deletes no other versions, unless `retention` covers the whole layer. It never deletes a version that another resource points at.",
				ElementType: types.ListType{ElemType: types.Int64Type},
				Computed:    true,
			},
			"arns": schema.MapAttribute{
				MarkdownDescription: "ARN of the version in each region, including `region`.",
				ElementType:         types.StringType,
				Computed:            true,
			},
			"replicas":                    replicasAttribute(),
			"unsigned_sha256":             attributes.ComputedText(unsignedText),
			"signing_job_arn":             attributes.ComputedText(signingJobText),
			"signing_profile_version_arn": attributes.ComputedText(signingProfileText),
		},
	}
}

const (
	unsignedText       = "SHA-256 of the zip in base64, before it was signed. Known at plan. Null for a version that is not signed."
	signingJobText     = "ARN of the signing job."
	signingProfileText = "ARN of the version of the signing profile."
)

// replicasAttribute is what further regions have, in the words of the
// resource's own attributes.
func replicasAttribute() schema.Attribute {
	return schema.MapNestedAttribute{
		MarkdownDescription: "The version in each of the further `regions`.",
		Computed:            true,
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"arn":                         attributes.ComputedText("ARN of the version."),
			"created_date":                attributes.ComputedText("When the version was published."),
			"code_sha256":                 attributes.ComputedText("SHA-256 of the zip in base64, as AWS reports it. Null if the version is not published yet."),
			"version":                     schema.Int64Attribute{MarkdownDescription: "Number of the version. Each region counts its own.", Computed: true},
			"code_size":                   schema.Int64Attribute{MarkdownDescription: "Size of the zip in bytes.", Computed: true},
			"retained_versions":           schema.ListAttribute{MarkdownDescription: "Older versions that are kept.", ElementType: types.Int64Type, Computed: true},
			"unsigned_sha256":             attributes.ComputedText(unsignedText),
			"signing_job_arn":             attributes.ComputedText(signingJobText),
			"signing_profile_version_arn": attributes.ComputedText(signingProfileText),
		}},
	}
}

// codeHash accepts the form of CodeSha256.
type codeHash struct{}

func (codeHash) Description(context.Context) string { return "a SHA-256 in base64" }

func (v codeHash) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (codeHash) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := publish.ParseCodeSHA256(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "The hash is not in the form of AWS", diagnostic.Sentence(err.Error()))
	}
}
