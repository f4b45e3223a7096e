package attributes

import (
	"context"
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/attr/xattr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

var (
	_ basetypes.Int64Typable = WholeNumber{}
	_ xattr.TypeWithValidate = WholeNumber{} //nolint:staticcheck // the type sees the number as it was written, and no validator does
)

// WholeNumber is the type of an argument that is an integer. Terraform knows
// numbers alone, so 1.5 arrives here too: it is an error of the configuration,
// where the framework's own type takes it for a fault of the provider.
type WholeNumber struct {
	basetypes.Int64Type
}

// Equal takes the framework's integers for equal: its values are of that type.
func (WholeNumber) Equal(o attr.Type) bool {
	switch o.(type) {
	case WholeNumber, basetypes.Int64Type:
		return true
	}
	return false
}

func (WholeNumber) String() string { return "wholeNumber" }

// ValueFromTerraform never fails: Validate names what is no integer.
func (WholeNumber) ValueFromTerraform(_ context.Context, in tftypes.Value) (attr.Value, error) {
	if !in.IsKnown() {
		return types.Int64Unknown(), nil
	}
	if in.IsNull() {
		return types.Int64Null(), nil
	}
	var written big.Float
	if err := in.As(&written); err != nil {
		return nil, err
	}
	n, _ := written.Int64()
	return types.Int64Value(n), nil
}

// Validate refuses numbers with a fraction, and those beyond 64 bits.
func (WholeNumber) Validate(_ context.Context, in tftypes.Value, at path.Path) (diags diag.Diagnostics) {
	var written big.Float
	if !in.IsKnown() || in.IsNull() || in.As(&written) != nil {
		return nil
	}
	if _, accuracy := written.Int64(); !written.IsInt() || accuracy != big.Exact {
		text := written.Text('g', -1)
		diags.AddAttributeError(at, fmt.Sprintf("%s is not a whole number", text), fmt.Sprintf("%s takes a whole number such as 3, not %s.", at, text))
	}
	return diags
}
