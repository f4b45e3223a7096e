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
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
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
	identity := versionstate.Identity{}
	if req.ID != "" {
		var err error
		if arn, err = publish.ParseLayerARN(req.ID); err != nil {
			resp.Diagnostics.AddError("Malformed import id", diagnostic.Sentence(err.Error())+" "+importForms)
			return
		}
		layerARN = arn.LayerARN()
		identity = versionstate.Identity{AccountID: types.StringValue(arn.AccountID), Region: types.StringValue(arn.Region), LayerName: types.StringValue(arn.Name)}
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
			resp.Diagnostics.Append(refusal(&versionstate.Model{}, err))
			return
		}
		if arn, err = findNewest(ctx, publisher, identity); err != nil {
			resp.Diagnostics.Append(diagnostic.Of(fmt.Sprintf("Layer %q cannot be imported", identity.LayerName.ValueString()), err))
			return
		}
	}
	life := &lifecycle.Life{}
	life.At(arn.Region).Own(arn.Number, time.Time{})
	resp.Diagnostics.Append(versionstate.WriteLife(ctx, life, resp.Private)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("published_versions"), versionstate.Published(life))...)
	resp.Diagnostics.Append(versionstate.Identify(ctx, resp.Identity, arn.LayerARN())...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("arn"), arn.String())...)
}

// findNewest returns the newest version of the layer that an import names.
func findNewest(ctx context.Context, publisher *publish.Publisher, i versionstate.Identity) (publish.LayerVersionARN, error) {
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
