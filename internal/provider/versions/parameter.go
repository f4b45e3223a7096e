package versions

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// parameterModel is the ssm_parameter argument.
type parameterModel struct {
	Name        types.String `tfsdk:"name"`
	Description types.String `tfsdk:"description"`
	Tier        types.String `tfsdk:"tier"`
	Overwrite   types.Bool   `tfsdk:"overwrite"`
}

func parameterAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "A parameter of the type `String` in the parameter store of AWS Systems Manager, in every region. It holds the ARN of the current version.\n\n" +
			"  It is written after the version is shared. If it was changed outside Terraform, it is restored. It is deleted with the resource, unless it then holds another value.",
		Optional:   true,
		Validators: attributes.Nested(),
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the parameter, such as `/layers/deps`. A change creates the new parameter and deletes the old one.",
				Required:            true,
				Validators:          []validator.String{attributes.Checked("the name of a parameter", publish.CheckParameterName)},
			},
			"description": schema.StringAttribute{
				MarkdownDescription: "Description of the parameter.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.UTF8LengthAtMost(1024)},
			},
			"tier": schema.StringAttribute{
				MarkdownDescription: "`Standard`, `Advanced` or `Intelligent-Tiering`. Default: the account's setting. AWS does not change an advanced parameter back to standard.",
				Optional:            true,
				Validators:          []validator.String{attributes.OneOf("Standard", "Advanced", "Intelligent-Tiering")},
			},
			"overwrite": schema.BoolAttribute{
				MarkdownDescription: "Overwrite an existing parameter that this resource did not create. Default `false`: an existing parameter is an error, unless it holds the ARN of a version of this layer.",
				Optional:            true,
			},
		},
	}
}

// parameterOf returns the ssm_parameter argument, nil where there is none.
func (m *versionModel) parameterOf(ctx context.Context, diags *diag.Diagnostics) *parameterModel {
	if m.SSMParameter.IsNull() || m.SSMParameter.IsUnknown() {
		return nil
	}
	var p parameterModel
	diags.Append(m.SSMParameter.As(ctx, &p, basetypes.ObjectAsOptions{})...)
	return &p
}

// readParameter looks at the parameter in every region. Where it is gone or
// holds something else the state has none, so that the next plan writes it.
func (r *versionResource) readParameter(ctx context.Context, publisher *publish.Publisher, m *versionModel, places []*place) (diags diag.Diagnostics) {
	want := m.parameterOf(ctx, &diags)
	if want == nil {
		return diags
	}
	inParallel(places, func(p *place) {
		if p.unread {
			return
		}
		value, found, err := publisher.Parameter(ctx, p.region, want.Name.ValueString())
		if err != nil {
			p.diags.Append(p.unreadable(diagnostic.Of("The parameter cannot be read", err)))
			return
		}
		if p.life.Release.ARN == "" || value == p.life.Release.ARN {
			return
		}
		p.stray = true
		text := "It was deleted. The next apply writes it again."
		if found {
			text = fmt.Sprintf("It has the value %q in place of %q. The next apply writes it again.", value, p.life.Release.ARN)
		}
		p.diags.AddAttributeWarning(path.Root("ssm_parameter"), fmt.Sprintf("The parameter %q was changed outside of Terraform", want.Name.ValueString()), text)
	})
	if slices.ContainsFunc(places, func(p *place) bool { return p.stray }) {
		m.SSMParameter = types.ObjectNull(m.SSMParameter.AttributeTypes(ctx))
	}
	return diags
}

// parameterAt writes the ARN of the place's version to the parameter, where it
// is not known to hold it, and deletes one that is not wanted any more.
func (r *versionResource) parameterAt(ctx context.Context, c *change, p *place) (diags diag.Diagnostics) {
	due, was := p.outcome.Due, p.life.Parameter
	if due.DropParameter {
		diags.Append(r.dropParameter(ctx, c.publisher, p)...)
	}
	want := c.plan.parameterOf(ctx, &diags)
	if due.Parameter == lifecycle.None || want == nil || diags.HasError() {
		return diags
	}
	// The version may have turned out to be the one that was there.
	holds := was == lifecycle.Parameter{Name: want.Name.ValueString(), Value: p.life.Release.ARN}
	if holds && due.Parameter == lifecycle.NewVersion && c.plan.SSMParameter.Equal(c.before.SSMParameter) {
		return diags
	}
	w := publish.Parameter{
		Name: want.Name.ValueString(), Value: p.life.Release.ARN,
		Description: want.Description.ValueString(), Tier: want.Tier.ValueString(),
	}
	mine := want.Overwrite.ValueBool() || was.Name == w.Name
	err := c.publisher.PutParameter(ctx, p.region, w, mine)
	if _, ok := errors.AsType[*publish.ParameterExistsError](err); ok {
		err = r.takeParameter(ctx, c.publisher, p, w, err)
	}
	if err != nil {
		return append(diags, diagnostic.Of("The parameter cannot be written", err))
	}
	p.life.Parameter = lifecycle.Parameter{Name: w.Name, Value: w.Value}
	return diags
}

// takeParameter writes over a parameter that holds a version of the layer, as
// one does after an interrupted apply. Any other is left alone, and refused is
// returned.
func (r *versionResource) takeParameter(ctx context.Context, publisher *publish.Publisher, p *place, w publish.Parameter, refused error) error {
	value, _, err := publisher.Parameter(ctx, p.region, w.Name)
	if err != nil {
		return err
	}
	if layerOf(value) != p.layerARN {
		return refused
	}
	return publisher.PutParameter(ctx, p.region, w, true)
}

// dropParameter deletes the parameter that the resource wrote, if it still
// holds what was written.
func (r *versionResource) dropParameter(ctx context.Context, publisher *publish.Publisher, p *place) (diags diag.Diagnostics) {
	was := p.life.Parameter
	if was.Name == "" {
		return nil
	}
	value, found, err := publisher.Parameter(ctx, p.region, was.Name)
	if err == nil && found && value == was.Value {
		err = publisher.DeleteParameter(ctx, p.region, was.Name)
	} else if err == nil && found {
		diags.AddWarning(fmt.Sprintf("The parameter %q stays", was.Name),
			fmt.Sprintf("It holds %q, where this resource wrote %q.", value, was.Value))
	}
	if err != nil {
		return append(diags, diagnostic.Of("The parameter cannot be deleted", err))
	}
	p.life.Parameter = lifecycle.Parameter{}
	return diags
}
