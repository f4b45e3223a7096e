package packages

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/sbom"
)

func billFormatAttribute() schema.Attribute {
	return schema.StringAttribute{
		MarkdownDescription: "Format of the bill of materials: `cyclonedx` (CycloneDX 1.6) or `spdx` (SPDX 2.3), both as JSON. With it, `sbom` holds the document. Default for `sbom_path` alone: `cyclonedx`.",
		Optional:            true,
		Validators:          []validator.String{attributes.OneOf(sbom.Formats()...)},
	}
}

func billAttribute() schema.Attribute {
	return schema.StringAttribute{
		MarkdownDescription: "The bill of materials: what the zip holds, with package URLs, digests, licences and what requires what. The same zip always has the same document. It is in the state only if `sbom_format` is set, and plans do not show it, because it is long.",
		Computed:            true,
		Sensitive:           true,
	}
}

// wantsBill reports whether a bill of materials is asked for.
func (m *packageModel) wantsBill() bool { return !m.SBOMFormat.IsNull() || !m.SBOMPath.IsNull() }

// sameBill reports whether the same bill is asked for.
func (m *packageModel) sameBill(before *packageModel) bool {
	return m.SBOMFormat.Equal(before.SBOMFormat) && m.SBOMPath.Equal(before.SBOMPath)
}

// writeBill writes what the zip of the model holds: to the state where its format is
// written, and to the file where there is a path. One that was planned stays.
func writeBill(ctx context.Context, tools *toolbox.Tools, m *packageModel, lock *layer.Lock) (diags diag.Diagnostics) {
	if !m.wantsBill() {
		m.SBOM = types.StringNull()
		return diags
	}
	text := m.SBOM.ValueString()
	if text == "" {
		bill, err := layer.BillOf(ctx, m.Filename.ValueString(), lock)
		if err != nil {
			return append(diags, diagnostic.Of("The bill of materials cannot be made", err))
		}
		format := m.SBOMFormat.ValueString()
		if format == "" {
			format = sbom.FormatCycloneDX
		}
		if text, err = bill.Encode(format); err != nil {
			return append(diags, diagnostic.Of("The bill of materials cannot be written", err))
		}
	}
	m.SBOM = types.StringNull()
	if !m.SBOMFormat.IsNull() {
		m.SBOM = types.StringValue(text)
	}
	if name := m.SBOMPath.ValueString(); name != "" {
		if err := tools.Builder.WriteBill(ctx, name, text); err != nil {
			diags.Append(diagnostic.At("sbom_path", diagnostic.Of("The bill of materials cannot be written", err)))
		}
	}
	return diags
}
