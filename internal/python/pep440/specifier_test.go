package pep440

import (
	"errors"
	"testing"
)

func TestParseSpecifiersMendsOldSpellings(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"":               "",
		" , ":            "",
		">=1.0.*":        ">=1.0",
		"<4.*":           "<4",
		">=2.7 !=3.0.*":  ">=2.7,!=3.0.*",
		">=2.7!=3.0.*<4": ">=2.7,!=3.0.*,<4",
		">= 2.7 , < 3,":  ">=2.7,<3",
		"==1!2.0":        "==1!2.0",
		"!=1!2.0,>1":     "!=1!2.0,>1",
		"===foobar":      "===foobar",
		"~=1.4.2-BETA":   "~=1.4.2b0",
		"== 1.0+Local_1": "==1.0+local.1",
	} {
		set, err := ParseSpecifiers(input)
		if err != nil {
			t.Errorf("ParseSpecifiers(%q): %v", input, err)
			continue
		}
		if got := set.String(); got != want {
			t.Errorf("ParseSpecifiers(%q) = %q, want %q", input, got, want)
		}
		if got := set.Empty(); got != (want == "") {
			t.Errorf("ParseSpecifiers(%q).Empty() = %t, want %t", input, got, want == "")
		}
	}
}

func TestParseSpecifiersNamesTheCulprit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		input  string
		offset int
		reason string
	}{
		{"=1.0", 0, "a single = is not an operator: write =="},
		{">=1.0,=>2", 6, "not an operator: write >="},
		{"1.0", 0, "an operator is missing before the version, such as == or >="},
		{"latest", 0, "expected one of == != <= >= < > ~= ==="},
		{">=1.0 and <2", 6, "expected one of == != <= >= < > ~= ==="},
		{">=", 2, "a version starts with a number"},
		{">=1.x", 3, "not part of a version"},
		{"~=1", 2, "~= needs two numbers, such as ~=1.4"},
		{"~=1.0.*", 5, ".* goes only with == and !="},
		{"==1.0rc1.*", 8, ".* goes only behind a plain release"},
		{">=1.0+cu118", 5, "a local version label goes only with == and !="},
		{"===", 3, "=== needs a version"},
	} {
		set, err := ParseSpecifiers(c.input)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("ParseSpecifiers(%q) = %q, %v, want a *SyntaxError", c.input, set, err)
			continue
		}
		if syntax.Input != c.input || syntax.Offset != c.offset || syntax.Reason != c.reason {
			t.Errorf("ParseSpecifiers(%q) error = %q at %d of %q, want %q at %d",
				c.input, syntax.Reason, syntax.Offset, syntax.Input, c.reason, c.offset)
		}
	}
}

func TestParseClauseMendsNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		op, version string
		legal       bool
	}{
		{"==", "3.*", true},
		{">=", " 3.8 ", true},
		{">=", "3.*", false},
		{">=", "3.8,<4", false},
		{"in", "3.8", false},
		{"", "3.8", false},
		{"=", "=3.8", false},
	} {
		set, err := ParseClause(c.op, c.version)
		if got := err == nil; got != c.legal {
			t.Errorf("ParseClause(%q, %q) = %q, %v, want legal: %t", c.op, c.version, set, err, c.legal)
		}
	}
}

func TestPinnedAndNamesPrerelease(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		input, pin  string
		pinned, pre bool
	}{
		{"", "", false, false},
		{">=1,==1.5.0", "1.5.0", true, false},
		{"===1.5.0-custom", "1.5.0-custom", true, false},
		{"==1.*", "", false, false},
		{"==2.0rc1", "2.0rc1", true, true},
		{"===2.0rc1", "2.0rc1", true, true},
		{">=2.0.dev1", "", false, true},
		{"<2.0rc1", "", false, true},
		{"!=2.0rc1", "", false, false},
	} {
		set, err := ParseSpecifiers(c.input)
		if err != nil {
			t.Errorf("ParseSpecifiers(%q): %v", c.input, err)
			continue
		}
		if pin, pinned := set.Pinned(); pin != c.pin || pinned != c.pinned {
			t.Errorf("%q.Pinned() = %q, %t, want %q, %t", c.input, pin, pinned, c.pin, c.pinned)
		}
		if got := set.NamesPrerelease(); got != c.pre {
			t.Errorf("%q.NamesPrerelease() = %t, want %t", c.input, got, c.pre)
		}
	}
}

// TestAdmitsMinor: one patch version is enough, also where the range begins late.
func TestAdmitsMinor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		minor int
		want  bool
	}{
		{">=3.9", 12, true},
		{">=3.12.4,<3.13", 12, true},
		{">=3.12.4,<3.13", 13, false},
		{"==3.11.*", 12, false},
		{"!=3.12.0", 12, true},
		{"<3.12", 12, false},
		{"", 14, true},
	} {
		s, err := ParseSpecifiers(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.AdmitsMinor(c.minor); got != c.want {
			t.Errorf("%q admits 3.%d: %t, want %t", c.text, c.minor, got, c.want)
		}
	}
}
