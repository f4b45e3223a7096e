package versions

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
)

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
