package versions

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// planDescription fills in the description where the user wrote none: that of
// the state while the bytes stay the same, else the one that names them. It is
// unknown as long as they are.
func planDescription(ctx context.Context, m *versionModel, config, before *versionModel, zip wanted, known bool, diags *diag.Diagnostics) {
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
	planDescription(ctx, c.plan, &versionModel{}, before, zip, true, diags)
}
