package packages

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
)

// pythonModel is the argument python of layerbuild_package.
type pythonModel struct {
	Requirements     types.List   `tfsdk:"requirements"`
	RequirementsFile types.String `tfsdk:"requirements_file"`
	Constraints      types.List   `tfsdk:"constraints"`
	ExcludeNewer     types.String `tfsdk:"exclude_newer"`
	RequireHashes    types.Bool   `tfsdk:"require_hashes"`

	LockFile     types.String `tfsdk:"lock_file"`
	Groups       types.List   `tfsdk:"groups"`
	Extras       types.List   `tfsdk:"extras"`
	AllowOutside types.List   `tfsdk:"allow_outside"`
	Package      types.String `tfsdk:"package"`

	Index             []indexModel `tfsdk:"index"`
	Wheels            []wheelModel `tfsdk:"wheels"`
	FindLinks         types.List   `tfsdk:"find_links"`
	Sdist             types.String `tfsdk:"sdist"`
	Scripts           types.Bool   `tfsdk:"scripts"`
	Overlaps          types.String `tfsdk:"overlaps"`
	Prerelease        types.Bool   `tfsdk:"prerelease"`
	Exclude           types.List   `tfsdk:"exclude"`
	ExcludeRuntimeSDK types.Bool   `tfsdk:"exclude_runtime_sdk"`
	Imports           types.List   `tfsdk:"imports"`
}

type wheelModel struct {
	Source types.String `tfsdk:"source"`
	URL    types.String `tfsdk:"url"`
	SHA256 types.String `tfsdk:"sha256"`
}

type indexModel struct {
	URL          types.String       `tfsdk:"url"`
	CodeArtifact *codeArtifactModel `tfsdk:"codeartifact"`
	Packages     types.List         `tfsdk:"packages"`
}

type codeArtifactModel struct {
	Domain      types.String `tfsdk:"domain"`
	Repository  types.String `tfsdk:"repository"`
	DomainOwner types.String `tfsdk:"domain_owner"`
	Region      types.String `tfsdk:"region"`
}

// asksNothing reports whether the requirements are an empty list, and nothing else
// asks for a distribution: the same as an empty requirements file, and as no python.
// Imports alone ask for none either: they are asserted of what other inputs bring.
func (p *pythonModel) asksNothing() bool {
	return (!p.Requirements.IsNull() || !p.Imports.IsNull()) && len(p.Requirements.Elements()) == 0 && p.RequirementsFile.IsNull() && p.LockFile.IsNull()
}

func (p *pythonModel) spec() *layer.PythonSpec {
	s := &layer.PythonSpec{
		Requirements:      values.Texts(p.Requirements),
		Constraints:       values.Texts(p.Constraints),
		RequirementsFile:  p.RequirementsFile.ValueString(),
		LockFile:          p.LockFile.ValueString(),
		ExcludeNewer:      p.ExcludeNewer.ValueString() != "",
		Groups:            values.Texts(p.Groups),
		Extras:            values.Texts(p.Extras),
		AllowOutside:      values.Texts(p.AllowOutside),
		Package:           p.Package.ValueString(),
		RequireHashes:     p.RequireHashes.ValueBool(),
		Sdist:             p.Sdist.ValueString(),
		Overlaps:          p.Overlaps.ValueString(),
		Prerelease:        p.Prerelease.ValueBool(),
		Exclude:           values.Texts(p.Exclude),
		ExcludeRuntimeSDK: p.ExcludeRuntimeSDK.ValueBool(),
	}
	s.FindLinks, s.Scripts = values.Texts(p.FindLinks), p.Scripts.ValueBool()
	for _, w := range p.Wheels {
		s.Wheels = append(s.Wheels, layer.WheelSpec{Source: w.Source.ValueString(), URL: w.URL.ValueString(), SHA256: w.SHA256.ValueString()})
	}
	for _, index := range p.Index {
		x := layer.IndexSpec{URL: index.URL.ValueString(), Packages: values.Texts(index.Packages)}
		if c := index.CodeArtifact; c != nil {
			x.CodeArtifact = &layer.CodeArtifactSpec{
				Domain: c.Domain.ValueString(), Repository: c.Repository.ValueString(),
				DomainOwner: c.DomainOwner.ValueString(), Region: c.Region.ValueString(),
			}
		}
		s.Indexes = append(s.Indexes, x)
	}
	return s
}
