package native

import (
	"reflect"
	"strings"
	"testing"
)

// TestFactsSurviveTheirRecord writes and reads facts in which every field is set, so
// that a new field cannot be forgotten.
func TestFactsSurviveTheirRecord(t *testing.T) {
	t.Parallel()
	full := Facts{
		Kind: ELF, Machine: "x86_64", Bits: 64, Type: Shared, System: "freebsd", Interpreter: "/lib64/ld-linux-x86-64.so.2", Soname: "liba.so.1",
		Needed: []string{"libc.so.6", ""}, RPath: "$ORIGIN", RunPath: "/usr/lib", Requires: []Version{{"libc.so.6", "GLIBC_2.34"}}, Modules: []string{"_c"},
		PythonMinor: 12, PythonSymbol: "Py_X", PythonLast: 12, PythonGone: "_Py_Y", NodeABI: 127, NAPI: true, ISA: 3, Managed: true, Library: true, Fault: "is cut", Partial: true,
	}
	for value, i := reflect.ValueOf(full), 0; i < value.NumField(); i++ {
		if value.Field(i).IsZero() {
			t.Errorf("the test leaves %s empty", value.Type().Field(i).Name)
		}
	}
	var e Encoder
	e.Facts(&full)
	e.Facts(&Facts{Kind: Script, Interpreter: strings.Repeat("x", 300)})
	e.Uint(1 << 40)
	d := NewDecoder(string(e.Bytes))
	first, second, number := d.Facts(), d.Facts(), d.Uint()
	if !reflect.DeepEqual(first, full) || second.Kind != Script || len(second.Interpreter) != 300 || number != 1<<40 || d.Err() != nil {
		t.Errorf("read %+v, %+v, %d, %v", first, second, number, d.Err())
	}
	for cut := range len(e.Bytes) {
		d := NewDecoder(string(e.Bytes[:cut]))
		if d.Facts(); d.Err() == nil && d.rest == "" {
			d.Facts()
			d.Uint()
		}
		if d.Err() == nil {
			t.Errorf("a record that is cut after %d of %d bytes is read", cut, len(e.Bytes))
		}
	}
}

func FuzzDecoder(f *testing.F) {
	var e Encoder
	e.Facts(&Facts{Kind: ELF, Needed: []string{"a"}, Requires: []Version{{"a", "b"}}})
	f.Add(string(e.Bytes))
	f.Add("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	f.Fuzz(func(t *testing.T, written string) {
		d := NewDecoder(written)
		got := d.Facts()
		if len(got.Needed)+len(got.Modules)+len(got.Requires) > len(written) {
			t.Errorf("%d bytes make %d texts", len(written), len(got.Needed)+len(got.Modules)+len(got.Requires))
		}
	})
}
