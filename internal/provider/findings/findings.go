// Package findings has what is found in the files of a zip, as attributes: the
// findings, and the severities that a user chooses for the checks.
package findings

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
)

// Type is an element of findings.
var Type = attributes.TypesOf(Attribute("", ""))

// maxFindings bounds what a state holds of them: the worst come first in each check.
const maxFindings = 50

// List returns findings as the state has them.
func List(found []layer.Finding) types.List {
	elements := make([]attr.Value, 0, min(len(found), maxFindings))
	for i := range found[:min(len(found), maxFindings)] {
		f := &found[i]
		file := ""
		if len(f.Files) > 0 {
			file = f.Files[0]
		}
		elements = append(elements, types.ObjectValueMust(Type.AttrTypes, map[string]attr.Value{
			"check": types.StringValue(string(f.Check)), "severity": types.StringValue(string(f.Severity)), "file": types.StringValue(file),
			"distribution": types.StringValue(f.Origin.String()), "text": types.StringValue(f.Summary + ". " + f.Text()),
		}))
	}
	return types.ListValueMust(Type, elements)
}

// Attribute is what the checks found. source says whose a file is.
func Attribute(description, source string) schema.Attribute {
	return attributes.ComputedObjects(description, map[string]schema.Attribute{
		"check":        attributes.ComputedText("The name of the check, such as `native`."),
		"severity":     attributes.ComputedText("`error`, `warning` or `note`."),
		"file":         attributes.ComputedText("The first file that it concerns, as a path in the layer."),
		"distribution": attributes.ComputedText(source),
		"text":         attributes.ComputedText("What was found, what the runtime has, and how to fix it."),
	})
}

// ChecksAttribute returns the severities of all checks of a package.
func ChecksAttribute() schema.SingleNestedAttribute {
	severity := func(description string) schema.Attribute {
		return attributes.Text(description+" `error`, `warning` or `off`.", attributes.OneOf("error", "warning", "off"))
	}
	return attributes.Object("Severity of each check.", map[string]schema.Attribute{
		"size":            severity("The layer is larger than the 262,144,000 bytes that AWS allows. From 80 % of that size you get a warning. AWS refuses a larger layer even with `off`. Default `error`."),
		"sdk_shadow":      severity("The layer has boto3 but not botocore, or the reverse, and the other comes from the runtime. Or the layer has clients of `@aws-sdk`, which are loaded instead of those of the Node.js runtimes. Default `warning`."),
		"install_scripts": severity("A Node.js package has an install script, which is never run, and no prebuilt binaries. Default `error`."),
		"withdrawn":       severity("Distributions in the lock were yanked or removed from the index later. With this check, every plan asks the index, even a plan without changes. Default `off`."),
		"layout":          severity("Files are in a place where no declared runtime looks, or their paths differ in case alone. By default it is an error if the runtimes find nothing in the layer or the paths are of one download, else a warning."),
		"native":          severity("Native files are for another machine, system, glibc, Python or Node.js than the runtimes have. By default it is an error if the file certainly fails, else a warning."),
		"libraries":       severity("A required shared library is neither in the layer nor in the runtime. By default it is an error if a package cannot be imported without the library, else a warning."),
		"executables":     severity("Programs or scripts cannot be run: they have no execute permission, they need an interpreter that Lambda lacks, or files in `bin/` are not programs. By default it is an error if the program certainly fails, else a warning."),
		"imports":         severity("A Python distribution contains none of its modules, or needs a distribution that is missing. Default `warning`."),
		"runtime_dates":   severity("A runtime is deprecated or in preview. Default `warning`."),
	})
}

// Chosen returns the severities that the user chose in such an object, by check.
func Chosen(checks types.Object) map[string]fault.Severity {
	chosen := map[string]fault.Severity{}
	for name, value := range checks.Attributes() {
		if text, ok := value.(types.String); ok && text.ValueString() != "" {
			chosen[name] = fault.Severity(text.ValueString())
		}
	}
	return chosen
}
