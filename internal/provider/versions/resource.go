// Package versions is the resource layerbuild_version, with its import, its move from
// the aws provider and its listing. Package lifecycle decides what is due; this plans
// it for Terraform and carries it out in every region.
package versions

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/steps"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
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

// New returns layerbuild_version: a published layer version.
func New() resource.Resource { return &versionResource{toolbox.Resource{Type: "_version"}} }

type versionResource struct{ toolbox.Resource }

// Schema names the attributes.
func (r *versionResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = versionstate.Schema(ctx)
}

// IdentitySchema names what a layer is known by.
func (r *versionResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = versionstate.IdentitySchema()
}

func (r *versionResource) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{
		resourcevalidator.ExactlyOneOf(path.MatchRoot("package"), path.MatchRoot("filename")),
	}
}

// Create publishes the planned bytes, or takes over versions that have them.
func (r *versionResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m versionstate.Model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := toolbox.Limit(ctx, m.Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	c := &change{plan: &m, before: &versionstate.Model{}}
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("sharing"), &c.sharing)...)
	life := &lifecycle.Life{Holder: rand.Text()} // its name in the registers of its layers
	if r.Tools != nil {
		r.Tools.Published.Store(true)
	}
	resp.Diagnostics.Append(r.change(ctx, c, life, resp.Private, resp.Identity, &resp.State)...)
}

// Read asks AWS for the version, in every region. One that is gone stays in the
// state without its hash, so that the next plan publishes anew and the older
// versions are not forgotten.
func (r *versionResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m versionstate.Model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if len(r.Tools.Unknown) > 0 && !m.LayerName.IsNull() {
		resp.Diagnostics.Append(r.Tools.NotRefreshed("The layer version " + m.ARN.ValueString()))
		resp.Diagnostics.Append(versionstate.Identify(ctx, resp.Identity, m.LayerARNIn(ctx, m.HomeRegion(), &resp.Diagnostics))...)
		return
	}
	life, diags := versionstate.ReadLife(ctx, req.Private, &m)
	resp.Diagnostics.Append(diags...)
	publisher := r.Tools.Reach(&resp.Diagnostics)
	places := placesOf(ctx, &m, life, &resp.Diagnostics)
	life.Holder = cmp.Or(life.Holder, rand.Text()) // a new name is registered when a state has it
	if resp.Diagnostics.HasError() {
		return
	}
	if diags := guardState(ctx, &m, publisher); diags.HasError() {
		resp.Diagnostics.Append(diags...)
		return
	}
	policy, _, _ := m.Policy(ctx, &resp.Diagnostics)
	asked := &steps.Reading{Publisher: publisher, Layer: m.LayerName.ValueString(), Policy: policy, HasRetention: !m.Retention.IsNull(), Now: r.Tools.Now}
	asked.ReadPlaces(ctx, places)
	if diags := steps.Report(places); diags.HasError() {
		resp.Diagnostics.Append(diags...)
		return
	}
	importing := m.LayerName.IsNull() || life.SharingUnread
	resp.Diagnostics.Append(refreshState(ctx, &m, places)...)
	readSharing(ctx, &m, asked, places, life, importing)
	resp.Diagnostics.Append(readParameter(ctx, &m, asked, places)...)
	asked.Layer = m.LayerName.ValueString()
	resp.Diagnostics.Append(asked.ReadRetention(ctx, places)...)
	resp.Diagnostics.Append(steps.Report(places)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.PublishedVersions = versionstate.Published(life)
	life.Seen = steps.Witnesses(places)
	resp.Diagnostics.Append(keepState(ctx, &m, life, resp.Private, resp.Identity, &resp.State)...)
}

// keepState writes all that Terraform keeps of the resource: record, identity, state.
func keepState(ctx context.Context, m *versionstate.Model, life *lifecycle.Life, private toolbox.PrivateWriter, identity *tfsdk.ResourceIdentity, state *tfsdk.State) diag.Diagnostics {
	diags := versionstate.WriteLife(ctx, life, private)
	layerARN := m.LayerARNIn(ctx, m.HomeRegion(), &diags)
	diags.Append(versionstate.Identify(ctx, identity, layerARN)...)
	diags.Append(state.Set(ctx, m)...)
	return diags
}

// Update publishes a new version where the plan has none, and keeps the older
// ones for their users.
func (r *versionResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, before versionstate.Model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := toolbox.Limit(ctx, m.Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	life, diags := versionstate.ReadLife(ctx, req.Private, &before)
	resp.Diagnostics.Append(diags...)
	life.Holder = cmp.Or(life.Holder, rand.Text())
	c := &change{plan: &m, before: &before, had: contentsBefore(ctx, &before, req.Private, &resp.Diagnostics)}
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("sharing"), &c.sharing)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.change(ctx, c, life, resp.Private, resp.Identity, &resp.State)...)
}

// change carries out a change and keeps what came of it; what the published version
// holds goes to the private state and to the page of the layer.
func (r *versionResource) change(ctx context.Context, c *change, life *lifecycle.Life, private toolbox.PrivateWriter, identity *tfsdk.ResourceIdentity, state *tfsdk.State) diag.Diagnostics {
	after, diags := r.apply(ctx, c, life)
	if after == nil {
		return diags
	}
	diags.Append(c.keepContents(ctx, after, private)...)
	diags.Append(writeChangelog(ctx, r.Tools, c, after, life)...)
	return append(diags, keepState(ctx, after, life, private, identity, state)...)
}

// apply takes all regions through a change and returns the state after it: what
// was made, even where something failed. Nil is for nothing.
func (r *versionResource) apply(ctx context.Context, c *change, life *lifecycle.Life) (after *versionstate.Model, diags diag.Diagnostics) {
	if c.publisher = r.Tools.Reach(&diags); c.publisher == nil {
		return nil, diags
	}
	if refused := guardState(ctx, c.before, c.publisher); refused.HasError() {
		return nil, append(diags, refused...)
	}
	if c.plan.Region.ValueString() == "" {
		region, err := c.publisher.Region(ctx, "")
		if err != nil {
			return nil, append(diags, diagnostic.Of("The region is not known", err))
		}
		c.plan.Region = types.StringValue(region)
	}
	zip, known := c.plan.Wanted(ctx, &diags)
	want := argumentsOf(ctx, c.plan, c.sharing, zip, known, &diags)
	places := c.duePlaces(ctx, life, lifecycle.Plan(stateArguments(ctx, c.before, &diags), life, want), &diags)
	c.published = len(places) > 0 && places[0].Outcome.Due.Publish != lifecycle.None
	if diags.HasError() || !r.prepare(ctx, c, places, &diags) {
		return nil, diags
	}
	o := c.order(ctx, r.Tools.Now, &diags)
	if diags.HasError() {
		return nil, diags
	}
	end, err := c.publisher.Begin(ctx, life.Holder)
	if err != nil {
		return nil, append(diags, diagnostic.Of("The apply cannot be noted", err))
	}
	diags.Append(steps.Hear(ctx, c.publisher, places)...)
	n := slices.IndexFunc(places, func(p *steps.Place) bool { return p.Outcome.Due.Leave })
	if n < 0 {
		n = len(places)
	}
	o.AdvanceAll(ctx, places[:n])
	if !steps.Report(places).HasError() {
		o.Leave(ctx, places[n:])
	}
	diags.Append(steps.Report(places)...)
	if err := end(); err != nil {
		diags.Append(steps.WarnOfRegister(err))
	}
	after = c.conclude(ctx, life, want, places, &diags)
	if !steps.HasAny(places) {
		return nil, diags
	}
	return after, diags
}

// prepare makes the zip where a version is due, and reports whether it could.
func (r *versionResource) prepare(ctx context.Context, c *change, places []*steps.Place, diags *diag.Diagnostics) bool {
	if !slices.ContainsFunc(places, func(p *steps.Place) bool { return p.Outcome.Due.Publish != lifecycle.None }) {
		return true
	}
	zip, err := r.zip(ctx, c.plan, diags)
	if err != nil {
		diags.Append(diagnostic.Of("The zip cannot be made", err))
		return false
	}
	c.zip = zip
	c.describe(ctx, diags)
	return !diags.HasError()
}

// Delete removes, in every region, what the resource owns.
func (r *versionResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m versionstate.Model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := toolbox.Limit(ctx, m.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	life, diags := versionstate.ReadLife(ctx, req.Private, &m)
	resp.Diagnostics.Append(diags...)
	places := placesOf(ctx, &m, life, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	publisher := r.Tools.Reach(&resp.Diagnostics)
	if publisher == nil {
		return
	}
	if refused := guardState(ctx, &m, publisher); refused.HasError() {
		resp.Diagnostics.Append(refused...)
		return
	}
	end := removalOf(ctx, &m, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	unseen := life.Ending.Unseen(r.Tools.Name, r.Tools.Published.Load())
	steps.InParallel(places, func(p *steps.Place) {
		p.Unseen = unseen
		p.Diags.Append(end.DestroyAt(ctx, publisher, p)...)
	})
	resp.Diagnostics.Append(steps.Report(places)...)
}

// zip returns the bytes to publish. Those of a package are rebuilt from its
// lock where they are missing.
func (r *versionResource) zip(ctx context.Context, m *versionstate.Model, diags *diag.Diagnostics) (publish.Zip, error) {
	b := m.Built(ctx, diags)
	if b == nil {
		zip, err := publish.MeasureZip(ctx, m.Filename.ValueString())
		if errors.Is(err, fs.ErrNotExist) {
			return zip, fmt.Errorf("finding the zip %q: it is not there. If a layerbuild_package makes it, write package = layerbuild_package.…, which rebuilds it wherever it is missing", m.Filename.ValueString())
		}
		if err != nil || m.SourceCodeHash.ValueString() == "" {
			return zip, err
		}
		zip.SHA256, err = publish.ParseCodeSHA256(m.SourceCodeHash.ValueString())
		return zip, err
	}
	if err := b.CheckLayer(); err != nil {
		return publish.Zip{}, err
	}
	zip, _, err := b.Zip(ctx, r.Tools.Builder)
	return zip, err
}

// change is what a Create or an Update is about.
type change struct {
	// plan and before are models; before is the zero model at a create.
	plan, before *versionstate.Model
	// sharing is the argument as it is written.
	sharing   types.Object
	publisher *publish.Publisher
	zip       publish.Zip // where a version is due somewhere
	// had is what the version before holds, nil where that is not known; published
	// is set where one is due in the resource's own region.
	had       map[string]string
	published bool
}

// creating reports whether there was no state before.
func (c *change) creating() bool { return c.before.LayerName.IsNull() }
