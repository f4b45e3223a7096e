package packages

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
)

// inputList is an input that may be given several times.
func inputList(description string, element map[string]schema.Attribute) schema.Attribute {
	return schema.ListNestedAttribute{
		MarkdownDescription: description, Optional: true,
		Validators:   []validator.List{listvalidator.SizeAtLeast(1), listvalidator.NoNullValues()},
		NestedObject: schema.NestedAttributeObject{Validators: attributes.Nested(), Attributes: element},
	}
}
