package runtimes

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestLookupReturnsTheFacts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id, system string
		glibc      int
		deprecated string
		path       string
	}{
		{"python3.9", "Amazon Linux 2", 26, "2025-12-15", "python/lib/python3.9/site-packages"},
		{"python3.11", "Amazon Linux 2", 26, "2027-06-30", "python/lib/python3.11/site-packages"},
		{"python3.12", "Amazon Linux 2023", 34, "2028-10-31", "python/lib/python3.12/site-packages"},
		{"python3.15", "Amazon Linux 2023", 34, "", "python/lib/python3.15/site-packages"},
		{"nodejs18.x", "Amazon Linux 2", 26, "2025-09-01", "nodejs/node18/node_modules"},
		{"nodejs24.x", "Amazon Linux 2023", 34, "2028-04-30", "nodejs/node24/node_modules"},
		{"java17", "Amazon Linux 2", 26, "2027-06-30", "java/lib"},
		{"java17.al2023", "Amazon Linux 2023", 34, "2029-06-30", "java/lib"},
		{"ruby3.4", "Amazon Linux 2023", 34, "2028-03-31", "ruby/gems/3.4.0"},
		{"provided.al2", "Amazon Linux 2", 26, "2026-07-31", "bin"},
		{"dotnet10", "Amazon Linux 2023", 34, "2028-11-14", "bin"},
	} {
		got, err := Lookup(c.id)
		if err != nil {
			t.Errorf("Lookup(%q): %v", c.id, err)
			continue
		}
		if got.System != c.system || got.Glibc != c.glibc || got.Deprecated != c.deprecated {
			t.Errorf("Lookup(%q) = %q, glibc 2.%d, deprecated %q; want %q, 2.%d, %q",
				c.id, got.System, got.Glibc, got.Deprecated, c.system, c.glibc, c.deprecated)
		}
		if !strings.Contains(strings.Join(got.Paths, "\n"), c.path) {
			t.Errorf("Lookup(%q).Paths = %q, want %q among them", c.id, got.Paths, c.path)
		}
	}
}

func TestLookupNamesTheCulprit(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"python3.21":  `"python3.21" is not a current Lambda runtime: did you mean "python3.11"?`,
		"Python3.12":  `"Python3.12" is not a current Lambda runtime: write "python3.12"`,
		"3.12":        `"3.12" is not a current Lambda runtime: write "python3.12"`,
		"py3.13":      `"py3.13" is not a current Lambda runtime: write "python3.13"`,
		"node-22":     `"node-22" is not a current Lambda runtime: write "nodejs22.x"`,
		"22.x":        `"22.x" is not a current Lambda runtime: write "nodejs22.x"`,
		"python:3.12": `"python:3.12" is not a current Lambda runtime: write "python3.12"`,
		"nodejs20":    `"nodejs20" is not a current Lambda runtime: write "nodejs20.x"`,
		"cobol":       `"cobol" is not a current Lambda runtime: write one of python3.9, python3.10`,
	} {
		_, err := Lookup(id)
		var unknown *UnknownError
		if !errors.As(err, &unknown) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Lookup(%q) error = %v, want %q", id, err, want)
		}
	}
}

func TestRowsAreWellFormed(t *testing.T) {
	t.Parallel()
	day := regexp.MustCompile(`^20\d\d-\d\d-\d\d$`)
	seen := map[string]bool{}
	for _, r := range All() {
		if seen[r.ID] {
			t.Errorf("%s stands twice", r.ID)
		}
		seen[r.ID] = true
		if r.Source == "" || !day.MatchString(r.Checked) {
			t.Errorf("%s has source %q, checked %q", r.ID, r.Source, r.Checked)
		}
		if len(r.Paths) == 0 || !strings.HasPrefix(r.ID, r.Family) {
			t.Errorf("%s has paths %q, family %q", r.ID, r.Paths, r.Family)
		}
		previous := ""
		for _, d := range []string{r.Deprecated, r.CreateBlocked, r.UpdateBlocked} {
			if d != "" && (!day.MatchString(d) || d < previous) {
				t.Errorf("%s has date %q after %q", r.ID, d, previous)
			}
			previous = max(previous, d)
		}
		if r.Preview == (r.Deprecated != "") {
			t.Errorf("%s: preview %t with deprecation date %q", r.ID, r.Preview, r.Deprecated)
		}
		if _, ok := r.PythonMinor(); ok != (r.Family == Python) {
			t.Errorf("%s: PythonMinor reports %t", r.ID, ok)
		}
	}
	if len(seen) != 28 {
		t.Errorf("the table has %d rows, want 28", len(seen))
	}
}

func TestEnded(t *testing.T) {
	t.Parallel()
	r, err := Lookup("python3.10")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]bool{"2026-10-30T23:59:59Z": false, "2026-10-31T00:00:00Z": true} {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Ended(moment); got != want {
			t.Errorf("python3.10 ended at %s: %t, want %t", at, got, want)
		}
	}
}

func TestTargetsAreRuntimesFirst(t *testing.T) {
	t.Parallel()
	known, unknown := Targets([]string{"python3.12", "cobol", "nodejs22.x", "fortran"}, []string{"x86_64", "arm64"})
	var names []string
	for _, k := range known {
		names = append(names, k.String())
	}
	if want := "python3.12 x86_64, python3.12 arm64, nodejs22.x x86_64, nodejs22.x arm64"; strings.Join(names, ", ") != want {
		t.Errorf("Targets() = %q, want %s", names, want)
	}
	if len(unknown) != 2 || unknown[0].ID != "cobol" || unknown[1].ID != "fortran" {
		t.Errorf("unknown are %v, want cobol and fortran", unknown)
	}
}
