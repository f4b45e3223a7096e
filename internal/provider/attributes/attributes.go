// Package attributes has what the schemas of all resources are made of: builders of
// common attributes, and validators and types of values. It knows no resource.
package attributes

import (
	"cmp"
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// OptionalTexts returns an optional list of texts, none of them null.
func OptionalTexts(description string) schema.Attribute {
	return schema.ListAttribute{
		MarkdownDescription: description, ElementType: types.StringType, Optional: true,
		Validators: []validator.List{listvalidator.NoNullValues()},
	}
}

// SomeText returns an optional text that must not be empty.
func SomeText(description string) schema.Attribute {
	return schema.StringAttribute{
		MarkdownDescription: description, Optional: true,
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	}
}

// NeededText is SomeText that must be written.
func NeededText(description string) schema.Attribute {
	return schema.StringAttribute{
		MarkdownDescription: description, Required: true,
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	}
}

// Flag returns an optional boolean.
func Flag(description string) schema.Attribute {
	return schema.BoolAttribute{MarkdownDescription: description, Optional: true}
}

// ComputedText returns a text that the provider fills in.
func ComputedText(description string) schema.Attribute {
	return schema.StringAttribute{MarkdownDescription: description, Computed: true}
}

// Timeouts is that of the framework, checked as every object is, with a text for
// each operation that has none.
func Timeouts(ctx context.Context, o timeouts.Opts) schema.Attribute {
	o.CreateDescription = cmp.Or(o.CreateDescription, "How long creating may take, such as `30m`. Default `20m`.")
	o.UpdateDescription = cmp.Or(o.UpdateDescription, "How long updating may take, such as `30m`. Default `20m`.")
	o.DeleteDescription = cmp.Or(o.DeleteDescription, "How long deleting may take, such as `30m`. Default `20m`. A destroy uses the value in the state.")
	attribute := timeouts.Attributes(ctx, o)
	if object, ok := attribute.(schema.SingleNestedAttribute); ok {
		object.MarkdownDescription = "How long each operation may take."
		object.Validators = Nested(object.Validators...)
		return object
	}
	return attribute
}
