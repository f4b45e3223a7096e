package provider

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
)

// TestEveryObjectWantsAnArgument walks all schemas: each object that a user
// writes is refused when nothing is left in it.
func TestEveryObjectWantsAnArgument(t *testing.T) {
	ctx, p, seen := t.Context(), &layerbuild{}, 0
	visit := func(name string, written bool, validators []validator.Object) {
		if !written {
			return
		}
		seen++
		if !slices.Contains(validators, attributes.Nested()[0]) {
			t.Errorf("%s does not want an argument: write Validators: nested()", name)
		}
	}
	for _, makeOne := range p.Resources(ctx) {
		r := makeOne()
		var meta resource.MetadataResponse
		var resp resource.SchemaResponse
		r.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: "layerbuild"}, &meta)
		r.Schema(ctx, resource.SchemaRequest{}, &resp)
		walkResource(meta.TypeName, resp.Schema.Attributes, visit)
		if !strings.Contains(resp.Schema.MarkdownDescription, "drops names that it does not know") {
			t.Errorf("the page of %s does not tell of dropped names: add nestedNote to its description", meta.TypeName)
		}
	}
	for _, makeOne := range p.DataSources(ctx) {
		var resp datasource.SchemaResponse
		makeOne().Schema(ctx, datasource.SchemaRequest{}, &resp)
		walkResource("data", asResource(resp.Schema.Attributes), visit)
	}
	var resp provider.SchemaResponse
	p.Schema(ctx, provider.SchemaRequest{}, &resp)
	walkResource("provider", asResource(resp.Schema.Attributes), visit)
	if seen < 15 {
		t.Errorf("only %d objects were seen", seen)
	}
}

type visitor func(name string, written bool, validators []validator.Object)

func walkResource(prefix string, attributes map[string]schema.Attribute, visit visitor) {
	for name, a := range attributes {
		name = prefix + "." + name
		written := a.IsOptional() || a.IsRequired()
		switch a := a.(type) {
		case schema.SingleNestedAttribute:
			visit(name, written, a.Validators)
			walkResource(name, a.Attributes, visit)
		case schema.ListNestedAttribute:
			visit(name, written, a.NestedObject.Validators)
			walkResource(name, a.NestedObject.Attributes, visit)
		case schema.SetNestedAttribute:
			visit(name, written, a.NestedObject.Validators)
			walkResource(name, a.NestedObject.Attributes, visit)
		case schema.MapNestedAttribute:
			visit(name, written, a.NestedObject.Validators)
			walkResource(name, a.NestedObject.Attributes, visit)
		}
	}
}

// asResource returns the attributes of another kind of schema, which are made as those
// of a resource.
func asResource[A schema.Attribute](attributes map[string]A) map[string]schema.Attribute {
	all := map[string]schema.Attribute{}
	for name, a := range attributes {
		all[name] = a
	}
	return all
}

// TestEmptyObjects: what Terraform leaves of `{ misspelt = … }` is refused with
// what to check, in every object that needs nothing.
func TestEmptyObjects(t *testing.T) {
	t.Chdir(t.TempDir())
	writeZip(t, "layer.zip")
	p := newProtocol(t, map[string]string{"LAYERBUILD_CACHE_DIR": t.TempDir()})
	if found := p.configure(blockOf(p.schemas.Provider.Block, providerBase(lambdatest.New(t).URL()))); found.failed() {
		t.Fatal(found)
	}
	var refused []string
	for name, schema := range p.schemas.ResourceSchemas {
		for _, s := range slots(schema.Block, bases(p)[name]) {
			typ, list := s.typ, false
			if l, ok := typ.(tftypes.List); ok {
				typ, list = l.ElementType, true
			}
			object, ok := typ.(tftypes.Object)
			if !ok {
				continue
			}
			value := nestedValue(object, nil)
			if list {
				value = wrapped(s.typ, value)
			}
			_, _, found := p.plan(name, instance{}, s.put(value))
			if strings.Contains(found.String(), fault.DroppedNames) {
				refused = append(refused, name+"."+s.name)
			} else {
				t.Errorf("%s = {}: %s", s.name, found)
			}
		}
	}
	for _, name := range []string{"layerbuild_package.checks", "layerbuild_package.python", "layerbuild_package.files", "layerbuild_package.python.index[].codeartifact", "layerbuild_version.sharing", "layerbuild_version.retention", "layerbuild_version.timeouts"} {
		if !slices.Contains(refused, name) {
			t.Errorf("%s was not tried", name)
		}
	}
}

// TestSharingNamesSomebody: a list that is misspelt beside another argument
// would revoke what is shared.
func TestSharingNamesSomebody(t *testing.T) {
	t.Chdir(t.TempDir())
	writeZip(t, "layer.zip")
	p := newProtocol(t, map[string]string{"LAYERBUILD_CACHE_DIR": t.TempDir()})
	if found := p.configure(blockOf(p.schemas.Provider.Block, providerBase(lambdatest.New(t).URL()))); found.failed() {
		t.Fatal(found)
	}
	block := p.schemas.ResourceSchemas["layerbuild_version"].Block
	set := tftypes.Set{ElementType: tftypes.String}
	ids := func(values ...tftypes.Value) tftypes.Value {
		return tftypes.NewValue(set, append([]tftypes.Value{}, values...))
	}
	yes, no := tftypes.NewValue(tftypes.Bool, true), tftypes.NewValue(tftypes.Bool, false)
	for _, c := range []struct {
		name  string
		given map[string]tftypes.Value
		want  string
	}{
		{"misspelt beside public", map[string]tftypes.Value{"public": no}, "To share with nobody, write account_ids = []"},
		{"nobody", map[string]tftypes.Value{"account_ids": ids()}, ""},
		{"no organization", map[string]tftypes.Value{"organization_ids": ids(), "public": no}, ""},
		{"an account", map[string]tftypes.Value{"account_ids": ids(str("123456789012"))}, ""},
		{"everybody", map[string]tftypes.Value{"public": yes}, ""},
		{"not known yet", map[string]tftypes.Value{"account_ids": tftypes.NewValue(set, tftypes.UnknownValue)}, ""},
		{"perhaps everybody", map[string]tftypes.Value{"public": tftypes.NewValue(tftypes.Bool, tftypes.UnknownValue)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			given := versionBase()
			for _, a := range block.Attributes {
				if a.Name == "sharing" {
					given["sharing"] = nestedValue(objectType(a.NestedType), c.given)
				}
			}
			_, _, found := p.plan("layerbuild_version", instance{}, blockOf(block, given))
			if c.want == "" && found.failed() || !strings.Contains(found.String(), c.want) {
				t.Errorf("got %q, want %q", found, c.want)
			}
		})
	}
}

// TestEmptyRequirements: a list that is empty asks for nothing, beside other
// inputs and alone.
func TestEmptyRequirements(t *testing.T) {
	t.Chdir(t.TempDir())
	p := newProtocol(t, map[string]string{"LAYERBUILD_CACHE_DIR": t.TempDir()})
	if found := p.configure(blockOf(p.schemas.Provider.Block, providerBase(lambdatest.New(t).URL()))); found.failed() {
		t.Fatal(found)
	}
	block := p.schemas.ResourceSchemas["layerbuild_package"].Block
	python := map[string]tftypes.Value{"requirements": tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, []tftypes.Value{})}
	if err := os.WriteFile("empty.txt", []byte("# nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := map[string]tftypes.Value{"requirements_file": str("empty.txt")}
	for _, a := range block.Attributes {
		if a.Name != "python" {
			continue
		}
		for name, given := range map[string]map[string]tftypes.Value{"a list": python, "a file": file} {
			beside := packageBase(p)
			beside["python"] = nestedValue(objectType(a.NestedType), given)
			if _, _, found := p.plan("layerbuild_package", instance{}, blockOf(block, beside)); found.failed() {
				t.Errorf("%s beside files: %s", name, found)
			}
			alone := map[string]tftypes.Value{"runtimes": strs("python3.12"), "python": beside["python"]}
			if _, _, found := p.plan("layerbuild_package", instance{}, blockOf(block, alone)); !found.failed() {
				t.Errorf("%s alone is not an error", name)
			}
		}
	}
}
