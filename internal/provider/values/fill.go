package values

import (
	"reflect"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Fill gives each field of a model to the field of the same name in a struct of plain
// values, and so on in the structs below both: a text, a flag or a number that is null
// or unknown is zero, and collections are of texts. It leaves out the fields that are
// named apart, at any depth. It panics where the struct lacks a field of the model.
func Fill(to, model any, apart ...string) {
	fill(reflect.ValueOf(to).Elem(), reflect.Indirect(reflect.ValueOf(model)), apart)
}

func fill(to, model reflect.Value, apart []string) {
	for i := range model.NumField() {
		if name := model.Type().Field(i).Name; !slices.Contains(apart, name) {
			set(to.FieldByName(name), model.Field(i), apart)
		}
	}
}

func set(to, from reflect.Value, apart []string) {
	switch value := from.Interface().(type) {
	case types.String:
		if to.Kind() == reflect.Pointer { // which tells null from empty
			to.Set(reflect.ValueOf(value.ValueStringPointer()))
		} else {
			to.SetString(value.ValueString())
		}
	case types.Bool:
		to.SetBool(value.ValueBool())
	case types.Int64:
		to.SetInt(value.ValueInt64())
	case types.Map:
		to.Set(reflect.ValueOf(TextMap(value)))
	case interface{ Elements() []attr.Value }:
		to.Set(reflect.ValueOf(Texts(value)))
	default:
		setNested(to, from, apart)
	}
}

// setNested is set for a list of structs, and for a pointer to one.
func setNested(to, from reflect.Value, apart []string) {
	switch {
	case from.IsNil():
	case from.Kind() == reflect.Slice && from.Len() == 0: // the same as none
	case from.Kind() == reflect.Slice:
		to.Set(reflect.MakeSlice(to.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			fill(to.Index(i), from.Index(i), apart)
		}
	default:
		to.Set(reflect.New(to.Type().Elem()))
		fill(to.Elem(), from.Elem(), apart)
	}
}
