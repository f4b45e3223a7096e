package versions

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/steps"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
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
func registers(tools *toolbox.Tools) *publish.Publisher {
	if tools == nil || len(tools.Unknown) > 0 {
		return nil
	}
	publisher, err := tools.Publisher()
	if err != nil {
		return nil
	}
	return publisher
}

// registerState notes, while planning, what the state points at. A plan with
// -refresh=false reads nothing, so this is where it is seen then.
func registerState(ctx context.Context, tools *toolbox.Tools, before *versionstate.Model, life *lifecycle.Life) {
	publisher := registers(tools)
	if publisher == nil {
		return
	}
	var ignored diag.Diagnostics
	for _, p := range placesOf(ctx, before, life, &ignored) {
		threatened := p.Life.Threatened // an apply plans what the last refresh knew
		ignored.Append(p.Point(ctx, publisher, false)...)
		p.Life.Threatened = threatened
	}
}

// announceEnd notes, while the destroy of a resource is planned, that its versions
// are to go, and has life hold what its apply needs to know. It reports whether
// it could.
func announceEnd(ctx context.Context, tools *toolbox.Tools, before *versionstate.Model, life *lifecycle.Life) bool {
	publisher := registers(tools)
	if publisher == nil {
		return false
	}
	var diags diag.Diagnostics
	policy, retain, _ := before.Policy(ctx, &diags)
	life.Ending = lifecycle.Ending{Run: tools.Name}
	seen := map[string]lifecycle.Witness{}
	for _, p := range placesOf(ctx, before, life, &diags) {
		if p.LayerARN == "" {
			continue
		}
		diags.Append(steps.Note(ctx, publisher, p.LayerARN, func(register *lifecycle.Register) bool {
			life.Ending.Elsewhere = life.Ending.Elsewhere || p.Seen.Register != register.ID
			changed := register.Hear(p.Seen)
			w := register.Witness(p.Holder)
			seen[p.LayerARN] = w
			going := lifecycle.Announcement{Holder: p.Holder, Known: w.Pointers}
			if !retain {
				going.Versions = p.Life.Subject(policy)
			}
			register.Announce(going)
			return changed
		})...)
	}
	life.Seen = seen
	return !diags.HasError()
}

// announcePlan notes what the plan of a create or an update is to delete. An update is
// planned again by its apply, with what the last refresh saw; what the plan of a
// create knows is for the resource that it may replace.
func announcePlan(ctx context.Context, tools *toolbox.Tools, p *planning, m *versionstate.Model, private toolbox.PrivateWriter) {
	publisher := registers(tools)
	if publisher == nil {
		return
	}
	if p.before == nil {
		announceCreate(ctx, publisher, m.LayerName.ValueString(), private)
		return
	}
	var ignored diag.Diagnostics
	replaced := !m.LayerName.Equal(p.before.LayerName) || !m.Region.Equal(p.before.Region)
	for _, at := range placesOf(ctx, p.before, p.life, &ignored) {
		if at.LayerARN == "" {
			continue
		}
		going := lifecycle.Announcement{Holder: at.Holder, Known: at.Seen.Pointers, Versions: p.going(at, replaced)}
		steps.Note(ctx, publisher, at.LayerARN, func(register *lifecycle.Register) bool {
			register.Announce(going)
			return false
		})
	}
}

// going returns the versions of a place that an update is to delete.
func (p *planning) going(at *steps.Place, replaced bool) []lifecycle.Version {
	n := slices.IndexFunc(p.dues, func(d lifecycle.Due) bool { return d.Region == at.Region })
	if replaced || n >= 0 && p.dues[n].Leave {
		return slices.Clone(at.Life.Owned)
	}
	if n < 0 || p.dues[n].Retire == lifecycle.None || p.want.Retention == nil {
		return nil
	}
	current := int64(0)
	if p.dues[n].Publish == lifecycle.None {
		current = at.Life.Release.Number
	}
	numbers, known := at.Life.Foresee(*p.want.Retention, current)
	return slices.DeleteFunc(at.Life.Subject(*p.want.Retention), func(v lifecycle.Version) bool {
		return v.Number == current || known && !slices.Contains(numbers, v.Number)
	})
}

// announceCreate hands what this run knows to the destroy of the resource that
// the create may replace.
func announceCreate(ctx context.Context, publisher *publish.Publisher, layer string, private toolbox.PrivateWriter) {
	all, _ := publisher.Witnesses(ctx, layer) // what cannot be noted is no fault of the plan
	for _, layerARN := range publisher.Layers() {
		if arn, err := publish.ParseLayerARN(layerARN); err != nil || arn.Name != layer {
			continue
		}
		steps.Note(ctx, publisher, layerARN, func(register *lifecycle.Register) bool {
			register.AnnounceReplacement(all[layerARN].Pointers)
			return false
		})
	}
	if len(all) > 0 {
		versionstate.WriteLife(ctx, &lifecycle.Life{Seen: all}, private)
	}
}
