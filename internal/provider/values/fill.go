package values

import (
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Fill gives each field of a model, or each attribute of an object, to the field of the
// same name in a struct of plain values, and so on in the structs below both: kms_key_id
// is KMSKeyID. A text, a flag or a number that is null or unknown is zero, and
// collections are of texts or of objects. Fill leaves out what is named apart, at any
// depth, and panics where the struct lacks a field.
func Fill(to, model any, apart ...string) {
	fill(reflect.ValueOf(to).Elem(), reflect.Indirect(reflect.ValueOf(model)), apart)
}

// Filled returns a struct that an object fills, nil where that is null or unknown.
func Filled[T any](object types.Object) *T {
	if object.IsNull() || object.IsUnknown() {
		return nil
	}
	out := new(T)
	Fill(out, object)
	return out
}

func fill(to, model reflect.Value, apart []string) {
	if object, ok := reflect.TypeAssert[types.Object](model); ok {
		for name, value := range object.Attributes() {
			if !slices.Contains(apart, name) {
				plain := strings.ReplaceAll(name, "_", "")
				set(to.FieldByNameFunc(func(field string) bool { return strings.EqualFold(field, plain) }), reflect.ValueOf(value), apart)
			}
		}
		return
	}
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
	case types.Object:
		if !value.IsNull() && !value.IsUnknown() {
			to.Set(reflect.New(to.Type().Elem()))
			fill(to.Elem(), from, apart)
		}
	case interface{ Elements() []attr.Value }:
		if to.Type() == reflect.TypeFor[[]string]() {
			to.Set(reflect.ValueOf(Texts(value)))
		} else {
			setNested(to, reflect.ValueOf(value.Elements()), apart)
		}
	default:
		setNested(to, from, apart)
	}
}

// setNested is set for a list of structs or objects, and for a pointer to a struct.
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
