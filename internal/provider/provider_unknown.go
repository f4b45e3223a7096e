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
