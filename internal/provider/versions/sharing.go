package versions

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
)

// planSharing plans what the configuration says, in the form of the state where
// that says the same. What an import found stays as long as nobody has asked
// for anything else; a new version does not get it.
func (p *planning) planSharing(m, config *versionstate.Model, diags *diag.Diagnostics) {
	m.Sharing = config.Sharing
	if p.before == nil || p.before.Sharing.IsNull() {
		return
	}
	found := p.life.SharingFound && config.Sharing.IsNull()
	switch {
	case found && !p.publishes(), versionstate.SameSharing(config.Sharing, p.before.Sharing):
		m.Sharing = p.before.Sharing
	case found:
		diags.AddAttributeWarning(path.Root("sharing"), "The new version is shared with nobody",
			fmt.Sprintf("The version that was imported or moved is shared (%s), but the configuration has no sharing. That version stays shared as it is, and this apply publishes a new one that nobody else may use. To share it too, write the sharing argument.", whom(p.before.Sharing)))
	}
}

// whom names those whom a sharing object names.
func whom(object types.Object) string {
	s, _ := versionstate.SharingOf(object)
	if s.Public {
		return "with everyone"
	}
	return "with " + strings.Join(append(slices.Clone(s.AccountIDs), s.OrganizationIDs...), ", ")
}
