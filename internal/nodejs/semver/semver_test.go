package semver

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// vectors returns the lines of testdata/vectors.txt of one kind, in fields.
// Another implementation wrote them: node-semver 7.8.5. The options are a sum:
// 1 is strict, 2 is with prereleases.
func vectors(t testing.TB, kind string) [][]string {
	t.Helper()
	raw, err := os.ReadFile("testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	var lines [][]string
	for line := range strings.Lines(string(raw)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if fields[0] == kind {
			lines = append(lines, fields[1:])
		}
	}
	if len(lines) < 60 {
		t.Fatalf("%d vectors of %q, want more", len(lines), kind)
	}
	return lines
}

func unquote(t testing.TB, text string) string {
	t.Helper()
	var s string
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("vector %s: %v", text, err)
	}
	return s
}

func options(t testing.TB, sum string) Options {
	t.Helper()
	n, err := strconv.Atoi(sum)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Strict: n&1 != 0, IncludePrerelease: n&2 != 0}
}

func TestRangesAreNPMs(t *testing.T) {
	t.Parallel()
	var all []string
	for _, f := range vectors(t, "range") {
		if f[0] == "2" && f[1] == `""` {
			all = strings.Fields(f[3])
		}
	}
	if len(all) != 22 {
		t.Fatalf("%d versions match everything, want 22", len(all))
	}
	for _, f := range vectors(t, "range") {
		text, o := unquote(t, f[1]), options(t, f[0])
		r, err := ParseRangeWith(text, o)
		if f[2] == "-" {
			if err == nil {
				t.Errorf("range %q %+v is %q, want an error", text, o, r)
			}
			continue
		}
		if err != nil {
			t.Errorf("range %q %+v: %v", text, o, err)
			continue
		}
		if got, want := r.String(), unquote(t, f[2]); got != want {
			t.Errorf("range %q %+v is %q, want %q", text, o, got, want)
		}
		for _, version := range all {
			v, err := Parse(version)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Contains(" "+f[3]+" ", " "+version+" ")
			if got := r.Match(v); got != want {
				t.Errorf("range %q %+v matches %s: %t, want %t", text, o, version, got, want)
			}
		}
	}
}

func TestIntersectionsAreNPMs(t *testing.T) {
	t.Parallel()
	for _, f := range vectors(t, "intersects") {
		o := options(t, f[0])
		a, errA := ParseRangeWith(unquote(t, f[1]), o)
		b, errB := ParseRangeWith(unquote(t, f[2]), o)
		if errA != nil || errB != nil {
			t.Errorf("ranges %s and %s %+v: %v, %v", f[1], f[2], o, errA, errB)
			continue
		}
		if got := strconv.FormatBool(Intersects(a, b)); got != f[3] {
			t.Errorf("ranges %s and %s %+v intersect: %s, want %s", f[1], f[2], o, got, f[3])
		}
	}
}

func TestVersionsAreNPMs(t *testing.T) {
	t.Parallel()
	for _, f := range vectors(t, "version") {
		read := ParseLoose
		if f[0] == "1" {
			read = Parse
		}
		v, err := read(unquote(t, f[1]))
		switch {
		case f[2] == "-" && err == nil:
			t.Errorf("version %s (%s) is %q, want an error", f[1], f[0], v)
		case f[2] != "-" && err != nil:
			t.Errorf("version %s (%s): %v", f[1], f[0], err)
		case f[2] != "-" && v.String() != unquote(t, f[2]):
			t.Errorf("version %s (%s) is %q, want %s", f[1], f[0], v, f[2])
		}
	}
}

func TestOrderIsNPMs(t *testing.T) {
	t.Parallel()
	for _, f := range vectors(t, "compare") {
		a, errA := Parse(unquote(t, f[0]))
		b, errB := Parse(unquote(t, f[1]))
		want, errN := strconv.Atoi(f[2])
		if errA != nil || errB != nil || errN != nil {
			t.Fatalf("vector %q: %v, %v, %v", f, errA, errB, errN)
		}
		if got := Compare(a, b); got != want {
			t.Errorf("Compare(%s, %s) = %d, want %d", a, b, got, want)
		}
		if got := Compare(b, a); got != -want {
			t.Errorf("Compare(%s, %s) = %d, want %d", b, a, got, -want)
		}
	}
}

func TestZeroValues(t *testing.T) {
	t.Parallel()
	var r Range
	every, err := ParseRange("*")
	if err != nil {
		t.Fatal(err)
	}
	if r.Match(Version{}) || Intersects(r, every) || Intersects(every, r) || r.String() != "" {
		t.Error("the zero range holds a version")
	}
	if got := (Version{}).String(); got != "0.0.0" {
		t.Errorf("the zero version is %q, want 0.0.0", got)
	}
	if !every.Match(Version{}) {
		t.Error("the range * does not hold 0.0.0")
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"1.2.3", "v1.2.3-rc.1+b", "1.2.34.5", "= 01.2.3beta", "9007199254740992.0.0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		defer indextest.Budget(t, len(s))()
		strict, strictErr := Parse(s)
		loose, looseErr := ParseLoose(s)
		if strictErr == nil && (looseErr != nil || Compare(strict, loose) != 0) {
			t.Errorf("version %q is %s strictly and %s (%v) loosely", s, strict, loose, looseErr)
		}
		if looseErr != nil {
			return
		}
		again, err := ParseLoose(loose.String()) // large numbers keep their zeros
		if err != nil || again.String() != loose.String() || Compare(again, loose) != 0 {
			t.Errorf("version %q is %s, and that %s (%v)", s, loose, again, err)
		}
	})
}

func FuzzParseRange(f *testing.F) {
	for _, seed := range []string{"^1.2.3 || ~2", ">= 1 < 2", "1 - 2", "~> 1.x", "<=*", "1.2.3+b || >1.0.0-0", "foo * bar"} {
		f.Add(seed, "1.2.3-rc.1")
	}
	f.Fuzz(func(t *testing.T, s, version string) {
		defer indextest.Budget(t, len(s)+len(version))()
		r, err := ParseRange(s)
		if err != nil {
			return
		}
		again, err := ParseRange(r.String())
		if err != nil || again.String() != r.String() {
			t.Errorf("range %q is %q, and that %q (%v)", s, r, again, err)
			return
		}
		if v, err := ParseLoose(version); err == nil && r.Match(v) != again.Match(v) {
			t.Errorf("range %q holds %s: %t, and as %q: %t", s, v, r.Match(v), again, again.Match(v))
		}
		Intersects(r, again)
	})
}

func BenchmarkParseRange(b *testing.B) {
	for b.Loop() {
		if _, err := ParseRange("^1.2.3 || >=3.0.0-rc.1 <5"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	r, err := ParseRange("^1.2.3 || >=3.0.0-rc.1 <5")
	if err != nil {
		b.Fatal(err)
	}
	v, err := Parse("4.17.21")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if !r.Match(v) {
			b.Fatal("no match")
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := ParseLoose("4.17.21"); err != nil {
			b.Fatal(err)
		}
	}
}
