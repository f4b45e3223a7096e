package provider

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// TestPackageIsThinned adds tests and a program to a package, and takes them
// out again by prune, keep, exclude and an ignore file.
func TestPackageIsThinned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"src/own.py", "src/tests/case.py", "src/tests/data.json", "src/api.pyi", "src/notes.tmp"} {
		w.write(name, "# own\n")
	}
	w.write("src/.layerignore", "*.tmp\n")
	out := filepath.Join(w.dir, "layer.zip")
	config := func(more string) string {
		return w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  files       = [{ source = %q, target = "python/own", symlinks = "error" }, { content = "x", target = "tool/run" }]
  %s
}`, out, w.dir+"/src", more)
	}
	holds := func(want string) resource.TestCheckFunc {
		return func(*terraformState) error {
			if got := strings.Join(keys(unzip(t, out)), " "); got != want {
				return fmt.Errorf("the layer holds %q, want %q", got, want)
			}
			return nil
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{
				Config: config(""), ConfigPlanChecks: expectEmpty(),
				Check: holds("python/own/api.pyi python/own/own.py python/own/tests/case.py python/own/tests/data.json tool/run"),
			},
			{
				Config:           config(`prune = ["tests", "type_stubs"]`),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction("layerbuild_package.p", plancheck.ResourceActionUpdate)}, PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				Check:            holds("python/own/own.py tool/run"),
			},
			{
				Config: config("prune = [\"tests\"]\n  keep = [\"**/*.json\"]\n  exclude = [\"**/*.pyi\", \"none/*\"]\n  executables = [\"tool/*\"]"), ConfigPlanChecks: expectEmpty(),
				Check: holds("python/own/own.py python/own/tests/data.json tool/run"),
			},
		},
	})
}

// TestFunctionsAreNoLayers builds the zip of a function's code, which no layer
// version may be made of.
func TestFunctionsAreNoLayers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("src/handler.py", "import idna\n")
	out := filepath.Join(w.dir, "function.zip")
	function := w.config(`
resource "layerbuild_package" "f" {
  runtimes    = ["python3.12"]
  kind        = "function"
  output_path = %q
  python      = { requirements = ["idna"] }
  files       = [{ source = %q }]
  exclude     = ["*.dist-info"]
}`, out, w.dir+"/src")
	version := `
resource "layerbuild_version" "v" {
  layer_name = "deps"
  package    = layerbuild_package.f
}`
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{
				Config: function, ConfigPlanChecks: expectEmpty(),
				Check: func(*terraformState) error {
					if got, want := strings.Join(keys(unzip(t, out)), " "), "handler.py idna/__init__.py"; got != want {
						return fmt.Errorf("the zip holds %q, want %q", got, want)
					}
					return nil
				},
			},
			{Config: function + version, ExpectError: sentenceLike(`(?s)The package is the code of a function.*kind = "function".*aws_lambda_function`)},
		},
	})
	if live := w.aws.Live(region, "deps"); len(live) != 0 {
		t.Errorf("AWS has %d versions", len(live))
	}
}

func TestPackageRefusesUnusableSelections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source := filepath.Dir(w.write("src/a.py", "A = 1\n"))
	for name, c := range map[string]struct{ arguments, want string }{
		"preset":      {`prune = ["everything"]`, `everything`},
		"keep":        {`keep = ["/python"]`, `(?s)Malformed pattern "/python".*is absolute`},
		"executables": {`executables = ["!x"]`, `(?s)Malformed pattern "!x".*cannot be negated`},
		"kind":        {`kind = "image"`, `image`},
		"ignore file": {fmt.Sprintf(`files = [{ source = %q, ignore_file = ".gitignore" }]`, source), `\.gitignore" is missing`},
		"links":       {fmt.Sprintf(`files = [{ source = %q, symlinks = "out" }]`, source), `out`},
		"content":     {`files = [{ content = "x", target = "a", symlinks = "error" }]`, `content has none`},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			files := fmt.Sprintf("files = [{ source = %q }]\n  ", source)
			if strings.HasPrefix(c.arguments, "files") {
				files = ""
			}
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{{
					Config:      w.config("\nresource \"layerbuild_package\" \"p\" {\n  runtimes = [\"python3.12\"]\n  output_path = %q\n  %s%s\n}", filepath.Join(t.TempDir(), "l.zip"), files, c.arguments),
					ExpectError: sentenceLike(c.want),
				}},
			})
		})
	}
}
