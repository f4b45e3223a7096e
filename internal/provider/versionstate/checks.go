package versionstate

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/findings"
)

// zipChecks are the names of the checks of a zip.
var zipChecks = []string{"layout", "native", "libraries", "executables"}

// zipChecksAttribute are the severities of what is found in the zip of a version.
func zipChecksAttribute() schema.Attribute {
	chosen := map[string]schema.Attribute{}
	all, _ := findings.ChecksAttribute().(schema.SingleNestedAttribute)
	for _, name := range zipChecks {
		chosen[name] = all.Attributes[name]
	}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Severity of each check of the zip, for the runtimes and architectures that the version is declared for. A package was already checked for the runtimes and architectures that it was built for, by its own `checks`. Only others are checked here.\n\n" +
			"  Without `checks`, a zip given by `filename` is an error if the runtimes find nothing in it. Everything else is a warning.",
		Optional: true, Validators: attributes.Nested(), Attributes: chosen,
	}
}

// ZipChecks returns the severities that the user chose.
func (m *Model) ZipChecks() map[string]fault.Severity {
	chosen := map[string]fault.Severity{}
	for name, value := range m.Checks.Attributes() {
		if text, ok := value.(types.String); ok && text.ValueString() != "" {
			chosen[name] = fault.Severity(text.ValueString())
		}
	}
	return chosen
}
