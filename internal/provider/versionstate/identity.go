package versionstate

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

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
