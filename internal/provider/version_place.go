package provider

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// place is one region's share of a layerbuild_version. Every region goes
// through the same steps, beside the others.
type place struct {
	region string
	// primary is set for the region of the resource itself.
	primary bool
	// due is set where a version is to be published, or taken over.
	due bool
	// dropped is set where the configuration does not name the region any more,
	// cleared once what was there is given up.
	dropped, cleared bool

	// before is what the state has there, now what the steps made of it.
	before, now release
	// owned is the record of the region, which the steps change.
	owned *holdings
	// layerARN is the layer's, without a version; "" until it is known.
	layerARN string
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
	// gaveUp are the numbers of the versions that retention gave up.
	gaveUp []int64

	// failed is the step that did not succeed.
	failed step
	diags  diag.Diagnostics
}

// step is a part of what is done in a region, in this order.
type step int

const (
	publishing step = iota + 1
	sharing
	parameter
	retaining
)

// change is what a Create or an Update is about.
type change struct {
	// plan and before are models; before is the zero model at a create.
	plan, before *versionModel
	publisher    *publish.Publisher
	// leaveSharing is set where the state's sharing is not the resource's own,
	// unsettledSharing where an earlier change of it was not completed.
	leaveSharing, unsettledSharing bool
	// zip is set where a version is due somewhere; uploads has room for as many
	// publishes at once as memory allows.
	zip     publish.Zip
	uploads chan struct{}
}

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
	return diag.NewWarningDiagnostic(d.Summary(), d.Detail()+"\n\nWhat the state has of this region stands until a refresh can read it.")
}

// previous returns the number of the version that the next one follows, 0 for
// none.
func (p *place) previous() int64 {
	if p.primary && p.before.CodeSHA256 == "" { // it is gone
		return 0
	}
	return p.before.Number
}

// versionARN returns the ARN of another version of the place's layer.
func (p *place) versionARN(number int64) string { return fmt.Sprintf("%s:%d", p.layerARN, number) }

// places returns the regions of the model, its own first: those that it has
// something in, that are named further, and that the record has.
func (m *versionModel) places(ctx context.Context, owned *ownership, diags *diag.Diagnostics) []*place {
	home := &place{region: m.homeRegion(), primary: true, before: m.release(ctx, diags), layerARN: m.homeLayerARN()}
	all := []*place{home}
	replicas := m.replicas(ctx, diags)
	further := maps.Clone(replicas)
	for region := range owned.Places {
		further[region] = replicas[region]
	}
	delete(further, home.region)
	for _, region := range slices.Sorted(maps.Keys(further)) {
		before := further[region].release(ctx, diags)
		all = append(all, &place{region: region, before: before, layerARN: before.layerARN()})
	}
	for _, p := range all {
		p.now, p.owned = p.before, owned.of(p.region)
		if p.layerARN = cmp.Or(p.layerARN, p.owned.LayerARN); p.layerARN == "" {
			p.layerARN = m.layerARNIn(ctx, p.region, diags)
		}
	}
	return all
}

// plannedPlaces returns the places of a change, with what is due. Regions that
// are not planned any more come last.
func plannedPlaces(ctx context.Context, plan, before *versionModel, owned *ownership, diags *diag.Diagnostics) []*place {
	known := map[string]*place{}
	for _, p := range before.places(ctx, owned, diags) {
		p.dropped = !p.primary
		known[p.region] = p
	}
	home := known[before.homeRegion()]
	if home == nil || home.region != plan.homeRegion() { // being created
		home = &place{region: plan.homeRegion(), primary: true, owned: owned.of(plan.homeRegion())}
	}
	home.due = plan.ARN.IsUnknown()
	all := []*place{home}
	delete(known, home.region)
	replicas := plan.replicas(ctx, diags)
	regions, _ := plan.furtherRegions(ctx, diags)
	for _, region := range regions {
		p := known[region]
		if p == nil {
			p = &place{region: region, owned: owned.of(region)}
		}
		planned, ok := replicas[region]
		p.dropped, p.due = false, !ok || planned.ARN.IsUnknown()
		all = append(all, p)
		delete(known, region)
	}
	delete(known, "")
	for _, region := range slices.Sorted(maps.Keys(known)) {
		all = append(all, known[region])
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

// advance takes a place through its steps until one fails. A version's ARN is
// handed on after the version is shared.
func (r *versionResource) advance(ctx context.Context, c *change, p *place) {
	for _, s := range []struct {
		step
		run func(context.Context, *change, *place) diag.Diagnostics
	}{
		{publishing, r.publishAt}, {sharing, r.shareAt}, {parameter, r.parameterAt}, {retaining, r.retireAt},
	} {
		diags := s.run(ctx, c, p)
		p.diags.Append(diags...)
		if diags.HasError() {
			p.failed = s.step
			p.owned.Behind = p.owned.Behind || s.step > publishing && s.step < retaining && (p.due || c.retentionChanged())
			return
		}
	}
}

// publishAt makes sure of the planned version.
func (r *versionResource) publishAt(ctx context.Context, c *change, p *place) (diags diag.Diagnostics) {
	if !p.due {
		return nil
	}
	request := c.plan.request(ctx, p.region, &diags)
	if diags.HasError() {
		return diags
	}
	request.Zip, request.LayerARN = c.zip, p.layerARN
	select {
	case c.uploads <- struct{}{}:
		defer func() { <-c.uploads }()
	case <-ctx.Done():
		return append(diags, diagnose(fmt.Sprintf("Layer %q cannot be published", request.LayerName),
			fmt.Errorf("waiting for the publishes in other regions: %w", ctx.Err())))
	}
	request.Warn = func(text string) {
		diags.Append(at("s3", diag.NewWarningDiagnostic(fmt.Sprintf("Layer %q was staged with difficulties", request.LayerName), text)))
	}
	v, adopted, err := c.publisher.Publish(ctx, request)
	if err != nil {
		if made, parseErr := publish.ParseARN(v.ARN); parseErr == nil { // it is there, and to be cleaned up
			p.layerARN, p.owned.LayerARN = made.LayerARN(), made.LayerARN()
			p.owned.add(v.Number, createdAt(v.CreatedDate))
		}
		return append(diags, diagnose(fmt.Sprintf("Layer %q cannot be published", request.LayerName), err))
	}
	arn, err := publish.ParseARN(v.ARN)
	if err != nil {
		return append(diags, diagnose("The layer version cannot be read", err))
	}
	p.version, p.layerARN, p.owned.LayerARN = &v, arn.LayerARN(), arn.LayerARN()
	p.now.describe(v)
	p.now.Retained = retain(p.before.Retained, p.previous(), v.Number)
	if !adopted {
		p.owned.add(v.Number, createdAt(v.CreatedDate))
	}
	if v.Double != "" {
		diags.AddWarning(fmt.Sprintf("Layer %q has a version twice", request.LayerName),
			fmt.Sprintf("An answer of AWS was lost, and %s has the same bytes as %s. If nothing uses it, delete it by hand.", v.Double, v.ARN))
	}
	return diags
}

// drop gives up what the resource has in regions that are not named any more.
// A region where that fails is tried again by the next apply.
func (r *versionResource) drop(ctx context.Context, c *change, places []*place) {
	inParallel(places, func(p *place) {
		p.diags.Append(r.destroyAt(ctx, c.publisher, c.plan, p)...)
		p.cleared = !p.diags.HasError()
	})
}

// conclude returns the state after a change: what was planned and made, or what
// was there before where it was not made. A further region whose version is
// not the one that the state describes has no hash, so that the next plan
// publishes there.
func (c *change) conclude(ctx context.Context, places []*place, diags *diag.Diagnostics) *versionModel {
	m, home, old := c.plan, places[0], c.plan.Replicas.IsNull()
	undone := home.failed == publishing
	for _, p := range places { // a version that is only to be cleaned up has no other trace in the state
		if arn, err := publish.ParseLayerARN(p.owned.LayerARN); err == nil && home.layerARN == "" {
			arn.Region = home.region
			home.layerARN = arn.LayerARN()
		}
	}
	if undone && !c.before.LayerName.IsNull() {
		m = c.before
	} else {
		if err := m.settle(home); err != nil {
			diags.Append(diagnose("The layer version cannot be read", err))
		}
		m.concludeParameter(ctx, c, places)
		m.concludeRetention(c, home)
	}
	replicas := map[string]replicaModel{}
	for _, p := range places[1:] {
		switch {
		case p.cleared:
			continue
		case p.due && undone != (p.failed == publishing):
			p.now.CodeSHA256 = ""
		}
		if p.now.ARN != "" || len(p.now.Retained) > 0 {
			replicas[p.region] = p.now.replica()
		}
	}
	m.setReplicas(ctx, replicas, diags)
	if old && !diags.HasError() { // a state of old, and nothing that was planned
		m.Replicas, m.ARNs = types.MapNull(replicaType()), types.MapNull(types.StringType)
	}
	return m
}

// made reports whether there is anything to be kept in the state.
func made(places []*place) bool {
	return slices.ContainsFunc(places, func(p *place) bool { return p.now.ARN != "" || len(p.owned.Versions) > 0 })
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
	m.setHome(home.now.replica())
	m.LayerARN, m.CompatibleRuntimes, m.CompatibleArchitectures = textOrNull(home.layerARN), runtimes, architectures
	return nil
}
