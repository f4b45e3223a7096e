package provider

import (
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// claims are the layers that resources of one configuration publish, as far as
// this run has planned them.
type claims struct {
	mu sync.Mutex
	// of is by region and layer.
	of map[[2]string][]claim
}

// claim is one resource's. Terraform tells no resource its address, and plans one
// that is replaced twice: a resource is known by its configuration.
type claim struct {
	config tftypes.Value
	// whole is set where its retention is about all versions of the layer.
	whole bool
}

// add notes a claim and returns those of other resources on the same layer.
func (c *claims) add(region, layer string, mine claim) (others []claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key, known := [2]string{region, layer}, false
	for _, other := range c.of[key] {
		if other.config.Equal(mine.config) {
			known = true
		} else {
			others = append(others, other)
		}
	}
	if !known {
		if c.of == nil {
			c.of = map[[2]string][]claim{}
		}
		c.of[key] = append(c.of[key], mine)
	}
	return others
}

// claim notes which layers the resource publishes, and warns of another resource
// of the configuration that publishes one of them. With a retention for the
// whole layer that is an error: each would delete the other's versions.
func (r *versionResource) claim(config tftypes.Value, m *versionModel, whole bool, regions []string) (diags diag.Diagnostics) {
	if r.tools == nil || m.LayerName.IsUnknown() {
		return diags
	}
	layer := m.LayerName.ValueString()
	for _, region := range regions {
		others := r.tools.claims.add(region, layer, claim{config, whole})
		if len(others) == 0 {
			continue
		}
		where := "the provider's region"
		if region != "" {
			where = region
		}
		deleting := whole
		for _, other := range others {
			deleting = deleting || other.whole
		}
		if deleting {
			diags.Append(at("layer_name", diag.NewErrorDiagnostic(fmt.Sprintf("Layer %q has two owners", layer), fmt.Sprintf(
				"Another layerbuild_version of this configuration publishes layer %q in %s, and one of the two has retention.scope = \"layer\": at every apply it would delete the versions of the other. Give each a layer_name of its own, or leave scope out.", layer, where))))
			continue
		}
		diags.Append(at("layer_name", diag.NewWarningDiagnostic(fmt.Sprintf("Layer %q is published twice", layer), fmt.Sprintf(
			"Another layerbuild_version of this configuration publishes layer %q in %s too. Their versions get numbers in turn, so the newest version is sometimes of one and sometimes of the other. Give each a layer_name of its own.", layer, where))))
	}
	return diags
}
