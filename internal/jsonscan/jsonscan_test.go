package jsonscan

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

func TestMembersFollowTheOrderOfJavaScript(t *testing.T) {
	t.Parallel()
	list, err := Members([]byte(` {"b": 1, "10": [2, {"x": "]"}], "a": "\u00e9\"", "2": null, "b": {"deep": [true]}}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range list {
		got = append(got, m.Key+"="+string(m.Value))
	}
	want := []string{"2=null", `10=[2, {"x": "]"}]`, `b={"deep": [true]}`, `a="\u00e9\""`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestScannersRefuseWhatIsNotWhole(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{`, `{"a"`, `{"a" 1}`, `{"a": }`, `{"a": [}`, `{"a": 1,}`, `{"a": "b}`, `{"a": 1 "b": 2}`, `{a: 1}`} {
		if err := EachMember([]byte(text), func(string, []byte) error { return nil }); err == nil {
			t.Errorf("%s has members, want an error", text)
		}
	}
	for _, text := range []string{`[`, `[1`, `[1 2]`, `[1,`, `["a]`} {
		if err := EachElement([]byte(text), func([]byte) error { return nil }); err == nil {
			t.Errorf("%s has elements, want an error", text)
		}
	}
	if err := EachMember([]byte(strings.Repeat(`{"a":`, 2000)+strings.Repeat(`}`, 2000)), func(string, []byte) error { return nil }); err == nil {
		t.Error("2000 objects in each other have members, want an error")
	}
}

func TestValuesThatAreNone(t *testing.T) {
	t.Parallel()
	called := false
	if err := EachMember([]byte(`[1]`), func(string, []byte) error { called = true; return nil }); err != nil || called {
		t.Errorf("an array has members: %v, %t", err, called)
	}
	if err := EachElement([]byte(`{"a":1}`), func([]byte) error { called = true; return nil }); err != nil || called {
		t.Errorf("an object has elements: %v, %t", err, called)
	}
	if got := Text([]byte(`12`)); got != "" {
		t.Errorf("Text(12) = %q, want nothing", got)
	}
	for value, want := range map[string]bool{`true`: true, `"x"`: true, `1`: true, `{}`: true, ``: false, `null`: false, `false`: false, `""`: false, `0`: false} {
		if got := Truthy([]byte(value)); got != want {
			t.Errorf("Truthy(%s) = %t, want %t", value, got, want)
		}
	}
}

// FuzzEachMember compares with encoding/json: what that reads as an object has
// the same members here.
func FuzzEachMember(f *testing.F) {
	for _, seed := range []string{`{}`, ` { "a" : [1,2,{"b":"\\\""}] , "c":null } `, `{"a":1,"a":2}`, `[]`, `{"\u0061":-1.5e3}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		defer indextest.Budget(t, len(raw))()
		var want map[string]json.RawMessage
		if json.Unmarshal(raw, &want) != nil || want == nil {
			return
		}
		got := map[string]json.RawMessage{}
		if err := EachMember(raw, func(key string, value []byte) error { got[key] = value; return nil }); err != nil {
			t.Fatalf("got the error %v for what encoding/json reads", err)
		}
		if len(got) != len(want) {
			t.Fatalf("got %d members, want %d", len(got), len(want))
		}
		for key, value := range want {
			if string(got[key]) != string(value) {
				t.Errorf("got %q for %q, want %q", got[key], key, value)
			}
		}
	})
}
