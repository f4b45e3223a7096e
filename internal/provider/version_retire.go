package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// readRetention refreshes what the record knows of versions: when they were
// published, which others the layer has where the policy is about all of them,
// and the moment that ages are counted at.
func (r *versionResource) readRetention(ctx context.Context, publisher *publish.Publisher, m *versionModel, places []*place) (diags diag.Diagnostics) {
	policy, _, _ := m.retention(ctx, &diags)
	for _, p := range places {
		p.owned.date(p.now.Number, createdAt(p.now.CreatedDate))
		p.owned.Seen = time.Time{}
		if policy.MaxAge > 0 {
			// A day's precision: a refresh does not change the state every time.
			p.owned.Seen = r.tools.now().UTC().Truncate(day)
		}
		if p.unread {
			continue
		}
		if !policy.WholeLayer || p.layerARN == "" {
			p.owned.Others, p.owned.Whole = nil, false
			continue
		}
		if err := p.owned.list(ctx, publisher, p, m.LayerName.ValueString()); err != nil {
			diags.Append(warnOf(fmt.Sprintf("The versions of layer %q in %s cannot be listed", m.LayerName.ValueString(), p.region), err))
		}
	}
	return diags
}

// date fills in when an owned version was published.
func (h *holdings) date(number int64, created time.Time) {
	if slices.ContainsFunc(h.Versions, func(v ownedVersion) bool { return v.Number == number }) {
		h.add(number, created)
	}
}

// list asks AWS which versions the layer has.
func (h *holdings) list(ctx context.Context, publisher *publish.Publisher, p *place, layer string) error {
	versions, err := publisher.Versions(ctx, p.region, layer, publish.Selection{})
	if err != nil {
		return err
	}
	h.Others, h.Whole = nil, true
	for _, v := range slices.Backward(versions) {
		created := createdAt(v.CreatedDate)
		if slices.ContainsFunc(h.Versions, func(own ownedVersion) bool { return own.Number == v.Number }) {
			h.add(v.Number, created)
		} else {
			h.Others = append(h.Others, ownedVersion{v.Number, created})
		}
	}
	return nil
}

// retireAt deletes what the policy gives up in a place, after a publish, where
// the policy has changed, or where that is still to be made up for. Of the resource's own region that is what was
// planned. Failures are warnings: the versions are looked at again after the
// next publish.
func (r *versionResource) retireAt(ctx context.Context, c *change, p *place) (diags diag.Diagnostics) {
	policy, _, _ := c.plan.retention(ctx, &diags)
	asked := p.due || p.owned.Behind || c.retentionChanged()
	p.owned.Behind = false
	if c.plan.Retention.IsNull() || !asked || diags.HasError() {
		return diags
	}
	if policy.WholeLayer && !p.owned.Whole {
		if err := p.owned.list(ctx, c.publisher, p, c.plan.LayerName.ValueString()); err != nil {
			return append(diags, warnOf(fmt.Sprintf("Older versions of layer %q stay", c.plan.LayerName.ValueString()), err))
		}
	}
	moment := p.owned.Seen
	if moment.IsZero() {
		moment = r.tools.now()
	}
	p.gaveUp = policy.GiveUp(p.owned.subject(policy), p.now.Number, moment)
	going := p.gaveUp
	if p.primary && !c.plan.RetiringVersions.IsUnknown() {
		p.gaveUp = numbers(ctx, c.plan.RetiringVersions, &diags)
		// Where an older version was taken over in place of a new one, fewer go
		// than planned: it may be one of them, and the rest is within the policy.
		going = slices.DeleteFunc(slices.Clone(p.gaveUp), func(n int64) bool { return !slices.Contains(going, n) })
	}
	retired, err := c.publisher.Retire(ctx, p.layerARN, going, policy.KeepInUse)
	if err != nil {
		return append(diags, warnOf(fmt.Sprintf("Older versions of layer %q stay", c.plan.LayerName.ValueString()), err))
	}
	p.owned.forget(retired.Deleted...)
	p.now.Retained = slices.DeleteFunc(slices.Clone(p.now.Retained), func(n int64) bool { return slices.Contains(retired.Deleted, n) })
	if failed := slices.Sorted(maps.Keys(retired.Failed)); len(failed) > 0 {
		diags.Append(warnOf(fmt.Sprintf("Not deleted of layer %q: %s", c.plan.LayerName.ValueString(), versionsText(failed)), retired.Failed[failed[0]]))
	}
	return diags
}

// retentionChanged reports whether older versions are under another policy.
func (c *change) retentionChanged() bool { return !c.plan.Retention.Equal(c.before.Retention) }

// concludeRetention makes known what was not known at plan. A policy that was
// not carried out because something failed before is one that is still to come.
func (m *versionModel) concludeRetention(c *change, home *place) {
	if m.RetiringVersions.IsUnknown() {
		m.RetiringVersions = numbersOf(home.gaveUp)
	}
	if home.failed > 0 && home.failed < retaining && !c.before.LayerName.IsNull() {
		m.Retention = c.before.Retention
	}
}

// retireAll deletes, in a place, the versions that the resource published, not
// those that it took over; with a policy for the whole layer, all of them. One
// that a function uses stays, and a warning names the function. One that
// another resource of this run has just taken over stays as well.
//
// Unlike after a publish a failure is an error here: the resource would be
// forgotten, and its versions with it.
func (r *versionResource) retireAll(ctx context.Context, publisher *publish.Publisher, m *versionModel, p *place) (diags diag.Diagnostics) {
	policy, _, _ := m.retention(ctx, &diags)
	if diags.HasError() {
		return diags
	}
	if policy.WholeLayer && !p.owned.Whole && p.layerARN != "" {
		if err := p.owned.list(ctx, publisher, p, m.LayerName.ValueString()); err != nil {
			return append(diags, diagnose(fmt.Sprintf("The versions of layer %q cannot be listed, so none was deleted", m.LayerName.ValueString()), err))
		}
	}
	var all []int64
	for _, v := range p.owned.subject(policy) {
		all = append(all, v.Number)
	}
	retired, err := publisher.Remove(ctx, p.layerARN, all, policy.KeepInUse)
	if err != nil {
		return append(diags, unseen(err))
	}
	name := m.LayerName.ValueString()
	if used := slices.Sorted(maps.Keys(retired.InUse)); len(used) > 0 {
		var lines []string
		for _, n := range used {
			lines = append(lines, fmt.Sprintf("%s is used by %s.", p.versionARN(n), strings.Join(retired.InUse[n], ", ")))
		}
		diags.AddWarning(fmt.Sprintf("In use and not deleted of layer %q: %s", name, versionsText(used)),
			strings.Join(lines, "\n")+"\n\nTerraform forgets what stays: move the functions to another layer version, then delete by hand.")
	}
	if len(retired.Taken) > 0 {
		diags.AddWarning(fmt.Sprintf("Taken over and not deleted of layer %q: %s", name, versionsText(retired.Taken)),
			fmt.Sprintf("Another resource of this run has the same bytes and has just taken over %s of %s. When nothing needs it any more, delete it by hand.", versionsText(retired.Taken), p.layerARN))
	}
	for _, n := range slices.Sorted(maps.Keys(retired.Failed)) {
		diags.Append(diagnose(fmt.Sprintf("Version %d of layer %q cannot be deleted", n, name), retired.Failed[n]))
	}
	return diags
}

// unseen returns the error of a destroy that cannot tell what is in use.
func unseen(err error) diag.Diagnostic {
	d := diagnose("The functions that use the layer cannot be listed, so nothing was deleted", err)
	return diag.NewErrorDiagnostic(d.Summary(), d.Detail()+"\n\nNothing was deleted. To go on without looking, apply one of these first: "+
		"retention = { on_destroy = \"retain\" } leaves the versions, retention = { keep_in_use = false } deletes them whoever uses them.")
}

// warnOf returns the warning of a clean-up that did not get through.
func warnOf(summary string, err error) diag.Diagnostic {
	d := diagnose(summary, err)
	detail := d.Detail()
	if denied, ok := errors.AsType[*publish.AccessDeniedError](err); ok && denied.Action == "lambda:ListFunctions" {
		detail = "Without the permission lambda:ListFunctions nobody can tell which versions functions use, so none was deleted. " +
			"Grant it, or set retention.keep_in_use = false to delete without looking. " + detail
	}
	return at("retention", diag.NewWarningDiagnostic(summary, detail+"\n\nNothing else is wrong: the next publish tries again."))
}
