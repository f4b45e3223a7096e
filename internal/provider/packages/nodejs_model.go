package packages

import (
	"context"
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

func (n *nodejsModel) spec(ctx context.Context, diags *diag.Diagnostics) *layer.NodeSpec {
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

// nodeCutOff returns the package's own cut-off for Node.js, "" for none.
func (m *packageModel) nodeCutOff() string {
	if m == nil || m.NodeJS == nil {
		return ""
	}
	return m.NodeJS.ExcludeNewer.ValueString()
}

// reconsider makes the spec resolve anew where locked versions may be too new
// for the package's own cut-offs.
func (m *packageModel) reconsider(s *layer.Spec, before *packageModel) {
	s.Reconsider = m.earlier(before)
	if s.NodeJS != nil && before != nil {
		s.NodeJS.Reconsider = earlierMoment(m.nodeCutOff(), before.nodeCutOff())
	}
}

// scriptsSeverity returns the severity of the check of install scripts.
func (m *packageModel) scriptsSeverity() layer.Severity {
	return m.severity(func(c *checksModel) types.String { return c.InstallScripts }, layer.SeverityError)
}

// sameScripts reports whether install scripts are judged alike.
func (m *packageModel) sameScripts(before *packageModel) bool {
	if m.scriptsSeverity() != before.scriptsSeverity() {
		return false
	}
	if m.NodeJS == nil || before.NodeJS == nil {
		return m.NodeJS == before.NodeJS
	}
	return m.NodeJS.AllowInstallScripts.Equal(before.NodeJS.AllowInstallScripts)
}
