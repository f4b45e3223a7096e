package objects

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/s3object"
)

// ModifyPlan decides whether the object is to be put and which older ones go.
// Where one is put it looks at the bucket, so that what the apply would refuse
// is refused now; a plan without changes asks nothing here.
func (r *objectResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.Tools == nil {
		return
	}
	var m, config objectModel
	before := &objectModel{}
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	exists := !req.State.Raw.IsNull()
	if exists {
		resp.Diagnostics.Append(req.State.Get(ctx, before)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	m.Key = config.Key
	if !m.Bucket.Equal(before.Bucket) {
		before = &objectModel{} // it is made, or replaced
	}
	if config.Region.IsNull() && before.Region.ValueString() == "" {
		m.Region = types.StringUnknown()
		if r.Tools.Region != "" {
			m.Region = types.StringValue(r.Tools.Region)
		}
	}
	resp.Diagnostics.Append(diagnostic.Blocking(r.plan(ctx, &m, before), exists)...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, &m)...)
	}
}

// plan writes what is known of the object. before has no bucket where there is
// no object yet.
func (r *objectResource) plan(ctx context.Context, m, before *objectModel) (diags diag.Diagnostics) {
	record := before.record(ctx, &diags)
	w, known := m.wish(ctx, &diags)
	if diags.HasError() {
		return diags
	}
	m.planNames(w)
	if !known {
		m.setUnknown()
		m.RetiringObjects = types.ListUnknown(types.StringType)
		return diags
	}
	m.Size = m.built(ctx, &diags).Size
	going := record.Retiring(w)
	if record.Due(w) == s3object.NotDue {
		m.ETag, m.ObjectVersionID, m.Adopted, m.AccountID = before.ETag, before.ObjectVersionID, before.Adopted, before.AccountID
		m.RetainedObjects, m.RetiringObjects = before.RetainedObjects, before.RetiringObjects
		if len(going) > 0 {
			m.RetainedObjects = types.ListUnknown(storedType())
			m.setRetiring(going)
		}
		m.keepImported(ctx, before, &diags)
		return diags
	}
	m.setUnknown()
	m.setRetiring(going)
	diags.Append(r.look(ctx, m, before, record, w)...)
	return diags
}

// planNames writes what the bytes and the arguments decide.
func (m *objectModel) planNames(w s3object.Wish) {
	m.ID, m.SourceCodeHash, m.Size = types.StringUnknown(), types.StringUnknown(), types.Int64Unknown()
	if w.SHA256 == "" {
		if m.Key.IsNull() {
			m.Key = types.StringUnknown()
		}
	} else {
		m.SourceCodeHash = types.StringValue(w.SHA256)
		if m.Key.IsNull() && !m.Prefix.IsUnknown() {
			m.Key = types.StringValue(w.Key)
		}
	}
	if m.Key.IsNull() {
		m.Key = types.StringUnknown()
	}
	if !m.Bucket.IsUnknown() && !m.Key.IsUnknown() {
		m.ID = types.StringValue(s3object.Stored{Key: m.Key.ValueString()}.Address(m.Bucket.ValueString()))
	}
}

// look asks S3 for what would keep the put from the bucket. Nothing is asked as
// long as the bucket or the settings of AWS are not known.
func (r *objectResource) look(ctx context.Context, m, before *objectModel, record s3object.Record, w s3object.Wish) (diags diag.Diagnostics) {
	if m.Bucket.IsUnknown() || m.Key.IsUnknown() || len(r.Tools.Unknown) > 0 {
		return nil
	}
	publisher := r.Tools.Reach(&diags)
	if publisher == nil {
		return diags
	}
	if _, refused := before.guard(ctx, publisher); refused.HasError() {
		return append(diags, refused...)
	}
	region, bucket := m.Region.ValueString(), m.Bucket.ValueString()
	if err := publisher.CheckBucket(ctx, region, bucket); err != nil {
		return append(diags, diagnostic.Of("The bucket cannot be used", err))
	}
	sight, err := publisher.FindObject(ctx, region, bucket, s3object.Stored{Key: w.Key})
	if _, denied := errors.AsType[*publish.AccessDeniedError](err); denied || errors.Is(err, publish.ErrNoObject) {
		return diags // nothing is there, or it may not be asked
	}
	if err != nil {
		return append(diags, diagnostic.Of("The bucket cannot be used", err))
	}
	switch {
	case sight.SHA256 == w.SHA256:
		if record.Due(w) != s3object.OtherSettings && !slices.Contains(record.Owned(), sight.Latest) {
			diags.Append(diagnostic.At("key", diag.NewWarningDiagnostic(fmt.Sprintf("The object %s is there already", sight.Latest.Address(bucket)),
				"It has the same bytes as the package, so this resource adopts it. A destroy does not delete it. If another layerbuild_object uploaded it, that one deletes it when it is destroyed: give each a prefix or key of its own, and write a moved block where you rename a resource.")))
		}
	case sight.InParts || slices.Contains(record.Replaceable(w.Key), sight.Latest): // the apply tells, or the state has told
	default:
		diags.Append(diagnostic.Of("The key is taken", &publish.TakenError{Address: s3object.Stored{Key: w.Key}.Address(bucket), Unverified: sight.SHA256 == ""}))
	}
	return diags
}
