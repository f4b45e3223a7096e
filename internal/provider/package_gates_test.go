package provider

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// TestFaultsOfAnExistingPackageStopThePlan breaks the inputs of a package that
// exists: a plan fails, so does the refresh of a destroy, and the message has
// the way out.
func TestFaultsOfAnExistingPackageStopThePlan(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, universe)
	served := "PIP_INDEX_URL=" + index.URL()
	const sound = requiredProvider + `
resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  python   = { requirements = ["idna"] }
  files    = [{ source = "src", target = "python" }]
}
`
	first := newMachine(t, nil).uses(served)
	first.write("main.tf", sound)
	first.write("src/a.py", "A = 1\n")
	first.terraform(0, "apply", "-auto-approve")
	state, err := os.ReadFile(filepath.Join(first.dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil func(*machine)
		want  string
	}{
		"a source that is gone":   {func(m *machine) { m.remove("src") }, `The files of "src" cannot be read`},
		"an unknown distribution": {func(m *machine) { m.write("main.tf", strings.Replace(sound, "idna", "idnaa", 1)) }, `There is no distribution "idnaa"`},
		"nothing that fits":       {func(m *machine) { m.write("main.tf", strings.Replace(sound, "idna", "idna>9", 1)) }, `No version of "idna" fits`},
		"an index out of reach": {func(m *machine) {
			m.uses(cut)
			m.write("main.tf", strings.Replace(sound, "idna", "requests", 1))
		}, `127.0.0.1:9`},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, first).uses(served)
			c.spoil(m)
			for _, command := range [][]string{{"plan"}, {"apply", "-auto-approve"}, {"destroy", "-auto-approve"}} {
				out := m.terraform(1, command...)
				for _, want := range []string{c.want, "run the destroy with -refresh=false."} {
					if !sentenceLike(want).MatchString(out) {
						t.Errorf("%s does not say %q:\n%s", command[0], want, out)
					}
				}
			}
			if now, err := os.ReadFile(filepath.Join(m.dir, "terraform.tfstate")); err != nil || string(now) != string(state) {
				t.Errorf("the state changed: %v\n%s", err, now)
			}
			m.terraform(0, "destroy", "-auto-approve", "-refresh=false")
		})
	}
}

// remove deletes a file or a folder.
func (m *machine) remove(name string) {
	m.Helper()
	if err := os.RemoveAll(filepath.Join(m.dir, filepath.FromSlash(name))); err != nil {
		m.Fatal(err)
	}
}

// checkedPackages is a package and its version, with a severity for a check, and a second
// package that is to be made where a severity for it is given.
func (w *world) checkedPackages(runtime, requirement, more, check, severity, second string) string {
	layer := func(name, severity string) string {
		return fmt.Sprintf(`
resource "layerbuild_package" %q {
  runtimes    = [%q]
  output_path = %q
  python      = { requirements = [%q]%s }
  checks      = { %s = %q }
}`, name, runtime, filepath.Join(w.dir, name+".zip"), requirement, more, check, severity)
	}
	config := w.config(`%s
resource "layerbuild_version" "v" {
  layer_name = "gated"
  package    = layerbuild_package.p
}`, layer("p", severity))
	if second != "" {
		config += layer("q", second)
	}
	return config
}

// TestFailedChecksGate lets a check fail for a package that exists: with
// "error" neither create nor update gets past it, and with "warning" one apply
// leaves nothing to do.
func TestFailedChecksGate(t *testing.T) {
	t.Parallel()
	for check, c := range map[string]struct {
		runtime, requirement, more string
		// passes is a severity with which the package can be made; fail makes the
		// check fail from then on.
		passes string
		fail   func(*world) error
		want   string
	}{
		"withdrawn": {
			runtime: "python3.12", requirement: "idna==3.6", passes: "error",
			fail: func(w *world) error {
				w.cache = w.TempDir()
				return w.index.Add("idna 3.6\n  yanked: leaks secrets\n")
			},
			want: `idna 3.6 was yanked by its authors: "leaks secrets"`,
		},
		"runtime_dates": {
			runtime: "python3.11", requirement: "idna", passes: "error",
			fail: func(w *world) error {
				w.clock = func() time.Time { return time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC) }
				return nil
			},
			want: `The runtime "python3.11" is deprecated since`,
		},
		"sdk_shadow": {
			runtime: "python3.12", requirement: "boto3", more: `, exclude = ["botocore"]`, passes: "off",
			fail: func(*world) error { return nil },
			want: `boto3 comes from the layer and botocore from the runtime`,
		},
	} {
		t.Run(check, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			config := func(severity, second string) string {
				return w.checkedPackages(c.runtime, c.requirement, c.more, check, severity, second)
			}
			edited := strings.Replace(config("error", ""), "checks ", "triggers = { run = \"2\" }\n  checks ", 1)
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{
					{Config: config(c.passes, ""), ConfigPlanChecks: expectEmpty()},
					{
						PreConfig: func() {
							if err := c.fail(w); err != nil {
								t.Fatal(err)
							}
						},
						Config: config("error", ""), ExpectError: sentenceLike(`(?s)` + c.want + `.*-refresh=false`),
					},
					{Config: edited, ExpectError: sentenceLike(c.want)},
					{Config: config("warning", ""), ConfigPlanChecks: expectEmpty()},
					{Config: config("warning", "error"), ExpectError: sentenceLike(c.want)},
					{Config: config("warning", "warning"), ConfigPlanChecks: expectEmpty()},
				},
			})
		})
	}
}

// freshCheckout is the code of a function, or a layer, that the provider of AWS
// reads from disk.
func (w *world) freshCheckout(functions int, description string) string {
	return w.config(`
resource "layerbuild_package" "api" {
  kind        = "function"
  runtimes    = ["python3.12"]
  python      = { requirements = ["idna==3.6"] }
  files       = [{ content = "def handler(e, c): return 1", target = "app.py" }]
  output_path = %[1]q
}
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  python      = { requirements = ["idna==3.7"] }
  write_zip   = "always"
  output_path = %[2]q
}
resource "layerbuild_package" "silent" {
  runtimes    = ["python3.12"]
  python      = { requirements = ["idna==3.7"] }
  output_path = %[3]q
}
resource "aws_lambda_function" "f" {
  count            = %[4]d
  function_name    = "f${count.index}"
  filename         = layerbuild_package.api.filename
  source_code_hash = layerbuild_package.api.source_code_hash
  runtime          = "python3.12"
  handler          = "app.handler"
  role             = "arn:aws:iam::123456789012:role/x"
}
resource "aws_lambda_layer_version" "deps" {
  layer_name       = "deps"
  filename         = layerbuild_package.p.filename
  source_code_hash = layerbuild_package.p.source_code_hash
  description      = %[5]q
}
output "md5" { value = filemd5(layerbuild_package.p.filename) }
`, filepath.Join(w.dir, "api.zip"), filepath.Join(w.dir, "layer.zip"), filepath.Join(w.dir, "silent.zip"), functions, description)
}

// TestZipIsPutBackOnAFreshCheckout loses the zips between the runs, as a new
// worker does: who reads filename finds it, from the cache or by fetching.
func TestZipIsPutBackOnAFreshCheckout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lose := func(cache bool) func() {
		return func() {
			for _, name := range []string{"api.zip", "layer.zip", "silent.zip"} {
				if err := os.Remove(filepath.Join(w.dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
			}
			if cache {
				w.cache = t.TempDir()
			}
		}
	}
	packagesStay := func(layer, function plancheck.ResourceActionType, index int) resource.ConfigPlanChecks {
		return expectActions(map[string]plancheck.ResourceActionType{
			"layerbuild_package.api": plancheck.ResourceActionNoop, "layerbuild_package.p": plancheck.ResourceActionNoop, "layerbuild_package.silent": plancheck.ResourceActionNoop,
			awsLayer: layer, fmt.Sprintf("aws_lambda_function.f[%d]", index): function,
		})
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.both(),
		Steps: []resource.TestStep{
			{Config: w.freshCheckout(1, "first"), ConfigPlanChecks: expectEmpty()},
			{
				PreConfig:        lose(false),
				Config:           w.freshCheckout(2, "first"),
				ConfigPlanChecks: packagesStay(plancheck.ResourceActionNoop, plancheck.ResourceActionCreate, 1),
				Check: func(*terraformState) error {
					if _, err := os.Stat(filepath.Join(w.dir, "silent.zip")); !errors.Is(err, os.ErrNotExist) {
						return fmt.Errorf("the zip of a layer that nobody reads was put back: %v", err)
					}
					return nil
				},
			},
			{
				PreConfig:        lose(true),
				Config:           w.freshCheckout(3, "second"),
				ConfigPlanChecks: packagesStay(plancheck.ResourceActionReplace, plancheck.ResourceActionCreate, 2),
			},
			{
				PreConfig: func() {
					lose(true)()
					w.env = map[string]string{"LAYERBUILD_OFFLINE": "true"}
				},
				Config:      w.freshCheckout(1, "second"),
				ExpectError: sentenceLike(`(?s)The zip "[^"]*" cannot be put back.*idna.*write_zip = "on_change".*-refresh=false`),
			},
			{
				PreConfig: func() { w.env = nil },
				Config:    w.freshCheckout(1, "second"),
			},
		},
	})
}
