package provider

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// wheelOf returns a wheel of a universe.
func wheelOf(t testing.TB, universe, filename string) string {
	t.Helper()
	content, _ := indextest.New(t, universe).Wheel(filename)
	return string(content)
}

// python returns a step of a package with these python arguments.
func (w *world) python(runtimes, arguments string, contents map[string]string) resource.TestStep {
	want := map[string]knownvalue.Check{}
	for name, version := range contents {
		want["python:"+name] = knownvalue.StringExact(version)
	}
	return resource.TestStep{
		Config: w.config("\nresource \"layerbuild_package\" \"p\" {\n  runtimes = [%s]\n  output_path = %q\n  python = { %s }\n}",
			runtimes, filepath.Join(w.dir, "layer.zip"), arguments),
		ConfigPlanChecks:  expectEmpty(),
		ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue("layerbuild_package.p", at1("contents"), knownvalue.MapExact(want))},
	}
}

const sourceOnly = "source_only-1.0-py3-none-any.whl"

// TestGivenWheelStandsIn packs a wheel for what the index has in source alone,
// beside requirements and in a lock file, and follows a change of its bytes.
func TestGivenWheelStandsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wheel := func(text string) string {
		return wheelOf(t, "source-only 1.0\n  requires: idna\n  file: source_only/text.py: "+text+"\n", sourceOnly)
	}
	path := w.write("vendor/"+sourceOnly, wheel("first"))
	served := indextest.New(t, "source-only 1.0\n")
	_, sum := served.Wheel(sourceOnly)
	lock := w.write("project/pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"test\"\n[[packages]]\nname = \"source-only\"\nversion = \"1.0\"\n"+
		"[packages.sdist]\nurl = \"https://example.com/source_only-1.0.tar.gz\"\nhashes = { sha256 = \""+strings.Repeat("1", 64)+"\" }\n")
	both := map[string]string{"source-only": "1.0", "idna": "3.7"}
	given := fmt.Sprintf(`wheels = [{ source = %q }], `, path)
	changed := w.python(`"python3.12"`, given+`requirements = ["source-only"]`, both)
	changed.PreConfig = func() { w.write("vendor/"+sourceOnly, wheel("second")) }
	changed.ConfigPlanChecks.PreApply = []plancheck.PlanCheck{plancheck.ExpectResourceAction("layerbuild_package.p", plancheck.ResourceActionUpdate)}
	changed.Check = func(*terraformState) error {
		if got := unzip(t, filepath.Join(w.dir, "layer.zip"))["python/source_only/text.py"]; got != "second" {
			return fmt.Errorf("the layer has %q, want the changed file", got)
		}
		return nil
	}
	// The lock file does not have what the wheel needs.
	lacking := w.python(`"python3.12"`, given+fmt.Sprintf(`lock_file = %q`, lock), map[string]string{"source-only": "1.0"})
	lacking.ConfigStateChecks = append(lacking.ConfigStateChecks, statecheck.ExpectKnownValue("layerbuild_package.p", tfjsonpath.New("findings").AtSliceIndex(0).AtMapKey("text"),
		knownvalue.StringRegexp(sentenceLike(`"source-only" needs "idna", which is not there`))))
	excluded := w.python(`"python3.12"`, given+fmt.Sprintf(`lock_file = %q, exclude = ["idna"]`, lock), map[string]string{"source-only": "1.0"})
	excluded.ConfigStateChecks = append(excluded.ConfigStateChecks, statecheck.ExpectKnownValue("layerbuild_package.p", tfjsonpath.New("findings"), knownvalue.ListSizeExact(0)))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			w.python(`"python3.12"`, given+`requirements = ["source-only"], require_hashes = false`, both),
			changed,
			w.python(`"python3.12"`, fmt.Sprintf(`wheels = [{ url = %q, sha256 = %q }], requirements = ["source-only"], require_hashes = true`,
				served.FileURL(sourceOnly), sum), map[string]string{"source-only": "1.0"}),
			lacking,
			excluded,
		},
	})
}

// TestFindLinks takes candidates from a folder, keeps to the lock while the
// folder gains another one, and resolves anew where a locked one is gone.
func TestFindLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("vendor/"+sourceOnly, wheelOf(t, "source-only 1.0\n", sourceOnly))
	arguments := fmt.Sprintf(`requirements = ["source-only", "idna"], find_links = [%q]`, filepath.Join(w.dir, "vendor"))
	first := w.python(`"python3.12"`, arguments, map[string]string{"source-only": "1.0", "idna": "3.7"})
	unchanged := first
	unchanged.PreConfig = func() {
		w.write("vendor/idna-3.8-py3-none-any.whl", wheelOf(t, "idna 3.8\n", "idna-3.8-py3-none-any.whl"))
	}
	unchanged.ConfigPlanChecks = resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	edited := w.python(`"python3.12"`, strings.Replace(arguments, `"idna"`, `"idna>=3.8"`, 1), map[string]string{"source-only": "1.0", "idna": "3.8"})
	gone := first
	gone.PreConfig = func() {
		w.write("vendor/"+sourceOnly, wheelOf(t, "source-only 1.0\n  file: source_only/new.py: x\n", sourceOnly))
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.providers(), Steps: []resource.TestStep{
		first, unchanged, edited, w.python(`"python3.12"`, arguments, map[string]string{"source-only": "1.0", "idna": "3.8"}),
	}})
	again := newWorld(t)
	again.dir = w.dir
	gone.Config = again.python(`"python3.12"`, arguments, nil).Config
	gone.ConfigStateChecks = nil
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: again.providers(), Steps: []resource.TestStep{
		again.python(`"python3.12"`, arguments, map[string]string{"source-only": "1.0", "idna": "3.8"}), gone,
	}})
	if !hasBelow(unzip(t, filepath.Join(w.dir, "layer.zip")), "python/source_only/new.py") {
		t.Error("the layer has not the wheel that lies in the folder now")
	}
}

// TestScriptsArePacked puts programs where Lambda has them on PATH.
func TestScriptsArePacked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.index.Add("tools 1.0\n  file: tools-1.0.dist-info/entry_points.txt: [console_scripts]\\nrun-tool = tools:main\\n\n"); err != nil {
		t.Fatal(err)
	}
	scripts := func(arguments string, want bool) resource.TestStep {
		step := w.python(`"python3.12"`, `requirements = ["tools"]`+arguments, map[string]string{"tools": "1.0"})
		step.Check = func(*terraformState) error {
			text, has := unzip(t, filepath.Join(w.dir, "layer.zip"))["bin/run-tool"]
			if has != want || want && !strings.HasPrefix(text, "#!/var/lang/bin/python3.12\n") {
				return fmt.Errorf("bin/run-tool is there: %t, want %t:\n%s", has, want, text)
			}
			return nil
		}
		return step
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.providers(), Steps: []resource.TestStep{
		scripts("", false), scripts(", scripts = true", true), scripts(", scripts = false", false),
	}})
}

// TestDistributionsThatWriteOnePath names both, and goes on where the file or
// one of the distributions is left out.
func TestDistributionsThatWriteOnePath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.index.Add("one 1.0\n  file: tests/conftest.py: 1\n  file: shared/x.py: same\ntwo 2.0\n  file: tests/conftest.py: 2\n  file: shared/x.py: same\n"); err != nil {
		t.Fatal(err)
	}
	both := map[string]string{"one": "1.0", "two": "2.0"}
	refused := w.python(`"python3.12"`, `requirements = ["one", "two"]`, nil)
	refused.ConfigPlanChecks, refused.ConfigStateChecks = resource.ConfigPlanChecks{}, nil
	refused.ExpectError = sentenceLike(`(?s)Two distributions write "python/tests/conftest.py".*one 1.0 and two 2.0 both bring it, with different content.*exclude = \["python/tests/conftest.py"\].*python.exclude`)
	excluded := w.python(`"python3.12"`, `requirements = ["one", "two"]`, both)
	excluded.Config = strings.Replace(excluded.Config, "output_path", "exclude = [\"python/tests\"]\n  output_path", 1)
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.providers(), Steps: []resource.TestStep{
		refused, excluded,
		w.python(`"python3.12"`, `requirements = ["one", "two"], exclude = ["two"]`, map[string]string{"one": "1.0"}),
	}})
}

func TestWheelsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pure := w.write("vendor/idna-1.0-py3-none-any.whl", wheelOf(t, "idna 1.0\n", "idna-1.0-py3-none-any.whl"))
	native := w.write("vendor/idna-1.0-cp311-cp311-win_amd64.whl", "")
	text := w.write("vendor/notes.txt", "")
	torn := w.write("torn/idna-1.0-py3-none-any.whl", "PK")
	renamed := w.write("renamed/idna-1.0-py3-none-any.whl", wheelOf(t, "other 1.0\n", "other-1.0-py3-none-any.whl"))
	const digest = "1111111111111111111111111111111111111111111111111111111111111111"
	for name, c := range map[string]struct{ python, want string }{
		"neither":        {`wheels = [{}]`, `names neither source nor url`},
		"both":           {fmt.Sprintf(`wheels = [{ source = %q, url = "https://example.com/a-1-py3-none-any.whl" }]`, pure), `names both source and url`},
		"no_digest":      {`wheels = [{ url = "https://example.com/idna-1.0-py3-none-any.whl" }]`, `needs its sha256`},
		"bad_digest":     {`wheels = [{ url = "https://example.com/idna-1.0-py3-none-any.whl", sha256 = "abc" }]`, `"abc" is not a SHA-256`},
		"credentials":    {fmt.Sprintf(`wheels = [{ url = "https://u:secret@example.com/idna-1.0-py3-none-any.whl", sha256 = %q }]`, digest), `(?s)Credentials in the address of the wheel.*netrc`},
		"no_wheel":       {fmt.Sprintf(`wheels = [{ source = %q }]`, text), `"notes.txt" is not a wheel`},
		"missing":        {fmt.Sprintf(`wheels = [{ source = %q }]`, filepath.Join(w.dir, "nope-1.0-py3-none-any.whl")), `There is no wheel`},
		"another_file":   {fmt.Sprintf(`wheels = [{ source = %q, sha256 = %q }]`, pure, digest), `(?s)is another file.*1111111111`},
		"misfit":         {fmt.Sprintf(`wheels = [{ source = %q }]`, native), `(?s)runs on none of the runtimes.*python3.12 x86_64: the wheel is for Windows`},
		"torn":           {fmt.Sprintf(`wheels = [{ source = %q }]`, torn), `(?s)idna 1.0 cannot be used: it is not a zip archive`},
		"renamed":        {fmt.Sprintf(`wheels = [{ source = %q }]`, renamed), `(?s)idna 1.0 cannot be used: its metadata names another distribution, "other"`},
		"wrong_version":  {fmt.Sprintf(`wheels = [{ source = %q }], constraints = ["idna>3"]`, pure), `(?s)idna.*1.0`},
		"no_directory":   {fmt.Sprintf(`find_links = [%q]`, filepath.Join(w.dir, "absent")), `There is no directory`},
		"one_wheel":      {fmt.Sprintf(`find_links = [%q]`, pure), `Give a single wheel by python.wheels`},
		"empty_link":     {`find_links = [""]`, `Empty element`},
		"link_with_user": {`find_links = ["https://u:secret@example.com/links.html"]`, `Credentials in the address of the links`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{{
					Config: w.config("\nresource \"layerbuild_package\" \"p\" {\n  runtimes = [\"python3.12\"]\n  output_path = %q\n  python = { requirements = [\"idna\"], %s }\n}",
						filepath.Join(t.TempDir(), "layer.zip"), c.python),
					ExpectError: sentenceLike(c.want),
				}},
			})
		})
	}
}

// TestLocalWheelOnDifferentMachines plans and applies with a wheel in the
// configuration directory, and refuses other bytes by name.
func TestLocalWheelOnDifferentMachines(t *testing.T) {
	t.Parallel()
	index, aws := indextest.New(t, universe), lambdatest.New(t)
	served := "PIP_INDEX_URL=" + index.URL()
	config := func(description string) string {
		return strings.Replace(pipeline(aws.URL(), "", "source-only", description), `python   = {`,
			`python   = { wheels = [{ source = "${path.module}/vendor/`+sourceOnly+`" }],`, 1)
	}
	planner := newMachine(t, nil).uses(served)
	planner.write("main.tf", config("first"))
	planner.write("src/shared.py", "VALUE = 1\n")
	planner.write("vendor/"+sourceOnly, wheelOf(t, "source-only 1.0\n", sourceOnly))
	planner.terraform(0, "plan", "-out=saved.tfplan")
	hash := planner.planned("saved.tfplan", "layerbuild_package.deps", "source_code_hash")
	lock := planner.planned("saved.tfplan", "layerbuild_package.deps", "lock")
	if !strings.Contains(lock, "file:vendor/"+sourceOnly) && !strings.Contains(lock, "file:./vendor/"+sourceOnly) {
		t.Errorf("the lock has not the path as it was written: %s", lock)
	}
	applier := newMachine(t, planner).uses(served)
	applier.terraform(0, "apply", "saved.tfplan")
	if live := aws.Live(region, "deps"); len(live) != 1 || live[0].CodeSHA256 != hash {
		t.Fatalf("AWS has %+v, planned was %s", live, hash)
	}
	newMachine(t, applier).uses(cut).terraform(0, "plan", "-detailed-exitcode")

	// The version rebuilds an unchanged package from the lock and the wheel.
	editor := newMachine(t, applier).uses(served)
	editor.write("main.tf", config("second"))
	editor.terraform(0, "plan", "-out=second.tfplan")
	late := newMachine(t, editor).uses(served)
	late.write("vendor/"+sourceOnly, wheelOf(t, "source-only 1.0\n  file: source_only/new.py: x\n", sourceOnly))
	if out := late.terraform(1, "apply", "second.tfplan"); !strings.Contains(out, sourceOnly) {
		t.Errorf("the error does not name the wheel:\n%s", out)
	}
	newMachine(t, editor).uses(served).terraform(0, "apply", "second.tfplan")
	if live := aws.Live(region, "deps"); len(live) != 2 || live[1].CodeSHA256 != hash {
		t.Fatalf("AWS has %+v, want a second version of %s", live, hash)
	}
}
