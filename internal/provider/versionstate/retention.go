package versionstate

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
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
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Which older versions are kept. A version is deleted when either `keep_last` or `max_age_days` no longer keeps it. The plan shows it in `retiring_versions`. Without `retention`, older versions are kept until the resource is destroyed.\n\n" +
			"  It runs after a publish, when `retention` changes, when a version is no longer used that only its users kept, and at destroy. The current version is never deleted. If a deletion fails, you get a warning.",
		Optional:   true,
		Validators: attributes.Nested(),
		Attributes: map[string]schema.Attribute{
			"keep_last": schema.Int64Attribute{
				CustomType:          attributes.WholeNumber{},
				MarkdownDescription: "How many of the newest versions are kept, including the current one.",
				Optional:            true,
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
			"max_age_days": schema.Int64Attribute{
				CustomType:          attributes.WholeNumber{},
				MarkdownDescription: "Age in days from which a version is deleted. The current time is rounded down to midnight UTC, so that a plan and its apply agree.",
				Optional:            true,
				Validators:          []validator.Int64{int64validator.Between(1, oldestAge)},
			},
			"keep_in_use": schema.BoolAttribute{
				MarkdownDescription: "Keep versions that a function, a published function version or an alias in the account and region uses, even if the other arguments no longer keep them. Default `true`. Needs the permission `lambda:ListFunctions`.\n\n" +
					"  A version that functions stop using in the same apply stays. The next plan finds that it is free, and deletes it; `layerbuild_retirement` deletes it at the end of the same apply. Functions of other accounts are not seen. They keep the version that they have.",
				Optional: true,
			},
			"on_destroy": schema.StringAttribute{
				MarkdownDescription: "What happens to the versions when the resource is destroyed: `\"delete\"` (default) or `\"retain\"`. Destroy uses the value in the state: apply `\"retain\"` first, then destroy.",
				Optional:            true,
				Validators:          []validator.String{attributes.OneOf(destroyDelete, destroyRetain)},
			},
			"scope": schema.StringAttribute{
				MarkdownDescription: "`\"published\"` (default): only versions that this resource may delete, see `published_versions`. `\"layer\"`: all versions of the layer, also those that others published, and also at destroy.",
				Optional:            true,
				Validators:          []validator.String{attributes.OneOf(scopePublished, scopeLayer)},
			},
		},
	}
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
	var r retentionModel
	if !m.Retention.IsNull() {
		diags.Append(m.Retention.As(ctx, &r, basetypes.ObjectAsOptions{})...)
	}
	return lifecycle.Policy{
		KeepLast:   int(r.KeepLast.ValueInt64()),
		MaxAge:     time.Duration(r.MaxAgeDays.ValueInt64()) * 24 * time.Hour,
		KeepInUse:  r.KeepInUse.IsNull() || r.KeepInUse.ValueBool(),
		WholeLayer: r.Scope.ValueString() == scopeLayer,
	}, r.OnDestroy.ValueString() == destroyRetain, !r.KeepLast.IsUnknown() && !r.MaxAgeDays.IsUnknown() && !r.Scope.IsUnknown()
}
