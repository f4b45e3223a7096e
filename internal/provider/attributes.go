package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// optionalStrings, someText and flagged are optional attributes of a resource.
func optionalStrings(description string) schema.Attribute {
	return schema.ListAttribute{
		MarkdownDescription: description, ElementType: types.StringType, Optional: true,
		Validators: []validator.List{listvalidator.NoNullValues()},
	}
}

func someText(description string) schema.Attribute {
	return schema.StringAttribute{
		MarkdownDescription: description, Optional: true,
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	}
}

// neededText is someText that must be written.
func neededText(description string) schema.Attribute {
	return schema.StringAttribute{
		MarkdownDescription: description, Required: true,
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	}
}

func flagged(description string) schema.Attribute {
	return schema.BoolAttribute{MarkdownDescription: description, Optional: true}
}

func computedString(description string) schema.Attribute {
	return schema.StringAttribute{MarkdownDescription: description, Computed: true}
}

// timeoutsAttribute is that of the framework, checked as every object is.
func timeoutsAttribute(ctx context.Context, o timeouts.Opts) schema.Attribute {
	attribute := timeouts.Attributes(ctx, o)
	if object, ok := attribute.(schema.SingleNestedAttribute); ok {
		object.Validators = nested(object.Validators...)
		return object
	}
	return attribute
}
