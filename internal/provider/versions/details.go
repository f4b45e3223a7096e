package versions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// planDescription fills in the description where the user wrote none: that of
// the state while the bytes stay the same, else the one that names them. It is
// unknown as long as they are.
func planDescription(ctx context.Context, m *versionstate.Model, config, before *versionstate.Model, zip versionstate.Zip, known bool, diags *diag.Diagnostics) {
	b := m.Built(ctx, diags)
	switch {
	case !config.Description.IsNull():
	case known && before != nil && before.HomeRelease().Bytes() == zip.Hash:
		m.Description = before.Description
	case !known, b != nil && b.Lock.IsUnknown():
		m.Description = types.StringUnknown()
	default:
		sum, err := publish.ParseCodeSHA256(zip.Hash)
		if err != nil {
			diags.Append(diagnostic.Of("Unusable hash of the zip", err))
			return
		}
		contents, asked := b.Parts()
		m.Description = types.StringValue(publish.DefaultDescription(contents, asked, sum))
	}
}

// describe settles a description that the plan could not know, since the zip
// was made while the apply was under way.
func (c *change) describe(ctx context.Context, diags *diag.Diagnostics) {
	if !c.plan.Description.IsUnknown() {
		return
	}
	var before *versionstate.Model
	if !c.before.LayerName.IsNull() {
		before = c.before
	}
	zip := versionstate.Zip{Hash: c.zip.SHA256.Base64(), Size: c.zip.Size}
	planDescription(ctx, c.plan, &versionstate.Model{}, before, zip, true, diags)
}

// planSharing plans what the configuration says, in the form of the state where
// that says the same. What an import found stays as long as nobody has asked
// for anything else; a new version does not get it.
func (p *planning) planSharing(m, config *versionstate.Model, diags *diag.Diagnostics) {
	m.Sharing = config.Sharing
	if p.before == nil || p.before.Sharing.IsNull() {
		return
	}
	found := p.life.SharingFound && config.Sharing.IsNull()
	switch {
	case found && !p.publishes(), versionstate.SameSharing(config.Sharing, p.before.Sharing):
		m.Sharing = p.before.Sharing
	case found:
		diags.AddAttributeWarning(path.Root("sharing"), "The new version is shared with nobody",
			fmt.Sprintf("The version that was imported or moved is shared (%s), but the configuration has no sharing. That version stays shared as it is, and this apply publishes a new one that nobody else may use. To share it too, write the sharing argument.", whom(p.before.Sharing)))
	}
}

// whom names those whom a sharing object names.
func whom(object types.Object) string {
	s, _ := versionstate.SharingOf(object)
	if s.Public {
		return "with everyone"
	}
	return "with " + strings.Join(append(slices.Clone(s.AccountIDs), s.OrganizationIDs...), ", ")
}

// day is how ages are counted.
const day = 24 * time.Hour

// planRetention writes which versions the policy retires: those of a region
// where a version is due, everywhere where the policy changes, and where it
// could not be carried out before. It is the same at plan and at apply: what
// counts is what the last refresh saw.
func planRetention(ctx context.Context, tools *toolbox.Tools, p *planning, m *versionstate.Model, diags *diag.Diagnostics) {
	home, before := p.dues[0], p.before
	if before != nil && home.Publish == lifecycle.None && home.Retire == lifecycle.None && m.Retention.Equal(before.Retention) {
		m.RetiringVersions = before.RetiringVersions
	} else {
		m.RetiringVersions = retiringOf(tools, p, home, diags)
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
	replicas, touched := m.FurtherReplicas(ctx, diags), false
	for _, d := range p.dues[1:] {
		if replica, ok := replicas[d.Region]; ok && p.retires(d) {
			replica.RetainedVersions = types.ListUnknown(types.Int64Type)
			replicas[d.Region], touched = replica, true
		}
	}
	if touched {
		m.SetReplicas(ctx, replicas, diags)
	}
}

// isEmpty reports whether a list is known to have no element.
func isEmpty(list types.List) bool { return !list.IsUnknown() && len(list.Elements()) == 0 }

// retiringOf returns which versions of a region the policy retires. The list is
// unknown where that depends on what no refresh has looked at; then a warning
// says so.
func retiringOf(tools *toolbox.Tools, p *planning, due lifecycle.Due, diags *diag.Diagnostics) types.List {
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
		diags.Append(warnOfAges(tools, *p.want.Retention, place, current))
	}
	return types.ListUnknown(types.Int64Type)
}

// warnOfAges tells which versions the apply will retire if it runs now.
func warnOfAges(tools *toolbox.Tools, policy lifecycle.Policy, place *lifecycle.Place, current int64) diag.Diagnostic {
	detail := "max_age_days is new, and the ages of the versions were not read yet, so the versions to delete are known after the apply. "
	if tools != nil {
		detail += "An apply now would delete " + diagnostic.Versions(policy.Retiring(place.Subject(policy), current, tools.Now())) + ". "
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

// claimLayers notes which layers the resource publishes, and warns of another resource
// of the configuration that publishes one of them. With a retention for the
// whole layer that is an error: each would delete the other's versions.
func claimLayers(tools *toolbox.Tools, config tftypes.Value, m *versionstate.Model, whole bool, regions []string) (diags diag.Diagnostics) {
	if tools == nil || m.LayerName.IsUnknown() {
		return diags
	}
	layer := m.LayerName.ValueString()
	for _, region := range regions {
		others := tools.Claims.Add(region, layer, toolbox.Claim{Config: config, Whole: whole})
		if len(others) == 0 {
			continue
		}
		where := "the provider's region"
		if region != "" {
			where = region
		}
		deleting := whole
		for _, other := range others {
			deleting = deleting || other.Whole
		}
		if deleting {
			diags.Append(diagnostic.At("layer_name", diag.NewErrorDiagnostic(fmt.Sprintf("Layer %q has two owners", layer), fmt.Sprintf(
				"Another layerbuild_version of this configuration publishes layer %q in %s, and one of the two has retention.scope = \"layer\": at every apply it would delete the versions of the other. Give each a layer_name of its own, or leave scope out.", layer, where))))
			continue
		}
		diags.Append(diagnostic.At("layer_name", diag.NewWarningDiagnostic(fmt.Sprintf("Layer %q is published twice", layer), fmt.Sprintf(
			"Another layerbuild_version of this configuration publishes layer %q in %s too. Their versions get numbers in turn, so the newest version is sometimes of one and sometimes of the other. Give each a layer_name of its own.", layer, where))))
	}
	return diags
}
