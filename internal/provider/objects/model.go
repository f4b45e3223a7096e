package objects

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/built"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/s3object"
)

// objectModel is the state, plan and configuration of layerbuild_object.
type objectModel struct {
	ID              types.String   `tfsdk:"id"`
	Bucket          types.String   `tfsdk:"bucket"`
	Package         types.Object   `tfsdk:"package"`
	Key             types.String   `tfsdk:"key"`
	Prefix          types.String   `tfsdk:"prefix"`
	KMSKeyID        types.String   `tfsdk:"kms_key_id"`
	StorageClass    types.String   `tfsdk:"storage_class"`
	Tags            types.Map      `tfsdk:"tags"`
	KeepLast        types.Int64    `tfsdk:"keep_last"`
	Region          types.String   `tfsdk:"region"`
	Timeouts        timeouts.Value `tfsdk:"timeouts"`
	ObjectVersionID types.String   `tfsdk:"object_version_id"`
	ETag            types.String   `tfsdk:"etag"`
	AccountID       types.String   `tfsdk:"account_id"`
	SourceCodeHash  types.String   `tfsdk:"source_code_hash"`
	Size            types.Int64    `tfsdk:"size"`
	Adopted         types.Bool     `tfsdk:"adopted"`
	RetainedObjects types.List     `tfsdk:"retained_objects"`
	RetiringObjects types.List     `tfsdk:"retiring_objects"`
}

// storedModel is an element of retained_objects.
type storedModel struct {
	Key             types.String `tfsdk:"key"`
	ObjectVersionID types.String `tfsdk:"object_version_id"`
	ETag            types.String `tfsdk:"etag"`
}

func storedType() types.ObjectType { return attributes.TypesOf(retainedAttribute()) }

// built returns the package argument; nil where there is none or it is unknown.
func (m *objectModel) built(ctx context.Context, diags *diag.Diagnostics) *built.Package {
	return built.Of(ctx, m.Package, diags)
}

// settings returns what a put says besides the bytes; false where some of it is
// known only after an apply.
func (m *objectModel) settings() (s3object.Settings, bool) {
	s := s3object.Settings{KMSKeyID: m.KMSKeyID.ValueString(), StorageClass: m.StorageClass.ValueString(), Tags: values.TextMap(m.Tags)}
	if s.StorageClass == "STANDARD" {
		s.StorageClass = "" // what S3 does by itself
	}
	known := !m.KMSKeyID.IsUnknown() && !m.StorageClass.IsUnknown() && !m.Tags.IsUnknown() && len(s.Tags) == len(m.Tags.Elements())
	return s, known
}

// record returns what the state knows.
func (m *objectModel) record(ctx context.Context, diags *diag.Diagnostics) s3object.Record {
	r := s3object.Record{SHA256: m.SourceCodeHash.ValueString(), Adopted: m.Adopted.ValueBool()}
	r.Settings, _ = m.settings()
	if m.ETag.ValueString() != "" {
		r.Current = s3object.Stored{Key: m.Key.ValueString(), VersionID: m.ObjectVersionID.ValueString(), ETag: m.ETag.ValueString()}
	}
	var retained []storedModel
	if !m.RetainedObjects.IsNull() && !m.RetainedObjects.IsUnknown() {
		diags.Append(m.RetainedObjects.ElementsAs(ctx, &retained, false)...)
	}
	for _, s := range retained {
		r.Retained = append(r.Retained, s3object.Stored{Key: s.Key.ValueString(), VersionID: s.ObjectVersionID.ValueString(), ETag: s.ETag.ValueString()})
	}
	return r
}

// setRecord writes what is known; the arguments stay.
func (m *objectModel) setRecord(r s3object.Record) {
	m.ETag, m.ObjectVersionID, m.SourceCodeHash = types.StringNull(), types.StringNull(), types.StringNull()
	m.Adopted = types.BoolNull()
	if r.Current != (s3object.Stored{}) {
		m.Key, m.ETag, m.ObjectVersionID = types.StringValue(r.Current.Key), types.StringValue(r.Current.ETag), values.TextOrNull(r.Current.VersionID)
		m.SourceCodeHash, m.Adopted = values.TextOrNull(r.SHA256), types.BoolValue(r.Adopted)
	}
	m.ID = types.StringValue(s3object.Stored{Key: m.Key.ValueString()}.Address(m.Bucket.ValueString()))
	retained := []attr.Value{}
	for _, s := range r.Retained {
		retained = append(retained, types.ObjectValueMust(storedType().AttrTypes, map[string]attr.Value{
			"key": types.StringValue(s.Key), "object_version_id": values.TextOrNull(s.VersionID), "etag": types.StringValue(s.ETag),
		}))
	}
	m.RetainedObjects = types.ListValueMust(storedType(), retained)
}

// setRetiring writes which objects go.
func (m *objectModel) setRetiring(going []s3object.Stored) {
	addresses := []attr.Value{}
	for _, s := range going {
		addresses = append(addresses, types.StringValue(s.Address(m.Bucket.ValueString())))
	}
	m.RetiringObjects = types.ListValueMust(types.StringType, addresses)
}

// setUnknown marks what a put decides as known after apply.
func (m *objectModel) setUnknown() {
	m.ETag, m.ObjectVersionID, m.Adopted, m.AccountID = types.StringUnknown(), types.StringUnknown(), types.BoolUnknown(), types.StringUnknown()
	m.RetainedObjects = types.ListUnknown(storedType())
}

// guard refuses to act on what a state has with credentials of another account.
// A model without an account is of what is to be made, or imported.
func (m *objectModel) guard(ctx context.Context, publisher *publish.Publisher) (caller publish.Caller, diags diag.Diagnostics) {
	caller, err := publisher.Caller(ctx, m.Region.ValueString())
	if err != nil {
		return caller, append(diags, diagnostic.Of("The account of the credentials is not known", err))
	}
	owner := m.AccountID.ValueString()
	if owner == "" || caller.AccountID == "" || caller.AccountID == owner {
		return caller, nil
	}
	return caller, append(diags, diagnostic.Lasting{Diagnostic: diag.NewErrorDiagnostic("The state is of another AWS account", fmt.Sprintf(
		"The object %s of the state was uploaded by account %s, and the credentials are of %s. Nothing was changed.\n\n"+
			"Use credentials of account %[2]s. To upload the object as %[3]s instead, first remove it from this state (\"terraform state rm\").",
		m.ID.ValueString(), owner, caller))})
}

// wish returns what the plan asks for; false where it is known only after an
// apply.
func (m *objectModel) wish(ctx context.Context, diags *diag.Diagnostics) (s3object.Wish, bool) {
	b := m.built(ctx, diags)
	settings, known := m.settings()
	w := s3object.Wish{Settings: settings, KeepLast: int(m.KeepLast.ValueInt64()), Key: m.Key.ValueString()}
	if b == nil || b.SourceCodeHash.IsUnknown() || b.Size.IsUnknown() || m.Key.IsUnknown() && m.Prefix.IsUnknown() {
		return w, false
	}
	w.SHA256 = b.SourceCodeHash.ValueString()
	digest, err := publish.ParseCodeSHA256(w.SHA256)
	if err != nil {
		diags.Append(diagnostic.At("package", diag.NewErrorDiagnostic("Unusable package", diagnostic.Sentence(err.Error()))))
		return w, false
	}
	w.Key = s3object.Key(w.Key, m.Prefix.ValueString(), digest.Hex())
	return w, known && !m.KeepLast.IsUnknown()
}

// keepImported keeps the package of an imported object in place of the equal one
// of the configuration, so that the import is followed by an empty plan.
func (m *objectModel) keepImported(ctx context.Context, before *objectModel, diags *diag.Diagnostics) {
	was := before.built(ctx, diags)
	if was == nil || was.Lock.ValueString() != "" || m.Package.IsNull() {
		return
	}
	if m.Prefix.Equal(before.Prefix) && m.KeepLast.Equal(before.KeepLast) && m.Timeouts.Equal(before.Timeouts) && m.StorageClass.Equal(before.StorageClass) && m.Region.Equal(before.Region) {
		m.Package = before.Package
	}
}

// driftWarning says what happened outside of Terraform and what follows.
func (m *objectModel) driftWarning(drift s3object.Drift) diag.Diagnostic {
	address := s3object.Stored{Key: m.Key.ValueString()}.Address(m.Bucket.ValueString())
	switch drift {
	case s3object.Deleted:
		return diag.NewWarningDiagnostic(fmt.Sprintf("The object %s was deleted outside of Terraform", address), "An apply puts it again, from the package's lock.")
	case s3object.Replaced:
		return diag.NewWarningDiagnostic(fmt.Sprintf("The object %s was replaced outside of Terraform", address),
			"It is not the object that this resource uploaded. The next apply uploads the zip of the package again, unless the object has the same bytes.")
	case s3object.Archived:
		return diag.NewWarningDiagnostic(fmt.Sprintf("The object %s was moved to an archive", address),
			"Lambda cannot read its storage class. The next apply uploads it again. Exclude this key from lifecycle rules that archive objects.")
	}
	return nil
}

// addresses joins the addresses of objects for a sentence.
func addresses(bucket string, all []s3object.Stored) string {
	var out []string
	for _, s := range all {
		out = append(out, s.Address(bucket))
	}
	return strings.Join(out, ", ")
}
