package provider

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// canary is the secret of every value below; it may come back in none.
const canary = "CANARY7f3a9c"

// secretForms are texts in which a user may write a secret, knowingly or not.
func secretForms() []string {
	return []string{
		"https://user:" + canary + "@127.0.0.1:1/simple/",
		"https://" + canary + "@127.0.0.1:1/simple/",
		"https://:" + canary + "@127.0.0.1:1/",
		"user:" + canary + "@127.0.0.1:1/simple/",
		"git+https://x-access-token:" + canary + "@127.0.0.1:1/acme/lib.git",
		"git+ssh://git:" + canary + "@127.0.0.1/acme/lib.git#v1",
		"lib @ https://user:" + canary + "@127.0.0.1:1/lib-1.0-py3-none-any.whl",
		"https://127.0.0.1:1/lib-1.0-py3-none-any.whl?X-Amz-Signature=" + canary + "&X-Amz-Expires=60",
		"https://127.0.0.1:1/lib.tgz?token=" + canary,
		"//127.0.0.1:1/:_authToken=" + canary,
		"HTTPS://user:" + canary + "@127.0.0.1:1/[",
		" https://user:" + canary + "@127.0.0.1:1/a b",
	}
}

// filled returns values of the type that hold the text, none for types without
// texts.
func filled(typ tftypes.Type, text string) []tftypes.Value {
	switch of := typ.(type) {
	case tftypes.List:
		if of.ElementType.Is(tftypes.String) {
			return []tftypes.Value{tftypes.NewValue(typ, []tftypes.Value{str(text)})}
		}
	case tftypes.Set:
		if of.ElementType.Is(tftypes.String) {
			return []tftypes.Value{tftypes.NewValue(typ, []tftypes.Value{str(text)})}
		}
	case tftypes.Map:
		if of.ElementType.Is(tftypes.String) {
			return []tftypes.Value{
				tftypes.NewValue(typ, map[string]tftypes.Value{"k": str(text)}),
				tftypes.NewValue(typ, map[string]tftypes.Value{text: str("x")}),
			}
		}
	default:
		if typ.Is(tftypes.String) {
			return []tftypes.Value{str(text)}
		}
	}
	return nil
}

// computedText returns what the provider itself put into a planned value.
func computedText(block *tfprotov6.SchemaBlock, config, planned tftypes.Value) string {
	if planned.IsNull() || !planned.IsKnown() {
		return ""
	}
	var text strings.Builder
	given, values := fields(config), fields(planned)
	for _, a := range block.Attributes {
		if a.Computed && given[a.Name].IsNull() && !a.Sensitive {
			text.WriteString(a.Name + " = " + values[a.Name].String() + "\n")
		}
	}
	return text.String()
}

// TestNoSecretComesBack writes a secret in twelve forms into every text of every
// schema. No message repeats it, and no value that the provider computes.
func TestNoSecretComesBack(t *testing.T) {
	aws := lambdatest.New(t)
	dir := t.TempDir()
	t.Chdir(dir)
	writeZip(t, filepath.Join(dir, "layer.zip"))
	env := map[string]string{"LAYERBUILD_CACHE_DIR": t.TempDir()}
	p := newProtocol(t, env)
	block := p.schemas.Provider.Block
	base := providerBase(aws.URL())
	leaks := map[string]string{}
	note := func(name, form, text string) {
		if strings.Contains(text, canary) && leaks[name] == "" {
			leaks[name] = form + "\n" + text
		}
	}
	tried := 0
	for _, s := range slots(block, base) {
		for _, form := range secretForms() {
			for _, value := range filled(s.typ, form) {
				tried++
				note("provider."+s.name, form, newProtocol(t, env).configure(s.put(value)).String())
			}
		}
	}
	if found := p.configure(blockOf(block, base)); found.failed() {
		t.Fatal(found)
	}
	p.apply("layerbuild_version", blockOf(p.schemas.ResourceSchemas["layerbuild_version"].Block, versionBase())) // for its roll-out
	for name, schema := range p.schemas.ResourceSchemas {
		for _, s := range slots(schema.Block, bases(p)[name]) {
			for _, form := range secretForms() {
				if slices.Contains([]string{"output_path", "unpack_path", "sbom_path"}, s.name) {
					continue // where the user wants it, a file is made
				}
				for _, value := range filled(s.typ, form) {
					tried++
					config := s.put(value)
					planned, _, found := p.plan(name, instance{}, config)
					note(name+"."+s.name, form, found.String())
					note(name+"."+s.name+", planned", form, computedText(schema.Block, config, planned))
				}
			}
		}
	}
	for name, schema := range p.schemas.DataSourceSchemas {
		for _, s := range slots(schema.Block, dataBase(name)) {
			for _, form := range secretForms() {
				for _, value := range filled(s.typ, form) {
					tried++
					_, found := p.data(name, s.put(value), true, nil)
					note("data."+name+"."+s.name, form, found.String())
				}
			}
		}
	}
	for name, schema := range p.schemas.ActionSchemas {
		for _, s := range slots(schema.Schema.Block, actionBase()) {
			for _, form := range secretForms() {
				for _, value := range filled(s.typ, form) {
					tried++
					told, found := p.act(name, s.put(value), true)
					note("action."+name+"."+s.name, form, strings.Join(told, "\n")+found.String())
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(leaks)) {
		t.Errorf("%s: %s", name, leaks[name])
	}
	if tried < 2_000 {
		t.Errorf("only %d values were tried", tried)
	}
}
