package versionstate

import (
	"cmp"
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/objectvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// StorageReference has Lambda read the object itself, with no copy.
const StorageReference = "REFERENCE"

type stagingModel struct {
	Bucket      types.String `tfsdk:"bucket"`
	Prefix      types.String `tfsdk:"prefix"`
	KMSKeyID    types.String `tfsdk:"kms_key_id"`
	StorageMode types.String `tfsdk:"storage_mode"`
	Tags        types.Map    `tfsdk:"tags"`
}

type signingModel struct {
	ProfileName  types.String `tfsdk:"profile_name"`
	ProfileOwner types.String `tfsdk:"profile_owner"`
}

func signingTypes() map[string]attr.Type {
	return map[string]attr.Type{"profile_name": types.StringType, "profile_owner": types.StringType}
}

func stagingAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Where the zip is uploaded before it is published. It is used for zips above 50 MiB (the most that AWS takes in a request), for `storage_mode = \"REFERENCE\"` and for `signing`. Any other zip goes into the request. Changing `s3` publishes nothing and affects only later versions.\n\n" +
			"  The object is removed after the publish. To clean up after interrupted runs, add a lifecycle rule for `<prefix>staging/` with `AbortIncompleteMultipartUpload` and an expiry of a day.",
		Optional:   true,
		Validators: attributes.Nested(),
		Attributes: map[string]schema.Attribute{
			"bucket":     schema.StringAttribute{MarkdownDescription: "Bucket in the region of the layer. With several `regions`, `{region}` in the name is replaced by the region.", Required: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
			"prefix":     schema.StringAttribute{MarkdownDescription: "Prefix of the names of the objects, such as `layers/`. The names are `<prefix>staging/<digest>.zip`, and `<prefix><digest>.zip` with `REFERENCE`.", Optional: true},
			"kms_key_id": schema.StringAttribute{MarkdownDescription: "KMS key that encrypts the object.", Optional: true},
			"storage_mode": schema.StringAttribute{
				MarkdownDescription: "`COPY` (default) or `REFERENCE`. With `REFERENCE`, Lambda reads the object itself for as long as the version is in use, so the object is never removed. The bucket must be versioned. Its policy must grant `s3:GetObject` and `s3:GetObjectVersion` to `lambda.amazonaws.com`.",
				Optional:            true,
				Validators:          []validator.String{attributes.OneOf("COPY", StorageReference)},
			},
			"tags": schema.MapAttribute{
				MarkdownDescription: "Tags of the object, at most ten.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.Map{mapvalidator.SizeAtMost(10), mapvalidator.NoNullValues()},
			},
		},
	}
}

func signingAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Signs the zip with AWS Signer before it is published, for functions with a code signing configuration. Needs `s3` with a versioned bucket. `code_sha256` is then the hash of the signed zip and is known after apply. Each of `regions` needs a profile with this name.",
		Optional:            true,
		Validators:          attributes.Nested(objectvalidator.AlsoRequires(path.MatchRoot("s3"))),
		Attributes: map[string]schema.Attribute{
			"profile_name": schema.StringAttribute{
				MarkdownDescription: "Name of a signing profile for the platform `AWSLambda-SHA384-ECDSA`.",
				Required:            true,
				Validators:          []validator.String{attributes.Checked("the name of a signing profile", publish.CheckProfileName)},
			},
			"profile_owner": schema.StringAttribute{
				MarkdownDescription: "Account of the profile. Default: the caller's own.",
				Optional:            true,
				Validators:          []validator.String{attributes.Checked("an account", publish.CheckProfileOwner)},
			},
		},
	}
}

// Staging returns where the zip is put in a region, nil where no bucket is named.
func (m *Model) Staging(ctx context.Context, diags *diag.Diagnostics) *publish.Staging {
	if m.S3.IsNull() || m.S3.IsUnknown() {
		return nil
	}
	var s stagingModel
	diags.Append(m.S3.As(ctx, &s, basetypes.ObjectAsOptions{})...)
	return &publish.Staging{
		Bucket: s.Bucket.ValueString(), Prefix: s.Prefix.ValueString(),
		KMSKeyID: s.KMSKeyID.ValueString(), StorageMode: s.StorageMode.ValueString(),
		Tags: values.TextMap(s.Tags),
	}
}

// SigningProfile returns who signs the zip, nil where nobody does.
func (m *Model) SigningProfile(ctx context.Context, diags *diag.Diagnostics) *publish.Signing {
	if m.Signing.IsNull() || m.Signing.IsUnknown() {
		return nil
	}
	var s signingModel
	diags.Append(m.Signing.As(ctx, &s, basetypes.ObjectAsOptions{})...)
	return &publish.Signing{ProfileName: s.ProfileName.ValueString(), ProfileOwner: s.ProfileOwner.ValueString()}
}

// SignerName names who signs the zip, "" for nobody.
func (m *Model) SignerName(ctx context.Context, diags *diag.Diagnostics) string {
	s := m.SigningProfile(ctx, diags)
	if s == nil {
		return ""
	}
	return s.ProfileOwner + "/" + s.ProfileName
}

// givenHash returns the hash of the zip that was given to be published, which
// for a signed version is another one than AWS has.
func givenHash(v publish.Version) string { return cmp.Or(v.UnsignedSHA256, v.CodeSHA256) }

// ImportSigning writes who has signed an imported version, as a user would.
func (m *Model) ImportSigning(arn string, by publish.Signing) {
	if by.ProfileName == "" {
		return
	}
	owner := types.StringNull()
	if parsed, err := publish.ParseARN(arn); err != nil || parsed.AccountID != by.ProfileOwner {
		owner = types.StringValue(by.ProfileOwner)
	}
	m.Signing = types.ObjectValueMust(signingTypes(), map[string]attr.Value{
		"profile_name": types.StringValue(by.ProfileName), "profile_owner": owner,
	})
}
