package packages

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
)

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
