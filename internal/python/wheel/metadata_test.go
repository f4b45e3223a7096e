package wheel

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

func TestParseMetadata(t *testing.T) {
	t.Parallel()
	const text = "\ufeffMetadata-Version: 2.1\r\nName: Flask_Demo\r\nVERSION: 1.0.0\r\n" +
		"License: MIT\r\n  with a second line: yes\r\n" +
		"requires-python: >=3.8,\r\n\t!=3.9.1\r\n" +
		"Requires-Dist: Werkzeug >=3.0\r\nRequires-Dist: importlib-metadata (>=3.6) ; python_version < '3.10'\r\n" +
		"Provides-Extra: Async_IO\r\n\r\nRequires-Dist: not-a-dependency\r\n"
	m, err := ParseMetadata([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "Flask_Demo" || m.Version != "1.0.0" {
		t.Errorf("got %q %q, want Flask_Demo 1.0.0", m.Name, m.Version)
	}
	if got := m.RequiresPython.String(); got != ">=3.8,!=3.9.1" {
		t.Errorf("RequiresPython = %q, want %q", got, ">=3.8,!=3.9.1")
	}
	var requires []string
	for _, r := range m.RequiresDist {
		requires = append(requires, r.String())
	}
	if want := []string{"werkzeug>=3.0", `importlib-metadata>=3.6; python_version < "3.10"`}; !slices.Equal(requires, want) {
		t.Errorf("RequiresDist = %q, want %q", requires, want)
	}
	if want := []string{"async-io"}; !slices.Equal(m.ProvidesExtra, want) {
		t.Errorf("ProvidesExtra = %q, want %q", m.ProvidesExtra, want)
	}
}

func TestParseMetadataStopsWhereTheHeaderStops(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Name: a\nVersion: 1\n\nRequires-Dist: b\n",
		"Name: a\nVersion: 1\nan unindented line\nRequires-Dist: b\n",
		"Name: a\nVersion: 1\nan unindented: line\nRequires-Dist: b\n",
		"Name: a\nVersion: 1",
	} {
		m, err := ParseMetadata([]byte(text))
		if err != nil || m.Name != "a" || m.Version != "1" || len(m.RequiresDist) != 0 {
			t.Errorf("ParseMetadata(%q) = %+v, %v, want a 1 without requirements", text, m, err)
		}
	}
}

func TestParseMetadataNamesTheCulprit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Name: a\nVersion: 1\nRequires-Dist: b >=1.x\n": `METADATA: parsing "Requires-Dist: b >=1.x": not part of a version, at ".x"`,
		"Name: a\nVersion: 1\nRequires-Python:  3.8\n":  `METADATA: parsing "Requires-Python:  3.8": an operator is missing before the version, such as == or >=, at "3.8"`,
		"Version: 1\n":     `METADATA: parsing "": there is no Name`,
		"Name: a\n\nhello": `METADATA: parsing "": there is no Version`,
	} {
		m, err := ParseMetadata([]byte(text))
		var syntax *pep508.SyntaxError
		if !errors.As(err, &syntax) || syntax.Error() != want {
			t.Errorf("ParseMetadata(%q) = %+v, %v, want %s", text, m, err, want)
		}
	}
}

func TestParseMetadataReadsLongFieldsInLinearTime(t *testing.T) {
	t.Parallel()
	text := "Name: a\nLicense: x\n" + strings.Repeat("        line\n", 200_000) + "Version: 1\n"
	m, err := ParseMetadata([]byte(text))
	if err != nil || m.Version != "1" {
		t.Errorf("got version %q, %v, want 1", m.Version, err)
	}
}
