package packages

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/sbom"
)

// writeBill writes what the zip of the model holds: to the state where its format is
// written, and to the file where there is a path. One that was planned stays.
func (r *packageResource) writeBill(ctx context.Context, m *packageModel, lock *layer.Lock) (diags diag.Diagnostics) {
	text, name := m.SBOM.ValueString(), m.Beside.ValueString()
	m.SBOM = types.StringNull()
	if m.SBOMFormat.IsNull() && m.Beside.IsNull() {
		return diags
	}
	if text == "" {
		bill, err := layer.BillOf(ctx, m.Filename.ValueString(), lock)
		if err != nil {
			return append(diags, diagnostic.Of("The bill of materials cannot be made", err))
		}
		if text, err = bill.Encode(cmp.Or(m.SBOMFormat.ValueString(), sbom.FormatCycloneDX)); err != nil {
			return append(diags, diagnostic.Of("The bill of materials cannot be written", err))
		}
	}
	if !m.SBOMFormat.IsNull() {
		m.SBOM = types.StringValue(text)
	}
	if name != "" {
		if err := r.Tools.Builder.WriteBill(ctx, name, text); err != nil {
			diags.Append(diagnostic.At("sbom_path", diagnostic.Of("The bill of materials cannot be written", err)))
		}
	}
	return diags
}

// putBillBack writes the file of a bill that is missing, out of the state or of the zip
// where that lies.
func (r *packageResource) putBillBack(ctx context.Context, m *packageModel, lock *layer.Lock) diag.Diagnostics {
	missing := func(name string) bool {
		_, err := os.Stat(name)
		return errors.Is(err, fs.ErrNotExist)
	}
	if m.Beside.ValueString() == "" || !missing(m.Beside.ValueString()) || m.SBOM.ValueString() == "" && missing(m.Filename.ValueString()) {
		return nil
	}
	return r.writeBill(ctx, m, lock)
}

// unpack makes unpack_path hold the files of the zip, unless there was an error. A zip
// that is missing is made in its default place: what the folder holds has to be known.
func (r *packageResource) unpack(ctx context.Context, m *packageModel, lock *layer.Lock, diags diag.Diagnostics) diag.Diagnostics {
	dir := m.UnpackPath.ValueString()
	if dir == "" || diags.HasError() {
		return diags
	}
	sum, err := publish.ParseCodeSHA256(m.SourceCodeHash.ValueString())
	if err != nil {
		return append(diags, diagnostic.Of("Unusable state", err))
	}
	name := m.Filename.ValueString()
	if intact, err := r.Tools.Builder.Intact(ctx, name, sum, m.Size.ValueInt64()); err != nil || !intact {
		name = layer.DefaultPath(sum)
		if err := r.Tools.Builder.Rebuild(ctx, lock, sum, name); err != nil {
			return append(diags, diagnostic.At("unpack_path", diagnostic.Of("The zip cannot be unpacked", err)))
		}
	}
	whole, err := r.Tools.Builder.Unpacked(name, sum, dir)
	if err == nil && whole {
		return diags
	}
	if err := r.Tools.Builder.Unpack(ctx, name, sum, dir); err != nil {
		diags.Append(diagnostic.At("unpack_path", diagnostic.Of("The zip cannot be unpacked", err)))
	}
	return diags
}

// madeKey is where private state keeps the local files that an apply made, of a
// package whose triggers say when they are made anew.
const madeKey = "made"

// made returns the local files that an earlier apply made. Where the triggers
// are others than then, they are made anew, and none is returned.
func (m *packageModel) made(ctx context.Context, before *packageModel, private toolbox.PrivateReader) (layer.Made, diag.Diagnostics) {
	if before == nil || len(m.Triggers.Elements()) == 0 || !m.Triggers.Equal(before.Triggers) {
		return nil, nil
	}
	body, diags := private.GetKey(ctx, madeKey)
	var made layer.Made
	if len(body) > 0 && json.Unmarshal(body, &made) != nil {
		return nil, diags // of another version of the provider: what is missing then shows as a change
	}
	return made, diags
}

// keepMade writes which local files this apply, or one before it, has made.
func keepMade(ctx context.Context, tools *toolbox.Tools, m *packageModel, before layer.Made, private toolbox.PrivateWriter) diag.Diagnostics {
	made := layer.Made{}
	if lock := lockOf(m); lock != nil && len(m.Triggers.Elements()) > 0 {
		made = tools.Builder.MadeInRun(ctx, lock, before)
	}
	body, err := json.Marshal(made)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("The files that were made cannot be noted", diagnostic.Sentence(err.Error()))}
	}
	return private.SetKey(ctx, madeKey, body)
}
