package versions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	query "github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
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

var _ query.ListResourceWithConfigure = (*versionList)(nil)

// NewList returns the list of layers that "terraform query" finds, as
// identities of layerbuild_version.
func NewList() query.ListResource { return &versionList{toolbox.Resource{Type: "_version"}} }

type versionList struct{ toolbox.Resource }

type versionListModel struct {
	Region types.String `tfsdk:"region"`
	Prefix types.String `tfsdk:"name_prefix"`
}

func (l *versionList) ListResourceConfigSchema(_ context.Context, _ query.ListResourceSchemaRequest, resp *query.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the layers of the account in a region, for `terraform query` (Terraform 1.14 and later). Each result is the identity of a `layerbuild_version`, whose import takes the newest version. It sends one request for each 50 layers.",
		Attributes: map[string]schema.Attribute{
			"region":      attributes.SomeText("Region of the layers. Default: the provider's."),
			"name_prefix": attributes.SomeText("List only layers whose names begin with this text."),
		},
	}
}

// List finds the layers.
func (l *versionList) List(ctx context.Context, req query.ListRequest, stream *query.ListResultsStream) {
	var m versionListModel
	diags := req.Config.Get(ctx, &m)
	var found []publish.Version
	if !diags.HasError() {
		found = l.find(ctx, &m, int(req.Limit), &diags)
	}
	if diags.HasError() {
		stream.Results = query.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(yield func(query.ListResult) bool) {
		for _, v := range found {
			result := req.NewListResult(ctx)
			result.DisplayName = fmt.Sprintf("%s (version %d, %s)", v.LayerARN, v.Number, dayOf(v.CreatedDate))
			result.Diagnostics = versionstate.Identify(ctx, result.Identity, v.LayerARN)
			if req.IncludeResource {
				result.Diagnostics.Append(listed(ctx, v, result.Resource)...)
			}
			if !yield(result) {
				return
			}
		}
	}
}

func (l *versionList) find(ctx context.Context, m *versionListModel, most int, diags *diag.Diagnostics) []publish.Version {
	publisher := l.Tools.Reach(diags)
	if publisher == nil {
		return nil
	}
	region, err := publisher.Region(ctx, m.Region.ValueString())
	if err != nil {
		diags.Append(diagnostic.Of("The region is not known", err))
		return nil
	}
	found, err := publisher.NewestOfAll(ctx, region, m.Prefix.ValueString(), most)
	if err != nil {
		diags.Append(diagnostic.Of("The layers cannot be listed", err))
	}
	return found
}

// listed writes what the listing tells of the newest version.
func listed(ctx context.Context, v publish.Version, to *tfsdk.Resource) (diags diag.Diagnostics) {
	arn, err := publish.ParseARN(v.ARN)
	if err != nil {
		return diag.Diagnostics{diagnostic.Of("The layer version cannot be read", err)}
	}
	for name, value := range map[string]any{
		"layer_name": arn.Name, "region": arn.Region, "arn": v.ARN, "id": v.ARN, "layer_arn": v.LayerARN, "version": v.Number,
		"created_date": v.CreatedDate, "description": v.Description,
		"compatible_runtimes": v.Runtimes, "compatible_architectures": v.Architectures,
	} {
		diags.Append(to.SetAttribute(ctx, path.Root(name), value)...)
	}
	return diags
}
