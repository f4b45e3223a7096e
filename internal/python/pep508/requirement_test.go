package pep508

import (
	"errors"
	"slices"
	"testing"
)

func TestNormalizeName(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"requests":           "requests",
		"Friendly-._.-Bard":  "friendly-bard",
		"zope.interface":     "zope-interface",
		"ruamel.yaml.clib":   "ruamel-yaml-clib",
		"typing__extensions": "typing-extensions",
		"a--b":               "a-b",
		"":                   "",
	} {
		if got := NormalizeName(input); got != want {
			t.Errorf("NormalizeName(%q) = %q, want %q", input, got, want)
		}
	}
}

func TestParseRequirementReadsEveryPart(t *testing.T) {
	t.Parallel()
	r, err := ParseRequirement(`Foo.Bar [ Socks,b_c , socks ] ( >=2, <3 ) ; python_version < "3.12" and extra == 'A_B'`)
	if err != nil {
		t.Fatal(err)
	}
	if r.Name != "foo-bar" {
		t.Errorf("Name = %q, want %q", r.Name, "foo-bar")
	}
	if want := []string{"b-c", "socks"}; !slices.Equal(r.Extras, want) {
		t.Errorf("Extras = %q, want %q", r.Extras, want)
	}
	if got := r.Specifiers.String(); got != ">=2,<3" {
		t.Errorf("Specifiers = %q, want %q", got, ">=2,<3")
	}
	want := `foo-bar[b-c,socks]>=2,<3; python_version < "3.12" and extra == "a-b"`
	if got := r.String(); got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}

func TestParseRequirementReadsDirectReferences(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"pip @ https://example.com/pip.whl":                   "pip @ https://example.com/pip.whl",
		"pip[a]@file:///x;y.whl ; os_name=='posix'":           `pip[a] @ file:///x;y.whl ; os_name == "posix"`,
		"a @ git+https://example.com/a.git@v1#subdirectory=x": "a @ git+https://example.com/a.git@v1#subdirectory=x",
	} {
		r, err := ParseRequirement(input)
		if err != nil {
			t.Errorf("ParseRequirement(%q): %v", input, err)
			continue
		}
		if got := r.String(); got != want {
			t.Errorf("ParseRequirement(%q) = %q, want %q", input, got, want)
		}
	}
}

func TestParseRequirementNamesTheCulprit(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"":                     `parsing "": expected the name of a distribution`,
		">=1":                  `parsing ">=1": expected the name of a distribution`,
		"requests=2":           `parsing "requests=2": a single = is not an operator: write ==, at "=2"`,
		"requests 2":           `parsing "requests 2": an operator is missing before the version, such as == or >=, at "2"`,
		"requests>=2.x":        `parsing "requests>=2.x": not part of a version, at ".x"`,
		"requests>=":           `parsing "requests>=": a version starts with a number, at the end`,
		"requests (>=2":        `parsing "requests (>=2": the closing ) is missing, at the end`,
		"requests[a b]":        `parsing "requests[a b]": expected a comma or ] after an extra, at "b]"`,
		"requests[a,]":         `parsing "requests[a,]": expected the name of an extra, at "]"`,
		"requests @":           `parsing "requests @": expected a URL after @, at the end`,
		"requests>=2 # pinned": `parsing "requests>=2 # pinned": expected one of == != <= >= < > ~= ===, at "# pinned"`,
		"a; python == '3'":     `parsing "a; python == '3'": expected a marker variable or a quoted string, at "python == '3'"`,
		"a; os_name = 'x'":     `parsing "a; os_name = 'x'": expected a marker operator: == != <= >= < > ~= === in, or not in, at "= 'x'"`,
		"a; os_name == 'x":     `parsing "a; os_name == 'x": the closing quote is missing, at "'x"`,
		"a; 'x' == 'x'":        `parsing "a; 'x' == 'x'": one side of a comparison must be a marker variable, such as python_version, at "'x' == 'x'"`,
		"a; (os_name == 'x'":   `parsing "a; (os_name == 'x'": expected and, or, or a closing ), at the end`,
		"a @ http://x.y z":     `parsing "a @ http://x.y z": expected a semicolon or the end, at "z"`,
	} {
		_, err := ParseRequirement(input)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("ParseRequirement(%q) error = %v, want a *SyntaxError", input, err)
			continue
		}
		if got := syntax.Error(); got != want {
			t.Errorf("ParseRequirement(%q) error = %q, want %q", input, got, want)
		}
	}
}
