package pep440

import (
	"errors"
	"slices"
	"testing"
)

func TestParseNormalises(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"1.0":                                "1.0",
		" v1.0.0\n":                          "1.0.0",
		"1!2.0":                              "1!2.0",
		"0!2.0":                              "2.0",
		"1.0ALPHA":                           "1.0a0",
		"1.0-beta_2":                         "1.0b2",
		"1.0.preview.03":                     "1.0rc3",
		"1.0c1":                              "1.0rc1",
		"1.0-4":                              "1.0.post4",
		"1.0r4":                              "1.0.post4",
		"1.0.rev":                            "1.0.post0",
		"1.0_dev":                            "1.0.dev0",
		"1.0a1.post2.dev3":                   "1.0a1.post2.dev3",
		"1.0+Ubuntu-001_A":                   "1.0+ubuntu.1.a",
		"1.0+00":                             "1.0+0",
		"2024.01.000002":                     "2024.1.2",
		"1.0a.":                              "1.0a0",
		"20231101123456789.1":                "20231101123456789.1",
		"1.0+123456789012345678901234567890": "1.0+123456789012345678901234567890",
	} {
		v, err := Parse(input)
		if err != nil {
			t.Errorf("Parse(%q): %v", input, err)
			continue
		}
		if got := v.String(); got != want {
			t.Errorf("Parse(%q) = %q, want %q", input, got, want)
		}
	}
}

func TestParseNamesTheCulprit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		input  string
		offset int
		text   string
	}{
		{"", 0, `parsing "": a version starts with a number`},
		{"latest", 0, `parsing "latest": a version starts with a number`},
		{"1.0.x", 3, `parsing "1.0.x": not part of a version, at ".x"`},
		{" 1.0 2", 4, `parsing " 1.0 2": not part of a version, at " 2"`},
		{"1.0+", 4, `parsing "1.0+": a letter or a digit is missing in the local version label`},
		{"1.1234567890123456789", 2, `parsing "1.1234567890123456789": a number has more than 18 digits, at "1234567890123456789"`},
	} {
		_, err := Parse(c.input)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("Parse(%q) error = %v, want a *SyntaxError", c.input, err)
			continue
		}
		if syntax.Offset != c.offset || syntax.Error() != c.text {
			t.Errorf("Parse(%q) error = %q at %d, want %q at %d", c.input, syntax.Error(), syntax.Offset, c.text, c.offset)
		}
	}
}

// The order is the one of the example in PEP 440, "Summary of permitted
// suffixes and relative ordering", with the local versions of its own section.
func TestCompareFollowsTheStandard(t *testing.T) {
	t.Parallel()
	ascending := []string{
		"1.dev0", "1.0.dev456", "1.0a1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2",
		"1.0b2.post345.dev456", "1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "1.0", "1.0+abc.5", "1.0+abc.7",
		"1.0+5", "1.0+5.1", "1.0+10", "1.0.post456.dev34", "1.0.post456", "1.0.15", "1.1.dev1", "1!0.1",
	}
	for i, a := range ascending {
		for j, b := range ascending {
			want := min(max(i-j, -1), 1)
			if got := mustParse(t, a).Compare(mustParse(t, b)); got != want {
				t.Errorf("%q.Compare(%q) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestVersionParts(t *testing.T) {
	t.Parallel()
	v := mustParse(t, "1!2.3.0rc1+cu118")
	if got, want := v.Release(), []int64{2, 3, 0}; !slices.Equal(got, want) {
		t.Errorf("Release() = %v, want %v", got, want)
	}
	if got := v.Local(); got != "cu118" {
		t.Errorf("Local() = %q, want %q", got, "cu118")
	}
	if got := v.Public().String(); got != "1!2.3.0rc1" {
		t.Errorf("Public() = %q, want %q", got, "1!2.3.0rc1")
	}
	if got := v.Key(); got != "1!2.3rc1+cu118" {
		t.Errorf("Key() = %q, want %q", got, "1!2.3rc1+cu118")
	}
	for input, want := range map[string]bool{
		"1.0": false, "1.0.post1": false, "1.0+local": false,
		"1.0a1": true, "1.0.dev1": true, "1.0.post1.dev1": true,
	} {
		if got := mustParse(t, input).IsPrerelease(); got != want {
			t.Errorf("%q.IsPrerelease() = %t, want %t", input, got, want)
		}
	}
}
