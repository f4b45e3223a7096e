package versionstate

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// ParameterModel is the ssm_parameter argument.
type ParameterModel struct {
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

// Parameter returns the ssm_parameter argument, nil where there is none.
func (m *Model) Parameter(ctx context.Context, diags *diag.Diagnostics) *ParameterModel {
	if m.SSMParameter.IsNull() || m.SSMParameter.IsUnknown() {
		return nil
	}
	var p ParameterModel
	diags.Append(m.SSMParameter.As(ctx, &p, basetypes.ObjectAsOptions{})...)
	return &p
}
