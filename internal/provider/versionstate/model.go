// Package versionstate has what Terraform keeps of a layerbuild_version: its schema, its
// model with the arguments that have a form of their own, its identity, and the record
// in the private state. It converts, and asks nobody.
package versionstate

import (
	"context"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/built"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// Model is the state, plan and configuration of layerbuild_version.
type Model struct {
	Replica // in the resource's own region

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
	ID                      types.String   `tfsdk:"id"`
	LayerARN                types.String   `tfsdk:"layer_arn"`

	Regions           types.Set    `tfsdk:"regions"`
	Checks            types.Object `tfsdk:"checks"`
	Retention         types.Object `tfsdk:"retention"`
	Sharing           types.Object `tfsdk:"sharing"`
	Signing           types.Object `tfsdk:"signing"`
	SSMParameter      types.Object `tfsdk:"ssm_parameter"`
	ARNs              types.Map    `tfsdk:"arns"`
	Replicas          types.Map    `tfsdk:"replicas"`
	RetiringVersions  types.List   `tfsdk:"retiring_versions"`
	PublishedVersions types.Map    `tfsdk:"published_versions"`

	Changes       types.Map    `tfsdk:"changes"`
	ChangelogPath types.String `tfsdk:"changelog_path"`
}

// Built returns the package argument; nil where there is none or it is unknown.
func (m *Model) Built(ctx context.Context, diags *diag.Diagnostics) *built.Package {
	return built.Of(ctx, m.Package, diags)
}

// Imported is the package of a version that was imported: its bytes are known
// by their hash alone. An equal package in the configuration is no difference.
func Imported(v publish.Version) types.Object {
	return built.KnownByHash(givenHash(v), v.CodeSize, v.Runtimes, v.Architectures)
}

// Zip is the zip that a plan or an apply is about. A size of 0 is not known.
type Zip struct {
	Hash string
	Size int64
}

// Wanted returns the zip, and false where it is known only after apply.
func (m *Model) Wanted(ctx context.Context, diags *diag.Diagnostics) (Zip, bool) {
	if m.Package.IsUnknown() || m.Filename.IsUnknown() || m.SourceCodeHash.IsUnknown() {
		return Zip{}, false
	}
	if b := m.Built(ctx, diags); b != nil {
		if b.SourceCodeHash.IsUnknown() {
			return Zip{}, false
		}
		return Zip{Hash: b.SourceCodeHash.ValueString(), Size: b.Size.ValueInt64()}, true
	}
	name := m.Filename.ValueString()
	info, err := os.Stat(name)
	if hash := m.SourceCodeHash.ValueString(); hash != "" {
		if err != nil {
			return Zip{Hash: hash}, true
		}
		return Zip{Hash: hash, Size: info.Size()}, true
	}
	if os.IsNotExist(err) {
		return Zip{}, false // made during the apply
	}
	zip, err := publish.MeasureZip(ctx, name)
	if err != nil {
		diags.Append(diagnostic.At("filename", diagnostic.Of(fmt.Sprintf("Unusable zip %q", name), err)))
		return Zip{}, false
	}
	return Zip{Hash: zip.SHA256.Base64(), Size: zip.Size}, true
}

// SetHome writes what the resource has in its own region.
func (m *Model) SetHome(home Replica) { m.Replica, m.ID = home, home.ARN }

// Request returns what is to be published in a region, without the zip.
func (m *Model) Request(region string) publish.Request {
	return publish.Request{
		Region: region, LayerName: m.LayerName.ValueString(),
		Description: m.Description.ValueString(), LicenseInfo: m.LicenseInfo.ValueString(),
		Runtimes: values.Texts(m.CompatibleRuntimes), Architectures: values.Texts(m.CompatibleArchitectures),
		Staging: m.Staging(), Signing: m.SigningProfile(),
	}
}

// sameSet takes none and an empty set for the same: AWS knows no difference.
func sameSet(a, b types.Set) bool {
	if a.IsUnknown() || b.IsUnknown() {
		return false
	}
	return a.Equal(b) || len(a.Elements()) == 0 && len(b.Elements()) == 0
}

// SetDefaults fills what the package decides where the user wrote nothing.
func (m *Model) SetDefaults(ctx context.Context, config *Model, diags *diag.Diagnostics) {
	if m.Package.IsUnknown() {
		return
	}
	runtimes, architectures := types.SetNull(types.StringType), types.SetNull(types.StringType)
	if b := m.Built(ctx, diags); b != nil {
		runtimes, architectures = someSet(b.Runtimes), someSet(b.Architectures)
	}
	if config.CompatibleRuntimes.IsNull() {
		m.CompatibleRuntimes = runtimes
	}
	if config.CompatibleArchitectures.IsNull() {
		m.CompatibleArchitectures = architectures
	}
}

// SetVersion writes what AWS says of a version that is the same in all regions.
func (m *Model) SetVersion(v publish.Version) error {
	arn, err := publish.ParseARN(v.ARN)
	if err != nil {
		return err
	}
	m.LayerName, m.Region = types.StringValue(arn.Name), types.StringValue(arn.Region)
	m.LayerARN = types.StringValue(v.LayerARN)
	if m.Description.ValueString() != v.Description {
		m.Description = types.StringValue(v.Description)
	}
	if m.LicenseInfo.ValueString() != v.LicenseInfo {
		m.LicenseInfo = types.StringValue(v.LicenseInfo)
	}
	if runtimes := values.AsSet(values.ListOf(v.Runtimes)); !sameSet(m.CompatibleRuntimes, runtimes) {
		m.CompatibleRuntimes = runtimes
	}
	if architectures := values.AsSet(values.ListOf(v.Architectures)); !sameSet(m.CompatibleArchitectures, architectures) {
		m.CompatibleArchitectures = architectures
	}
	return nil
}

// someSet is AsSet, and null for a list without elements: what was imported may
// declare nothing.
func someSet(list types.List) types.Set {
	if !list.IsUnknown() && len(list.Elements()) == 0 {
		return types.SetNull(types.StringType)
	}
	return values.AsSet(list)
}

// Identity names the layer, not the version, so that it never changes:
// every publish moves the resource on to another version.
type Identity struct {
	AccountID types.String `tfsdk:"account_id"`
	Region    types.String `tfsdk:"region"`
	LayerName types.String `tfsdk:"layer_name"`
}

// IdentitySchema returns the schema of the identity.
func IdentitySchema() identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"account_id": identityschema.StringAttribute{Description: "Account of the layer. Default: that of the credentials.", OptionalForImport: true},
		"region":     identityschema.StringAttribute{Description: "Region of the resource. Default: the provider's.", OptionalForImport: true},
		"layer_name": identityschema.StringAttribute{Description: "Name of the layer.", RequiredForImport: true},
	}}
}

// Identify writes the identity of the layer with the ARN, or leaves what is
// there where no version of it was published yet. It does so on every CLI: one
// without identities ignores it, and none tells reliably which it is.
func Identify(ctx context.Context, identity *tfsdk.ResourceIdentity, layerARN string) diag.Diagnostics {
	if identity == nil || layerARN == "" {
		return nil
	}
	arn, err := publish.ParseLayerARN(layerARN)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("The layer's identity is not known", diagnostic.Sentence(err.Error()))}
	}
	return identity.Set(ctx, Identity{
		AccountID: types.StringValue(arn.AccountID), Region: types.StringValue(arn.Region), LayerName: types.StringValue(arn.Name),
	})
}
