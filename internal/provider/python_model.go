package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
)

// pythonModel is the argument python of layerbuild_package.
type pythonModel struct {
	Requirements     types.List   `tfsdk:"requirements"`
	RequirementsFile types.String `tfsdk:"requirements_file"`
	Constraints      types.List   `tfsdk:"constraints"`
	ExcludeNewer     types.String `tfsdk:"exclude_newer"`
	RequireHashes    types.Bool   `tfsdk:"require_hashes"`

	LockFile types.String `tfsdk:"lock_file"`
	Groups   types.List   `tfsdk:"groups"`
	Extras   types.List   `tfsdk:"extras"`

	Index             []indexModel `tfsdk:"index"`
	Prerelease        types.Bool   `tfsdk:"prerelease"`
	Exclude           types.List   `tfsdk:"exclude"`
	ExcludeRuntimeSDK types.Bool   `tfsdk:"exclude_runtime_sdk"`
}

type indexModel struct {
	URL      types.String `tfsdk:"url"`
	Packages types.List   `tfsdk:"packages"`
}

func (p *pythonModel) spec(ctx context.Context, diags *diag.Diagnostics) *layer.PythonSpec {
	s := &layer.PythonSpec{
		Requirements:      stringList(ctx, p.Requirements, diags),
		Constraints:       stringList(ctx, p.Constraints, diags),
		RequirementsFile:  p.RequirementsFile.ValueString(),
		LockFile:          p.LockFile.ValueString(),
		ExcludeNewer:      p.ExcludeNewer.ValueString() != "",
		Groups:            stringList(ctx, p.Groups, diags),
		Extras:            stringList(ctx, p.Extras, diags),
		RequireHashes:     p.RequireHashes.ValueBool(),
		Prerelease:        p.Prerelease.ValueBool(),
		Exclude:           stringList(ctx, p.Exclude, diags),
		ExcludeRuntimeSDK: p.ExcludeRuntimeSDK.ValueBool(),
	}
	for _, index := range p.Index {
		s.Indexes = append(s.Indexes, layer.IndexSpec{URL: index.URL.ValueString(), Packages: stringList(ctx, index.Packages, diags)})
	}
	return s
}
