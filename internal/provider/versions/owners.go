package versions

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
)

// claimLayers notes which layers the resource publishes, and warns of another resource
// of the configuration that publishes one of them. With a retention for the
// whole layer that is an error: each would delete the other's versions.
func claimLayers(tools *toolbox.Tools, config tftypes.Value, m *versionstate.Model, whole bool, regions []string) (diags diag.Diagnostics) {
	if tools == nil || m.LayerName.IsUnknown() {
		return diags
	}
	layer := m.LayerName.ValueString()
	for _, region := range regions {
		others := tools.Claims.Add(region, layer, toolbox.Claim{Config: config, Whole: whole})
		if len(others) == 0 {
			continue
		}
		where := "the provider's region"
		if region != "" {
			where = region
		}
		deleting := whole
		for _, other := range others {
			deleting = deleting || other.Whole
		}
		if deleting {
			diags.Append(diagnostic.At("layer_name", diag.NewErrorDiagnostic(fmt.Sprintf("Layer %q has two owners", layer), fmt.Sprintf(
				"Another layerbuild_version of this configuration publishes layer %q in %s, and one of the two has retention.scope = \"layer\": at every apply it would delete the versions of the other. Give each a layer_name of its own, or leave scope out.", layer, where))))
			continue
		}
		diags.Append(diagnostic.At("layer_name", diag.NewWarningDiagnostic(fmt.Sprintf("Layer %q is published twice", layer), fmt.Sprintf(
			"Another layerbuild_version of this configuration publishes layer %q in %s too. Their versions get numbers in turn, so the newest version is sometimes of one and sometimes of the other. Give each a layer_name of its own.", layer, where))))
	}
	return diags
}
