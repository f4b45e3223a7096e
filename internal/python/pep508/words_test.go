package pep508

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRangesOfOtherTools: what other tools write behind a name is translated.
func TestRangesOfOtherTools(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"requests^2.31":       `"^" is Poetry's: write requests>=2.31,<3`,
		"requests ^2.31.4":    `write requests>=2.31.4,<3`,
		"a^0.2.3":             `write a>=0.2.3,<0.3`,
		"a^0.0.3":             `write a>=0.0.3,<0.0.4`,
		"a^0":                 `write a>=0,<1`,
		"a~1.4":               `"~" is Poetry's: write a>=1.4,<1.5`,
		"a~1":                 `write a>=1,<2`,
		"uvicorn[std]^0.30.1": `write uvicorn[std]>=0.30.1,<0.31`,
	} {
		if _, err := ParseRequirement(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	// What is advised can be read.
	for _, text := range []string{"requests>=2.31,<3", "a>=0.0.3,<0.0.4", "uvicorn[std]>=0.30.1,<0.31"} {
		if _, err := ParseRequirement(text); err != nil {
			t.Error(err)
		}
	}
}

// TestAddressesOfSources: a repository in a requirements file tells how its
// wheel is made, and shows no password.
func TestAddressesOfSources(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "requirements.txt")
	for line, want := range map[string]string{
		"git+https://u:hunter2@example.com/a.git@v1": "make its wheel once with pip wheel --no-deps git+https://(hidden)@example.com/a.git@v1, give that in python.wheels, and write the name alone here",
		"git+ssh://git@example.com/a.git":            "make its wheel once with pip wheel --no-deps git+ssh://git@example.com/a.git",
		"hg+https://example.com/a":                   "pip wheel --no-deps hg+https://example.com/a",
	} {
		if err := os.WriteFile(file, []byte("six\n"+line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadRequirementsFile(file, noVariables)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}
