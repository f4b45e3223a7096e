package packages

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// unpackZip makes unpack_path hold the files of the zip. A zip that is missing is
// made in its default place: what the folder holds has to be known.
func unpackZip(ctx context.Context, tools *toolbox.Tools, m *packageModel, lock *layer.Lock) (diags diag.Diagnostics) {
	dir := m.UnpackPath.ValueString()
	if dir == "" {
		return diags
	}
	sum, err := publish.ParseCodeSHA256(m.SourceCodeHash.ValueString())
	if err != nil {
		return append(diags, diagnostic.Of("Unusable state", err))
	}
	name := m.Filename.ValueString()
	if _, intact, err := tools.Builder.Intact(ctx, name, sum, m.Size.ValueInt64()); err != nil || !intact {
		name = layer.DefaultPath(sum)
		if err := tools.Builder.Rebuild(ctx, lock, sum, name); err != nil {
			return append(diags, diagnostic.At("unpack_path", diagnostic.Of("The zip cannot be unpacked", err)))
		}
	}
	whole, err := tools.Builder.Unpacked(name, sum, dir)
	if err == nil && whole {
		return diags
	}
	if err := tools.Builder.Unpack(ctx, name, sum, dir); err != nil {
		diags.Append(diagnostic.At("unpack_path", diagnostic.Of("The zip cannot be unpacked", err)))
	}
	return diags
}
