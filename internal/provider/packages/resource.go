// Package packages is the resource layerbuild_package: what it is asked for becomes a
// layer.Spec, what was chosen a lock in the state.
package packages

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

var (
	_ resource.ResourceWithConfigure      = (*packageResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*packageResource)(nil)
	_ resource.ResourceWithValidateConfig = (*packageResource)(nil)
)

// New returns layerbuild_package: a layer zip.
func New() resource.Resource { return &packageResource{toolbox.Resource{Type: "_package"}} }

type packageResource struct{ toolbox.Resource }

// Create writes the zip that was planned, or resolves and builds one where the
// inputs were not known at plan.
func (r *packageResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m packageModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(m.inTime(ctx, nil, func(ctx context.Context) diag.Diagnostics { return r.make(ctx, &m, nil) })...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(keepMade(ctx, r.Tools, &m, nil, resp.Private)...)
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	}
}

// Read has nothing to ask: the state is the truth. A missing zip is no
// difference; ModifyPlan puts it back where write_zip says so.
func (r *packageResource) Read(_ context.Context, _ resource.ReadRequest, _ *resource.ReadResponse) {}

// Update is Create with an older lock to prefer.
func (r *packageResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, before packageModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(m.inTime(ctx, &before, func(ctx context.Context) diag.Diagnostics { return r.make(ctx, &m, &before) })...)
	if resp.Diagnostics.HasError() {
		return
	}
	made, diags := m.made(ctx, &before, req.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(keepMade(ctx, r.Tools, &m, made, resp.Private)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// Delete leaves the zip where it is. Its default name is that of its content,
// which another package may share, and other resources may still read filename.
func (r *packageResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

// make brings the zip of the model about, and tidies the cache.
func (r *packageResource) make(ctx context.Context, m, before *packageModel) diag.Diagnostics {
	diags := r.makeZip(ctx, m, before)
	if err := r.Tools.Builder.Tidy(ctx); err != nil && !diags.HasError() {
		diags.AddWarning("The cache could not be trimmed", diagnostic.Sentence(err.Error()))
	}
	return diags
}

// makeZip meets the plan, which holds the lock and the digest, unless the
// inputs were unknown then.
func (r *packageResource) makeZip(ctx context.Context, m, before *packageModel) diag.Diagnostics {
	var diags diag.Diagnostics
	if m.Lock.IsUnknown() {
		spec, found := m.spec(r.Tools.CutOff())
		if diags.Append(found...); diags.HasError() {
			return diags
		}
		m.reconsider(&spec, before)
		lock, err := r.Tools.Builder.Resolve(ctx, spec, lockOf(before))
		if err != nil {
			return append(diags, diagnostic.AllOf("The layer cannot be resolved", err)...)
		}
		diags.Append(r.build(ctx, m, lock, m.output(before))...)
		return r.unpack(ctx, m, lock, diags)
	}
	lock, err := layer.DecodeLock(m.Lock.ValueString())
	if err != nil {
		return append(diags, diagnostic.Of("Unusable lock", err))
	}
	planned := m.output(before)
	if planned.Want, err = publish.ParseCodeSHA256(m.SourceCodeHash.ValueString()); err != nil {
		return append(diags, diagnostic.Of("Unusable plan", err))
	}
	if intact, err := r.Tools.Builder.Intact(ctx, m.Filename.ValueString(), planned.Want, m.Size.ValueInt64()); err != nil || !intact {
		diags.Append(r.build(ctx, m, lock, planned)...)
	} else {
		diags.Append(r.writeBill(ctx, m, lock)...)
	}
	return r.unpack(ctx, m, lock, diags)
}

// build packs the lock and writes what came of it to the model.
func (r *packageResource) build(ctx context.Context, m *packageModel, lock *layer.Lock, o layer.Output) diag.Diagnostics {
	var diags diag.Diagnostics
	artifact, err := r.Tools.Builder.Build(ctx, lock, o)
	if err != nil {
		return append(diags, diagnostic.AllOf("The layer cannot be built", err)...)
	}
	tell(artifact.Warnings, &diags)
	if err := m.setLock(lock); err != nil {
		return append(diags, diagnostic.Of("The lock cannot be written", err))
	}
	m.setArtifact(artifact)
	return append(diags, r.writeBill(ctx, m, lock)...)
}
