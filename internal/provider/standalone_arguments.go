package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// packBlock returns the value of a block with the given arguments, which are as JSON
// has them; all others are null. All that does not fit is one error.
func packBlock(block *tfprotov6.SchemaBlock, given map[string]any) (*tfprotov6.DynamicValue, error) {
	whole := map[string]any{}
	maps.Copy(whole, given)
	for _, b := range block.BlockTypes { // one that is left out is empty
		if whole[b.TypeName] == nil {
			whole[b.TypeName] = []any{}
		}
	}
	var p packer
	value := p.pack(block.ValueType(), whole, "")
	if len(p.faults) > 0 {
		return nil, errors.New(strings.Join(p.faults, "\n\n"))
	}
	packed, err := tfprotov6.NewDynamicValue(block.ValueType(), value)
	return &packed, err
}

// packer makes values of what JSON has. It converts as Terraform does: numbers and
// booleans to strings, and strings to what they spell.
type packer struct{ faults []string }

// pack returns v as one of the type. at names it in faults. After a fault the value is
// null.
func (p *packer) pack(typ tftypes.Type, v any, at string) tftypes.Value {
	if v == nil {
		return tftypes.NewValue(typ, nil)
	}
	switch of := typ.(type) {
	case tftypes.List:
		return p.list(typ, of.ElementType, v, at)
	case tftypes.Set:
		return p.list(typ, of.ElementType, v, at)
	case tftypes.Map:
		members, ok := v.(map[string]any)
		if !ok {
			return p.wrong(typ, v, at)
		}
		values := map[string]tftypes.Value{}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			values[name] = p.pack(of.ElementType, members[name], at+"."+name)
		}
		return tftypes.NewValue(typ, values)
	case tftypes.Object:
		return p.object(of, v, at)
	}
	if converted, ok := scalar(typ, v); ok {
		return tftypes.NewValue(typ, converted)
	}
	return p.wrong(typ, v, at)
}

// scalar returns v as a string, a number or a boolean, as typ asks.
func scalar(typ tftypes.Type, v any) (any, bool) {
	text := ""
	switch x := v.(type) {
	case string:
		text = x
	case bool:
		text = strconv.FormatBool(x)
	case json.Number:
		text = x.String()
	default:
		return nil, false
	}
	switch _, isBool := v.(bool); {
	case typ.Is(tftypes.String):
		return text, true
	case typ.Is(tftypes.Bool):
		return text == "true", text == "true" || text == "false"
	case typ.Is(tftypes.Number) && !isBool:
		n, ok := new(big.Float).SetString(text)
		return n, ok
	}
	return nil, false
}

func (p *packer) list(typ, element tftypes.Type, v any, at string) tftypes.Value {
	list, ok := v.([]any)
	if !ok {
		return p.wrong(typ, v, at)
	}
	values := []tftypes.Value{}
	for i, member := range list {
		values = append(values, p.pack(element, member, fmt.Sprintf("%s[%d]", at, i)))
	}
	return tftypes.NewValue(typ, values)
}

func (p *packer) object(of tftypes.Object, v any, at string) tftypes.Value {
	members, ok := v.(map[string]any)
	if !ok {
		return p.wrong(of, v, at)
	}
	values := map[string]tftypes.Value{}
	for _, name := range slices.Sorted(maps.Keys(of.AttributeTypes)) {
		values[name] = p.pack(of.AttributeTypes[name], members[name], at+"."+name)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if _, known := of.AttributeTypes[name]; !known {
			p.faults = append(p.faults, fmt.Sprintf("There is no argument %q. %s", strings.TrimPrefix(at+"."+name, "."), meant(name, of)))
		}
	}
	return tftypes.NewValue(of, values)
}

// wrong notes that v is of another type.
func (p *packer) wrong(typ tftypes.Type, v any, at string) tftypes.Value {
	want, example := typeName(typ)
	is := "a string"
	switch v.(type) {
	case json.Number:
		is = "a number"
	case bool:
		is = "a boolean"
	case []any:
		is = "a list"
	case map[string]any:
		is = "an object"
	}
	p.faults = append(p.faults, fmt.Sprintf("%q is %s. Write %s, such as %s.", strings.TrimPrefix(at, "."), is, want, example))
	return tftypes.NewValue(typ, nil)
}

// typeName returns what users call a type, and a value of it.
func typeName(typ tftypes.Type) (name, example string) {
	element := func(of tftypes.Type, form string) string {
		_, inner := typeName(of)
		return fmt.Sprintf(form, inner)
	}
	switch of := typ.(type) {
	case tftypes.List:
		return "a list", element(of.ElementType, "[%s]")
	case tftypes.Set:
		return "a list", element(of.ElementType, "[%s]")
	case tftypes.Map:
		return "an object", element(of.ElementType, `{"…": %s}`)
	case tftypes.Object:
		return "an object", "{…}"
	}
	switch {
	case typ.Is(tftypes.Bool):
		return "a boolean", "true"
	case typ.Is(tftypes.Number):
		return "a number", "5"
	}
	return "a string", `"…"`
}

// meant returns a sentence with the argument whose name is nearest, else with all that
// the object has.
func meant(name string, of tftypes.Object) string {
	names := slices.Sorted(maps.Keys(of.AttributeTypes))
	best, least := "", max(2, len(name)/3)+1
	for _, known := range names {
		if d := runtimes.Distance(strings.ToLower(name), known); d < least {
			best, least = known, d
		}
	}
	if best != "" {
		return fmt.Sprintf("Did you mean %q?", best)
	}
	return "It may be one of " + strings.Join(names, ", ") + "."
}
