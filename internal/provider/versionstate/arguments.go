package versionstate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/objectvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

const (
	// oldestAge bounds max_age_days: a hundred years.
	oldestAge = 36_500

	destroyDelete = "delete"
	destroyRetain = "retain"
	// scopePublished and scopeLayer say whose versions a policy is about.
	scopePublished = "published"
	scopeLayer     = "layer"
)

func retentionAttribute() schema.Attribute {
	return attributes.Object("Which older versions are kept. A version is deleted when either `keep_last` or `max_age_days` no longer keeps it. The plan shows it in `retiring_versions`. Without `retention`, older versions are kept until the resource is destroyed.\n\n"+
		"  It runs after a publish, when `retention` changes, when a version is no longer used that only its users kept, and at destroy. The current version is never deleted. If a deletion fails, you get a warning.", map[string]schema.Attribute{
		"keep_last": attributes.Number("How many of the newest versions are kept, including the current one.", int64validator.AtLeast(1)),
		"max_age_days": attributes.Number("Age in days from which a version is deleted. The current time is rounded down to midnight UTC, so that a plan and its apply agree.",
			int64validator.Between(1, oldestAge)),
		"keep_in_use": attributes.Flag("Keep versions that a function, a published function version or an alias in the account and region uses, even if the other arguments no longer keep them. Default `true`. Needs the permission `lambda:ListFunctions`.\n\n" +
			"  A version that functions stop using in the same apply stays. The next plan finds that it is free, and deletes it; `layerbuild_retirement` deletes it at the end of the same apply. Functions of other accounts are not seen. They keep the version that they have."),
		"on_destroy": attributes.Text("What happens to the versions when the resource is destroyed: `\"delete\"` (default) or `\"retain\"`. Destroy uses the value in the state: apply `\"retain\"` first, then destroy.",
			attributes.OneOf(destroyDelete, destroyRetain)),
		"scope": attributes.Text("`\"published\"` (default): only versions that this resource may delete, see `published_versions`. `\"layer\"`: all versions of the layer, also those that others published, and also at destroy.",
			attributes.OneOf(scopePublished, scopeLayer)),
	})
}

// retentionModel is the retention argument.
type retentionModel struct {
	KeepLast   types.Int64  `tfsdk:"keep_last"`
	MaxAgeDays types.Int64  `tfsdk:"max_age_days"`
	KeepInUse  types.Bool   `tfsdk:"keep_in_use"`
	OnDestroy  types.String `tfsdk:"on_destroy"`
	Scope      types.String `tfsdk:"scope"`
}

// Policy returns the policy, one that keeps everything but what is
// destroyed where there is none; false where it is not known.
func (m *Model) Policy(ctx context.Context, diags *diag.Diagnostics) (policy lifecycle.Policy, retain, known bool) {
	if m.Retention.IsUnknown() {
		return policy, false, false
	}
	r := values.As[retentionModel](ctx, m.Retention, diags)
	if r == nil {
		r = &retentionModel{}
	}
	return lifecycle.Policy{
		KeepLast:   int(r.KeepLast.ValueInt64()),
		MaxAge:     time.Duration(r.MaxAgeDays.ValueInt64()) * 24 * time.Hour,
		KeepInUse:  r.KeepInUse.IsNull() || r.KeepInUse.ValueBool(),
		WholeLayer: r.Scope.ValueString() == scopeLayer,
	}, r.OnDestroy.ValueString() == destroyRetain, !r.KeepLast.IsUnknown() && !r.MaxAgeDays.IsUnknown() && !r.Scope.IsUnknown()
}

// ParameterModel is the ssm_parameter argument.
type ParameterModel struct {
	Name        types.String `tfsdk:"name"`
	Description types.String `tfsdk:"description"`
	Tier        types.String `tfsdk:"tier"`
	Overwrite   types.Bool   `tfsdk:"overwrite"`
}

func parameterAttribute() schema.Attribute {
	return attributes.Object("A parameter of the type `String` in the parameter store of AWS Systems Manager, in every region. It holds the ARN of the current version.\n\n"+
		"  It is written after the version is shared. If it was changed outside Terraform, it is restored. It is deleted with the resource, unless it then holds another value.", map[string]schema.Attribute{
		"name":        attributes.NeededText("Name of the parameter, such as `/layers/deps`. A change creates the new parameter and deletes the old one.", attributes.Limited("the name of a parameter", publish.CheckParameterName)),
		"description": attributes.Text("Description of the parameter.", stringvalidator.UTF8LengthAtMost(1024)),
		"tier": attributes.Text("`Standard`, `Advanced` or `Intelligent-Tiering`. Default: the account's setting. AWS does not change an advanced parameter back to standard.",
			attributes.OneOf("Standard", "Advanced", "Intelligent-Tiering")),
		"overwrite": attributes.Flag("Overwrite an existing parameter that this resource did not create. Default `false`: an existing parameter is an error, unless it holds the ARN of a version of this layer."),
	})
}

// Parameter returns the ssm_parameter argument, nil where there is none.
func (m *Model) Parameter(ctx context.Context, diags *diag.Diagnostics) *ParameterModel {
	return values.As[ParameterModel](ctx, m.SSMParameter, diags)
}

func stagingAttribute() schema.Attribute {
	return attributes.Object("Where the zip is uploaded before it is published. It is used for zips above 50 MiB (the most that AWS takes in a request), for `storage_mode = \"REFERENCE\"` and for `signing`. Any other zip goes into the request. Changing `s3` publishes nothing and affects only later versions.\n\n"+
		"  The object is removed after the publish. To clean up after interrupted runs, add a lifecycle rule for `<prefix>staging/` with `AbortIncompleteMultipartUpload` and an expiry of a day.", map[string]schema.Attribute{
		"bucket":     attributes.NeededText("Bucket in the region of the layer. With several `regions`, `{region}` in the name is replaced by the region."),
		"prefix":     attributes.Text("Prefix of the names of the objects, such as `layers/`. The names are `<prefix>staging/<digest>.zip`, and `<prefix><digest>.zip` with `REFERENCE`."),
		"kms_key_id": attributes.Text("KMS key that encrypts the object."),
		"storage_mode": attributes.Text("`COPY` (default) or `REFERENCE`. With `REFERENCE`, Lambda reads the object itself for as long as the version is in use, so the object is never removed. The bucket must be versioned. Its policy must grant `s3:GetObject` and `s3:GetObjectVersion` to `lambda.amazonaws.com`.",
			attributes.OneOf("COPY", "REFERENCE")),
		"tags": attributes.TextMap("Tags of the object, at most ten.", mapvalidator.SizeAtMost(10)),
	})
}

func signingAttribute() schema.Attribute {
	return attributes.Object("Signs the zip with AWS Signer before it is published, for functions with a code signing configuration. Needs `s3` with a versioned bucket. `code_sha256` is then the hash of the signed zip and is known after apply. Each of `regions` needs a profile with this name.", map[string]schema.Attribute{
		"profile_name":  attributes.NeededText("Name of a signing profile for the platform `AWSLambda-SHA384-ECDSA`.", attributes.Limited("the name of a signing profile", publish.CheckProfileName)),
		"profile_owner": attributes.Text("Account of the profile. Default: the caller's own.", attributes.Limited("an account", publish.CheckProfileOwner)),
	}, objectvalidator.AlsoRequires(path.MatchRoot("s3")))
}

// Staging returns where the zip is put in a region, nil where no bucket is named.
func (m *Model) Staging() *publish.Staging { return values.Filled[publish.Staging](m.S3) }

// SigningProfile returns who signs the zip, nil where nobody does.
func (m *Model) SigningProfile() *publish.Signing { return values.Filled[publish.Signing](m.Signing) }

// SignerName names who signs the zip, "" for nobody.
func (m *Model) SignerName() string {
	s := m.SigningProfile()
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
	m.Signing = types.ObjectValueMust(attributes.TypesOf(signingAttribute()).AttrTypes, map[string]attr.Value{
		"profile_name": types.StringValue(by.ProfileName), "profile_owner": owner,
	})
}

// sharingAttribute is computed as well, so that a plan may leave what an import
// found although the configuration has none.
func sharingAttribute() schema.Attribute {
	set := func(description, what string, check func(string) error) schema.Attribute {
		return attributes.TextSet(description, setvalidator.ValueStringsAre(attributes.Limited(what, check)))
	}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Who may use the layer in addition to its own account, in every region. This resource manages the whole policy. Every new version has it before anything else gets the ARN. A change updates the retained versions too. If others add to the policy of the current version, the plan shows it and the apply removes it.\n\n" +
			"  If `sharing` is unset, policies are not changed. `sharing = { account_ids = [] }` shares with nobody. Removing the argument revokes what it granted.\n\n" +
			"  An import reads the existing policy. Until an apply with `sharing`, leaving the argument out revokes nothing.",
		Optional:   true,
		Computed:   true,
		Validators: attributes.Nested(soundSharing{}),
		Attributes: map[string]schema.Attribute{
			"account_ids":      set("Accounts, of 12 digits each. Statements of other forms, made outside Terraform, are shown here unchanged.", "an account's 12 digits", publish.CheckAccountID),
			"organization_ids": set("Organizations, such as `o-a1b2c3d4e5`. All accounts of each one may use the layer.", "the id of an organization", publish.CheckOrganizationID),
			"public":           attributes.Flag("Share with everyone. You cannot then name accounts or organizations. Default `false`."),
		},
	}
}

// soundSharing refuses accounts and organizations beside public = true: they would
// change nothing, and who reads the list would take it for a limit. It wants one of the
// lists otherwise: a misspelt name is dropped by Terraform, and what is left would
// revoke what is shared.
type soundSharing struct{}

func (soundSharing) Description(context.Context) string {
	return "account_ids or organization_ids, or public = true alone"
}

func (v soundSharing) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (soundSharing) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	object := req.ConfigValue
	if s, _ := SharingOf(object); s.Public && len(s.AccountIDs)+len(s.OrganizationIDs) > 0 {
		resp.Diagnostics.AddAttributeError(req.Path, "A public layer cannot be limited",
			"With public = true everyone may use the layer, so account_ids and organization_ids have no effect. Remove them, or remove public.")
	}
	if object.IsNull() || object.IsUnknown() || !attributes.HasArgument(object) { // the last is named by someArgument
		return
	}
	members := object.Attributes()
	public, _ := members["public"].(types.Bool)
	if members["account_ids"].IsNull() && members["organization_ids"].IsNull() && !public.IsUnknown() && !public.ValueBool() {
		resp.Diagnostics.AddAttributeError(req.Path, "Nobody to share with",
			"sharing has neither account_ids nor organization_ids. "+fault.DroppedNames+" To share with nobody, write account_ids = [].")
	}
}

// SharingOf returns what a sharing object says; null says nobody. It reports
// false where a part is not known, which is then left out.
func SharingOf(object types.Object) (publish.Sharing, bool) {
	known := !object.IsUnknown()
	ids := func(name string) []string {
		set, ok := object.Attributes()[name].(types.Set)
		if !ok {
			return nil
		}
		known = known && !set.IsUnknown()
		var out []string
		for _, element := range set.Elements() {
			id, ok := element.(types.String)
			if known = known && ok && !id.IsUnknown(); ok && !id.IsUnknown() {
				out = append(out, id.ValueString())
			}
		}
		return out
	}
	s := publish.Sharing{AccountIDs: ids("account_ids"), OrganizationIDs: ids("organization_ids")}
	if public, ok := object.Attributes()["public"].(types.Bool); ok {
		known = known && !public.IsUnknown()
		s.Public = public.ValueBool()
	}
	return s, known
}

// SharingObject is the inverse of SharingOf. What is empty is null.
func SharingObject(s publish.Sharing) types.Object {
	public := types.BoolNull()
	if s.Public {
		public = types.BoolValue(true)
	}
	return types.ObjectValueMust(attributes.TypesOf(sharingAttribute()).AttrTypes, map[string]attr.Value{
		"account_ids": values.AsSet(values.ListOf(s.AccountIDs)), "organization_ids": values.AsSet(values.ListOf(s.OrganizationIDs)), "public": public,
	})
}

// SharingText returns what a sharing object says, the same for the same people:
// "" for null, which leaves policies alone. It reports false where a part is not
// known.
func SharingText(object types.Object) (string, bool) {
	s, known := SharingOf(object)
	if object.IsNull() {
		return "", known
	}
	sorted := func(ids []string) string {
		return strings.Join(slices.Compact(slices.Sorted(slices.Values(ids))), " ")
	}
	return fmt.Sprintf("accounts %s, organizations %s, public %t", sorted(s.AccountIDs), sorted(s.OrganizationIDs), s.Public), known
}

// SameSharing reports whether two objects are known and say the same.
func SameSharing(a, b types.Object) bool {
	one, oneKnown := SharingText(a)
	other, otherKnown := SharingText(b)
	return oneKnown && otherKnown && one == other
}
