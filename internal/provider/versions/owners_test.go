package versions

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
)

// TestLayersWithTwoPublishersAreNamed: another resource is one with another
// configuration; one that is planned twice is no other.
func TestLayersWithTwoPublishersAreNamed(t *testing.T) {
	t.Parallel()
	type planned struct {
		config, layer string
		whole         bool
		regions       []string
		want          string // the summary, "" for none
	}
	for name, all := range map[string][]planned{
		"the same resource, replaced": {{"a", "deps", true, []string{"eu-west-1"}, ""}, {"a", "deps", true, []string{"eu-west-1"}, ""}},
		"another layer":               {{"a", "deps", true, []string{"eu-west-1"}, ""}, {"b", "node", true, []string{"eu-west-1"}, ""}},
		"another region":              {{"a", "deps", true, []string{"eu-west-1"}, ""}, {"b", "deps", true, []string{"eu-central-1"}, ""}},
		"two of one layer":            {{"a", "deps", false, []string{"eu-west-1"}, ""}, {"b", "deps", false, []string{"eu-west-1"}, `Layer "deps" is published twice`}},
		"in a further region":         {{"a", "deps", false, []string{"eu-west-1", "us-east-1"}, ""}, {"b", "deps", false, []string{"us-east-1"}, `Layer "deps" is published twice`}},
		"the first deletes all":       {{"a", "deps", true, []string{""}, ""}, {"b", "deps", false, []string{""}, `Layer "deps" has two owners`}},
		"the second deletes all":      {{"a", "deps", false, []string{""}, ""}, {"b", "deps", true, []string{""}, `Layer "deps" has two owners`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &versionResource{toolbox.Resource{Tools: &toolbox.Tools{}}}
			for _, p := range all {
				diags := claimLayers(r.Tools, tftypes.NewValue(tftypes.String, p.config), &versionstate.Model{LayerName: types.StringValue(p.layer)}, p.whole, p.regions)
				got := ""
				for _, d := range diags {
					got += d.Summary()
				}
				if got != p.want {
					t.Errorf("%s: got %q, want %q", p.config, got, p.want)
				}
			}
		})
	}
}
