package objects

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
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
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

func (r *objectResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	keep := stringplanmodifier.UseStateForUnknown()
	packageOf := built.Attribute()
	packageOf.MarkdownDescription = "The package whose zip is uploaded: `package = layerbuild_package.deps`. A package with `kind = \"function\"` is allowed too."
	packageOf.Optional, packageOf.Required = false, true
	resp.Schema = schema.Schema{
		MarkdownDescription: "Uploads the zip of a `layerbuild_package` to S3, for `s3_bucket`, `s3_key` and `s3_object_version` of `aws_lambda_function` and `aws_lambda_layer_version`.\n\n" +
			"If the zip is missing, as on a worker that runs only the apply, it is rebuilt from the package's lock. It must match the planned hash. Plan and apply may run on any two machines, which `filename` does not allow.\n\n" +
			"An upload is conditional: it does not overwrite an object that changed in the meantime. Large objects are uploaded in parts. An existing object with the same bytes is adopted. The resource never deletes an object that it did not write. Two resources with one key share its object, and the one that uploaded it deletes it: give each its own `prefix` or `key`, and write a `moved` block where you rename one." + attributes.NestedNote,
		Attributes: map[string]schema.Attribute{
			"bucket": schema.StringAttribute{
				MarkdownDescription: "Name of the bucket. A change replaces the resource. If the same configuration creates the bucket, write its id, as in `aws_s3_bucket.artifacts.id`: a bucket that does not exist is an error at plan.",
				Required:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators:          []validator.String{attributes.Limited("the name of a bucket", publish.CheckBucketName)},
			},
			"package": packageOf,
			"key": schema.StringAttribute{
				MarkdownDescription: "Key of the object. Default: `<prefix><SHA-256 of the zip>.zip`. With the default, other bytes are another object, so the bucket need not be versioned. If you set a key, it holds the zip that was uploaded last.",
				Optional:            true,
				Computed:            true,
				Validators:          []validator.String{attributes.Limited("the key of an object", publish.CheckKey), stringvalidator.ConflictsWith(path.MatchRoot("prefix"))},
			},
			"prefix":        attributes.Text("Prefix before the digest in the default key, such as `layers/`.", stringvalidator.LengthAtMost(900), attributes.Limited("a prefix", publish.CheckKey)),
			"kms_key_id":    attributes.SomeText("KMS key that encrypts the object. If unset, the bucket decides. A change uploads the object again."),
			"storage_class": attributes.Text("Storage class of the object. Default: `STANDARD`. Lambda cannot read the archive classes.", stringvalidator.OneOf("STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "REDUCED_REDUNDANCY")),
			"tags":          attributes.TextMap("Tags of the object, at most ten. A change uploads the object again.", objectTags{}),
			"keep_last": attributes.Number("How many of the objects that this resource uploaded are kept, including the current one. The plan shows in `retiring_objects` which are deleted. Default: all, until the resource is destroyed.",
				int64validator.AtLeast(1)),
			"region": schema.StringAttribute{
				MarkdownDescription: "Region of the bucket. Default: the provider's.",
				Optional:            true,
				Computed:            true,
				PlanModifiers:       []planmodifier.String{keep},
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"timeouts":          attributes.Timeouts(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
			"id":                attributes.ComputedText("Address of the object: `s3://bucket/key`."),
			"object_version_id": attributes.ComputedText("Version of the object, for `s3_object_version`. Null if the bucket is not versioned."),
			"etag":              attributes.ComputedText("ETag of the object. It changes when the content changes."),
			"account_id":        attributes.ComputedText("Account whose credentials uploaded the object. With credentials of another account, nothing is read, written or deleted."),
			"source_code_hash":  attributes.ComputedText("SHA-256 of the zip in base64: what AWS reports as `CodeSha256`. Known at plan."),
			"size":              attributes.ComputedNumber("Size of the zip in bytes."),
			"adopted":           schema.BoolAttribute{MarkdownDescription: "Whether the object existed before and was uploaded by somebody else. A destroy does not delete an adopted object.", Computed: true},
			"retained_objects":  retainedAttribute(),
			"retiring_objects":  attributes.ComputedList(types.StringType, "Addresses of older objects that `keep_last` deletes with this apply."),
		},
	}
}

func retainedAttribute() schema.Attribute {
	return attributes.ComputedObjects("Older objects that this resource uploaded and keeps, newest first.", map[string]schema.Attribute{
		"key":               attributes.ComputedText("Key of the object."),
		"object_version_id": attributes.ComputedText("Version of the object. Null if the bucket is not versioned."),
		"etag":              attributes.ComputedText("ETag of the object. It changes when the content changes."),
	})
}

// objectTags accepts what S3 takes as the tags of an object.
type objectTags struct{}

func (objectTags) Description(context.Context) string { return "tags of an object in S3" }

func (v objectTags) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (objectTags) ValidateMap(ctx context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	if err := publish.CheckTags("tags", values.TextMap(req.ConfigValue)); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Value outside the limits of AWS", diagnostic.Sentence(err.Error()))
	}
}
