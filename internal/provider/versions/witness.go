package versions

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// This file has what a plan leaves for an apply on another machine: see
// lifecycle.Witness. What Terraform hands on was measured with Terraform 1.11 and
// OpenTofu 1.12:
//
//   - The destroy of a resource gets the private state that its plan answered
//     with. That of a replacement gets what the plan of the create answered with.
//   - A create and an update are planned again by the apply, with the private
//     state of the last refresh. So is the destroy of what an earlier apply has
//     replaced.
//   - "terraform destroy" plans with a provider that is not configured.

// registers returns the publisher, nil where no register is to be used while
// planning: what cannot be noted is no fault of the plan.
func (r *versionResource) registers() *publish.Publisher {
	if r.Tools == nil || len(r.Tools.Unknown) > 0 {
		return nil
	}
	publisher, err := r.Tools.Publisher()
	if err != nil {
		return nil
	}
	return publisher
}

// register notes, while planning, what the state points at. A plan with
// -refresh=false reads nothing, so this is where it is seen then.
func (r *versionResource) register(ctx context.Context, before *versionModel, life *lifecycle.Life) {
	publisher := r.registers()
	if publisher == nil {
		return
	}
	var ignored diag.Diagnostics
	for _, p := range before.places(ctx, life, &ignored) {
		threatened := p.life.Threatened // an apply plans what the last refresh knew
		ignored.Append(p.point(ctx, publisher, false)...)
		p.life.Threatened = threatened
	}
}

// announceEnd notes, while the destroy of a resource is planned, that its versions
// are to go, and has life hold what its apply needs to know. It reports whether
// it could.
func (r *versionResource) announceEnd(ctx context.Context, before *versionModel, life *lifecycle.Life) bool {
	publisher := r.registers()
	if publisher == nil {
		return false
	}
	var diags diag.Diagnostics
	policy, retain, _ := before.retention(ctx, &diags)
	life.Ending = lifecycle.Ending{Run: r.Tools.Name}
	seen := map[string]lifecycle.Witness{}
	for _, p := range before.places(ctx, life, &diags) {
		if p.layerARN == "" {
			continue
		}
		err := publisher.Register(ctx, p.layerARN, func(register *lifecycle.Register) (bool, error) {
			life.Ending.Elsewhere = life.Ending.Elsewhere || p.seen.Register != register.ID
			changed := register.Hear(p.seen)
			w := register.Witness(p.holder)
			seen[p.layerARN] = w
			going := lifecycle.Announcement{Holder: p.holder, Known: w.Pointers}
			if !retain {
				going.Versions = marks(p.life.Subject(policy))
			}
			register.Announce(going)
			return changed, nil
		})
		if err != nil {
			diags.Append(warnOfRegister(err))
		}
	}
	life.Seen = seen
	return !diags.HasError()
}

// announce notes what the plan of a create or an update is to delete. An update is
// planned again by its apply, with what the last refresh saw; what the plan of a
// create knows is for the resource that it may replace.
func (r *versionResource) announce(ctx context.Context, p *planning, m *versionModel, private toolbox.PrivateWriter) {
	publisher := r.registers()
	if publisher == nil {
		return
	}
	var diags diag.Diagnostics
	if p.before == nil {
		r.announceCreate(ctx, publisher, m.LayerName.ValueString(), private)
		return
	}
	replaced := !m.LayerName.Equal(p.before.LayerName) || !m.Region.Equal(p.before.Region)
	for _, at := range p.before.places(ctx, p.life, &diags) {
		if at.layerARN == "" {
			continue
		}
		going := lifecycle.Announcement{Holder: at.holder, Known: at.seen.Pointers, Versions: p.going(at, replaced)}
		diags.Append(announced(publisher.Register(ctx, at.layerARN, func(register *lifecycle.Register) (bool, error) {
			register.Announce(going)
			return false, nil
		}))...)
	}
}

// going returns the versions of a place that an update is to delete.
func (p *planning) going(at *place, replaced bool) []lifecycle.Mark {
	n := slices.IndexFunc(p.dues, func(d lifecycle.Due) bool { return d.Region == at.region })
	if replaced || n >= 0 && p.dues[n].Leave {
		return marks(at.life.Owned)
	}
	if n < 0 || p.dues[n].Retire == lifecycle.None || p.want.Retention == nil {
		return nil
	}
	current := int64(0)
	if p.dues[n].Publish == lifecycle.None {
		current = at.life.Release.Number
	}
	numbers, known := at.life.Foresee(*p.want.Retention, current)
	return marks(slices.DeleteFunc(at.life.Subject(*p.want.Retention), func(v lifecycle.Version) bool {
		return v.Number == current || known && !slices.Contains(numbers, v.Number)
	}))
}

// announceCreate hands what this run knows to the destroy of the resource that
// the create may replace.
func (r *versionResource) announceCreate(ctx context.Context, publisher *publish.Publisher, layer string, private toolbox.PrivateWriter) {
	all, err := publisher.Witnesses(ctx, layer)
	diags := announced(err)
	for _, layerARN := range publisher.Layers() {
		if arn, err := publish.ParseLayerARN(layerARN); err != nil || arn.Name != layer {
			continue
		}
		diags.Append(announced(publisher.Register(ctx, layerARN, func(register *lifecycle.Register) (bool, error) {
			register.AnnounceReplacement(all[layerARN].Pointers)
			return false, nil
		}))...)
	}
	if len(all) > 0 {
		diags.Append(writeLife(ctx, &lifecycle.Life{Seen: all}, private)...)
	}
}

func announced(err error) (diags diag.Diagnostics) {
	if err != nil {
		diags.Append(warnOfRegister(err))
	}
	return diags
}

// hear takes, before a change, what the last refresh saw, which may have been on
// another machine.
func hear(ctx context.Context, publisher *publish.Publisher, places []*place) (diags diag.Diagnostics) {
	for _, p := range places {
		if p.layerARN == "" || len(p.seen.Pointers) == 0 {
			continue
		}
		diags.Append(announced(publisher.Register(ctx, p.layerARN, func(register *lifecycle.Register) (bool, error) {
			return register.Hear(p.seen), nil
		}))...)
	}
	return diags
}

// witnesses returns what the registers knew, by layer.
func witnesses(places []*place) map[string]lifecycle.Witness {
	all := map[string]lifecycle.Witness{}
	for _, p := range places {
		if p.seen.Register != "" {
			all[p.layerARN] = p.seen
		}
	}
	return all
}

func marks(versions []lifecycle.Version) []lifecycle.Mark {
	var all []lifecycle.Mark
	for _, v := range versions {
		all = append(all, lifecycle.Mark(v))
	}
	return all
}

// threatened warns, at the refresh, of a version that another resource deletes in
// the same run.
func (p *place) threatened(layer string) diag.Diagnostic {
	return diag.NewWarningDiagnostic(fmt.Sprintf("Version %d of layer %q may go", p.life.Release.Number, layer), fmt.Sprintf(
		"This plan deletes versions that another resource owns, and this resource points at %s, which may be one of them. The apply checks again. If the version is still there, it is kept and belongs to this resource from then on. If it is gone, it is published again under another number.",
		p.life.Release.ARN))
}
