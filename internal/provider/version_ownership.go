package provider

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// ownership lists the versions that a resource published itself, or was given
// by an import. Only these does it ever delete: one that it took over may be
// another resource's. It is kept in the private state.
type ownership struct {
	Numbers []int64 `json:"published"`
}

// ownershipKey names the record in the private state.
const ownershipKey = "ownership"

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

func readOwnership(ctx context.Context, private privateReader) (ownership, diag.Diagnostics) {
	var o ownership
	body, diags := private.GetKey(ctx, ownershipKey)
	if len(body) == 0 || diags.HasError() {
		return o, diags
	}
	if err := json.Unmarshal(body, &o); err != nil {
		diags.AddError("Unusable private state", sentence("reading which versions were published: "+err.Error()))
	}
	return o, diags
}

func (o *ownership) add(number int64) {
	if !slices.Contains(o.Numbers, number) {
		o.Numbers = append(o.Numbers, number)
	}
}

func (o *ownership) write(ctx context.Context, private privateWriter) diag.Diagnostics {
	body, err := json.Marshal(o)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unusable private state", sentence(err.Error()))}
	}
	return private.SetKey(ctx, ownershipKey, body)
}
