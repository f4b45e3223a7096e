// Package values converts between the framework's values and those of Go. What is
// null or unknown has no elements.
package values

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// TextMap returns the elements of a map of strings that are known and not null,
// nil where there is none.
func TextMap(values types.Map) map[string]string {
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

// Texts returns the strings in a list or a set that are known and not null; null
// and unknown have none.
func Texts(collection interface{ Elements() []attr.Value }) []string {
	var out []string
	for _, value := range collection.Elements() {
		if text, ok := value.(types.String); ok && !text.IsNull() && !text.IsUnknown() {
			out = append(out, text.ValueString())
		}
	}
	return out
}

// As returns an object as a struct, nil where it is null or unknown. Attributes that
// are null or unknown are zero in fields of plain types.
func As[T any](ctx context.Context, object types.Object, diags *diag.Diagnostics) *T {
	if object.IsNull() || object.IsUnknown() {
		return nil
	}
	out := new(T)
	diags.Append(object.As(ctx, out, basetypes.ObjectAsOptions{UnhandledNullAsEmpty: true, UnhandledUnknownAsEmpty: true})...)
	return out
}

// Blocks returns blocks. One that is unknown as a whole is left out: what depends on it
// asks for the names of unknown arguments.
func Blocks(blocks interface{ Elements() []attr.Value }) []types.Object {
	var out []types.Object
	for _, value := range blocks.Elements() {
		if object, ok := value.(types.Object); ok && !object.IsNull() && !object.IsUnknown() {
			out = append(out, object)
		}
	}
	return out
}

// MapOf returns a map of known strings.
func MapOf(m map[string]string) types.Map {
	elements := make(map[string]attr.Value, len(m))
	for k, v := range m {
		elements[k] = types.StringValue(v)
	}
	return types.MapValueMust(types.StringType, elements)
}

// ListOf returns a list of known strings, null for none.
func ListOf(values []string) types.List {
	if len(values) == 0 {
		return types.ListNull(types.StringType)
	}
	return ListOrEmpty(values)
}

// ListOrEmpty returns a list of known strings, an empty one for none.
func ListOrEmpty(values []string) types.List {
	elements := make([]attr.Value, 0, len(values))
	for _, v := range values {
		elements = append(elements, types.StringValue(v))
	}
	return types.ListValueMust(types.StringType, elements)
}

// ParseMoment reads an RFC 3339 time, or a date, which lasts to its end in UTC.
func ParseMoment(text string) (time.Time, error) {
	if moment, err := time.Parse(time.RFC3339, text); err == nil {
		return moment.UTC(), nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a time such as \"2026-01-31T12:00:00Z\" nor a date such as \"2026-01-31\"", text)
	}
	return day.AddDate(0, 0, 1), nil
}

// TextOrNull returns a known text, null for none.
func TextOrNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// NumbersOf returns a list of known numbers.
func NumbersOf(numbers []int64) types.List {
	elements := make([]attr.Value, 0, len(numbers))
	for _, n := range numbers {
		elements = append(elements, types.Int64Value(n))
	}
	return types.ListValueMust(types.Int64Type, elements)
}

// Numbers is the inverse of NumbersOf; null and unknown have none.
func Numbers(ctx context.Context, list types.List, diags *diag.Diagnostics) []int64 {
	var out []int64
	if !list.IsNull() && !list.IsUnknown() {
		diags.Append(list.ElementsAs(ctx, &out, false)...)
	}
	return out
}

// HasNull reports whether a list, set or map anywhere in a value has an element
// that is null. Validators name such elements; structs cannot take them.
func HasNull(value tftypes.Value) bool {
	found := false
	// The walk has no errors but those of this function, which has none.
	_ = tftypes.Walk(value, func(_ *tftypes.AttributePath, v tftypes.Value) (bool, error) {
		found = found || v.IsKnown() && !v.IsNull() && slices.ContainsFunc(elementsOf(v), tftypes.Value.IsNull)
		return !found, nil
	})
	return found
}

// elementsOf returns the elements of a list, set or map, nil of anything else.
func elementsOf(value tftypes.Value) []tftypes.Value {
	var list []tftypes.Value
	var mapped map[string]tftypes.Value
	switch value.Type().(type) {
	case tftypes.List, tftypes.Set:
		if value.As(&list) == nil {
			return list
		}
	case tftypes.Map:
		if value.As(&mapped) == nil {
			return slices.Collect(maps.Values(mapped))
		}
	}
	return nil
}

// AsSet returns a list's elements as a set; unknown and null stay so.
func AsSet(list types.List) types.Set {
	switch {
	case list.IsUnknown():
		return types.SetUnknown(types.StringType)
	case list.IsNull():
		return types.SetNull(types.StringType)
	}
	return types.SetValueMust(types.StringType, list.Elements())
}
