package versions

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// planDescription fills in the description where the user wrote none: that of
// the state while the bytes stay the same, else the one that names them. It is
// unknown as long as they are.
func planDescription(ctx context.Context, m *versionstate.Model, config, before *versionstate.Model, zip versionstate.Zip, known bool, diags *diag.Diagnostics) {
	b := m.Built(ctx, diags)
	switch {
	case !config.Description.IsNull():
	case known && before != nil && before.HomeRelease().Bytes() == zip.Hash:
		m.Description = before.Description
	case !known, b != nil && b.Lock.IsUnknown():
		m.Description = types.StringUnknown()
	default:
		sum, err := publish.ParseCodeSHA256(zip.Hash)
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
	var before *versionstate.Model
	if !c.before.LayerName.IsNull() {
		before = c.before
	}
	zip := versionstate.Zip{Hash: c.zip.SHA256.Base64(), Size: c.zip.Size}
	planDescription(ctx, c.plan, &versionstate.Model{}, before, zip, true, diags)
}
