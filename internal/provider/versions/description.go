package versions

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

func descriptionAttribute() schema.Attribute {
	return schema.StringAttribute{
		MarkdownDescription: "Description of the version. Default: its content and the beginning of its hash, such as `requests 2.31.0, idna 3.6 and 7 more (sha256 1a2b3c4d5e6f)`. Python distributions that no other one requires and direct dependencies of the Node.js project come first. You can then tell the versions apart in a list.\n\n" +
			"  If unset, the existing description is kept until the content changes, also one that was imported or was set here before. `\"\"` means no description.",
		Optional:   true,
		Computed:   true,
		Validators: []validator.String{attributes.Checked("a description", publish.CheckDescription)},
	}
}

// planDescription fills in the description where the user wrote none: that of
// the state while the bytes stay the same, else the one that names them. It is
// unknown as long as they are.
func (m *versionModel) planDescription(ctx context.Context, config, before *versionModel, zip wanted, known bool, diags *diag.Diagnostics) {
	b := m.built(ctx, diags)
	switch {
	case !config.Description.IsNull():
	case known && before != nil && before.release().Bytes() == zip.hash:
		m.Description = before.Description
	case !known, b != nil && b.Lock.IsUnknown():
		m.Description = types.StringUnknown()
	default:
		sum, err := publish.ParseCodeSHA256(zip.hash)
		if err != nil {
			diags.Append(diagnostic.Of("Unusable hash of the zip", err))
			return
		}
		contents, asked := b.Parts()
		m.Description = types.StringValue(publish.DefaultDescription(contents, asked, sum))
	}
}

// describe settles a description that the plan could not know, since the zip
// was made while the apply was under way.
func (c *change) describe(ctx context.Context, diags *diag.Diagnostics) {
	if !c.plan.Description.IsUnknown() {
		return
	}
	var before *versionModel
	if !c.before.LayerName.IsNull() {
		before = c.before
	}
	zip := wanted{hash: c.zip.SHA256.Base64(), size: c.zip.Size}
	c.plan.planDescription(ctx, &versionModel{}, before, zip, true, diags)
}
