package python

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// The targets that testdata/conformance.jsonl names.
func conformanceTargets() map[string]wheel.Target {
	targets := map[string]wheel.Target{}
	for _, t := range []wheel.Target{
		{Runtime: "python3.9", Minor: 9, Arch: "x86_64", Glibc: 26},
		{Runtime: "python3.11", Minor: 11, Arch: "x86_64", Glibc: 26},
		{Runtime: "python3.13", Minor: 13, Arch: "aarch64", Glibc: 34},
	} {
		targets[t.String()] = t
	}
	return targets
}

// The lines of testdata/conformance.jsonl were made with pypa's packaging 26.3,
// from strings of the public index and from random ones:
//
//	["M", marker, target, extra, value, or null where it is illegal]
//	["R", requirement, whether it is legal]
func TestConformsToPackaging(t *testing.T) {
	t.Parallel()
	file, err := os.Open(filepath.Join("testdata", "conformance.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	targets := conformanceTargets()
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
		case "M":
			checkMarker(t, row[1].(string), targets[row[2].(string)], row[3].(string), row[4])
		case "R":
			checkRequirement(t, row[1].(string), row[2].(bool))
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if counts["M"] != 697 || counts["R"] != 440 {
		t.Errorf("checked %v lines, want 697 M and 440 R", counts)
	}
}

func checkMarker(t *testing.T, marker string, target wheel.Target, extra string, want any) {
	m, err := pep508.ParseMarker(marker)
	if want == nil {
		if err == nil {
			t.Errorf("ParseMarker(%q) = %q, want an error", marker, m)
		}
		return
	}
	if err != nil {
		t.Errorf("ParseMarker(%q): %v", marker, err)
		return
	}
	if got := m.Eval(target.Env(), extra); got != want {
		t.Errorf("%q.Eval(%s, %q) = %t, want %t", marker, target, extra, got, want)
	}
	again, err := pep508.ParseMarker(m.String())
	if err != nil || again.Eval(target.Env(), extra) != want || again.String() != m.String() {
		t.Errorf("%q, written as %q, reads back as %q (%v)", marker, m, again, err)
	}
}

func checkRequirement(t *testing.T, requirement string, legal bool) {
	r, err := pep508.ParseRequirement(requirement)
	if got := err == nil; got != legal {
		t.Errorf("ParseRequirement(%q) = %q, %v, want legal: %t", requirement, r, err, legal)
	}
	if err != nil {
		return
	}
	again, err := pep508.ParseRequirement(r.String())
	if err != nil || again.String() != r.String() {
		t.Errorf("%q, written as %q, reads back as %q (%v)", requirement, r, again, err)
	}
}
