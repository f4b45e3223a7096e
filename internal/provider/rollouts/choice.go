package rollouts

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/rollout"
)

func (r *rolloutResource) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{resourcevalidator.Conflicting(path.MatchRoot("functions"), path.MatchRoot("tags"))}
}

// ValidateConfig refuses an alias without published versions, and a roll-out that
// does not say in one way which functions it is about. all_using_layer = false
// says nothing.
func (r *rolloutResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m rolloutChoice
	for name, target := range map[string]any{
		"alias": &m.alias, "publish": &m.published, "canary": &m.canary, "functions": &m.functions, "tags": &m.tags, "all_using_layer": &m.all,
	} {
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root(name), target)...)
	}
	if !m.alias.IsNull() && !m.published.IsUnknown() && !m.published.ValueBool() {
		resp.Diagnostics.AddAttributeError(path.Root("alias"), "An alias needs published versions",
			"An alias points to a published version of a function, and none is published here. Write publish = true, or leave alias out.")
	}
	named := !m.functions.IsNull() || !m.tags.IsNull()
	switch {
	case named && m.all.ValueBool():
		resp.Diagnostics.AddAttributeError(path.Root("all_using_layer"), "Two ways to choose the functions",
			"all_using_layer = true chooses the functions, and so does functions or tags. Write one of them.")
	case !named && m.canary.IsNull() && !m.all.IsUnknown() && !m.all.ValueBool():
		resp.Diagnostics.AddError("No function to move", "Write canary, functions, tags or all_using_layer = true.")
	}
}

// rolloutChoice is what decides which functions a roll-out is about.
type rolloutChoice struct {
	alias, canary  types.Object
	functions      types.List
	tags           types.Map
	published, all types.Bool
}

// resolveNames puts names in the place of ARNs, each function once. A function of
// another region or account is an error at its argument.
func (m *rolloutModel) resolveNames(o *rollout.Order, region string, diags *diag.Diagnostics) {
	resolve := func(p path.Path, given string) string {
		id, err := publish.ParseFunction(given)
		name := id.Name
		if err == nil {
			name, err = id.In(region, m.AccountID.ValueString())
		}
		if err != nil {
			diags.AddAttributeError(p, "The function cannot get the layer version", diagnostic.Sentence(err.Error()))
		}
		return name
	}
	var names []string
	for i, given := range o.Functions {
		if name := resolve(path.Root("functions").AtListIndex(i), given); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	o.Functions = names
	if o.Canary != nil {
		o.Canary.Function = resolve(path.Root("canary").AtName("function_name"), o.Canary.Function)
	}
}
