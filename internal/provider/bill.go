package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/sbom"
)

func billFormatAttribute() schema.Attribute {
	return schema.StringAttribute{
		MarkdownDescription: "Format of the bill of materials: `cyclonedx` (CycloneDX 1.6) or `spdx` (SPDX 2.3), both as JSON. With it, `sbom` holds the document. Default for `sbom_path` alone: `cyclonedx`.",
		Optional:            true,
		Validators:          []validator.String{oneOf(sbom.Formats()...)},
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

// bill writes what the zip of the model holds: to the state where its format is
// written, and to the file where there is a path. One that was planned stays.
func (r *packageResource) bill(ctx context.Context, m *packageModel, lock *layer.Lock) (diags diag.Diagnostics) {
	if !m.wantsBill() {
		m.SBOM = types.StringNull()
		return diags
	}
	text := m.SBOM.ValueString()
	if text == "" {
		bill, err := layer.BillOf(ctx, m.Filename.ValueString(), lock)
		if err != nil {
			return append(diags, diagnose("The bill of materials cannot be made", err))
		}
		format := m.SBOMFormat.ValueString()
		if format == "" {
			format = sbom.FormatCycloneDX
		}
		if text, err = bill.Encode(format); err != nil {
			return append(diags, diagnose("The bill of materials cannot be written", err))
		}
	}
	m.SBOM = types.StringNull()
	if !m.SBOMFormat.IsNull() {
		m.SBOM = types.StringValue(text)
	}
	if name := m.SBOMPath.ValueString(); name != "" {
		if err := r.tools.builder.WriteBill(ctx, name, text); err != nil {
			diags.Append(at("sbom_path", diagnose("The bill of materials cannot be written", err)))
		}
	}
	return diags
}

// ZipBill returns what the zip at a path holds. lock is the text of its lock, "" for
// a zip without one.
func ZipBill(ctx context.Context, zip, lock string) (*sbom.Bill, error) {
	var read *layer.Lock
	if lock != "" {
		var err error
		if read, err = layer.DecodeLock(lock); err != nil {
			return nil, err
		}
	}
	return layer.BillOf(ctx, zip, read)
}

// LockBill builds the zip of a lock in a temporary folder, with a cache and the
// settings of the environment, and returns what it holds. Phases are logged.
func LockBill(ctx context.Context, version, cacheDir, lock string, log *slog.Logger) (bill *sbom.Bill, err error) {
	read, err := layer.DecodeLock(lock)
	if err != nil {
		return nil, err
	}
	p, ok := New(version)().(*layerbuild)
	if !ok {
		return nil, fmt.Errorf("making the provider: it is %T", p)
	}
	p.log = slog.New(shownLog{log.Handler(), p.secrets})
	m := &providerModel{}
	if cacheDir != "" {
		m.CacheDir = types.StringValue(cacheDir)
	}
	options, err := p.options(m)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "layerbuild-*")
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	zip := filepath.Join(dir, "layer.zip")
	// What is wrong with the layer was told where it was locked.
	out := layer.Output{Path: zip, Size: layer.SeverityOff, Shadow: layer.SeverityOff, Scripts: layer.SeverityOff}
	if _, err := layer.NewBuilder(options).Build(ctx, read, out); err != nil {
		return nil, errors.New(p.secrets.Show(err.Error()))
	}
	return layer.BillOf(ctx, zip, read)
}
