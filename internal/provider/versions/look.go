package versions

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// look finds, at plan, what an apply would meet after half of its work: a bucket
// that is not there, and a parameter that somebody else has. What may not be
// asked is not judged.
func (r *versionResource) look(ctx context.Context, p *planning, m *versionModel) (diags diag.Diagnostics) {
	if r.Tools == nil || len(r.Tools.Unknown) > 0 || p.open {
		return nil
	}
	publisher := r.Tools.Reach(&diags)
	if publisher == nil {
		return diags
	}
	for _, due := range p.dues {
		if due.Region == "" {
			continue
		}
		diags.Append(m.lookAtBucket(ctx, publisher, due, p.zip)...)
		diags.Append(m.lookAtParameter(ctx, publisher, due, p.life.At(due.Region))...)
	}
	return diags
}

// lookAtBucket looks at the bucket that a publish goes through.
func (m *versionModel) lookAtBucket(ctx context.Context, publisher *publish.Publisher, due lifecycle.Due, zip wanted) (diags diag.Diagnostics) {
	s := m.staging(ctx, &diags)
	staged := zip.size > runtimes.MaxDirectUpload || !m.Signing.IsNull() || s != nil && s.StorageMode == storageReference
	if s == nil || s.Bucket == "" || !staged || due.Publish == lifecycle.None {
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
func (m *versionModel) lookAtParameter(ctx context.Context, publisher *publish.Publisher, due lifecycle.Due, has *lifecycle.Place) (diags diag.Diagnostics) {
	want := m.parameterOf(ctx, &diags)
	if want == nil || due.Parameter == lifecycle.None || want.Name.IsUnknown() || want.Overwrite.IsUnknown() || want.Overwrite.ValueBool() || has.Parameter.Name == want.Name.ValueString() {
		return diags
	}
	value, found, err := publisher.Parameter(ctx, due.Region, want.Name.ValueString())
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
func (m *versionModel) lookAtZip(ctx context.Context, zip wanted) (diags diag.Diagnostics) {
	name := m.Filename.ValueString()
	if name == "" || m.SourceCodeHash.ValueString() == "" || zip.size == 0 { // it is measured, or made during the apply
		return nil
	}
	measured, err := publish.MeasureZip(ctx, name)
	if err != nil {
		return append(diags, diagnostic.At("filename", diagnostic.Of(fmt.Sprintf("Unusable zip %q", name), err)))
	}
	if got := measured.SHA256.Base64(); got != zip.hash {
		diags.Append(diagnostic.At("source_code_hash", diag.NewErrorDiagnostic("The hash is that of another file", fmt.Sprintf(
			"source_code_hash is %q, and %q has %q. Write source_code_hash = filebase64sha256(%[2]q), or leave it out: it is then read from the file.", zip.hash, name, got))))
	}
	return diags
}
