package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lint"
)

// Arguments returns what the provider, its resources, data sources and actions take,
// for the command that reads Terraform files.
func Arguments(ctx context.Context) (*lint.Schema, error) {
	server := providerserver.NewProtocol6(New("")())()
	all, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, fmt.Errorf("reading the schema of the provider: %w", err)
	}
	s := &lint.Schema{Provider: "layerbuild", Settings: objectOfBlock(all.Provider.Block), Resources: map[string]*lint.Object{}, Data: map[string]*lint.Object{}, Actions: map[string]*lint.Object{}}
	for name, schema := range all.ResourceSchemas {
		s.Resources[name] = objectOfBlock(schema.Block)
	}
	for name, schema := range all.DataSourceSchemas {
		s.Data[name] = objectOfBlock(schema.Block)
	}
	for name, schema := range all.ActionSchemas {
		s.Actions[name] = objectOfBlock(schema.Schema.Block)
	}
	return s, nil
}

func objectOfBlock(block *tfprotov6.SchemaBlock) *lint.Object {
	o := objectOf(block.Attributes)
	o.Blocks = map[string]*lint.Object{}
	for _, nested := range block.BlockTypes {
		o.Blocks[nested.TypeName] = objectOfBlock(nested.Block)
	}
	return o
}

// objectOf leaves out what only the provider sets: nobody writes it.
func objectOf(attributes []*tfprotov6.SchemaAttribute) *lint.Object {
	o := &lint.Object{Arguments: map[string]*lint.Argument{}}
	for _, a := range attributes {
		if !a.Optional && !a.Required {
			continue
		}
		argument := &lint.Argument{}
		if a.NestedType != nil {
			argument.Object = objectOf(a.NestedType.Attributes)
			switch a.NestedType.Nesting {
			case tfprotov6.SchemaObjectNestingModeSingle:
				argument.Nesting = lint.Single
			case tfprotov6.SchemaObjectNestingModeMap:
				argument.Nesting = lint.Map
			default:
				argument.Nesting = lint.List
			}
		}
		o.Arguments[a.Name] = argument
	}
	return o
}
