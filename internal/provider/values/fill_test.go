package values

import (
	"encoding/json"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type rowModel struct {
	Name  types.String
	Apart types.String
}

type tableModel struct {
	Text, Empty, Null, Told, Untold types.String
	On                              types.Bool
	Count                           types.Int64
	List                            types.List
	Set                             types.Set
	Map, NoMap                      types.Map
	Rows, NoRows                    []rowModel
	Row, NoRow                      *rowModel
	Apart                           types.Bool
}

type row struct{ Name string }

type table struct {
	Text, Empty, Null string
	Told, Untold      *string
	On                bool
	Count             int
	List, Set         []string
	Map, NoMap        map[string]string
	Rows, NoRows      []row
	Row, NoRow        *row
	Other             string
}

// TestFill fills a struct of plain values from a model, field by field.
func TestFill(t *testing.T) {
	t.Parallel()
	texts := []attr.Value{types.StringValue("a"), types.StringNull()}
	got := table{Other: "stays", Null: "goes"}
	Fill(&got, tableModel{
		Text: types.StringValue("x"), Empty: types.StringValue(""), Null: types.StringNull(), Told: types.StringValue(""), Untold: types.StringNull(),
		On: types.BoolValue(true), Count: types.Int64Value(3),
		List: types.ListValueMust(types.StringType, texts), Set: types.SetValueMust(types.StringType, texts[:1]),
		Map: types.MapValueMust(types.StringType, map[string]attr.Value{"k": types.StringValue("v")}), NoMap: types.MapNull(types.StringType),
		Rows: []rowModel{{Name: types.StringValue("first")}, {}}, NoRows: []rowModel{}, Row: &rowModel{Name: types.StringValue("one")}, Apart: types.BoolValue(true),
	}, "Apart")
	body, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Text":"x","Empty":"","Null":"","Told":"","Untold":null,"On":true,"Count":3,"List":["a"],"Set":["a"],"Map":{"k":"v"},"NoMap":null,` +
		`"Rows":[{"Name":"first"},{"Name":""}],"NoRows":null,"Row":{"Name":"one"},"NoRow":null,"Other":"stays"}`
	if string(body) != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("a field that the struct lacks is left out without a word")
		}
	}()
	Fill(&row{}, rowModel{})
}

type target struct {
	KMSKeyID string
	MaxAge   int
	Told     *string
	Names    []string
	Rows     []row
	NoRows   []row
	Row      *row
	NoRow    *row
}

// TestFillByObject fills a struct from an object of the configuration.
func TestFillByObject(t *testing.T) {
	t.Parallel()
	rowType := types.ObjectType{AttrTypes: map[string]attr.Type{"name": types.StringType, "apart": types.BoolType}}
	rowOf := func(name string) types.Object {
		return types.ObjectValueMust(rowType.AttrTypes, map[string]attr.Value{"name": types.StringValue(name), "apart": types.BoolValue(true)})
	}
	rows := types.ListType{ElemType: rowType}
	object := types.ObjectValueMust(map[string]attr.Type{
		"kms_key_id": types.StringType, "max_age": types.Int64Type, "told": types.StringType, "names": types.ListType{ElemType: types.StringType},
		"rows": rows, "no_rows": rows, "row": rowType, "no_row": rowType, "apart": types.StringType,
	}, map[string]attr.Value{
		"kms_key_id": types.StringValue("k"), "max_age": types.Int64Null(), "told": types.StringValue("x"), "names": types.ListUnknown(types.StringType),
		"rows": types.ListValueMust(rowType, []attr.Value{rowOf("first"), rowOf("second")}), "no_rows": types.ListNull(rowType),
		"row": rowOf("one"), "no_row": types.ObjectNull(rowType.AttrTypes), "apart": types.StringValue("left out"),
	})
	got := target{MaxAge: 3}
	Fill(&got, object, "apart")
	body, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"KMSKeyID":"k","MaxAge":0,"Told":"x","Names":null,"Rows":[{"Name":"first"},{"Name":"second"}],"NoRows":null,"Row":{"Name":"one"},"NoRow":null}`
	if string(body) != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	if Filled[row](types.ObjectNull(rowType.AttrTypes)) != nil || Filled[row](types.ObjectUnknown(rowType.AttrTypes)) != nil {
		t.Error("an object that is null or unknown fills a struct")
	}
}
