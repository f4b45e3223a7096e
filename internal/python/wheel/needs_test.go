package wheel

import (
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

func TestNeedsOfInstalledDistributions(t *testing.T) {
	t.Parallel()
	describe := func(site, name string, requires ...string) Described {
		t.Helper()
		d, ok := Describe([]byte("Metadata-Version: 2.1\nName: " + name + "\nVersion: 1\nRequires-Dist: " + strings.Join(requires, "\nRequires-Dist: ") + "\n\nRequires-Dist: body\n"))
		if !ok {
			t.Fatalf("%q describes nothing", name)
		}
		d.Site = site
		return d
	}
	var targets []runtimes.Target
	for _, id := range []string{"python3.10", "python3.12", "nodejs22.x"} {
		r, err := runtimes.Lookup(id)
		if err != nil {
			t.Fatal(err)
		}
		targets = append(targets, runtimes.Target{Runtime: r, Architecture: runtimes.X8664})
	}
	all := []Described{
		describe("python", "App", "Plain_One>=2", "old; python_version < '3.11'", "older; python_version < '3.10'", "winonly; sys_platform == 'win32'", "!malformed!", "lib[Fast]>1"),
		describe("python", "lib", "base", "speed; extra == 'fast'", "slow; extra == 'slow'", "deep[x]; extra == \"fast\" and python_version >= '3'", "lib[slow]; extra == 'all'"),
		describe("python", "deep", "bottom; extra == 'x'", "arm; platform_machine == 'aarch64' and extra == 'x'"),
		describe("python/lib/python3.12/site-packages", "new", "tomli; python_version < '3.11'", "twelve"),
		describe("python/setuptools/_vendor", "vendored", "nobody"),
		describe("", "root", "nothing"),
	}
	want := []string{"lib old plain-one", "base deep speed", "bottom", "twelve", "", ""}
	for i, got := range NeedsOf(all, targets, false) {
		if strings.Join(got, " ") != want[i] {
			t.Errorf("%s needs %q, want %q", all[i].Name, got, want[i])
		}
	}
	if got := NeedsOf(all, targets, true); len(got[5]) != 1 || len(got[0]) != 0 {
		t.Errorf("in the code of a function the root needs %q, what lies in python/ %q", got[5], got[0])
	}
	all[0].Needs = append(all[0].Needs, Need{Name: "lib", Extras: []string{"all"}})
	if got := strings.Join(NeedsOf(all, targets, false)[1], " "); got != "base deep slow speed" {
		t.Errorf("an extra of its own extra brings %q", got)
	}
	for path, want := range map[string]string{
		"python/a-1.dist-info/METADATA": "python", "a-1.dist-info/METADATA": "", "python/a.egg-info/PKG-INFO": "python", "python/a-1-py3.12.egg-info": "python",
		"python/a-1.dist-info/licenses/METADATA": "no", "python/a-1.dist-info/RECORD": "no", "python/METADATA": "no",
	} {
		if site, ok := Describes(path); ok != (want != "no") || ok && site != want {
			t.Errorf("%q describes what is in %q, %t", path, site, ok)
		}
	}
}

func TestExtrasThatMarkersCannotDoWithout(t *testing.T) {
	t.Parallel()
	for marker, want := range map[string]string{
		`extra == "tests"`: "tests",
		`python_version < "3.12" and extra == "foo-bar"`:          "foo-bar",
		`extra == "a" and (os_name == "nt" or os_name == "java")`: "",
		`extra == "a" or os_name == "posix"`:                      "",
		`"a" == extra`:                                            "",
		`extra != "a"`:                                            "",
		`python_version < "3.12"`:                                 "",
	} {
		if got, only := onlyExtra(marker); only != (want != "") || only && got != want {
			t.Errorf("%s cannot do without %q, %t; want %q", marker, got, only, want)
		}
	}
}
