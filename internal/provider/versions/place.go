package versions

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// place is one region's share of a layerbuild_version. Every region goes
// through the same steps, beside the others.
type place struct {
	region string
	// primary is set for the region of the resource itself.
	primary bool
	// life is what the resource has there, which the steps change; holder names
	// the resource in the layer's register.
	life   *lifecycle.Place
	holder string
	// layerARN is the layer's, without a version; "" until it is known.
	layerARN string
	// seen is what the layer's register knew when the resource was read, or its
	// end was planned. unseen is set where that cannot be known: see
	// lifecycle.Ending.
	seen   lifecycle.Witness
	unseen bool

	// outcome says what is due, and how far the steps came.
	outcome lifecycle.Outcome
	// retired are the numbers of the versions that the policy retired.
	retired []int64

	// version is what AWS said of the release last; nil where it was not asked.
	version *publish.Version
	// signedBy is who signed the version, where Signer was asked.
	signedBy publish.Signing
	// shared says who may use the version; null where AWS was not asked.
	shared types.Object
	// unread is set where AWS did not tell what the region has.
	unread bool
	// stray is set where the parameter does not hold the ARN.
	stray bool

	diags diag.Diagnostics
}

// change is what a Create or an Update is about.
type change struct {
	// plan and before are models; before is the zero model at a create.
	plan, before *versionModel
	// sharing is the argument as it is written.
	sharing   types.Object
	publisher *publish.Publisher
	// zip is set where a version is due somewhere; uploads has room for as many
	// publishes at once as memory allows.
	zip     publish.Zip
	uploads chan struct{}
	// had is what the version before holds, nil where that is not known; published
	// is set where one is due in the resource's own region.
	had       map[string]string
	published bool
}

// creating reports whether there was no state before.
func (c *change) creating() bool { return c.before.LayerName.IsNull() }

// zipsInFlight bounds the bytes of zips that are on their way to several regions
// at once: one in a request takes some four times its size of memory.
const zipsInFlight = 150 << 20

// prepare takes the zip that is to be published.
func (c *change) prepare(zip publish.Zip) {
	c.zip, c.uploads = zip, make(chan struct{}, min(max(1, zipsInFlight/max(1, zip.Size)), 64))
}

// unreadable returns what a refresh that cannot read the place says. Of a further
// region it is a warning, and what the state has stands: the outage of one keeps
// nobody from the others, nor from giving it up.
func (p *place) unreadable(d diag.Diagnostic) diag.Diagnostic {
	p.unread = true
	if p.primary {
		return d
	}
	return diag.NewWarningDiagnostic(d.Summary(), d.Detail()+"\n\nUntil a refresh can read this region, the plan uses what the state has.")
}

// versionARN returns the ARN of another version of the place's layer.
func (p *place) versionARN(number int64) string { return fmt.Sprintf("%s:%d", p.layerARN, number) }

// places returns the regions in which a resource has something, its own first.
func (m *versionModel) places(ctx context.Context, life *lifecycle.Life, diags *diag.Diagnostics) []*place {
	home := m.homeRegion()
	regions := slices.DeleteFunc(slices.Sorted(maps.Keys(life.Places)), func(region string) bool { return region == home })
	var all []*place
	for _, region := range append([]string{home}, regions...) {
		all = append(all, m.placeOf(ctx, region, life, diags))
	}
	all[0].primary = true
	return all
}

func (m *versionModel) placeOf(ctx context.Context, region string, life *lifecycle.Life, diags *diag.Diagnostics) *place {
	p := &place{region: region, life: life.At(region), holder: life.Holder}
	p.layerARN = cmp.Or(layerOf(p.life.Release.ARN), m.layerARNIn(ctx, region, diags))
	p.seen = life.Seen[p.layerARN]
	return p
}

// duePlaces returns the places of a change, with what is due.
func (c *change) duePlaces(ctx context.Context, life *lifecycle.Life, dues []lifecycle.Due, diags *diag.Diagnostics) []*place {
	var all []*place
	for _, due := range dues {
		p := c.before.placeOf(ctx, due.Region, life, diags)
		p.outcome.Due, p.primary = due, len(all) == 0
		all = append(all, p)
	}
	return all
}

// inParallel does the same in all places at once. Each keeps the pace of its
// own region.
func inParallel(places []*place, do func(*place)) {
	var all sync.WaitGroup
	for _, p := range places {
		all.Go(func() { do(p) })
	}
	all.Wait()
}

// report gathers what the places have to say, in their order. Where there are
// several, the region is named.
func report(places []*place) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, p := range places {
		for _, d := range p.diags {
			if len(places) > 1 && p.region != "" {
				d = inRegion(p.region, d)
			}
			diags.Append(d)
		}
	}
	return diags
}

// inRegion names a region in a diagnostic.
func inRegion(region string, d diag.Diagnostic) diag.Diagnostic {
	summary := region + ": " + d.Summary()
	named := diag.Diagnostic(diag.NewErrorDiagnostic(summary, d.Detail()))
	if d.Severity() == diag.SeverityWarning {
		named = diag.NewWarningDiagnostic(summary, d.Detail())
	}
	if withPath, ok := d.(diag.DiagnosticWithPath); ok {
		return diag.WithPath(withPath.Path(), named)
	}
	return named
}

// advance takes a place through its steps until one fails.
func (r *versionResource) advance(ctx context.Context, c *change, p *place) {
	for _, step := range []struct {
		lifecycle.Step
		run func(context.Context, *change, *place) diag.Diagnostics
	}{
		{lifecycle.Publishing, r.publishAt}, {lifecycle.Sharing, r.shareAt}, {lifecycle.Naming, r.parameterAt}, {lifecycle.Retiring, r.retireAt},
	} {
		diags := step.run(ctx, c, p)
		p.diags.Append(diags...)
		if diags.HasError() {
			p.outcome.Failed = step.Step
			return
		}
	}
}

// publishAt makes sure of the planned version.
func (r *versionResource) publishAt(ctx context.Context, c *change, p *place) (diags diag.Diagnostics) {
	if p.outcome.Due.Publish == lifecycle.None {
		return nil
	}
	request := c.plan.request(ctx, p.region, &diags)
	if diags.HasError() {
		return diags
	}
	request.Zip, request.LayerARN, request.Holder, request.Creating = c.zip, p.layerARN, p.holder, c.creating()
	select {
	case c.uploads <- struct{}{}:
		defer func() { <-c.uploads }()
	case <-ctx.Done():
		return append(diags, diagnostic.Of(fmt.Sprintf("Layer %q cannot be published", request.LayerName),
			fmt.Errorf("waiting for the publishes in other regions: %w", ctx.Err())))
	}
	request.Warn = func(text string) {
		diags.Append(diagnostic.At("s3", diag.NewWarningDiagnostic(fmt.Sprintf("Staging layer %q had problems", request.LayerName), text)))
	}
	v, adopted, err := c.publisher.Publish(ctx, request)
	if err != nil {
		if made, parseErr := publish.ParseARN(v.ARN); parseErr == nil { // it is there, and to be cleaned up
			p.layerARN = made.LayerARN()
			p.life.Own(v.Number, lifecycle.Date(v.CreatedDate))
		}
		return append(diags, diagnostic.Of(fmt.Sprintf("Layer %q cannot be published", request.LayerName), err))
	}
	arn, err := publish.ParseARN(v.ARN)
	if err != nil {
		return append(diags, diagnostic.Of("The layer version cannot be read", err))
	}
	was, threatened := p.life.Release.ARN, p.life.Threatened
	p.version, p.layerARN, p.life.Threatened = &v, arn.LayerARN(), false
	describe(&p.life.Release, v)
	if !adopted || threatened && v.ARN == was { // its owner is being destroyed, and leaves it
		p.life.Own(v.Number, lifecycle.Date(v.CreatedDate))
	} else if p.life.TakenOver() {
		diags.Append(p.tookOver(c.plan.LayerName.ValueString()))
	}
	if v.Double != "" {
		diags.AddWarning(fmt.Sprintf("Layer %q has a version twice", request.LayerName),
			fmt.Sprintf("An answer of AWS was lost, and %s has the same bytes as %s. If nothing uses it, delete it by hand.", v.Double, v.ARN))
	}
	return diags
}

// leave deletes what the resource has in regions that are not named any more. A
// region where that fails is tried again by the next apply.
func (r *versionResource) leave(ctx context.Context, c *change, places []*place) {
	inParallel(places, func(p *place) {
		p.diags.Append(r.destroyAt(ctx, c.publisher, c.plan, p)...)
		p.outcome.Cleared = !p.diags.HasError()
	})
}

// conclude returns the state after a change: what was planned and made, or what
// was there before where it was not made.
func (c *change) conclude(ctx context.Context, life *lifecycle.Life, want lifecycle.Arguments, places []*place, diags *diag.Diagnostics) *versionModel {
	var outcomes []lifecycle.Outcome
	home := places[0]
	for _, p := range places {
		outcomes = append(outcomes, p.outcome)
		if arn, err := publish.ParseLayerARN(p.layerARN); err == nil && home.layerARN == "" { // nothing was made at home
			arn.Region = home.region
			home.layerARN = arn.LayerARN()
		}
	}
	settled := lifecycle.Settle(life, want, outcomes, c.creating())
	m := c.plan
	if settled.Before {
		m = c.before
	} else {
		if err := m.settle(home); err != nil {
			diags.Append(diagnostic.Of("The layer version cannot be read", err))
		}
		m.settleArguments(ctx, c, settled, home)
	}
	replicas := map[string]replicaModel{}
	for _, p := range places[1:] {
		if !p.outcome.Cleared && (p.life.Release.ARN != "" || len(p.life.Owned) > 0) {
			replicas[p.region] = replicaOf(p.life)
		}
	}
	m.setReplicas(ctx, replicas, diags)
	c.settleChanges(ctx, m, diags)
	if m.PublishedVersions.IsUnknown() || diags.HasError() {
		m.PublishedVersions = publishedOf(life)
	}
	return m
}

// settleArguments writes the arguments that did not get through, and what a plan
// did not know.
func (m *versionModel) settleArguments(ctx context.Context, c *change, settled lifecycle.Settled, home *place) {
	switch {
	case !settled.ParameterOpen:
	case c.plan.SSMParameter.IsNull():
		m.SSMParameter = c.before.SSMParameter
	default: // none, so that it is planned again
		m.SSMParameter = types.ObjectNull(c.plan.SSMParameter.AttributeTypes(ctx))
	}
	if m.RetiringVersions.IsUnknown() {
		m.RetiringVersions = values.NumbersOf(home.retired)
	}
	if settled.RetentionOpen {
		m.Retention = c.before.Retention
	}
}

// made reports whether there is anything to be kept in the state.
func made(places []*place) bool {
	return slices.ContainsFunc(places, func(p *place) bool { return p.life.Release.ARN != "" || len(p.life.Owned) > 0 })
}

// settle writes what was made in the region of the resource.
func (m *versionModel) settle(home *place) error {
	if m.Region.ValueString() == "" {
		m.Region = types.StringValue(home.region)
	}
	// What was planned as absent stays absent, whatever AWS fills in.
	runtimes, architectures := kept(m.CompatibleRuntimes), kept(m.CompatibleArchitectures)
	if home.version != nil {
		if err := m.setVersion(*home.version); err != nil {
			return err
		}
	}
	m.setHome(replicaOf(home.life))
	m.LayerARN, m.CompatibleRuntimes, m.CompatibleArchitectures = values.TextOrNull(home.layerARN), runtimes, architectures
	return nil
}
