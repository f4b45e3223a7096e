package wheel

import (
	"errors"
	"slices"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

func TestParseWheelName(t *testing.T) {
	t.Parallel()
	w, err := ParseWheelName("Ruamel.Yaml_Clib-0.2.8.post1-12abc-cp311.CP312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl")
	if err != nil {
		t.Fatal(err)
	}
	if w.Name != "ruamel-yaml-clib" || w.Version != "0.2.8.post1" || w.Build != "12abc" || w.Parsed.String() != "0.2.8.post1" {
		t.Errorf("got %q %q (%s) build %q, want ruamel-yaml-clib 0.2.8.post1 build 12abc", w.Name, w.Version, w.Parsed, w.Build)
	}
	if want := []string{"cp311", "cp312"}; !slices.Equal(w.Pythons, want) {
		t.Errorf("Pythons = %q, want %q", w.Pythons, want)
	}
	if want := []string{"abi3"}; !slices.Equal(w.ABIs, want) {
		t.Errorf("ABIs = %q, want %q", w.ABIs, want)
	}
	if want := []string{"manylinux_2_17_x86_64", "manylinux2014_x86_64"}; !slices.Equal(w.Platforms, want) {
		t.Errorf("Platforms = %q, want %q", w.Platforms, want)
	}
	if w.Pure() {
		t.Error("Pure() = true, want false")
	}
	pure, err := ParseWheelName("six-1.16.0-py2.py3-none-any.whl")
	if err != nil {
		t.Fatal(err)
	}
	if !pure.Pure() {
		t.Error("Pure() of six = false, want true")
	}
}

func TestParseWheelNameNamesTheCulprit(t *testing.T) {
	t.Parallel()
	for input, reason := range map[string]string{
		"six-1.16.0.tar.gz":                       "a wheel's name ends in .whl",
		"six-1.16.0-none-any.whl":                 "a wheel's name has five or six parts with - between them",
		"six-1.16.0-1-2-py3-none-any.whl":         "a wheel's name has five or six parts with - between them",
		"-1.16.0-py3-none-any.whl":                "not the name of a distribution",
		"s/ix-1.16.0-py3-none-any.whl":            "not the name of a distribution",
		"six-latest-py3-none-any.whl":             "not a version",
		"pyzmq-15.3.0%2Bfix-cp27-cp27m-win32.whl": "not a version",
		"six-1.16.0-b1-py3-none-any.whl":          "a build tag starts with a digit",
		"six-1.16.0--py3-none-any.whl":            "a build tag starts with a digit",
		"six-1.16.0-py2..py3-none-any.whl":        "a compatibility tag is empty",
		"six-1.16.0-py3--any.whl":                 "a compatibility tag is empty",
	} {
		w, err := ParseWheelName(input)
		var syntax *pep508.SyntaxError
		if !errors.As(err, &syntax) || syntax.Reason != reason {
			t.Errorf("ParseWheelName(%q) = %+v, %v, want a *SyntaxError: %s", input, w, err, reason)
		}
	}
}

func TestCompareBuild(t *testing.T) {
	t.Parallel()
	ascending := []string{"", "0", "1", "1a", "1b", "02", "10", "123456789012345678901234567890"}
	for i, a := range ascending {
		for j, b := range ascending {
			want := min(max(i-j, -1), 1)
			if got := (NameTags{Build: a}).CompareBuild(NameTags{Build: b}); got != want {
				t.Errorf("CompareBuild(%q, %q) = %d, want %d", a, b, got, want)
			}
		}
	}
}
