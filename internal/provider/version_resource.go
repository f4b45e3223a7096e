package provider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

var (
	_ resource.ResourceWithConfigure        = (*versionResource)(nil)
	_ resource.ResourceWithModifyPlan       = (*versionResource)(nil)
	_ resource.ResourceWithImportState      = (*versionResource)(nil)
	_ resource.ResourceWithIdentity         = (*versionResource)(nil)
	_ resource.ResourceWithMoveState        = (*versionResource)(nil)
	_ resource.ResourceWithConfigValidators = (*versionResource)(nil)
)

// defaultTimeout bounds each operation where the user set none.
const defaultTimeout = 20 * time.Minute

// newVersionResource returns layerbuild_version: a published layer version.
func newVersionResource() resource.Resource { return &versionResource{} }

type versionResource struct {
	tools *toolbox
}

func (r *versionResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_version"
}

func (r *versionResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.tools = toolsFrom(req.ProviderData, &resp.Diagnostics)
}

func (r *versionResource) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{
		resourcevalidator.ExactlyOneOf(path.MatchRoot("package"), path.MatchRoot("filename")),
	}
}

// Create publishes the planned bytes, or takes over versions that have them.
func (r *versionResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m versionModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	timeout, diags := m.Timeouts.Create(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	owned := ownership{Places: map[string]*holdings{}}
	after, diags := r.apply(ctx, &change{plan: &m, before: &versionModel{}}, &owned)
	resp.Diagnostics.Append(diags...)
	if after == nil {
		return
	}
	resp.Diagnostics.Append(after.keep(ctx, &owned, resp.Private, resp.Identity, &resp.State)...)
}

// Read asks AWS for the version, in every region. One that is gone stays in the
// state without its hash, so that the next plan publishes anew and the older
// versions are not forgotten.
func (r *versionResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m versionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if len(r.tools.unknown) > 0 && !m.LayerName.IsNull() {
		resp.Diagnostics.Append(r.tools.notRefreshed("The layer version " + m.ARN.ValueString()))
		resp.Diagnostics.Append(identify(ctx, resp.Identity, m.layerARNIn(ctx, m.homeRegion(), &resp.Diagnostics))...)
		return
	}
	owned, diags := readOwnership(ctx, req.Private, &m)
	resp.Diagnostics.Append(diags...)
	publisher := r.tools.reach(&resp.Diagnostics)
	places := m.places(ctx, &owned, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if diags := m.guard(ctx, publisher, &owned); diags.HasError() {
		resp.Diagnostics.Append(diags...)
		return
	}
	inParallel(places, func(p *place) {
		p.diags.Append(r.readAt(ctx, publisher, &m, p)...)
	})
	if diags := report(places); diags.HasError() {
		resp.Diagnostics.Append(diags...)
		return
	}
	importing := m.LayerName.IsNull()
	resp.Diagnostics.Append(m.refresh(ctx, places)...)
	r.readSharing(ctx, publisher, &m, places, &owned, importing)
	resp.Diagnostics.Append(r.readParameter(ctx, publisher, &m, places)...)
	resp.Diagnostics.Append(r.readRetention(ctx, publisher, &m, places)...)
	resp.Diagnostics.Append(report(places)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.PublishedVersions = owned.published()
	resp.Diagnostics.Append(m.keep(ctx, &owned, resp.Private, resp.Identity, &resp.State)...)
}

// keep writes all that Terraform keeps of the resource: record, identity, state.
func (m *versionModel) keep(ctx context.Context, owned *ownership, private privateWriter, identity *tfsdk.ResourceIdentity, state *tfsdk.State) diag.Diagnostics {
	diags := owned.write(ctx, private)
	layerARN := m.layerARNIn(ctx, m.homeRegion(), &diags)
	diags.Append(identify(ctx, identity, layerARN)...)
	diags.Append(state.Set(ctx, m)...)
	return diags
}

// readAt asks AWS for what a place has.
func (r *versionResource) readAt(ctx context.Context, publisher *publish.Publisher, m *versionModel, p *place) diag.Diagnostics {
	if p.before.ARN == "" {
		return nil
	}
	v, err := publisher.Read(ctx, p.before.ARN)
	switch {
	case errors.Is(err, publish.ErrNotFound) && m.LayerName.IsNull(): // being imported
		return diag.Diagnostics{diag.NewErrorDiagnostic("No such layer version", fmt.Sprintf("AWS has no %s: check the region, the name and the number.", p.before.ARN))}
	case errors.Is(err, publish.ErrNotFound):
		p.now.lose(p.primary)
		return nil
	case err != nil:
		return diag.Diagnostics{p.unreadable(diagnose("The layer version cannot be read", err))}
	}
	p.version = &v
	if p.primary || p.before.CodeSHA256 != "" {
		p.now.describe(v)
		return p.describeSigning(ctx, publisher)
	}
	return nil
}

// Update publishes a new version where the plan has none, and keeps the older
// ones for their users.
func (r *versionResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, before versionModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	if resp.Diagnostics.HasError() {
		return
	}
	timeout, diags := m.Timeouts.Update(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	owned, diags := readOwnership(ctx, req.Private, &before)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	c := &change{plan: &m, before: &before}
	resp.Diagnostics.Append(c.findSharing(ctx, req.Config, &owned)...)
	after, diags := r.apply(ctx, c, &owned)
	resp.Diagnostics.Append(diags...)
	if after == nil {
		return
	}
	resp.Diagnostics.Append(after.keep(ctx, &owned, resp.Private, resp.Identity, &resp.State)...)
}

// apply takes all regions through a change and returns the state after it: what
// was made, even where something failed. Nil is for nothing.
func (r *versionResource) apply(ctx context.Context, c *change, owned *ownership) (after *versionModel, diags diag.Diagnostics) {
	if c.publisher = r.tools.reach(&diags); c.publisher == nil {
		return nil, diags
	}
	if refused := c.before.guard(ctx, c.publisher, owned); refused.HasError() {
		return nil, append(diags, refused...)
	}
	if c.plan.Region.ValueString() == "" {
		region, err := c.publisher.Region(ctx, "")
		if err != nil {
			return nil, append(diags, diagnose("The region is not known", err))
		}
		c.plan.Region = types.StringValue(region)
	}
	places := plannedPlaces(ctx, c.plan, c.before, owned, &diags)
	if diags.HasError() {
		return nil, diags
	}
	if slices.ContainsFunc(places, func(p *place) bool { return p.due }) {
		zip, err := r.zip(ctx, c.plan, &diags)
		if err != nil {
			return nil, append(diags, diagnose("The zip cannot be made", err))
		}
		c.prepare(zip)
		if c.describe(ctx, &diags); diags.HasError() {
			return nil, diags
		}
	}
	n := slices.IndexFunc(places, func(p *place) bool { return p.dropped })
	if n < 0 {
		n = len(places)
	}
	inParallel(places[:n], func(p *place) { r.advance(ctx, c, p) })
	if !report(places).HasError() {
		r.drop(ctx, c, places[n:])
	}
	diags.Append(report(places)...)
	after = c.conclude(ctx, places, &diags)
	if !made(places) {
		return nil, diags
	}
	c.concludeSharing(after, places, owned)
	for _, p := range places {
		if p.cleared {
			delete(owned.Places, p.region)
		}
	}
	if after.PublishedVersions.IsUnknown() || diags.HasError() {
		after.PublishedVersions = owned.published()
	}
	return after, diags
}

// Delete removes, in every region, what the resource owns.
func (r *versionResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m versionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	timeout, diags := m.Timeouts.Delete(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	owned, diags := readOwnership(ctx, req.Private, &m)
	resp.Diagnostics.Append(diags...)
	places := m.places(ctx, &owned, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	publisher := r.tools.reach(&resp.Diagnostics)
	if publisher == nil {
		return
	}
	if refused := m.guard(ctx, publisher, &owned); refused.HasError() {
		resp.Diagnostics.Append(refused...)
		return
	}
	inParallel(places, func(p *place) {
		p.diags.Append(r.destroyAt(ctx, publisher, &m, p)...)
	})
	resp.Diagnostics.Append(report(places)...)
}

// destroyAt gives up what the resource has in a region. m says how: its
// retention counts.
func (r *versionResource) destroyAt(ctx context.Context, publisher *publish.Publisher, m *versionModel, p *place) diag.Diagnostics {
	diags := r.dropParameter(ctx, publisher, p)
	if _, retain, _ := m.retention(ctx, &diags); !retain {
		diags.Append(r.retireAll(ctx, publisher, m, p)...)
		return diags
	}
	for i, d := range diags {
		if p.dropped { // the versions stay, so what names one may: a region out of reach can be given up
			diags[i] = diag.NewWarningDiagnostic(d.Summary(), d.Detail())
		}
	}
	return diags
}

// zip returns the bytes to publish. Those of a package are rebuilt from its
// lock where they are missing.
func (r *versionResource) zip(ctx context.Context, m *versionModel, diags *diag.Diagnostics) (publish.Zip, error) {
	b := m.built(ctx, diags)
	if b == nil {
		zip, err := publish.MeasureZip(m.Filename.ValueString())
		if errors.Is(err, fs.ErrNotExist) {
			return zip, fmt.Errorf("finding the zip %q: it is not there. If a layerbuild_package makes it, write package = layerbuild_package.…, which rebuilds it wherever it is missing", m.Filename.ValueString())
		}
		if err != nil || m.SourceCodeHash.ValueString() == "" {
			return zip, err
		}
		zip.SHA256, err = publish.ParseCodeSHA256(m.SourceCodeHash.ValueString())
		return zip, err
	}
	if err := b.checkLayer(); err != nil {
		return publish.Zip{}, err
	}
	return r.tools.rebuild(ctx, b)
}

// kept returns a planned set; one that was unknown is none.
func kept(planned types.Set) types.Set {
	if planned.IsUnknown() {
		return types.SetNull(types.StringType)
	}
	return planned
}
