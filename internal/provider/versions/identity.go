package versions

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// versionIdentity names the layer, not the version, so that it never changes:
// every publish moves the resource on to another version.
type versionIdentity struct {
	AccountID types.String `tfsdk:"account_id"`
	Region    types.String `tfsdk:"region"`
	LayerName types.String `tfsdk:"layer_name"`
}

func (r *versionResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"account_id": identityschema.StringAttribute{Description: "Account of the layer. Default: that of the credentials.", OptionalForImport: true},
		"region":     identityschema.StringAttribute{Description: "Region of the resource. Default: the provider's.", OptionalForImport: true},
		"layer_name": identityschema.StringAttribute{Description: "Name of the layer.", RequiredForImport: true},
	}}
}

// identify writes the identity of the layer with the ARN, or leaves what is
// there where no version of it was published yet. It does so on every CLI: one
// without identities ignores it, and none tells reliably which it is.
func identify(ctx context.Context, identity *tfsdk.ResourceIdentity, layerARN string) diag.Diagnostics {
	if identity == nil || layerARN == "" {
		return nil
	}
	arn, err := publish.ParseLayerARN(layerARN)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("The layer's identity is not known", diagnostic.Sentence(err.Error()))}
	}
	return identity.Set(ctx, versionIdentity{
		AccountID: types.StringValue(arn.AccountID), Region: types.StringValue(arn.Region), LayerName: types.StringValue(arn.Name),
	})
}

// find returns the newest version of the layer that an import names.
func (i versionIdentity) find(ctx context.Context, publisher *publish.Publisher) (publish.LayerVersionARN, error) {
	region, err := publisher.Region(ctx, i.Region.ValueString())
	if err != nil {
		return publish.LayerVersionARN{}, err
	}
	found, err := publisher.Versions(ctx, region, i.LayerName.ValueString(), publish.Selection{Newest: 1})
	if err != nil {
		return publish.LayerVersionARN{}, err
	}
	if len(found) == 0 {
		return publish.LayerVersionARN{}, fmt.Errorf("finding layer %q in %s: it is not there, or all its versions are deleted: check the name, the region and the account of the credentials", i.LayerName.ValueString(), region)
	}
	arn, err := publish.ParseARN(found[0].ARN)
	if account := i.AccountID.ValueString(); err == nil && account != "" && account != arn.AccountID {
		err = fmt.Errorf("finding layer %q of account %s: the credentials are of account %s", i.LayerName.ValueString(), account, arn.AccountID)
	}
	return arn, err
}
