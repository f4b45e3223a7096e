package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
)

// findingType is an element of findings.
var findingType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"check": types.StringType, "severity": types.StringType, "file": types.StringType, "distribution": types.StringType, "text": types.StringType,
}}

// maxFindings bounds what a state holds of them: the worst come first in each check.
const maxFindings = 50

// findingsList returns findings as the state has them.
func findingsList(found []layer.Finding) types.List {
	elements := make([]attr.Value, 0, min(len(found), maxFindings))
	for i := range found[:min(len(found), maxFindings)] {
		f := &found[i]
		file := ""
		if len(f.Files) > 0 {
			file = f.Files[0]
		}
		elements = append(elements, types.ObjectValueMust(findingType.AttrTypes, map[string]attr.Value{
			"check": types.StringValue(string(f.Check)), "severity": types.StringValue(string(f.Severity)), "file": types.StringValue(file),
			"distribution": types.StringValue(f.Origin.String()), "text": types.StringValue(f.Summary + ". " + f.Text()),
		}))
	}
	return types.ListValueMust(findingType, elements)
}

// findingsAttribute is what the checks found.
func findingsAttribute() schema.Attribute {
	text := func(description string) schema.Attribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	return schema.ListNestedAttribute{
		MarkdownDescription: "What the checks `layout`, `native`, `libraries`, `executables` and `imports` found, grouped by cause, up to 50. Findings that are errors make the plan fail. Notes appear only here.",
		Computed:            true,
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"check":        text("The name of the check."),
			"severity":     text("`error`, `warning` or `note`."),
			"file":         text("The first file that it concerns, as a path in the layer."),
			"distribution": text("The source of the file, such as `python:fiona 1.10.1` or `files[0]`."),
			"text":         text("What was found, what the runtime has, and how to fix it."),
		}},
	}
}

// audits returns the severities that the user chose for what is found in the
// files.
func (m *packageModel) audits() map[string]layer.Severity {
	if m.Checks == nil {
		return nil
	}
	chosen := map[string]layer.Severity{}
	for name, value := range map[string]types.String{
		"layout": m.Checks.Layout, "native": m.Checks.Native, "libraries": m.Checks.Libraries,
		"executables": m.Checks.Executables, "imports": m.Checks.Imports,
	} {
		if value.ValueString() != "" {
			chosen[name] = layer.Severity(value.ValueString())
		}
	}
	return chosen
}
