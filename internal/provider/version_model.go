package provider

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// versionModel is the state, plan and configuration of layerbuild_version.
type versionModel struct {
	LayerName               types.String   `tfsdk:"layer_name"`
	Package                 types.Object   `tfsdk:"package"`
	Filename                types.String   `tfsdk:"filename"`
	SourceCodeHash          types.String   `tfsdk:"source_code_hash"`
	Description             types.String   `tfsdk:"description"`
	LicenseInfo             types.String   `tfsdk:"license_info"`
	CompatibleRuntimes      types.Set      `tfsdk:"compatible_runtimes"`
	CompatibleArchitectures types.Set      `tfsdk:"compatible_architectures"`
	Region                  types.String   `tfsdk:"region"`
	S3                      types.Object   `tfsdk:"s3"`
	Timeouts                timeouts.Value `tfsdk:"timeouts"`
	ARN                     types.String   `tfsdk:"arn"`
	LayerARN                types.String   `tfsdk:"layer_arn"`
	Version                 types.Int64    `tfsdk:"version"`
	CreatedDate             types.String   `tfsdk:"created_date"`
	CodeSHA256              types.String   `tfsdk:"code_sha256"`
	CodeSize                types.Int64    `tfsdk:"code_size"`
	RetainedVersions        types.List     `tfsdk:"retained_versions"`
}

type stagingModel struct {
	Bucket      types.String `tfsdk:"bucket"`
	Prefix      types.String `tfsdk:"prefix"`
	KMSKeyID    types.String `tfsdk:"kms_key_id"`
	StorageMode types.String `tfsdk:"storage_mode"`
}

// builtModel is the package argument: what a rebuild of its bytes needs, and
// nothing else, since a change of what is left out must be no difference.
type builtModel struct {
	Lock           types.String `tfsdk:"lock"`
	Filename       types.String `tfsdk:"filename"`
	SourceCodeHash types.String `tfsdk:"source_code_hash"`
	SHA256         types.String `tfsdk:"sha256"`
	Size           types.Int64  `tfsdk:"size"`
	Runtimes       types.List   `tfsdk:"runtimes"`
	Architectures  types.List   `tfsdk:"architectures"`
}

func builtTypes() map[string]attr.Type {
	return map[string]attr.Type{
		"lock": types.StringType, "filename": types.StringType, "source_code_hash": types.StringType, "sha256": types.StringType,
		"size": types.Int64Type, "runtimes": types.ListType{ElemType: types.StringType}, "architectures": types.ListType{ElemType: types.StringType},
	}
}

// built returns the package argument; nil where there is none or it is unknown.
func (m *versionModel) built(ctx context.Context, diags *diag.Diagnostics) *builtModel {
	if m.Package.IsNull() || m.Package.IsUnknown() {
		return nil
	}
	var b builtModel
	diags.Append(m.Package.As(ctx, &b, basetypes.ObjectAsOptions{})...)
	return &b
}

// imported is the package of a version that was imported: its bytes are known
// by their hash alone. An equal package in the configuration is no difference.
func imported(v publish.Version) types.Object {
	return types.ObjectValueMust(builtTypes(), map[string]attr.Value{
		"lock": types.StringValue(""), "filename": types.StringValue(""), "sha256": types.StringValue(""),
		"source_code_hash": types.StringValue(v.CodeSHA256), "size": types.Int64Value(v.CodeSize),
		"runtimes": listOf(v.Runtimes), "architectures": listOf(v.Architectures),
	})
}

// wanted is the zip that a plan or an apply is about. A size of 0 is not known.
type wanted struct {
	hash string
	size int64
}

// wanted returns the zip, and false where it is known only after apply.
func (m *versionModel) wanted(ctx context.Context, diags *diag.Diagnostics) (wanted, bool) {
	if m.Package.IsUnknown() || m.Filename.IsUnknown() || m.SourceCodeHash.IsUnknown() {
		return wanted{}, false
	}
	if b := m.built(ctx, diags); b != nil {
		if b.SourceCodeHash.IsUnknown() {
			return wanted{}, false
		}
		return wanted{hash: b.SourceCodeHash.ValueString(), size: b.Size.ValueInt64()}, true
	}
	name := m.Filename.ValueString()
	info, err := os.Stat(name)
	if hash := m.SourceCodeHash.ValueString(); hash != "" {
		if err != nil {
			return wanted{hash: hash}, true
		}
		return wanted{hash: hash, size: info.Size()}, true
	}
	if os.IsNotExist(err) {
		return wanted{}, false // made during the apply
	}
	zip, err := publish.MeasureZip(name)
	if err != nil {
		diags.Append(at("filename", diagnose(fmt.Sprintf("Unusable zip %q", name), err)))
		return wanted{}, false
	}
	return wanted{hash: zip.SHA256.Base64(), size: zip.Size}, true
}

// request returns what is to be published, without the zip.
func (m *versionModel) request(ctx context.Context, diags *diag.Diagnostics) publish.Request {
	r := publish.Request{
		Region: m.Region.ValueString(), LayerName: m.LayerName.ValueString(),
		Description: m.Description.ValueString(), LicenseInfo: m.LicenseInfo.ValueString(),
		Runtimes: stringSet(ctx, m.CompatibleRuntimes, diags), Architectures: stringSet(ctx, m.CompatibleArchitectures, diags),
	}
	if !m.S3.IsNull() {
		var s stagingModel
		diags.Append(m.S3.As(ctx, &s, basetypes.ObjectAsOptions{})...)
		r.Staging = &publish.Staging{
			Bucket: s.Bucket.ValueString(), Prefix: s.Prefix.ValueString(),
			KMSKeyID: s.KMSKeyID.ValueString(), StorageMode: s.StorageMode.ValueString(),
		}
	}
	return r
}

// sameVersion reports whether the state's version is what the plan asks for.
func (m *versionModel) sameVersion(before *versionModel, zip wanted) bool {
	if m.Description.IsUnknown() || m.LicenseInfo.IsUnknown() {
		return false
	}
	return before.CodeSHA256.ValueString() == zip.hash &&
		m.LayerName.Equal(before.LayerName) &&
		m.Region.Equal(before.Region) &&
		m.Description.ValueString() == before.Description.ValueString() &&
		m.LicenseInfo.ValueString() == before.LicenseInfo.ValueString() &&
		sameSet(m.CompatibleRuntimes, before.CompatibleRuntimes) &&
		sameSet(m.CompatibleArchitectures, before.CompatibleArchitectures)
}

// sameSet takes none and an empty set for the same: AWS knows no difference.
func sameSet(a, b types.Set) bool {
	if a.IsUnknown() || b.IsUnknown() {
		return false
	}
	return a.Equal(b) || len(a.Elements()) == 0 && len(b.Elements()) == 0
}

// setDefaults fills what the package decides where the user wrote nothing.
func (m *versionModel) setDefaults(ctx context.Context, config *versionModel, diags *diag.Diagnostics) {
	if m.Package.IsUnknown() {
		return
	}
	runtimes, architectures := types.SetNull(types.StringType), types.SetNull(types.StringType)
	if b := m.built(ctx, diags); b != nil {
		runtimes, architectures = asSet(b.Runtimes), asSet(b.Architectures)
	}
	if config.CompatibleRuntimes.IsNull() {
		m.CompatibleRuntimes = runtimes
	}
	if config.CompatibleArchitectures.IsNull() {
		m.CompatibleArchitectures = architectures
	}
}

// setVersion writes what AWS says of a version.
func (m *versionModel) setVersion(v publish.Version) error {
	arn, err := publish.ParseARN(v.ARN)
	if err != nil {
		return err
	}
	m.LayerName, m.Region = types.StringValue(arn.Name), types.StringValue(arn.Region)
	m.ARN, m.LayerARN, m.Version = types.StringValue(v.ARN), types.StringValue(v.LayerARN), types.Int64Value(v.Number)
	m.CreatedDate, m.CodeSHA256, m.CodeSize = types.StringValue(v.CreatedDate), types.StringValue(v.CodeSHA256), types.Int64Value(v.CodeSize)
	if m.Description.ValueString() != v.Description {
		m.Description = types.StringValue(v.Description)
	}
	if m.LicenseInfo.ValueString() != v.LicenseInfo {
		m.LicenseInfo = types.StringValue(v.LicenseInfo)
	}
	if runtimes := asSet(listOf(v.Runtimes)); !sameSet(m.CompatibleRuntimes, runtimes) {
		m.CompatibleRuntimes = runtimes
	}
	if architectures := asSet(listOf(v.Architectures)); !sameSet(m.CompatibleArchitectures, architectures) {
		m.CompatibleArchitectures = architectures
	}
	return nil
}

// setComputed copies what AWS said of the version of another model.
func (m *versionModel) setComputed(from *versionModel) {
	m.ARN, m.LayerARN, m.Version, m.Region = from.ARN, from.LayerARN, from.Version, from.Region
	m.CreatedDate, m.CodeSHA256, m.CodeSize = from.CreatedDate, from.CodeSHA256, from.CodeSize
	m.RetainedVersions = from.RetainedVersions
}

// retain returns the older versions of this resource, now that number is the
// newest.
func retain(older []int64, previous, number int64) types.List {
	var kept []int64
	for _, n := range append(older, previous) {
		if n != 0 && n != number && !slices.Contains(kept, n) {
			kept = append(kept, n)
		}
	}
	slices.Sort(kept)
	elements := make([]attr.Value, 0, len(kept))
	for _, n := range kept {
		elements = append(elements, types.Int64Value(n))
	}
	return types.ListValueMust(types.Int64Type, elements)
}

// retained returns the numbers of the older versions in the model.
func (m *versionModel) retained(ctx context.Context, diags *diag.Diagnostics) []int64 {
	var numbers []int64
	if !m.RetainedVersions.IsNull() && !m.RetainedVersions.IsUnknown() {
		diags.Append(m.RetainedVersions.ElementsAs(ctx, &numbers, false)...)
	}
	return numbers
}

// lock returns the recipe of the package, or nil where it has none.
func (b *builtModel) lock() (*layer.Lock, error) {
	if b.Lock.ValueString() == "" {
		return nil, nil
	}
	return layer.DecodeLock(b.Lock.ValueString())
}

// checkLayer refuses the zip of a function's code. A lock that cannot be read
// is judged where the zip is made of it.
func (b *builtModel) checkLayer() error {
	if b == nil || b.Lock.IsUnknown() {
		return nil
	}
	if lock, err := b.lock(); err == nil && lock != nil && lock.Kind == layer.KindFunction {
		return errFunctionZip()
	}
	return nil
}

func errFunctionZip() error {
	return &layer.InputError{
		Attribute: "package", Summary: "The package is the code of a function",
		Detail: "It has kind = \"function\", so its files do not lie where a function looks into a layer. Drop kind from the package, or give filename and source_code_hash of it to aws_lambda_function.",
	}
}

// asSet returns a list's elements as a set; unknown and null stay so.
func asSet(list types.List) types.Set {
	switch {
	case list.IsUnknown():
		return types.SetUnknown(types.StringType)
	case list.IsNull():
		return types.SetNull(types.StringType)
	}
	return types.SetValueMust(types.StringType, list.Elements())
}
