package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

// stringList returns the elements of a list of strings that are known and not
// null; null and unknown have none.
func stringList(_ context.Context, list types.List, _ *diag.Diagnostics) []string {
	return textsOf(list.Elements())
}

// textMap returns the elements of a map of strings that are known and not null,
// nil where there is none.
func textMap(_ context.Context, values types.Map, _ *diag.Diagnostics) map[string]string {
	if values.IsNull() || values.IsUnknown() {
		return nil
	}
	out := map[string]string{}
	for key, element := range values.Elements() {
		if text, ok := element.(types.String); ok && !text.IsNull() && !text.IsUnknown() {
			out[key] = text.ValueString()
		}
	}
	return out
}

// knownStrings returns the elements of a list of known strings.
func knownStrings(list types.List) []string { return textsOf(list.Elements()) }

// textsOf returns the strings among values that are known and not null.
func textsOf(values []attr.Value) []string {
	var out []string
	for _, value := range values {
		if text, ok := value.(types.String); ok && !text.IsNull() && !text.IsUnknown() {
			out = append(out, text.ValueString())
		}
	}
	return out
}

// blocksOf returns blocks as structs. One that is unknown as a whole is left
// out: what depends on it asks for the names of unknown arguments.
func blocksOf[T any](ctx context.Context, values []attr.Value, diags *diag.Diagnostics) []T {
	var out []T
	for _, value := range values {
		object, ok := value.(types.Object)
		if !ok || object.IsNull() || object.IsUnknown() {
			continue
		}
		var block T
		diags.Append(object.As(ctx, &block, basetypes.ObjectAsOptions{})...)
		out = append(out, block)
	}
	return out
}

// stringMap returns a map of known strings.
func stringMap(m map[string]string) types.Map {
	elements := make(map[string]attr.Value, len(m))
	for k, v := range m {
		elements[k] = types.StringValue(v)
	}
	return types.MapValueMust(types.StringType, elements)
}

// listOf returns a list of known strings, null for none.
func listOf(values []string) types.List {
	if len(values) == 0 {
		return types.ListNull(types.StringType)
	}
	elements := make([]attr.Value, 0, len(values))
	for _, v := range values {
		elements = append(elements, types.StringValue(v))
	}
	return types.ListValueMust(types.StringType, elements)
}

// stringSet returns the elements of a set of strings that are known and not
// null; null and unknown have none.
func stringSet(_ context.Context, set types.Set, _ *diag.Diagnostics) []string {
	return textsOf(set.Elements())
}

// parseMoment reads an RFC 3339 time, or a date, which lasts to its end in UTC.
func parseMoment(text string) (time.Time, error) {
	if moment, err := time.Parse(time.RFC3339, text); err == nil {
		return moment.UTC(), nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a time such as \"2026-01-31T12:00:00Z\" nor a date such as \"2026-01-31\"", text)
	}
	return day.AddDate(0, 0, 1), nil
}

// textOrNull returns a known text, null for none.
func textOrNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// numbersOf returns a list of known numbers.
func numbersOf(numbers []int64) types.List {
	elements := make([]attr.Value, 0, len(numbers))
	for _, n := range numbers {
		elements = append(elements, types.Int64Value(n))
	}
	return types.ListValueMust(types.Int64Type, elements)
}

// numbers is the inverse of numbersOf; null and unknown have none.
func numbers(ctx context.Context, list types.List, diags *diag.Diagnostics) []int64 {
	var out []int64
	if !list.IsNull() && !list.IsUnknown() {
		diags.Append(list.ElementsAs(ctx, &out, false)...)
	}
	return out
}

// listOrEmpty returns a list of known strings, an empty one for none.
func listOrEmpty(values []string) types.List {
	if len(values) == 0 {
		return types.ListValueMust(types.StringType, nil)
	}
	return listOf(values)
}
