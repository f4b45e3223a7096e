package steps

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// list asks AWS which versions the layer has.
func (p *Place) list(ctx context.Context, publisher *publish.Publisher, layer string) error {
	found, err := publisher.Versions(ctx, p.Region, layer, publish.Selection{})
	if err != nil {
		return err
	}
	var versions []lifecycle.Version
	for _, v := range found {
		versions = append(versions, lifecycle.Version{Number: v.Number, Created: lifecycle.Date(v.CreatedDate)})
	}
	p.Life.Note(versions)
	return nil
}

// batch returns the versions with the numbers, to be deleted.
func (p *Place) batch(numbers []int64, policy lifecycle.Policy) publish.Batch {
	b := publish.Batch{LayerARN: p.LayerARN, Holder: p.Holder, Current: p.Life.Current(), KeepInUse: policy.KeepInUse}
	for _, v := range p.Life.Subject(policy) {
		if slices.Contains(numbers, v.Number) {
			b.Versions = append(b.Versions, v)
		}
	}
	return b
}

// tellWhatStays warns of the versions that a destroy leaves, by number.
func (p *Place) tellWhatStays(layer string, retired publish.Retired) (diags diag.Diagnostics) {
	if used := slices.Sorted(maps.Keys(retired.InUse)); len(used) > 0 {
		var lines []string
		for _, n := range used {
			lines = append(lines, fmt.Sprintf("%s is used by %s.", p.versionARN(n), strings.Join(retired.InUse[n], ", ")))
		}
		diags.AddWarning(fmt.Sprintf("In use and not deleted: %s of layer %q", diagnostic.Versions(used), layer),
			strings.Join(lines, "\n")+"\n\nTerraform no longer manages these versions: move the functions to another layer version, then delete them by hand.")
	}
	switch {
	case len(retired.Taken) > 0 && p.Unseen:
		diags.AddWarning(fmt.Sprintf("Left: %s of layer %q", diagnostic.Versions(retired.Taken), layer), fmt.Sprintf(
			"An earlier apply replaced the resource that published %s of %s, and was interrupted before it destroyed the old one. The new one may use what is left. This machine cannot know, because it did not run that apply. "+
				"Delete it by hand if nothing needs it.", diagnostic.Versions(retired.Taken), p.LayerARN))
	case len(retired.Taken) > 0:
		diags.AddWarning(fmt.Sprintf("Adopted and not deleted: %s of layer %q", diagnostic.Versions(retired.Taken), layer),
			fmt.Sprintf("Another resource points at %s of %s. From now on it owns what stays, and deletes it when it is destroyed.", diagnostic.Versions(retired.Taken), p.LayerARN))
	}
	return diags
}

// unseen returns the error of a destroy that cannot tell what is in use.
func unseen(err error) diag.Diagnostic {
	d := diagnostic.Of("The functions that use the layer cannot be listed, so nothing was deleted", err)
	return diag.NewErrorDiagnostic(d.Summary(), d.Detail()+"\n\nNothing was deleted. To continue without this list, apply one of these first: "+
		"retention = { on_destroy = \"retain\" } keeps the versions, and retention = { keep_in_use = false } deletes them even if functions use them.")
}

// rememberedUsers is how many users of a version are noted by name: where one of
// them still has it, a refresh need not look for others.
const rememberedUsers = 3

// Removal is how what a resource has comes to its end.
type Removal struct {
	Layer  string // its name
	Policy lifecycle.Policy
	// Retain is set where versions stay at the end.
	Retain bool
}

// retireAt deletes what the policy no longer keeps in a place. Of the resource's
// own region that is what was planned. Failures are warnings: the versions are
// looked at again after the next publish.
func (o *Order) retireAt(ctx context.Context, p *Place) (diags diag.Diagnostics) {
	if p.Outcome.Due.Retire == lifecycle.None {
		return diags
	}
	if o.Policy.WholeLayer && !p.Life.Listed {
		if err := p.list(ctx, o.Publisher, o.Layer); err != nil {
			return append(diags, diagnostic.CleanUpWarning(fmt.Sprintf("Older versions of layer %q stay", o.Layer), err))
		}
	}
	p.Retired = p.Life.Retire(o.Policy, o.Retiring, p.Primary && o.Named, o.Now())
	retired, err := o.Publisher.Retire(ctx, p.batch(p.Retired, o.Policy))
	if err != nil {
		return append(diags, diagnostic.CleanUpWarning(fmt.Sprintf("Older versions of layer %q stay", o.Layer), err))
	}
	p.Life.Forget(retired.Deleted...)
	p.Life.InUse, p.Life.Freed = map[int64][]string{}, nil
	for n, users := range retired.InUse {
		p.Life.InUse[n] = users[:min(len(users), rememberedUsers)]
	}
	if failed := slices.Sorted(maps.Keys(retired.Failed)); len(failed) > 0 {
		diags.Append(diagnostic.CleanUpWarning(fmt.Sprintf("Not deleted: %s of layer %q", diagnostic.Versions(failed), o.Layer), retired.Failed[failed[0]]))
	}
	return diags
}

// retireAll deletes, in a place, the versions that the resource owns; with a
// policy for the whole layer, all of them. One that a function uses stays, and a
// warning names the function. One that another resource points at stays as well,
// and is that resource's from then on.
//
// Unlike after a publish a failure is an error here: the resource would be
// forgotten, and its versions with it.
func (e *Removal) retireAll(ctx context.Context, publisher *publish.Publisher, p *Place) (diags diag.Diagnostics) {
	if e.Policy.WholeLayer && !p.Life.Listed && p.LayerARN != "" {
		if err := p.list(ctx, publisher, e.Layer); err != nil {
			return append(diags, diagnostic.Of(fmt.Sprintf("The versions of layer %q cannot be listed, so none was deleted", e.Layer), err))
		}
	}
	b := p.batch(nil, e.Policy)
	b.Versions, b.Unseen, b.Last = p.Life.Subject(e.Policy), p.Unseen, true
	retired, err := publisher.Retire(ctx, b)
	if err != nil {
		return append(diags, unseen(err))
	}
	p.Life.Forget(retired.Deleted...)
	diags.Append(p.tellWhatStays(e.Layer, retired)...)
	for _, n := range slices.Sorted(maps.Keys(retired.Failed)) {
		diags.Append(diagnostic.Of(fmt.Sprintf("Version %d of layer %q cannot be deleted", n, e.Layer), retired.Failed[n]))
	}
	return diags
}

// DestroyAt deletes what the resource has in a region, or leaves it where its
// retention says so. Versions that stay are named by number. A parameter with
// the ARN of a version that another resource points at is left to that one.
func (e *Removal) DestroyAt(ctx context.Context, publisher *publish.Publisher, p *Place) diag.Diagnostics {
	others, diags := p.inherit(ctx, publisher)
	if diags.HasError() {
		return diags
	}
	left := p.tellRetained(e.Layer, e.Retain, e.Policy.WholeLayer)
	if !others || p.Life.Parameter.Value != p.Life.Release.ARN {
		dropped := p.dropParameter(ctx, publisher, p.Life.Parameter)
		if diags.Append(dropped...); !dropped.HasError() {
			p.Life.Parameter = lifecycle.Parameter{}
		}
	}
	if !e.Retain {
		diags.Append(e.retireAll(ctx, publisher, p)...)
	} else if p.Outcome.Due.Leave { // the versions stay, so what names one may: a region out of reach can be left
		for i, d := range diags {
			diags[i] = diag.NewWarningDiagnostic(d.Summary(), d.Detail())
		}
	}
	if diags.HasError() {
		return diags
	}
	if e.Retain || !others {
		diags.Append(left...)
	}
	return append(diags, p.part(ctx, publisher)...)
}
