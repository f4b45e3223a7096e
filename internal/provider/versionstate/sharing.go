package versionstate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

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
		Validators: attributes.Nested(publicAlone{}, someSharing{}),
		Attributes: map[string]schema.Attribute{
			"account_ids":      set("Accounts, of 12 digits each. Statements of other forms, made outside Terraform, are shown here unchanged.", "an account's 12 digits", publish.CheckAccountID),
			"organization_ids": set("Organizations, such as `o-a1b2c3d4e5`. All accounts of each one may use the layer.", "the id of an organization", publish.CheckOrganizationID),
			"public":           attributes.Flag("Share with everyone. You cannot then name accounts or organizations. Default `false`."),
		},
	}
}

// publicAlone refuses accounts and organizations beside public = true: they
// would change nothing, and who reads the list would take it for a limit.
type publicAlone struct{}

func (publicAlone) Description(context.Context) string { return "public = true stands alone" }

func (v publicAlone) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (publicAlone) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if s, _ := SharingOf(req.ConfigValue); s.Public && len(s.AccountIDs)+len(s.OrganizationIDs) > 0 {
		resp.Diagnostics.AddAttributeError(req.Path, "A public layer cannot be limited",
			"With public = true everyone may use the layer, so account_ids and organization_ids have no effect. Remove them, or remove public.")
	}
}

// someSharing wants one of the lists, unless the layer is public: a misspelt
// name is dropped by Terraform, and what is left would revoke what is shared.
type someSharing struct{}

func (someSharing) Description(context.Context) string { return "account_ids or organization_ids" }

func (v someSharing) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (someSharing) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	object := req.ConfigValue
	if object.IsNull() || object.IsUnknown() || !attributes.HasArgument(object) { // the last is named by someArgument
		return
	}
	values := object.Attributes()
	public, _ := values["public"].(types.Bool)
	if values["account_ids"].IsNull() && values["organization_ids"].IsNull() && !public.IsUnknown() && !public.ValueBool() {
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

// SharingObject is the inverse of sharingOf. What is empty is null.
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
