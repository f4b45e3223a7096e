// Package objects is the resource layerbuild_object: the zip of a package as an object
// in S3. Package s3object decides what is due, publish does it.
package objects

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/built"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/s3object"
)

var (
	_ resource.ResourceWithConfigure   = (*objectResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*objectResource)(nil)
	_ resource.ResourceWithImportState = (*objectResource)(nil)
)

// New returns layerbuild_object: a package's zip in S3.
func New() resource.Resource { return &objectResource{toolbox.Resource{Type: "_object"}} }

type objectResource struct{ toolbox.Resource }

// Create puts the planned bytes, or takes over an object that has them.
func (r *objectResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m objectModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	ctx, cancel := toolbox.Limit(ctx, m.Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	r.change(ctx, &m, &objectModel{Region: m.Region}, &resp.State, &resp.Diagnostics)
}

// Read looks at the key. An object that is gone stays in the state without its
// hash, so that the next plan puts it again and older objects are not forgotten.
func (r *objectResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m objectModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	record := m.record(ctx, &resp.Diagnostics)
	if len(r.Tools.Unknown) > 0 {
		resp.Diagnostics.Append(r.Tools.NotRefreshed("The object " + m.ID.ValueString()))
		return
	}
	publisher := r.Tools.Reach(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	caller, diags := m.guard(ctx, publisher)
	if resp.Diagnostics.Append(diags...); diags.HasError() {
		return
	}
	if m.Package.IsNull() {
		m.AccountID = values.TextOrNull(caller.AccountID)
		resp.Diagnostics.Append(r.readImported(ctx, publisher, &m)...)
	} else if record.Current != (s3object.Stored{}) {
		sight, err := publisher.LookAgain(ctx, m.Region.ValueString(), m.Bucket.ValueString(), record.Current)
		if err != nil {
			resp.Diagnostics.Append(diagnostic.Of("The object cannot be read", err))
			return
		}
		var drift s3object.Drift
		if record, drift = record.Seen(sight); drift != s3object.NoDrift {
			resp.Diagnostics.Append(m.driftWarning(drift))
			m.setRecord(record)
		}
	}
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	}
}

// readImported fills in an object that is being imported. The resource owns it
// from then on, as if it had put it.
func (r *objectResource) readImported(ctx context.Context, publisher *publish.Publisher, m *objectModel) (diags diag.Diagnostics) {
	asked := s3object.Stored{Key: m.Key.ValueString(), VersionID: m.ObjectVersionID.ValueString()}
	region, err := publisher.Region(ctx, m.Region.ValueString())
	if err != nil {
		return append(diags, diagnostic.Of("The region is not known", err))
	}
	sight, err := publisher.FindObject(ctx, region, m.Bucket.ValueString(), asked)
	switch {
	case errors.Is(err, publish.ErrNoObject):
		return append(diags, diag.NewErrorDiagnostic("No such object", fmt.Sprintf("S3 has no %s in %s: check the bucket, the key and the region.", asked.Address(m.Bucket.ValueString()), region)))
	case err != nil:
		return append(diags, diagnostic.Of("The object cannot be read", err))
	}
	m.Region = types.StringValue(region)
	m.Size = types.Int64Value(sight.Size)
	m.Package = built.KnownByHash(sight.SHA256, sight.Size, nil, nil)
	m.setRecord(s3object.Record{Current: sight.Latest, SHA256: sight.SHA256})
	m.setRetiring(nil)
	return diags
}

// Update puts the object where the plan has another, and deletes older ones that
// are not kept.
func (r *objectResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, before objectModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	ctx, cancel := toolbox.Limit(ctx, m.Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	r.change(ctx, &m, &before, &resp.State, &resp.Diagnostics)
}

// change applies a plan, and keeps what came of it.
func (r *objectResource) change(ctx context.Context, m, before *objectModel, state *tfsdk.State, diags *diag.Diagnostics) {
	if diags.HasError() {
		return
	}
	made, more := r.apply(ctx, m, before)
	if diags.Append(more...); made {
		diags.Append(state.Set(ctx, m)...)
	}
}

// apply takes a state to what the plan asks for and writes it into the model. It
// reports false where nothing came of it, and true after an error too, where
// something did.
func (r *objectResource) apply(ctx context.Context, m, before *objectModel) (made bool, diags diag.Diagnostics) {
	publisher := r.Tools.Reach(&diags)
	if publisher == nil {
		return false, diags
	}
	caller, refused := before.guard(ctx, publisher)
	record := before.record(ctx, &refused)
	if refused.HasError() {
		return false, append(diags, refused...)
	}
	region, err := publisher.Region(ctx, m.Region.ValueString())
	if err != nil {
		return false, append(diags, diagnostic.Of("The region is not known", err))
	}
	m.Region = types.StringValue(region)
	w, known := m.wish(ctx, &diags)
	if diags.HasError() || !known {
		return false, diags
	}
	going := record.Retiring(w)
	if reason := record.Due(w); reason != s3object.NotDue {
		put, found, err := r.put(ctx, publisher, m, record, w, reason, &diags)
		if err != nil {
			return false, append(diags, diagnostic.Of("The zip cannot be put into S3", err))
		}
		record = record.After(w, put, found)
	}
	for _, s := range going {
		err := publisher.DeleteObject(ctx, region, m.Bucket.ValueString(), s)
		if _, taken := errors.AsType[*publish.TakenError](err); err != nil && !taken {
			diags.Append(diagnostic.Of(fmt.Sprintf("The object %s cannot be deleted", s.Address(m.Bucket.ValueString())), err))
			continue
		}
		record = record.Without(s)
	}
	m.setRecord(record)
	m.setRetiring(going)
	if m.AccountID.IsUnknown() {
		m.AccountID = values.TextOrNull(caller.AccountID)
	}
	m.Size = m.built(ctx, &diags).Size
	return true, diags
}

// put brings the zip to its key.
func (r *objectResource) put(ctx context.Context, publisher *publish.Publisher, m *objectModel, record s3object.Record, w s3object.Wish, reason s3object.Reason, diags *diag.Diagnostics) (s3object.Stored, bool, error) {
	zip, _, err := m.built(ctx, diags).Zip(ctx, r.Tools.Builder)
	if err != nil {
		return s3object.Stored{}, false, err
	}
	return publisher.PutObject(ctx, publish.ObjectRequest{
		Region: m.Region.ValueString(), Bucket: m.Bucket.ValueString(), Key: w.Key, Settings: w.Settings, Zip: zip,
		Replaceable: record.Replaceable(w.Key), Afresh: reason == s3object.OtherSettings,
		Warn: func(text string) { diags.AddWarning("Something stays in the bucket", text) },
	})
}

// Delete removes what this resource put, and leaves what it took over.
func (r *objectResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m objectModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	ctx, cancel := toolbox.Limit(ctx, m.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	record := m.record(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	publisher := r.Tools.Reach(&resp.Diagnostics)
	if publisher == nil {
		return
	}
	if _, diags := m.guard(ctx, publisher); diags.HasError() {
		resp.Diagnostics.Append(diags...)
		return
	}
	var left []s3object.Stored
	if record.Adopted {
		left = append(left, record.Current)
	}
	for _, s := range record.Owned() {
		err := publisher.DeleteObject(ctx, m.Region.ValueString(), m.Bucket.ValueString(), s)
		if _, taken := errors.AsType[*publish.TakenError](err); taken {
			left = append(left, s)
		} else if err != nil {
			resp.Diagnostics.Append(diagnostic.Of(fmt.Sprintf("The object %s cannot be deleted", s.Address(m.Bucket.ValueString())), err))
		}
	}
	if len(left) > 0 {
		resp.Diagnostics.AddWarning("Objects stay in the bucket", fmt.Sprintf("This resource did not upload what is there now: %s. Delete it by hand if nothing needs it.", addresses(m.Bucket.ValueString(), left)))
	}
}

// ImportState takes the address of an object, "s3://bucket/key", with
// "?versionId=…" for one version.
func (r *objectResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	bucket, stored, ok := s3object.ParseAddress(req.ID)
	if !ok {
		resp.Diagnostics.AddError("Malformed import id", fmt.Sprintf("%q is not an address of an object: write s3://bucket/key, or s3://bucket/key?versionId=… for one version.", req.ID))
		return
	}
	for name, value := range map[string]types.String{"bucket": types.StringValue(bucket), "key": types.StringValue(stored.Key), "object_version_id": values.TextOrNull(stored.VersionID)} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
	if r.Tools != nil && r.Tools.Region != "" {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("region"), r.Tools.Region)...)
	}
}
