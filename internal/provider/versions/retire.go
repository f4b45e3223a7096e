package versions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// readRetention refreshes what the record knows of versions: when they were
// published, which others the layer has where the policy is about all of them,
// and the midnight that ages are counted at.
func (r *versionResource) readRetention(ctx context.Context, publisher *publish.Publisher, m *versionModel, places []*place) (diags diag.Diagnostics) {
	policy, _, _ := m.retention(ctx, &diags)
	for _, p := range places {
		p.life.Date(p.life.Release.Number, lifecycle.Date(p.life.Release.CreatedDate))
		p.life.Seen = time.Time{}
		if policy.MaxAge > 0 {
			// A day's precision: a refresh does not change the state every time.
			p.life.Seen = r.Tools.Now().UTC().Truncate(day)
		}
		if p.unread {
			continue
		}
		if !policy.WholeLayer || p.layerARN == "" {
			p.life.Others, p.life.Listed = nil, false
			continue
		}
		if err := p.list(ctx, publisher, m.LayerName.ValueString()); err != nil {
			diags.Append(diagnostic.CleanUpWarning(fmt.Sprintf("The versions of layer %q in %s cannot be listed", m.LayerName.ValueString(), p.region), err))
		}
	}
	return diags
}

// rememberedUsers is how many users of a version are noted by name: where one of
// them still has it, a refresh need not look for others.
const rememberedUsers = 3

// readFreed looks whether versions that only their users kept are free now, and
// forgets those that are gone. It costs nothing where none was kept so, and a
// call for each where its users still have it.
func (r *versionResource) readFreed(ctx context.Context, publisher *publish.Publisher, m *versionModel, p *place) (diags diag.Diagnostics) {
	policy, _, _ := m.retention(ctx, &diags)
	p.life.Freed = nil
	if len(p.life.InUse) == 0 || !policy.KeepInUse || p.layerARN == "" || p.unread || m.Retention.IsNull() {
		return diags
	}
	for _, n := range slices.Sorted(maps.Keys(p.life.InUse)) {
		free, err := publisher.Free(ctx, p.versionARN(n), p.life.InUse[n])
		if err != nil {
			return append(diags, diagnostic.CleanUpWarning(fmt.Sprintf("Older versions of layer %q stay", m.LayerName.ValueString()), err))
		}
		if !free {
			continue
		}
		_, err = publisher.Read(ctx, p.versionARN(n))
		switch {
		case errors.Is(err, publish.ErrNotFound):
			p.life.Forget(n)
		case err != nil:
			return append(diags, diagnostic.CleanUpWarning(fmt.Sprintf("Older versions of layer %q stay", m.LayerName.ValueString()), err))
		default:
			p.life.Freed = append(p.life.Freed, n)
		}
	}
	return diags
}

// list asks AWS which versions the layer has.
func (p *place) list(ctx context.Context, publisher *publish.Publisher, layer string) error {
	found, err := publisher.Versions(ctx, p.region, layer, publish.Selection{})
	if err != nil {
		return err
	}
	var versions []lifecycle.Version
	for _, v := range found {
		versions = append(versions, lifecycle.Version{Number: v.Number, Created: lifecycle.Date(v.CreatedDate)})
	}
	p.life.Note(versions)
	return nil
}

// retireAt deletes what the policy no longer keeps in a place. Of the resource's
// own region that is what was planned. Failures are warnings: the versions are
// looked at again after the next publish.
func (r *versionResource) retireAt(ctx context.Context, c *change, p *place) (diags diag.Diagnostics) {
	policy, _, _ := c.plan.retention(ctx, &diags)
	if p.outcome.Due.Retire == lifecycle.None || diags.HasError() {
		return diags
	}
	layer := c.plan.LayerName.ValueString()
	if policy.WholeLayer && !p.life.Listed {
		if err := p.list(ctx, c.publisher, layer); err != nil {
			return append(diags, diagnostic.CleanUpWarning(fmt.Sprintf("Older versions of layer %q stay", layer), err))
		}
	}
	named := p.primary && !c.plan.RetiringVersions.IsUnknown()
	p.retired = p.life.Retire(policy, values.Numbers(ctx, c.plan.RetiringVersions, &diags), named, r.Tools.Now())
	retired, err := c.publisher.Retire(ctx, p.batch(p.retired, policy))
	if err != nil {
		return append(diags, diagnostic.CleanUpWarning(fmt.Sprintf("Older versions of layer %q stay", layer), err))
	}
	p.life.Forget(retired.Deleted...)
	p.life.InUse, p.life.Freed = map[int64][]string{}, nil
	for n, users := range retired.InUse {
		p.life.InUse[n] = users[:min(len(users), rememberedUsers)]
	}
	if failed := slices.Sorted(maps.Keys(retired.Failed)); len(failed) > 0 {
		diags.Append(diagnostic.CleanUpWarning(fmt.Sprintf("Not deleted: %s of layer %q", diagnostic.Versions(failed), layer), retired.Failed[failed[0]]))
	}
	return diags
}

// batch returns the versions with the numbers, to be deleted.
func (p *place) batch(numbers []int64, policy lifecycle.Policy) publish.Batch {
	b := publish.Batch{LayerARN: p.layerARN, Holder: p.holder, Current: p.life.Mark(), KeepInUse: policy.KeepInUse}
	for _, v := range p.life.Subject(policy) {
		if slices.Contains(numbers, v.Number) {
			b.Versions = append(b.Versions, v)
		}
	}
	return b
}

// retireAll deletes, in a place, the versions that the resource owns; with a
// policy for the whole layer, all of them. One that a function uses stays, and a
// warning names the function. One that another resource points at stays as well,
// and is that resource's from then on.
//
// Unlike after a publish a failure is an error here: the resource would be
// forgotten, and its versions with it.
func (r *versionResource) retireAll(ctx context.Context, publisher *publish.Publisher, m *versionModel, p *place) (diags diag.Diagnostics) {
	policy, _, _ := m.retention(ctx, &diags)
	if diags.HasError() {
		return diags
	}
	layer := m.LayerName.ValueString()
	if policy.WholeLayer && !p.life.Listed && p.layerARN != "" {
		if err := p.list(ctx, publisher, layer); err != nil {
			return append(diags, diagnostic.Of(fmt.Sprintf("The versions of layer %q cannot be listed, so none was deleted", layer), err))
		}
	}
	b := p.batch(nil, policy)
	b.Versions, b.Unseen = p.life.Subject(policy), p.unseen
	retired, err := publisher.Remove(ctx, b)
	if err != nil {
		return append(diags, unseen(err))
	}
	p.life.Forget(retired.Deleted...)
	diags.Append(p.tellWhatStays(layer, retired)...)
	for _, n := range slices.Sorted(maps.Keys(retired.Failed)) {
		diags.Append(diagnostic.Of(fmt.Sprintf("Version %d of layer %q cannot be deleted", n, layer), retired.Failed[n]))
	}
	return diags
}

// tellWhatStays warns of the versions that a destroy leaves, by number.
func (p *place) tellWhatStays(layer string, retired publish.Retired) (diags diag.Diagnostics) {
	if used := slices.Sorted(maps.Keys(retired.InUse)); len(used) > 0 {
		var lines []string
		for _, n := range used {
			lines = append(lines, fmt.Sprintf("%s is used by %s.", p.versionARN(n), strings.Join(retired.InUse[n], ", ")))
		}
		diags.AddWarning(fmt.Sprintf("In use and not deleted: %s of layer %q", diagnostic.Versions(used), layer),
			strings.Join(lines, "\n")+"\n\nTerraform no longer manages these versions: move the functions to another layer version, then delete them by hand.")
	}
	switch {
	case len(retired.Taken) > 0 && p.unseen:
		diags.AddWarning(fmt.Sprintf("Left: %s of layer %q", diagnostic.Versions(retired.Taken), layer), fmt.Sprintf(
			"An earlier apply replaced the resource that published %s of %s, and was interrupted before it destroyed the old one. The new one may use what is left. This machine cannot know, because it did not run that apply. "+
				"Delete it by hand if nothing needs it.", diagnostic.Versions(retired.Taken), p.layerARN))
	case len(retired.Taken) > 0:
		diags.AddWarning(fmt.Sprintf("Adopted and not deleted: %s of layer %q", diagnostic.Versions(retired.Taken), layer),
			fmt.Sprintf("Another resource points at %s of %s. From now on it owns what stays, and deletes it when it is destroyed.", diagnostic.Versions(retired.Taken), p.layerARN))
	}
	return diags
}

// unseen returns the error of a destroy that cannot tell what is in use.
func unseen(err error) diag.Diagnostic {
	d := diagnostic.Of("The functions that use the layer cannot be listed, so nothing was deleted", err)
	return diag.NewErrorDiagnostic(d.Summary(), d.Detail()+"\n\nNothing was deleted. To continue without this list, apply one of these first: "+
		"retention = { on_destroy = \"retain\" } keeps the versions, and retention = { keep_in_use = false } deletes them even if functions use them.")
}
