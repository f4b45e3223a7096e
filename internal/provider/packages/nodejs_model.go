package packages

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
)

// nodejsModel is the argument nodejs of layerbuild_package.
type nodejsModel struct {
	Dependencies        types.Map    `tfsdk:"dependencies"`
	PackageJSON         types.String `tfsdk:"package_json"`
	LockFile            types.String `tfsdk:"lock_file"`
	Workspace           types.String `tfsdk:"workspace"`
	AllowInstallScripts types.List   `tfsdk:"allow_install_scripts"`
	AllowOutside        types.List   `tfsdk:"allow_outside"`
	LegacyPeerDeps      types.Bool   `tfsdk:"legacy_peer_deps"`
	ExcludeNewer        types.String `tfsdk:"exclude_newer"`
	Imports             types.List   `tfsdk:"imports"`
}

// asksNothing reports whether no package is asked for: what is asserted is of what
// other inputs bring.
func (n *nodejsModel) asksNothing() bool {
	return !n.Imports.IsNull() && n.Dependencies.IsNull() && n.PackageJSON.IsNull() && n.LockFile.IsNull()
}

func (n *nodejsModel) spec(diags *diag.Diagnostics) *layer.NodeSpec {
	s := &layer.NodeSpec{
		PackageJSON:         n.PackageJSON.ValueString(),
		LockFile:            n.LockFile.ValueString(),
		Workspace:           n.Workspace.ValueString(),
		AllowInstallScripts: values.Texts(n.AllowInstallScripts),
		AllowOutside:        values.Texts(n.AllowOutside),
		LegacyPeerDeps:      n.LegacyPeerDeps.ValueBool(),
	}
	s.Dependencies = values.TextMap(n.Dependencies)
	if text := n.ExcludeNewer.ValueString(); text != "" {
		moment, err := values.ParseMoment(text)
		if err != nil {
			diags.Append(diagnostic.At("nodejs.exclude_newer", diag.NewErrorDiagnostic(fmt.Sprintf("Malformed moment %q", text), diagnostic.Sentence(err.Error()))))
		}
		s.CutOff = layer.NodeCutOff{At: moment, Explicit: true}
	}
	return s
}
