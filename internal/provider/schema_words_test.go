package provider

import (
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// TestAttributeTextsAreShort keeps each paragraph and each item of a list at 60
// words.
func TestAttributeTextsAreShort(t *testing.T) {
	t.Parallel()
	p := newProtocol(t, nil)
	read := 0
	var walk func(at string, attributes []*tfprotov6.SchemaAttribute)
	walk = func(at string, attributes []*tfprotov6.SchemaAttribute) {
		for _, a := range attributes {
			read++
			for paragraph := range strings.SplitSeq(a.Description, "\n") {
				if words := len(strings.Fields(paragraph)); words > 60 {
					t.Errorf("%s.%s has a paragraph of %d words: write two", at, a.Name, words)
				}
			}
			if a.NestedType != nil {
				walk(at+"."+a.Name, a.NestedType.Attributes)
			}
		}
	}
	for name, s := range p.schemas.ResourceSchemas {
		walk(name, s.Block.Attributes)
	}
	for name, s := range p.schemas.DataSourceSchemas {
		walk(name, s.Block.Attributes)
	}
	for name, s := range p.schemas.ActionSchemas {
		walk(name, s.Schema.Block.Attributes)
	}
	walk("provider", p.schemas.Provider.Block.Attributes)
	if read < 150 {
		t.Errorf("only %d attributes were read", read)
	}
}

// TestPagesThatNobodyGenerates compares the pages of the action and of the list
// resource with their schemas: the generator writes such pages only with a CLI
// that knows both.
func TestPagesThatNobodyGenerates(t *testing.T) {
	t.Parallel()
	p := newProtocol(t, nil)
	example, err := os.ReadFile("../../examples/actions/layerbuild_invoke/action.tf")
	if err != nil {
		t.Fatal(err)
	}
	invoke := p.schemas.ActionSchemas["layerbuild_invoke"].Schema.Block
	for page, schema := range map[string]*tfprotov6.SchemaBlock{
		"actions/invoke.md":         invoke,
		"list-resources/version.md": p.schemas.ListResourceSchemas["layerbuild_version"].Block,
	} {
		read, err := os.ReadFile("../../templates/" + page)
		if err != nil {
			t.Fatal(err)
		}
		text := string(read)
		wants := append(itemsOf(schema.Attributes), schema.Description)
		if schema == invoke {
			wants = append(wants, string(example))
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("templates/%s lacks:\n%s", page, want)
			}
		}
		if items := strings.Count(text, "\n- `"); items != len(itemsOf(schema.Attributes)) {
			t.Errorf("templates/%s has %d arguments, the schema %d", page, items, len(itemsOf(schema.Attributes)))
		}
	}
}

// itemsOf returns how a page begins the item of each argument, and of those
// within it.
func itemsOf(attributes []*tfprotov6.SchemaAttribute) (items []string) {
	for _, a := range attributes {
		kind := "Attributes"
		if a.NestedType != nil {
			items = append(items, itemsOf(a.NestedType.Attributes)...)
		} else {
			kind = map[string]string{"tftypes.String": "String", "tftypes.Number": "Number", "tftypes.Map[tftypes.String]": "Map of String"}[a.Type.String()]
		}
		items = append(items, "- `"+a.Name+"` ("+kind+") "+a.Description)
	}
	return items
}
