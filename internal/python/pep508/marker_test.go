package pep508

import (
	"strings"
	"testing"
)

func TestNilMarkerIsTrue(t *testing.T) {
	t.Parallel()
	var m *Marker
	if !m.Eval(Env{}, "") {
		t.Error("nil marker is false, want true")
	}
	if got := m.String(); got != "" {
		t.Errorf("nil marker reads %q, want %q", got, "")
	}
}

func TestMarkerEval(t *testing.T) {
	t.Parallel()
	env := Linux(12, 4, "aarch64")
	env.Extras, env.DependencyGroups = []string{"big-query"}, []string{"dev"}
	for _, c := range []struct {
		marker, extra string
		want          bool
	}{
		{`python_version >= "3.9"`, "", true},
		{`python_version < "3.9"`, "", false},
		{`"3.9" <= python_version`, "", true},
		{`python_full_version == "3.12.4"`, "", true},
		{`python_full_version < "3.12.4rc1"`, "", false},
		{`python_version ~= "3.8"`, "", true},
		{`python_version == "3.*"`, "", true},
		{`python_version >= "3.*"`, "", false},
		{`python_version === "3.12"`, "", true},
		{`python_version in "3.11, 3.12"`, "", true},
		{`python_version not in "3.11, 3.12"`, "", false},
		{`platform_machine == "aarch64" and sys.platform == "linux" or os.name == "nt"`, "", true},
		{`os_name == "nt" or os_name == "posix" and platform_system == "Darwin"`, "", false},
		{`(os_name == "nt" or os_name == "posix") and python_implementation == "CPython"`, "", true},
		{`sys_platform > "a"`, "", false},
		{`platform_release >= "5"`, "", false},
		{`extra == "S.3"`, "s-3", true},
		{`extra == "s3"`, "", false},
		{`extra != "s3"`, "", true},
		{`extra == "Big.Query"`, "", true},
		{`"big-query" != extra`, "", false},
		{`extra == "s3" or extra != "s3" and extra == "big-query"`, "", true},
		{`"Big.Query" in extras and "dev" in dependency_groups`, "", true},
		{`"test" not in extras`, "", true},
		{`"test" in dependency_groups`, "", false},
	} {
		m, err := ParseMarker(c.marker)
		if err != nil {
			t.Errorf("ParseMarker(%q): %v", c.marker, err)
			continue
		}
		if got := m.Eval(env, c.extra); got != c.want {
			t.Errorf("%q.Eval(extra %q) = %t, want %t", c.marker, c.extra, got, c.want)
		}
	}
}

func TestMarkerKeepsItsParentheses(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		`(os.name=='a' or os_name=='b') and (extra=="c")`:         `(os_name == "a" or os_name == "b") and extra == "c"`,
		`os_name=='a' and extra=='b' or 'd' not  in sys_platform`: `os_name == "a" and extra == "b" or "d" not in sys_platform`,
		`platform_version == 'say "x"'`:                           `platform_version == 'say "x"'`,
	} {
		m, err := ParseMarker(input)
		if err != nil {
			t.Errorf("ParseMarker(%q): %v", input, err)
			continue
		}
		if got := m.String(); got != want {
			t.Errorf("ParseMarker(%q) = %q, want %q", input, got, want)
		}
	}
}

func TestParseMarkerRefuses(t *testing.T) {
	t.Parallel()
	for _, input := range []string{
		"", "os_name", "os_name ==", `os_name == "a" and`, `os_name == "a" os_name == "b"`, `os_name notin "a"`,
		`extras == "a"`, `extras in "a"`, `"a" == extras`,
		strings.Repeat("(", 200) + `os_name == "a"` + strings.Repeat(")", 200),
	} {
		if m, err := ParseMarker(input); err == nil {
			t.Errorf("ParseMarker(%q) = %q, want an error", input, m)
		}
	}
}
