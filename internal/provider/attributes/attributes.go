// Package attributes has what the schemas are made of: builders of attributes, and
// validators and types of values. It knows no resource. Every kind of schema takes the
// attributes of a resource.
package attributes

import (
	"cmp"
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Named are attributes by name.
type Named = map[string]schema.Attribute

// Text returns an optional text.
func Text(description string, checks ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Optional: true, Validators: checks}
}

// SomeText returns an optional text that must not be empty.
func SomeText(description string) schema.StringAttribute {
	return Text(description, stringvalidator.LengthAtLeast(1))
}

// NeededText returns a text that must be written and, where no check says more, must
// not be empty.
func NeededText(description string, checks ...validator.String) schema.StringAttribute {
	if len(checks) == 0 {
		checks = []validator.String{stringvalidator.LengthAtLeast(1)}
	}
	return schema.StringAttribute{MarkdownDescription: description, Required: true, Validators: checks}
}

// SecretText returns an optional text that plans do not show.
func SecretText(description string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Optional: true, Sensitive: true}
}

// ComputedText returns a text that the provider fills in.
func ComputedText(description string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Computed: true}
}

// Flag returns an optional boolean.
func Flag(description string) schema.BoolAttribute {
	return schema.BoolAttribute{MarkdownDescription: description, Optional: true}
}

// Number returns an optional whole number.
func Number(description string, checks ...validator.Int64) schema.Int64Attribute {
	return schema.Int64Attribute{CustomType: WholeNumber{}, MarkdownDescription: description, Optional: true, Validators: checks}
}

// ComputedNumber returns a whole number that the provider fills in.
func ComputedNumber(description string) schema.Int64Attribute {
	return schema.Int64Attribute{MarkdownDescription: description, Computed: true}
}

// Texts returns an optional list of texts, none of them null.
func Texts(description string, checks ...validator.List) schema.ListAttribute {
	return schema.ListAttribute{
		MarkdownDescription: description, ElementType: types.StringType, Optional: true,
		Validators: append([]validator.List{listvalidator.NoNullValues()}, checks...),
	}
}

// TextSet returns an optional set of texts, none of them null.
func TextSet(description string, checks ...validator.Set) schema.SetAttribute {
	return schema.SetAttribute{
		MarkdownDescription: description, ElementType: types.StringType, Optional: true,
		Validators: append([]validator.Set{setvalidator.NoNullValues()}, checks...),
	}
}

// TextMap returns an optional map of texts, none of them null.
func TextMap(description string, checks ...validator.Map) schema.MapAttribute {
	return schema.MapAttribute{
		MarkdownDescription: description, ElementType: types.StringType, Optional: true,
		Validators: append([]validator.Map{mapvalidator.NoNullValues()}, checks...),
	}
}

// ComputedList returns a list that the provider fills in.
func ComputedList(element attr.Type, description string) schema.ListAttribute {
	return schema.ListAttribute{MarkdownDescription: description, ElementType: element, Computed: true}
}

// ComputedMap returns a map that the provider fills in.
func ComputedMap(element attr.Type, description string) schema.MapAttribute {
	return schema.MapAttribute{MarkdownDescription: description, ElementType: element, Computed: true}
}

// Object returns an optional object with some argument.
func Object(description string, arguments Named, checks ...validator.Object) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{MarkdownDescription: description, Optional: true, Validators: Nested(checks...), Attributes: arguments}
}

// Objects returns an optional list of objects, each with some argument.
func Objects(description string, arguments Named, checks ...validator.List) schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		MarkdownDescription: description, Optional: true,
		Validators:   append([]validator.List{listvalidator.NoNullValues()}, checks...),
		NestedObject: schema.NestedAttributeObject{Validators: Nested(), Attributes: arguments},
	}
}

// ComputedObjects returns a list of objects that the provider fills in.
func ComputedObjects(description string, attributes Named) schema.ListNestedAttribute {
	return schema.ListNestedAttribute{MarkdownDescription: description, Computed: true, NestedObject: schema.NestedAttributeObject{Attributes: attributes}}
}

// TypesOf returns the type of an object, or of each in a list or a map of them.
func TypesOf(of schema.Attribute) types.ObjectType {
	kind := of.GetType()
	if collection, ok := kind.(attr.TypeWithElementType); ok {
		kind = collection.ElementType()
	}
	object, _ := kind.(types.ObjectType)
	return object
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
