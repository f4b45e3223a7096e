package packages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/findings"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/release"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// ValidateConfig refuses a package without any input before anything is read.
func (*packageResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m packageModel
	// A configuration with unknown collections does not fit the model yet;
	// it is judged at plan. Elements that are null are named by validators.
	if !req.Config.Raw.IsFullyKnown() || values.HasNull(req.Config.Raw) {
		return
	}
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	spec, _ := m.spec(release.CutOff{}) // its faults are those of validators
	if len(spec.Architectures) == 0 {
		spec.Architectures = []string{runtimes.X8664}
	}
	for _, found := range fault.All(spec.Check()) {
		if !attributes.Validated(found.At) {
			resp.Diagnostics.Append(diagnostic.Of("Unusable package", found))
		}
	}
}

// ModifyPlan resolves and builds when all inputs are known, so that the plan
// holds the lock and the hash. Terraform calls it again at apply, perhaps on
// another machine, and must get the same answer.
func (r *packageResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.Tools == nil {
		return
	}
	var m packageModel
	var before *packageModel
	if !req.State.Raw.IsNull() {
		before = &packageModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, before)...)
	}
	if !req.Config.Raw.IsFullyKnown() || !r.Tools.Known {
		resp.Diagnostics.Append(planUnknown(ctx, &resp.Plan)...)
		return
	}
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	made, diags := m.made(ctx, before, req.Private)
	diags.Append(m.inTime(ctx, before, func(ctx context.Context) diag.Diagnostics { return r.plan(ctx, &m, before, made) })...)
	resp.Diagnostics.Append(diagnostic.Blocking(diags, before != nil)...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, &m)...)
	}
}

// plan resolves, and builds where the lock is not the one of before. The checks
// of dates and withdrawn files are made at every plan, whatever has changed.
func (r *packageResource) plan(ctx context.Context, m, before *packageModel, made layer.Made) diag.Diagnostics {
	diags := r.checkDates(m)
	spec, found := m.spec(r.Tools.CutOff())
	if diags.Append(found...); diags.HasError() {
		return diags
	}
	m.reconsider(&spec, before)
	spec.Made = made
	old := lockOf(before)
	lock, err := r.Tools.Builder.Resolve(ctx, spec, old)
	if err != nil {
		return append(diags, diagnostic.AllOf("The layer cannot be resolved", err)...)
	}
	if err := r.Tools.Builder.MatchPlan(ctx, spec, old, lock); err != nil {
		return append(diags, diagnostic.Of("The package changed since the plan", err))
	}
	withdrawn, err := r.Tools.Builder.Withdrawn(ctx, spec, lock, cmp.Or(findings.Chosen(m.Checks)["withdrawn"], fault.SeverityOff))
	if err != nil {
		return append(diags, diagnostic.Of("The lock holds withdrawn distributions", err))
	}
	tell(withdrawn, &diags)
	planned, err := lock.Encode()
	if err != nil {
		return append(diags, diagnostic.Of("The lock cannot be written", err))
	}
	if before == nil || before.Lock.ValueString() != planned || !m.sameOutput(before) {
		tell(lock.Warnings(), &diags)
		m.Findings, m.SBOM = types.ListUnknown(findings.Type), types.StringUnknown()
		diags.Append(r.build(ctx, m, lock, m.output(before))...)
	} else {
		if m.computed = before.computed; m.Findings.IsNull() {
			m.Findings = types.ListNull(findings.Type)
		}
		diags.Append(r.putBack(ctx, m, lock, made)...)
		diags.Append(r.putBillBack(ctx, m, lock)...)
	}
	return r.unpack(ctx, m, lock, diags)
}

// tell adds warnings of the pipeline.
func tell(warnings []fault.Warning, diags *diag.Diagnostics) {
	for _, w := range warnings {
		diags.Append(diagnostic.Warning(w))
	}
}

// putBack rewrites a zip that somebody changed or cut, and writes a missing one
// where write_zip says so. Otherwise a missing one is left missing: a
// layerbuild_version makes it where it needs it.
func (r *packageResource) putBack(ctx context.Context, m *packageModel, lock *layer.Lock, made layer.Made) (diags diag.Diagnostics) {
	zip, err := publish.ParseCodeSHA256(m.SourceCodeHash.ValueString())
	if err != nil {
		return append(diags, diagnostic.Of("Unusable state", err))
	}
	name, always := m.Filename.ValueString(), m.writesAlways()
	intact, err := r.Tools.Builder.Intact(ctx, name, zip, m.Size.ValueInt64())
	if intact || !always && err != nil {
		return diags
	}
	missing := errors.Is(err, fs.ErrNotExist)
	if err = r.Tools.Builder.Rebuild(ctx, lock, zip, name); err == nil {
		tflog.Info(ctx, fmt.Sprintf("The zip %q was put back from the lock", name), map[string]any{"missing": missing, "sha256": m.SHA256.ValueString()})
		return append(diags, r.writeBill(ctx, m, lock)...)
	}
	cause := diagnostic.Of("The zip cannot be put back", err)
	if made.Lacks(err) {
		return append(diags, diagnostic.At("write_zip", diag.NewWarningDiagnostic(fmt.Sprintf("The zip %q cannot be put back", name),
			"Files that an earlier apply made are missing here. Resources that read the zip fail. Replace the resource that makes the files (-replace), or keep the folder with the zip between runs.")))
	}
	if !always {
		return append(diags, diag.NewWarningDiagnostic(fmt.Sprintf("The zip %q was changed and cannot be put back", name), cause.Detail()))
	}
	return append(diags, diagnostic.At("write_zip", diag.NewErrorDiagnostic(fmt.Sprintf("The zip %q cannot be put back", name),
		cause.Detail()+"\n\nWith write_zip = \"always\", the default for kind = \"function\", every plan restores a missing zip. If nothing reads the file, write write_zip = \"on_change\".")))
}

// checkDates tells of runtimes that are deprecated or in preview.
func (r *packageResource) checkDates(m *packageModel) diag.Diagnostics {
	var diags diag.Diagnostics
	severity := cmp.Or(findings.Chosen(m.Checks)["runtime_dates"], fault.SeverityWarning)
	if severity == fault.SeverityOff {
		return diags
	}
	for i, id := range values.Texts(m.Runtimes) {
		known, err := runtimes.Lookup(id)
		if err != nil {
			continue // named by Resolve
		}
		summary, detail := layer.DateNote(known, r.Tools.Now())
		if summary == "" {
			continue
		}
		d := diag.Diagnostic(diag.NewWarningDiagnostic(summary, detail))
		if severity == fault.SeverityError {
			d = diag.NewErrorDiagnostic(summary, detail)
		}
		diags.Append(diagnostic.At(fmt.Sprintf("runtimes[%d]", i), d))
	}
	return diags
}

// sameOutput reports whether the zip stays where it is and is judged alike.
func (m *packageModel) sameOutput(before *packageModel) bool {
	return reflect.DeepEqual(m.output(nil), before.output(nil)) && m.SBOMFormat.Equal(before.SBOMFormat) && m.Beside.Equal(before.Beside)
}

// planUnknown marks what the provider fills in as known after the apply.
func planUnknown(ctx context.Context, plan *tfsdk.Plan) (diags diag.Diagnostics) {
	for name, attribute := range plan.Schema.GetAttributes() {
		if !attribute.IsComputed() || attribute.IsOptional() {
			continue
		}
		of := attribute.GetType()
		unknown, err := of.ValueFromTerraform(ctx, tftypes.NewValue(of.TerraformType(ctx), tftypes.UnknownValue))
		if err != nil {
			return append(diags, diagnostic.Of("The plan cannot be written", err))
		}
		diags.Append(plan.SetAttribute(ctx, path.Root(name), unknown)...)
	}
	return diags
}
