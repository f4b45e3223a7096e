package versions

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// TestDescriptionOfALateZip has a zip that was made after the last plan.
func TestDescriptionOfALateZip(t *testing.T) {
	t.Parallel()
	sum, err := publish.ParseCodeSHA256("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	if err != nil {
		t.Fatal(err)
	}
	before := func(hash string) *versionstate.Model {
		return &versionstate.Model{LayerName: types.StringValue("deps"), Replica: versionstate.Replica{CodeSHA256: types.StringValue(hash)}, Description: types.StringValue("mine")}
	}
	for name, c := range map[string]struct {
		before *versionstate.Model
		plan   types.String
		want   string
	}{
		"create":     {&versionstate.Model{}, types.StringUnknown(), "sha256 000102030405"},
		"same bytes": {before("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), types.StringUnknown(), "mine"},
		"new bytes":  {before("/wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), types.StringUnknown(), "sha256 000102030405"},
		"written":    {&versionstate.Model{}, types.StringValue("written"), "written"},
	} {
		var diags diag.Diagnostics
		change := &change{plan: &versionstate.Model{Description: c.plan}, before: c.before, zip: publish.Zip{SHA256: sum, Size: 1}}
		change.describe(t.Context(), &diags)
		if got := change.plan.Description; diags.HasError() || got.ValueString() != c.want {
			t.Errorf("%s: got %v, %v; want %q", name, got, diags, c.want)
		}
	}
}
