package pep440

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// The lines of testdata/conformance.jsonl were made with pypa's packaging 26.3,
// from strings of the public index and from random ones:
//
//	["P", version, normalised form or null where it is illegal]
//	["C", a, b, order]
//	["S", specifiers, version, whether it is contained, pre-releases allowed]
func TestConformsToPackaging(t *testing.T) {
	t.Parallel()
	file, err := os.Open(filepath.Join("testdata", "conformance.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	counts := map[string]int{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var row []any
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
		kind := row[0].(string)
		counts[kind]++
		switch kind {
		case "P":
			checkParse(t, row[1].(string), row[2])
		case "C":
			checkOrder(t, row[1].(string), row[2].(string), int(row[3].(float64)))
		case "S":
			checkMatch(t, row[1].(string), row[2].(string), row[3].(bool))
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if counts["P"] != 712 || counts["C"] != 810 || counts["S"] != 1351 {
		t.Errorf("checked %v lines, want 712 P, 810 C and 1351 S", counts)
	}
}

func checkParse(t *testing.T, input string, want any) {
	v, err := Parse(input)
	switch {
	case want == nil && err == nil:
		t.Errorf("Parse(%q) = %q, want an error", input, v)
	case want != nil && (err != nil || v.String() != want):
		t.Errorf("Parse(%q) = %q, %v, want %q", input, v, err, want)
	}
}

func checkOrder(t *testing.T, a, b string, want int) {
	v, w := mustParse(t, a), mustParse(t, b)
	if got := v.Compare(w); got != want {
		t.Errorf("%q.Compare(%q) = %d, want %d", a, b, got, want)
	}
	if got := w.Compare(v); got != -want {
		t.Errorf("%q.Compare(%q) = %d, want %d", b, a, got, -want)
	}
	if got := v.Key() == w.Key(); got != (want == 0) {
		t.Errorf("keys of %q and %q: %q and %q, equal must be %t", a, b, v.Key(), w.Key(), want == 0)
	}
}

func checkMatch(t *testing.T, specifiers, version string, want bool) {
	set, err := ParseSpecifiers(specifiers)
	if err != nil {
		t.Errorf("ParseSpecifiers(%q): %v", specifiers, err)
		return
	}
	v := mustParse(t, version)
	if got := set.Match(v); got != want {
		t.Errorf("%q.Match(%q) = %t, want %t", specifiers, version, got, want)
	}
	again, err := ParseSpecifiers(set.String())
	if err != nil || again.Match(v) != want {
		t.Errorf("%q, written as %q and read again, matches %q otherwise (%v)", specifiers, set, version, err)
	}
}

func mustParse(t *testing.T, s string) Version {
	t.Helper()
	v, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
