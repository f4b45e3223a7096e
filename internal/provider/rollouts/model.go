package rollouts

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/rollout"
)

// defaultPause is how long a step of an alias stays where nothing is written.
const defaultPause = time.Minute

type rolloutModel struct {
	VersionARN       types.String   `tfsdk:"version_arn"`
	Canary           *canaryModel   `tfsdk:"canary"`
	Functions        types.List     `tfsdk:"functions"`
	AllUsingLayer    types.Bool     `tfsdk:"all_using_layer"`
	Tags             types.Map      `tfsdk:"tags"`
	BatchSize        types.Int64    `tfsdk:"batch_size"`
	OnFailure        types.String   `tfsdk:"on_failure"`
	Publish          types.Bool     `tfsdk:"publish"`
	Alias            *aliasModel    `tfsdk:"alias"`
	ARN              types.String   `tfsdk:"arn"`
	ID               types.String   `tfsdk:"id"`
	AccountID        types.String   `tfsdk:"account_id"`
	FunctionVersions types.Map      `tfsdk:"function_versions"`
	Timeouts         timeouts.Value `tfsdk:"timeouts"`
}

type canaryModel struct {
	FunctionName types.String `tfsdk:"function_name"`
	Payload      types.String `tfsdk:"payload"`
	Expect       *expectModel `tfsdk:"expect"`
}

type expectModel struct {
	StatusCode    types.Int64 `tfsdk:"status_code"`
	JSON          types.Map   `tfsdk:"json"`
	MaxDurationMS types.Int64 `tfsdk:"max_duration_ms"`
}

type aliasModel struct {
	Name         types.String `tfsdk:"name"`
	Steps        types.List   `tfsdk:"steps"`
	PauseSeconds types.Int64  `tfsdk:"pause_seconds"`
}

// order returns what the configuration asks for, without the functions that
// have to be looked for.
func (m *rolloutModel) order(ctx context.Context, diags *diag.Diagnostics) rollout.Order {
	o := rollout.Order{
		Version:   rollout.Version{ARN: m.VersionARN.ValueString()},
		Functions: values.Texts(m.Functions),
		BatchSize: int(m.BatchSize.ValueInt64()),
		Rollback:  m.OnFailure.ValueString() != onFailureStop,
		Publish:   m.Publish.ValueBool(),
	}
	if c := m.Canary; c != nil {
		o.Canary = &rollout.Canary{Function: c.FunctionName.ValueString(), Payload: []byte(cmp.Or(c.Payload.ValueString(), "{}"))}
		o.Canary.Expect = c.Expect.expectation()
	}
	if a := m.Alias; a != nil {
		o.Shift = &rollout.Shift{Alias: a.Name.ValueString(), Pause: defaultPause}
		if !a.PauseSeconds.IsNull() {
			o.Shift.Pause = time.Duration(a.PauseSeconds.ValueInt64()) * time.Second
		}
		var steps []int64
		if !a.Steps.IsNull() {
			diags.Append(a.Steps.ElementsAs(ctx, &steps, false)...)
		}
		for _, step := range steps {
			if step < 100 {
				o.Shift.Steps = append(o.Shift.Steps, int(step))
			}
		}
	}
	return o
}

// expectation returns what the answer has to be; nil expects no more than that
// there is no error.
func (e *expectModel) expectation() rollout.Expectation {
	if e == nil {
		return rollout.Expectation{}
	}
	return rollout.Expectation{
		StatusCode: e.StatusCode.ValueInt64(), JSON: values.TextMap(e.JSON),
		MaxDuration: time.Duration(e.MaxDurationMS.ValueInt64()) * time.Millisecond,
	}
}

// named reports whether the functions are known by name, without asking AWS.
func (m *rolloutModel) named() bool { return !m.AllUsingLayer.ValueBool() && m.Tags.IsNull() }

// versionsOf returns a value of function_versions.
func versionsOf(versions map[string]int64) types.Map {
	elements := make(map[string]attr.Value, len(versions))
	for name, number := range versions {
		elements[name] = types.Int64Value(number)
	}
	return types.MapValueMust(types.Int64Type, elements)
}

// functionVersions returns the elements of function_versions.
func (m *rolloutModel) functionVersions() map[string]int64 {
	versions := map[string]int64{}
	for name, element := range m.FunctionVersions.Elements() {
		if n, ok := element.(types.Int64); ok {
			versions[name] = n.ValueInt64()
		}
	}
	return versions
}

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
