package versions

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
)

const (
	// day is how ages are counted.
	day = 24 * time.Hour
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

// retention returns the policy, one that keeps everything but what is
// destroyed where there is none; false where it is not known.
func (m *versionModel) retention(ctx context.Context, diags *diag.Diagnostics) (policy lifecycle.Policy, retain, known bool) {
	if m.Retention.IsUnknown() {
		return policy, false, false
	}
	var r retentionModel
	if !m.Retention.IsNull() {
		diags.Append(m.Retention.As(ctx, &r, basetypes.ObjectAsOptions{})...)
	}
	return lifecycle.Policy{
		KeepLast:   int(r.KeepLast.ValueInt64()),
		MaxAge:     time.Duration(r.MaxAgeDays.ValueInt64()) * day,
		KeepInUse:  r.KeepInUse.IsNull() || r.KeepInUse.ValueBool(),
		WholeLayer: r.Scope.ValueString() == scopeLayer,
	}, r.OnDestroy.ValueString() == destroyRetain, !r.KeepLast.IsUnknown() && !r.MaxAgeDays.IsUnknown() && !r.Scope.IsUnknown()
}

// planRetention writes which versions the policy retires: those of a region
// where a version is due, everywhere where the policy changes, and where it
// could not be carried out before. It is the same at plan and at apply: what
// counts is what the last refresh saw.
func (r *versionResource) planRetention(ctx context.Context, p *planning, m *versionModel, diags *diag.Diagnostics) {
	home, before := p.dues[0], p.before
	if before != nil && home.Publish == lifecycle.None && home.Retire == lifecycle.None && m.Retention.Equal(before.Retention) {
		m.RetiringVersions = before.RetiringVersions
	} else {
		m.RetiringVersions = r.retiring(p, home, diags)
		if home.Publish == lifecycle.None && !isEmpty(m.RetiringVersions) {
			m.RetainedVersions = types.ListUnknown(types.Int64Type)
		}
		if before != nil && !isEmpty(m.RetiringVersions) && m.RetiringVersions.Equal(before.RetiringVersions) && !m.RetiringVersions.IsUnknown() {
			diags.Append(p.warnOfSame(m.LayerName.ValueString(), values.Numbers(ctx, m.RetiringVersions, diags)))
		}
	}
	if p.open {
		return
	}
	replicas, touched := m.replicas(ctx, diags), false
	for _, d := range p.dues[1:] {
		if replica, ok := replicas[d.Region]; ok && p.retires(d) {
			replica.RetainedVersions = types.ListUnknown(types.Int64Type)
			replicas[d.Region], touched = replica, true
		}
	}
	if touched {
		m.setReplicas(ctx, replicas, diags)
	}
}

// isEmpty reports whether a list is known to have no element.
func isEmpty(list types.List) bool { return !list.IsUnknown() && len(list.Elements()) == 0 }

// retiring returns which versions of a region the policy retires. The list is
// unknown where that depends on what no refresh has looked at; then a warning
// says so.
func (r *versionResource) retiring(p *planning, due lifecycle.Due, diags *diag.Diagnostics) types.List {
	if !p.want.RetentionKnown {
		return types.ListUnknown(types.Int64Type)
	}
	if p.want.Retention == nil {
		return values.NumbersOf(nil)
	}
	place, current := p.life.At(due.Region), int64(0)
	if due.Publish == lifecycle.None {
		current = place.Release.Number
	}
	if due.Retire == lifecycle.Unused {
		return values.NumbersOf(place.Unused(*p.want.Retention))
	}
	going, known := place.Foresee(*p.want.Retention, current)
	if known {
		return values.NumbersOf(going)
	}
	if !p.want.Retention.WholeLayer || place.Listed {
		diags.Append(r.warnOfAges(*p.want.Retention, place, current))
	}
	return types.ListUnknown(types.Int64Type)
}

// warnOfAges tells which versions the apply will retire if it runs now.
func (r *versionResource) warnOfAges(policy lifecycle.Policy, place *lifecycle.Place, current int64) diag.Diagnostic {
	detail := "max_age_days is new, and the ages of the versions were not read yet, so the versions to delete are known after the apply. "
	if r.Tools != nil {
		detail += "An apply now would delete " + diagnostic.Versions(policy.Retiring(place.Subject(policy), current, r.Tools.Now())) + ". "
	}
	return diagnostic.At("retention", diag.NewWarningDiagnostic("The versions to delete are not known yet", detail+"Later plans name them."))
}

// warnOfSame names the versions to go where the last change had the same: a
// plan does not print an attribute that stays as it is.
func (p *planning) warnOfSame(layer string, going []int64) diag.Diagnostic {
	detail := policyText(*p.want.Retention) + "."
	if p.want.Retention.KeepInUse {
		detail += " Versions that a function uses are kept."
	}
	return diagnostic.At("retention", diag.NewWarningDiagnostic(fmt.Sprintf("This apply deletes %s of layer %q", diagnostic.Versions(going), layer),
		detail+" retiring_versions lists them. The plan prints it only if it changes."))
}

// policyText says what a policy no longer keeps.
func policyText(policy lifecycle.Policy) string {
	var why []string
	if policy.KeepLast > 0 {
		why = append(why, fmt.Sprintf("keep_last = %d", policy.KeepLast))
	}
	if policy.MaxAge > 0 {
		why = append(why, fmt.Sprintf("max_age_days = %d", policy.MaxAge/day))
	}
	return "Retention (" + strings.Join(why, ", ") + ") no longer keeps them"
}
