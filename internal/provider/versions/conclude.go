package versions

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/steps"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// duePlaces returns the places of a change, with what is due.
func (c *change) duePlaces(ctx context.Context, life *lifecycle.Life, dues []lifecycle.Due, diags *diag.Diagnostics) []*steps.Place {
	var all []*steps.Place
	for _, due := range dues {
		p := placeOf(ctx, c.before, due.Region, life, diags)
		p.Outcome.Due, p.Primary = due, len(all) == 0
		all = append(all, p)
	}
	return all
}

// placesOf returns the regions in which a resource has something, its own first.
func placesOf(ctx context.Context, m *versionstate.Model, life *lifecycle.Life, diags *diag.Diagnostics) []*steps.Place {
	home := m.HomeRegion()
	regions := slices.DeleteFunc(slices.Sorted(maps.Keys(life.Places)), func(region string) bool { return region == home })
	var all []*steps.Place
	for _, region := range append([]string{home}, regions...) {
		all = append(all, placeOf(ctx, m, region, life, diags))
	}
	all[0].Primary = true
	return all
}

func placeOf(ctx context.Context, m *versionstate.Model, region string, life *lifecycle.Life, diags *diag.Diagnostics) *steps.Place {
	p := &steps.Place{Region: region, Life: life.At(region), Holder: life.Holder}
	p.LayerARN = cmp.Or(steps.LayerOf(p.Life.Release.ARN), m.LayerARNIn(ctx, region, diags))
	p.Seen = life.Seen[p.LayerARN]
	return p
}

// conclude returns the state after a change: what was planned and made, or what
// was there before where it was not made.
func (c *change) conclude(ctx context.Context, life *lifecycle.Life, want lifecycle.Arguments, places []*steps.Place, diags *diag.Diagnostics) *versionstate.Model {
	var outcomes []lifecycle.Outcome
	home := places[0]
	for _, p := range places {
		outcomes = append(outcomes, p.Outcome)
		if arn, err := publish.ParseLayerARN(p.LayerARN); err == nil && home.LayerARN == "" { // nothing was made at home
			arn.Region = home.Region
			home.LayerARN = arn.LayerARN()
		}
	}
	settled := lifecycle.Settle(life, want, outcomes, c.creating())
	m := c.plan
	if settled.Before {
		m = c.before
	} else {
		if err := settleHome(m, home); err != nil {
			diags.Append(diagnostic.Of("The layer version cannot be read", err))
		}
		settleArguments(ctx, m, c, settled, home)
	}
	replicas := map[string]versionstate.Replica{}
	for _, p := range places[1:] {
		if !p.Outcome.Cleared && (p.Life.Release.ARN != "" || len(p.Life.Owned) > 0) {
			replicas[p.Region] = versionstate.ReplicaOf(p.Life)
		}
	}
	m.SetReplicas(ctx, replicas, diags)
	c.settleChanges(ctx, m, diags)
	if m.PublishedVersions.IsUnknown() || diags.HasError() {
		m.PublishedVersions = versionstate.Published(life)
	}
	return m
}

// settleArguments writes the arguments that did not get through, and what a plan
// did not know.
func settleArguments(ctx context.Context, m *versionstate.Model, c *change, settled lifecycle.Settled, home *steps.Place) {
	switch {
	case !settled.ParameterOpen:
	case c.plan.SSMParameter.IsNull():
		m.SSMParameter = c.before.SSMParameter
	default: // none, so that it is planned again
		m.SSMParameter = types.ObjectNull(c.plan.SSMParameter.AttributeTypes(ctx))
	}
	if m.RetiringVersions.IsUnknown() {
		m.RetiringVersions = values.NumbersOf(home.Retired)
	}
	if settled.RetentionOpen {
		m.Retention = c.before.Retention
	}
}

// settleHome writes what was made in the region of the resource.
func settleHome(m *versionstate.Model, home *steps.Place) error {
	if m.Region.ValueString() == "" {
		m.Region = types.StringValue(home.Region)
	}
	// What was planned as absent stays absent, whatever AWS fills in.
	runtimes, architectures := kept(m.CompatibleRuntimes), kept(m.CompatibleArchitectures)
	if home.Version != nil {
		if err := m.SetVersion(*home.Version); err != nil {
			return err
		}
	}
	m.SetHome(versionstate.ReplicaOf(home.Life))
	m.LayerARN, m.CompatibleRuntimes, m.CompatibleArchitectures = values.TextOrNull(home.LayerARN), runtimes, architectures
	return nil
}

// refreshState writes what AWS said of all places.
func refreshState(ctx context.Context, m *versionstate.Model, places []*steps.Place) (diags diag.Diagnostics) {
	home, replicas := places[0], map[string]versionstate.Replica{}
	if v := home.Version; v != nil {
		if m.Package.IsNull() && m.Filename.IsNull() {
			m.Package = versionstate.Imported(*v)
			m.ImportSigning(home.Life.Release.ARN, home.SignedBy)
		}
		if err := m.SetVersion(*v); err != nil {
			return append(diags, diagnostic.Of("The layer version cannot be read", err))
		}
		home.Region, home.LayerARN = m.Region.ValueString(), m.LayerARN.ValueString()
	}
	m.SetHome(versionstate.ReplicaOf(home.Life))
	for _, p := range places[1:] {
		if p.Life.Release.ARN != "" || len(p.Life.Owned) > 0 {
			replicas[p.Region] = versionstate.ReplicaOf(p.Life)
		}
	}
	m.SetReplicas(ctx, replicas, &diags)
	return diags
}

// kept returns a planned set; one that was unknown is none.
func kept(planned types.Set) types.Set {
	if planned.IsUnknown() {
		return types.SetNull(types.StringType)
	}
	return planned
}

// readSharing writes who may use the versions. Of several regions the first
// that is not as the state says shows.
func readSharing(ctx context.Context, m *versionstate.Model, asked *steps.Reading, places []*steps.Place, life *lifecycle.Life, importing bool) {
	if m.Sharing.IsNull() && !importing {
		return
	}
	asked.ReadSharing(ctx, places, importing)
	life.SharingUnread = false
	for _, p := range places {
		if p.Shared == nil || importing && p.Shared.Equal(publish.Sharing{}) {
			continue
		}
		if found := versionstate.SharingObject(*p.Shared); !versionstate.SameSharing(found, m.Sharing) {
			m.Sharing, life.SharingFound = found, importing || life.SharingFound
			return
		}
	}
}

// readParameter looks at the parameter in every region. Where it is gone or
// holds something else the state has none, so that the next plan writes it.
func readParameter(ctx context.Context, m *versionstate.Model, asked *steps.Reading, places []*steps.Place) (diags diag.Diagnostics) {
	want := m.Parameter(ctx, &diags)
	if want == nil {
		return diags
	}
	asked.ReadParameter(ctx, places, want.Name.ValueString())
	if slices.ContainsFunc(places, func(p *steps.Place) bool { return p.Stray }) {
		m.SSMParameter = types.ObjectNull(m.SSMParameter.AttributeTypes(ctx))
	}
	return diags
}

// order returns what the change brings about in every region.
func (c *change) order(ctx context.Context, now func() time.Time, diags *diag.Diagnostics) *steps.Order {
	o := &steps.Order{Publisher: c.publisher, Removal: removalOf(ctx, c.plan, diags), Now: now}
	o.Request = c.plan.Request("")
	o.Request.Zip, o.Request.Creating = c.zip, c.creating()
	o.Sharing, _ = versionstate.SharingOf(c.sharing)
	if p := c.plan.Parameter(ctx, diags); p != nil {
		o.Parameter = &steps.Parameter{
			Parameter: publish.Parameter{Name: p.Name.ValueString(), Description: p.Description.ValueString(), Tier: p.Tier.ValueString()},
			Overwrite: p.Overwrite.ValueBool(),
		}
		o.ParameterKept = c.plan.SSMParameter.Equal(c.before.SSMParameter)
	}
	if o.Named = !c.plan.RetiringVersions.IsUnknown(); o.Named {
		o.Retiring = values.Numbers(ctx, c.plan.RetiringVersions, diags)
	}
	return o
}

// removalOf returns how the versions of the resource go.
func removalOf(ctx context.Context, m *versionstate.Model, diags *diag.Diagnostics) steps.Removal {
	policy, retain, _ := m.Policy(ctx, diags)
	return steps.Removal{Layer: m.LayerName.ValueString(), Policy: policy, Retain: retain}
}
