package versions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// importForms says what can be imported.
const importForms = "Import the ARN of a layer version, such as arn:aws:lambda:eu-west-1:123456789012:layer:name:3, or that of a layer for its newest version. " +
	"Where the CLI knows identities, an import block can say identity = { layer_name = \"name\" }, with account_id and region where they are not the provider's."

// ImportState takes the ARN of a layer version, or of a layer or its identity,
// which mean the newest version. The resource then owns that version, as if it
// had published it.
func (r *versionResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var arn publish.LayerVersionARN
	layerARN := ""
	identity := versionIdentity{}
	if req.ID != "" {
		var err error
		if arn, err = publish.ParseLayerARN(req.ID); err != nil {
			resp.Diagnostics.AddError("Malformed import id", diagnostic.Sentence(err.Error())+" "+importForms)
			return
		}
		layerARN = arn.LayerARN()
		identity = versionIdentity{AccountID: types.StringValue(arn.AccountID), Region: types.StringValue(arn.Region), LayerName: types.StringValue(arn.Name)}
	} else if req.Identity == nil || req.Identity.Raw.IsNull() {
		resp.Diagnostics.AddError("Malformed import id", "The id is empty. "+importForms)
		return
	} else {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	if arn.Number == 0 {
		publisher := r.Tools.Reach(&resp.Diagnostics)
		if publisher == nil {
			return
		}
		err := publisher.Guard(ctx, layerARN)
		if _, foreign := errors.AsType[*publish.ForeignAccountError](err); foreign {
			resp.Diagnostics.Append((&versionModel{}).refuse(err))
			return
		}
		if arn, err = identity.find(ctx, publisher); err != nil {
			resp.Diagnostics.Append(diagnostic.Of(fmt.Sprintf("Layer %q cannot be imported", identity.LayerName.ValueString()), err))
			return
		}
	}
	life := &lifecycle.Life{}
	life.At(arn.Region).Own(arn.Number, time.Time{})
	resp.Diagnostics.Append(writeLife(ctx, life, resp.Private)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("published_versions"), publishedOf(life))...)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, arn.LayerARN())...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("arn"), arn.String())...)
}
