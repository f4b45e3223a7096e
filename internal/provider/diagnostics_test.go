package provider

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// valueOf makes a value of a type: objects have null attributes where written
// leaves them out.
func valueOf(kind tftypes.Type, written any) tftypes.Value {
	switch k := kind.(type) {
	case tftypes.Object:
		fields, ok := written.(map[string]any)
		if !ok {
			return tftypes.NewValue(kind, nil)
		}
		values := map[string]tftypes.Value{}
		for name, attribute := range k.AttributeTypes {
			values[name] = valueOf(attribute, fields[name])
		}
		return tftypes.NewValue(kind, values)
	case tftypes.List:
		if written == nil {
			return tftypes.NewValue(kind, nil)
		}
		var values []tftypes.Value
		for _, element := range written.([]any) {
			values = append(values, valueOf(k.ElementType, element))
		}
		return tftypes.NewValue(kind, values)
	}
	return tftypes.NewValue(kind, written)
}

// TestDiagnosticsHaveTheWholePath asks for the validation of a configuration
// with faults in nested arguments, as Terraform does.
func TestDiagnosticsHaveTheWholePath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server, err := w.providers()["layerbuild"]()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	config, err := dynamic(valueOf(schemas.ResourceSchemas["layerbuild_package"].ValueType(), map[string]any{
		"runtimes":      []any{"python3.12"},
		"architectures": []any{"x86_64"},
		"python": map[string]any{
			"requirements": []any{"requests"},
			"index":        []any{map[string]any{"url": "https://user:hunter2@example.com/simple/", "packages": []any{"acme"}}},
		},
		"files":   []any{map[string]any{"source": "a", "target": "a"}, map[string]any{"source": "b", "content": "c", "target": "c"}},
		"exclude": []any{"a", "[b"},
	}))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: "layerbuild_package", Config: config})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range answer.Diagnostics {
		got = append(got, d.Attribute.String())
		if strings.Contains(d.Summary+d.Detail, "hunter2") {
			t.Errorf("a password is shown: %s: %s", d.Summary, d.Detail)
		}
		// Terraform shows the resource's line for it, so the text names it.
		if strings.Contains(d.Attribute.String(), "url") && !strings.Contains(d.Detail, "python.index[0].url") {
			t.Errorf("the text does not name the argument: %s", d.Detail)
		}
	}
	slices.Sort(got)
	want := []string{
		`AttributeName("exclude").ElementKeyInt(1)`,
		`AttributeName("files").ElementKeyInt(1)`,
		`AttributeName("python").AttributeName("index").ElementKeyInt(0).AttributeName("url")`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("the faults are at\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
