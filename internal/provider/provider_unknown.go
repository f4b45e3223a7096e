package provider

import (
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// pipelineSettings are the arguments of the provider block that AWS does not
// depend on.
func pipelineSettings() []string {
	return []string{"cache", "cache_dir", "default_tags", "exclude_newer", "ignore_tags", "minimum_release_age", "offline"}
}

// unknownAWS returns the arguments and blocks with settings of AWS that are not
// wholly known, sorted.
func unknownAWS(block tftypes.Value) []string {
	var parts map[string]tftypes.Value
	if !block.IsKnown() || block.IsNull() || block.As(&parts) != nil {
		return nil
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if !parts[name].IsFullyKnown() && !slices.Contains(pipelineSettings(), name) {
			names = append(names, name)
		}
	}
	return names
}

// hasNull reports whether a list, set or map anywhere in a value has an element
// that is null. Validators name such elements; structs cannot take them.
func hasNull(value tftypes.Value) bool {
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
