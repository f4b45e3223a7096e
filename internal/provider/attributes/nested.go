package attributes

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
)

var _ validator.Object = someArgument{}

// NestedNote stands at the top of the page of a resource.
const NestedNote = "\n\n**Names inside `{ }`.** Terraform drops names that it does not know inside `{ }` and gives no error. Check their spelling. An object in which no argument is left is an error."

// someArgument refuses an object without any argument. Every nested object of
// every schema has it: `checks = { sizes = "off" }` arrives here as {}, and
// would mean nothing.
type someArgument struct{}

func (someArgument) Description(context.Context) string { return "at least one argument" }

func (v someArgument) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (someArgument) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || HasArgument(req.ConfigValue) {
		return
	}
	resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("No argument in %s", req.Path), fault.DroppedNames+" Write an argument that it has, or drop it.")
}

// HasArgument reports whether any argument of an object is not null.
func HasArgument(object types.Object) bool {
	for _, value := range object.Attributes() {
		if !value.IsNull() {
			return true
		}
	}
	return false
}

// Nested is what the object of a single nested attribute is checked for, besides
// its arguments.
func Nested(more ...validator.Object) []validator.Object {
	return append([]validator.Object{someArgument{}}, more...)
}
