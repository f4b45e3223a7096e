package versions

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

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
	s := m.Staging(ctx, &diags)
	staged := zip.Size > runtimes.MaxDirectUpload || !m.Signing.IsNull() || s != nil && s.StorageMode == versionstate.StorageReference
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
