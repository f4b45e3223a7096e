package provider

import (
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
