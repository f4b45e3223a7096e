package versions

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/built"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
)

// inspectVersion judges the zip that is to be published for the runtimes and
// architectures that it is declared for. A package was judged for its own
// already. A zip that is made during the apply is not seen.
func inspectVersion(ctx context.Context, tools *toolbox.Tools, m *versionstate.Model) diag.Diagnostics {
	var diags diag.Diagnostics
	if tools == nil || m.CompatibleRuntimes.IsUnknown() || m.CompatibleArchitectures.IsUnknown() {
		return diags
	}
	ids, architectures := values.Texts(m.CompatibleRuntimes), values.Texts(m.CompatibleArchitectures)
	if diags.HasError() {
		return diags
	}
	built := m.Built(ctx, &diags)
	if built == nil {
		return append(diags, inspectZip(ctx, tools, m, m.Filename.ValueString(), "filename", ids, architectures, nil)...)
	}
	newer, wider := without(ids, values.Texts(built.Runtimes)), without(architectures, values.Texts(built.Architectures))
	if len(newer)+len(wider) == 0 {
		return diags
	}
	// The zip may lie elsewhere, or be in the cache alone. One that cannot be
	// made yet is made, and refused, by the apply.
	_, zip, err := built.Zip(ctx, tools.Builder)
	if err != nil {
		return diags
	}
	if len(newer) > 0 {
		diags.Append(inspectZip(ctx, tools, m, zip, "compatible_runtimes", newer, architectures, built)...)
	}
	if same := without(ids, newer); len(wider) > 0 && len(same) > 0 {
		diags.Append(inspectZip(ctx, tools, m, zip, "compatible_architectures", same, wider, built)...)
	}
	return diags
}

// inspectZip judges one zip. built is the package that it is of, nil for none.
func inspectZip(ctx context.Context, tools *toolbox.Tools, m *versionstate.Model, name, attribute string, ids, architectures []string, built *built.Package) (diags diag.Diagnostics) {
	if name == "" {
		return diags
	}
	found, err := tools.Builder.InspectZip(ctx, name, ids, architectures)
	if errors.Is(err, fs.ErrNotExist) {
		return diags
	}
	chosen := m.ZipChecks()
	if err != nil {
		summary, detail := fmt.Sprintf("The zip %q was not looked into", name), diagnostic.Sentence(err.Error())
		// Lambda may not unzip it either, such as one with an entry "../m.py".
		if chosen["layout"] == fault.SeverityError {
			return append(diags, diagnostic.At(attribute, diag.NewErrorDiagnostic(summary, detail)))
		}
		diags.Append(diagnostic.At(attribute, diag.NewWarningDiagnostic(summary, detail)))
		return diags
	}
	found = layer.Weigh(found, chosen)
	for i := range found {
		f := &found[i]
		detail := f.Text()
		if built != nil {
			detail += fmt.Sprintf("\nThe package is built for %s on %s, and the version is declared for %s. Declare what the package is for, or build a package for each.",
				strings.Join(values.Texts(built.Runtimes), ", "), strings.Join(values.Texts(built.Architectures), ", "), strings.Join(f.Targets, ", "))
		}
		diags.Append(inspected(attribute, f, detail, built != nil || chosen[string(f.Check)] == fault.SeverityError)...)
	}
	return diags
}

// inspected tells of a finding: an error is what contradicts a declaration, or
// a zip in which nothing is found, else a warning.
func inspected(attribute string, f *layer.Finding, detail string, declared bool) diag.Diagnostics {
	switch {
	case f.Severity == "note":
		return nil
	case f.Severity == "error" && (declared || f.Check == "layout"):
		return diag.Diagnostics{diagnostic.At(attribute, diag.NewErrorDiagnostic(f.Summary, detail))}
	}
	return diag.Diagnostics{diagnostic.At(attribute, diag.NewWarningDiagnostic(f.Summary, detail))}
}

// without returns the elements of all that are not in some.
func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}
