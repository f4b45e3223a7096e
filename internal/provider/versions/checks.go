package versions

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/built"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/findings"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// guardState refuses to act on what a state has with credentials of another account
// or partition: nothing is read, written or deleted then.
func guardState(ctx context.Context, m *versionstate.Model, publisher *publish.Publisher) (diags diag.Diagnostics) {
	arns := map[string]bool{m.LayerARN.ValueString(): true}
	for _, r := range m.Releases(ctx, &diags) {
		arns[r.ARN] = true
	}
	delete(arns, "")
	if diags.HasError() || len(arns) == 0 {
		return diags
	}
	if err := publisher.Guard(ctx, slices.Sorted(maps.Keys(arns))...); err != nil {
		diags.Append(refusal(m, err))
	}
	return diags
}

// refusal returns the diagnostic of a Guard that did not let the model pass.
func refusal(m *versionstate.Model, err error) diag.Diagnostic {
	foreign, ok := errors.AsType[*publish.ForeignAccountError](err)
	switch {
	case !ok:
		return diagnostic.Of("The account of the credentials is not known", err)
	case m.LayerName.IsNull():
		return diag.NewErrorDiagnostic("The layer version belongs to another account", diagnostic.Sentence(foreign.Error())+
			" Import it with credentials of "+foreign.Owner.String()+". What is shared with yours needs no import: write its ARN where it is used.")
	}
	return diag.NewErrorDiagnostic("The state is of another AWS account", fmt.Sprintf(
		"Layer %q of the state is of %s, and the credentials are of %s (%s). Nothing was changed in either.\n\n"+
			"Use credentials of %[2]s. To publish the layer in %[3]s instead, first remove it from this state (\"terraform state rm\"), or give %[3]s a state of its own.",
		m.LayerName.ValueString(), foreign.Owner, foreign.Caller, foreign.ARN))
}

// guardPlan refuses, at plan, a change or a destroy that could not be carried
// out: of another account's state, and without credentials that work. before is
// nil where the resource is to be created.
func guardPlan(ctx context.Context, tools *toolbox.Tools, m, before *versionstate.Model) (diags diag.Diagnostics) {
	if tools == nil || len(tools.Unknown) > 0 {
		return nil
	}
	publisher := tools.Reach(&diags)
	if publisher == nil {
		return diags
	}
	if before != nil {
		return guardState(ctx, before, publisher)
	}
	if m.Region.IsUnknown() {
		return nil
	}
	if _, err := publisher.Caller(ctx, m.Region.ValueString()); err != nil {
		diags.Append(diagnostic.Of(fmt.Sprintf("Layer %q cannot be published", m.LayerName.ValueString()), err))
	}
	return diags
}

// lookAhead finds, at plan, what an apply would meet after half of its work: a bucket
// that is not there, and a parameter that somebody else has. What may not be
// asked is not judged.
func lookAhead(ctx context.Context, tools *toolbox.Tools, p *planning, m *versionstate.Model) (diags diag.Diagnostics) {
	if tools == nil || len(tools.Unknown) > 0 || p.open {
		return nil
	}
	publisher := tools.Reach(&diags)
	if publisher == nil {
		return diags
	}
	for _, due := range p.dues {
		if due.Region == "" {
			continue
		}
		diags.Append(lookAtBucket(ctx, m, publisher, due, p.zip)...)
		diags.Append(lookAtParameter(ctx, m, publisher, due, p.life.At(due.Region))...)
	}
	return diags
}

// lookAtBucket looks at the bucket that a publish goes through.
func lookAtBucket(ctx context.Context, m *versionstate.Model, publisher *publish.Publisher, due lifecycle.Due, zip versionstate.Zip) (diags diag.Diagnostics) {
	s := m.Staging()
	if !s.Takes(zip.Size, runtimes.MaxDirectUpload, !m.Signing.IsNull()) || s.Bucket == "" || due.Publish == lifecycle.None {
		return diags
	}
	bucket := strings.ReplaceAll(s.Bucket, "{region}", due.Region)
	if err := publisher.CheckBucket(ctx, due.Region, bucket); err != nil {
		diags.Append(diagnostic.At("s3", diagnostic.Of(fmt.Sprintf("The bucket %q cannot take the zip", bucket), err)))
	}
	return diags
}

// lookAtParameter looks at the parameter that an apply is to write for the first
// time. One with a version of the layer is that of an interrupted apply, or of
// the resource that this one replaces.
func lookAtParameter(ctx context.Context, m *versionstate.Model, publisher *publish.Publisher, due lifecycle.Due, has *lifecycle.Place) (diags diag.Diagnostics) {
	want := m.Parameter(ctx, &diags)
	if want == nil || due.Parameter == lifecycle.None || want.Name.IsUnknown() || want.Overwrite.IsUnknown() || want.Overwrite.ValueBool() || has.Parameter.Name == want.Name.ValueString() {
		return diags
	}
	value, found, err := publisher.Parameters.Get(ctx, due.Region, want.Name.ValueString())
	if _, denied := errors.AsType[*publish.AccessDeniedError](err); denied || err == nil && !found {
		return diags
	}
	if err != nil {
		return append(diags, diagnostic.Of("The parameter cannot be read", err))
	}
	if arn, err := publish.ParseARN(value); err == nil && arn.Name == m.LayerName.ValueString() && arn.Region == due.Region {
		return diags
	}
	exists := &publish.ParameterExistsError{Name: want.Name.ValueString(), Region: due.Region}
	return append(diags, diagnostic.At("ssm_parameter", diag.NewErrorDiagnostic(fmt.Sprintf("The parameter %q is there already", exists.Name), diagnostic.Sentence(exists.Error()))))
}

// lookAtZip compares the file with the hash that is written beside it, before
// anything else is done: AWS would be sent nothing else than what was planned.
func lookAtZip(ctx context.Context, m *versionstate.Model, zip versionstate.Zip) (diags diag.Diagnostics) {
	name := m.Filename.ValueString()
	if name == "" || m.SourceCodeHash.ValueString() == "" || zip.Size == 0 { // it is measured, or made during the apply
		return nil
	}
	measured, err := publish.MeasureZip(ctx, name)
	if err != nil {
		return append(diags, diagnostic.At("filename", diagnostic.Of(fmt.Sprintf("Unusable zip %q", name), err)))
	}
	if got := measured.SHA256.Base64(); got != zip.Hash {
		diags.Append(diagnostic.At("source_code_hash", diag.NewErrorDiagnostic("The hash is that of another file", fmt.Sprintf(
			"source_code_hash is %q, and %q has %q. Write source_code_hash = filebase64sha256(%[2]q), or leave it out: it is then read from the file.", zip.Hash, name, got))))
	}
	return diags
}

// inspectVersion judges the zip that is to be published for the runtimes and
// architectures that it is declared for. A package was judged for its own
// already. A zip that is made during the apply is not seen.
func inspectVersion(ctx context.Context, tools *toolbox.Tools, m *versionstate.Model) diag.Diagnostics {
	var diags diag.Diagnostics
	if tools == nil || m.CompatibleRuntimes.IsUnknown() || m.CompatibleArchitectures.IsUnknown() {
		return diags
	}
	ids, architectures := values.Texts(m.CompatibleRuntimes), values.Texts(m.CompatibleArchitectures)
	if diags.HasError() {
		return diags
	}
	built := m.Built(ctx, &diags)
	if built == nil {
		return append(diags, inspectZip(ctx, tools, m, m.Filename.ValueString(), "filename", ids, architectures, nil)...)
	}
	newer, wider := without(ids, values.Texts(built.Runtimes)), without(architectures, values.Texts(built.Architectures))
	if len(newer)+len(wider) == 0 {
		return diags
	}
	// The zip may lie elsewhere, or be in the cache alone. One that cannot be
	// made yet is made, and refused, by the apply.
	_, zip, err := built.Zip(ctx, tools.Builder)
	if err != nil {
		return diags
	}
	if len(newer) > 0 {
		diags.Append(inspectZip(ctx, tools, m, zip, "compatible_runtimes", newer, architectures, built)...)
	}
	if same := without(ids, newer); len(wider) > 0 && len(same) > 0 {
		diags.Append(inspectZip(ctx, tools, m, zip, "compatible_architectures", same, wider, built)...)
	}
	return diags
}

// inspectZip judges one zip. built is the package that it is of, nil for none.
func inspectZip(ctx context.Context, tools *toolbox.Tools, m *versionstate.Model, name, attribute string, ids, architectures []string, built *built.Package) (diags diag.Diagnostics) {
	if name == "" {
		return diags
	}
	found, err := tools.Builder.InspectZip(ctx, name, ids, architectures)
	if errors.Is(err, fs.ErrNotExist) {
		return diags
	}
	chosen := findings.Chosen(m.Checks)
	if err != nil {
		summary, detail := fmt.Sprintf("The zip %q was not looked into", name), diagnostic.Sentence(err.Error())
		// Lambda may not unzip it either, such as one with an entry "../m.py".
		if chosen["layout"] == fault.SeverityError {
			return append(diags, diagnostic.At(attribute, diag.NewErrorDiagnostic(summary, detail)))
		}
		diags.Append(diagnostic.At(attribute, diag.NewWarningDiagnostic(summary, detail)))
		return diags
	}
	found = layer.Weigh(found, chosen)
	for i := range found {
		f := &found[i]
		detail := f.Text()
		if built != nil {
			detail += fmt.Sprintf("\nThe package is built for %s on %s, and the version is declared for %s. Declare what the package is for, or build a package for each.",
				strings.Join(values.Texts(built.Runtimes), ", "), strings.Join(values.Texts(built.Architectures), ", "), strings.Join(f.Targets, ", "))
		}
		diags.Append(inspected(attribute, f, detail, built != nil || chosen[string(f.Check)] == fault.SeverityError)...)
	}
	return diags
}

// inspected tells of a finding: an error is what contradicts a declaration, or
// a zip in which nothing is found, else a warning.
func inspected(attribute string, f *layer.Finding, detail string, declared bool) diag.Diagnostics {
	switch {
	case f.Severity == "note":
		return nil
	case f.Severity == "error" && (declared || f.Check == "layout"):
		return diag.Diagnostics{diagnostic.At(attribute, diag.NewErrorDiagnostic(f.Summary, detail))}
	}
	return diag.Diagnostics{diagnostic.At(attribute, diag.NewWarningDiagnostic(f.Summary, detail))}
}

// without returns the elements of all that are not in some.
func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}
