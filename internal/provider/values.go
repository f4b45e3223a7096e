package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// stringList returns the elements of a list of strings; null has none.
func stringList(ctx context.Context, list types.List, diags *diag.Diagnostics) []string {
	var out []string
	if list.IsNull() || list.IsUnknown() {
		return nil
	}
	diags.Append(list.ElementsAs(ctx, &out, false)...)
	return out
}

// textMap returns the elements of a map of strings, nil where there is none.
func textMap(ctx context.Context, values types.Map, diags *diag.Diagnostics) map[string]string {
	var out map[string]string
	if values.IsNull() || values.IsUnknown() {
		return nil
	}
	diags.Append(values.ElementsAs(ctx, &out, false)...)
	return out
}

// knownStrings returns the elements of a list of known strings.
func knownStrings(list types.List) []string {
	var out []string
	for _, element := range list.Elements() {
		if text, ok := element.(types.String); ok {
			out = append(out, text.ValueString())
		}
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

// stringSet returns the elements of a set of strings; null has none.
func stringSet(ctx context.Context, set types.Set, diags *diag.Diagnostics) []string {
	var out []string
	if set.IsNull() || set.IsUnknown() {
		return nil
	}
	diags.Append(set.ElementsAs(ctx, &out, false)...)
	return out
}
