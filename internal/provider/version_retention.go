package provider

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
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
		MarkdownDescription: "Which older versions are kept. Runs after a publish, where it changes, and at destroy. A version goes when either `keep_last` or `max_age_days` gives it up, and `retiring_versions` shows it in the plan. " +
			"The current version never goes, and a clean-up that fails is a warning. Without it, older versions are kept until the resource is destroyed.",
		Optional:   true,
		Validators: nested(),
		Attributes: map[string]schema.Attribute{
			"keep_last": schema.Int64Attribute{
				CustomType:          wholeNumber{},
				MarkdownDescription: "How many of the newest versions are kept, the current one counted.",
				Optional:            true,
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
			"max_age_days": schema.Int64Attribute{
				CustomType:          wholeNumber{},
				MarkdownDescription: "Age at which a version is given up, in days. It is counted at midnight UTC, so that a plan and its apply agree.",
				Optional:            true,
				Validators:          []validator.Int64{int64validator.Between(1, oldestAge)},
			},
			"keep_in_use": schema.BoolAttribute{
				MarkdownDescription: "Keep what a function, a published version of one or an alias in the account and region uses, whatever the rest says. Default `true`; needs the permission `lambda:ListFunctions`. " +
					"A version that functions leave in the same apply stays until the next publish. Functions of other accounts are not seen; they keep what they have.",
				Optional: true,
			},
			"on_destroy": schema.StringAttribute{
				MarkdownDescription: "`\"delete\"` (default) or `\"retain\"`: what becomes of the versions when the resource is destroyed. What counts is the state before: apply `\"retain\"` first, then destroy.",
				Optional:            true,
				Validators:          []validator.String{oneOf(destroyDelete, destroyRetain)},
			},
			"scope": schema.StringAttribute{
				MarkdownDescription: "`\"published\"` (default): only versions that this resource published, or was given by an import. `\"layer\"`: all versions of the layer, whoever published them, at destroy as well.",
				Optional:            true,
				Validators:          []validator.String{oneOf(scopePublished, scopeLayer)},
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
func (m *versionModel) retention(ctx context.Context, diags *diag.Diagnostics) (policy publish.Retention, retain, known bool) {
	if m.Retention.IsUnknown() {
		return policy, false, false
	}
	var r retentionModel
	if !m.Retention.IsNull() {
		diags.Append(m.Retention.As(ctx, &r, basetypes.ObjectAsOptions{})...)
	}
	return publish.Retention{
		KeepLast:   int(r.KeepLast.ValueInt64()),
		MaxAge:     time.Duration(r.MaxAgeDays.ValueInt64()) * day,
		KeepInUse:  r.KeepInUse.IsNull() || r.KeepInUse.ValueBool(),
		WholeLayer: r.Scope.ValueString() == scopeLayer,
	}, r.OnDestroy.ValueString() == destroyRetain, !r.KeepLast.IsUnknown() && !r.MaxAgeDays.IsUnknown() && !r.Scope.IsUnknown()
}

// planRetention writes which versions the policy gives up: those of a region
// where a version is due, everywhere where the policy changes, and where it
// could not be carried out before. It is the same at plan and at apply: the
// moment that counts is that of the last refresh, which is in the record.
func (r *versionResource) planRetention(ctx context.Context, m, before *versionModel, owned *ownership, diags *diag.Diagnostics) {
	due := func(region string) bool {
		return before != nil && (!m.Retention.Equal(before.Retention) || owned.of(region).Behind)
	}
	switch home := m.homeRegion(); {
	case !m.ARN.IsUnknown() && !due(home):
		m.RetiringVersions = before.RetiringVersions
	case before == nil || home == "":
		m.RetiringVersions = r.retiring(ctx, m, 0, &holdings{}, diags)
	default:
		m.RetiringVersions = r.retiring(ctx, m, m.Version.ValueInt64(), owned.of(home), diags)
		if !m.ARN.IsUnknown() && !isEmpty(m.RetiringVersions) {
			m.RetainedVersions = types.ListUnknown(types.Int64Type)
		}
		if !isEmpty(m.RetiringVersions) && m.RetiringVersions.Equal(before.RetiringVersions) && !m.RetiringVersions.IsUnknown() {
			diags.Append(warnOfSame(m.LayerName.ValueString(), numbers(ctx, m.RetiringVersions, diags)))
		}
	}
	replicas, touched := m.replicas(ctx, diags), false
	for region, replica := range replicas {
		if due(region) && !replica.ARN.IsUnknown() && !isEmpty(r.retiring(ctx, m, replica.Version.ValueInt64(), owned.of(region), nil)) {
			replica.RetainedVersions = types.ListUnknown(types.Int64Type)
			replicas[region], touched = replica, true
		}
	}
	if touched {
		m.setReplicas(ctx, replicas, diags)
	}
}

// isEmpty reports whether a list is known to have no element.
func isEmpty(list types.List) bool { return !list.IsUnknown() && len(list.Elements()) == 0 }

// retiring returns which versions of a region the policy of the model gives up
// when current is the number of the version it has, 0 for one that is to be
// published. It is unknown where that depends on what the record does not hold;
// then a warning says so, unless diags is nil.
func (r *versionResource) retiring(ctx context.Context, m *versionModel, current int64, has *holdings, diags *diag.Diagnostics) types.List {
	var faults diag.Diagnostics
	policy, _, known := m.retention(ctx, &faults)
	if !known || faults.HasError() || policy.WholeLayer && !has.Whole {
		return types.ListUnknown(types.Int64Type)
	}
	versions := has.subject(policy)
	if has.Seen.IsZero() && policy.MaxAge > 0 {
		old := policy.GiveUp(versions, current, has.Seen)
		ever := policy.GiveUp(versions, current, has.Seen.AddDate(9999, 0, 0))
		if !slices.Equal(old, ever) {
			if diags != nil {
				diags.Append(r.warnOfAges(policy, versions, current))
			}
			return types.ListUnknown(types.Int64Type)
		}
	}
	return numbersOf(policy.GiveUp(versions, current, has.Seen))
}

// warnOfAges tells which versions the apply will give up if it runs now.
func (r *versionResource) warnOfAges(policy publish.Retention, versions []publish.Published, current int64) diag.Diagnostic {
	detail := "The ages of the versions have not been looked at with max_age_days yet, so the versions to go are known after the apply. "
	if r.tools != nil {
		detail += "An apply now would give up " + versionsText(policy.GiveUp(versions, current, r.tools.now())) + ". "
	}
	return at("retention", diag.NewWarningDiagnostic("Versions to go are not known yet", detail+"Later plans name them."))
}

// warnOfSame names the versions to go where the last change had the same: a
// plan does not print an attribute that stays as it is.
func warnOfSame(layer string, going []int64) diag.Diagnostic {
	return at("retention", diag.NewWarningDiagnostic(fmt.Sprintf("To be deleted of layer %q: %s", layer, versionsText(going)),
		"They are in retiring_versions, as after the last change, where they stayed. Those that functions use stay with keep_in_use. The plan does not print what is the same as before."))
}

// subject returns the versions that a policy is about.
func (h *holdings) subject(policy publish.Retention) []publish.Published {
	versions := h.Versions
	if policy.WholeLayer {
		versions = slices.Concat(versions, h.Others)
	}
	var published []publish.Published
	for _, v := range versions {
		published = append(published, publish.Published{Number: v.Number, Created: v.Created})
	}
	return published
}

// versionsText names versions in a sentence.
func versionsText(numbers []int64) string {
	var text []string
	for _, n := range numbers {
		text = append(text, strconv.FormatInt(n, 10))
	}
	switch len(text) {
	case 0:
		return "no version"
	case 1:
		return "version " + text[0]
	}
	last := len(text) - 1
	return fmt.Sprintf("versions %s and %s", strings.Join(text[:last], ", "), text[last])
}
