package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// madeAtApply is a package of files that another resource makes while it is
// applied, and the object or version that is made of it.
func madeAtApply(url, maker, arguments string) string {
	return requiredProvider + fmt.Sprintf(`
provider "layerbuild" {
  endpoints {
    lambda = %[1]q
    s3     = %[1]q
    sts    = %[1]q
  }
}
resource "terraform_data" "build" {
  triggers_replace = filemd5("src/x.py")
  provisioner "local-exec" { command = %[2]q }
}
resource "layerbuild_package" "p" {
  runtimes = ["python3.12"]
  %[3]s
}
resource "layerbuild_version" "v" {
  layer_name = "made"
  package    = layerbuild_package.p
}
`, url, maker, lines(arguments))
}

// TestFilesThatChangeDuringTheApply has another resource make or change inputs
// of a package that does not know of it: the apply stops with what changed and
// what to write, for what is created and for what is updated.
func TestFilesThatChangeDuringTheApply(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, universe)
	for name, c := range map[string]struct{ maker, arguments, want string }{
		"a new file":          {"cp src/x.py src/gen_$(cat src/x.py | wc -c).py", `files = [{ source = "src", target = "python" }]; depends_on = [terraform_data.build]`, `(?s)"src" changed between the plan and this apply.*"python/gen_[0-9]+.py" is new.*triggers = \{ build = terraform_data.build.id }`},
		"a changed file":      {"cp src/x.py src/y.py", `files = [{ source = "src/y.py", target = "python/y.py" }]; depends_on = [terraform_data.build]`, `(?s)"src/y.py" changed between the plan and this apply.*"python/y.py" changed`},
		"a requirements file": {"(echo idna==3.6; cat src/extra) > src/requirements.txt", `python = { requirements_file = "src/requirements.txt" }; depends_on = [terraform_data.build]`, `(?s)"src/requirements.txt" changed between the plan and this apply.*triggers`},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			aws := lambdatest.New(t)
			m := newMachine(t, nil).uses("PIP_INDEX_URL=" + index.URL())
			m.write("main.tf", madeAtApply(aws.URL(), c.maker, c.arguments))
			m.write("src/x.py", "X = 1\n")
			m.write("src/y.py", "Y = 0\n")
			m.write("src/extra", "jmespath\n")
			m.write("src/requirements.txt", "idna==3.7\n")
			stopped := func(when string) {
				t.Helper()
				out := m.terraform(1, "apply", "-auto-approve")
				if !sentenceLike(c.want).MatchString(out) || blames.MatchString(out) {
					t.Errorf("%s does not say %q:\n%s", when, c.want, out)
				}
			}
			stopped("the creation")
			if live := aws.Live(region, "made"); len(live) != 0 {
				t.Fatalf("%d versions were published", len(live))
			}
			m.terraform(0, "apply", "-auto-approve") // what made the files is there now
			m.write("src/x.py", "X = 10\n")
			m.write("src/y.py", "Y = 5\n")
			m.write("src/extra", "native\n")
			m.write("src/requirements.txt", "idna==3.7\nnative\n")
			stopped("the update")
			if live := aws.Live(region, "made"); len(live) != 1 {
				t.Fatalf("AWS has %d versions, want the first alone", len(live))
			}
		})
	}
}

// TestEditsBetweenRunsAreNoFault plans, edits and applies anew: only what
// changes within one run is a fault.
func TestEditsBetweenRunsAreNoFault(t *testing.T) {
	t.Parallel()
	m := newMachine(t, nil)
	m.write("main.tf", requiredProvider+`
resource "layerbuild_package" "p" {
  runtimes = ["python3.12"]
  files    = [{ source = "src", target = "python" }]
}
`)
	for _, content := range []string{"1", "2", "3"} {
		m.write("src/x.py", content)
		m.terraform(0, "plan", "-out=saved.tfplan")
		m.write("src/x.py", content+"0")
		m.terraform(0, "apply", "-auto-approve")
		m.terraform(0, "plan", "-detailed-exitcode")
	}
}

// TestTriggersLetFilesBeMadeDuringTheApply writes what the message says: the
// hash is known after the apply, one apply is enough, and a fresh checkout,
// which lacks the made files, plans nothing.
func TestTriggersLetFilesBeMadeDuringTheApply(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		maker, source string
		made          string // what a checkout lacks
		arguments     string
	}{
		"beside what is committed": {"cp src/x.py src/gen_x.py", "src", "src/gen_x.py", ""},
		"a folder of its own":      {"mkdir -p dist/sub; cp src/x.py dist/x.py; cp src/x.py dist/sub/x.py", "dist", "dist", ""},
		"a function":               {"cp src/x.py src/gen_x.py", "src", "src/gen_x.py", "; kind = \"function\""},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			aws := lambdatest.New(t)
			config := madeAtApply(aws.URL(), c.maker, fmt.Sprintf(`files = [{ source = %q, target = "python" }]; triggers = { build = terraform_data.build.id }; depends_on = [terraform_data.build]%s`, c.source, c.arguments))
			if c.arguments != "" {
				config = config[:strings.Index(config, `resource "layerbuild_version"`)]
			}
			m := newMachine(t, nil)
			m.write("main.tf", config)
			m.write("src/x.py", "X = 1\n")
			m.terraform(0, "apply", "-auto-approve")
			m.terraform(0, "plan", "-detailed-exitcode")

			fresh := newMachine(t, m)
			fresh.remove(c.made)
			if out := fresh.terraform(0, "plan", "-detailed-exitcode"); c.arguments != "" && !sentenceLike(`Files that an earlier apply made are missing here`).MatchString(out) {
				t.Errorf("the plan does not tell of the zip:\n%s", out)
			}
			if blamed, err := filepath.Glob(filepath.Join(fresh.dir, c.made)); err != nil || len(blamed) != 0 {
				t.Errorf("%q, %v", blamed, err)
			}
			// A change on the fresh checkout is made there, from the beginning.
			fresh.write("src/x.py", "X = 22\n")
			fresh.terraform(0, "apply", "-auto-approve")
			fresh.terraform(0, "plan", "-detailed-exitcode")
			if c.arguments == "" {
				live := aws.Live(region, "made")
				if len(live) != 2 {
					t.Errorf("AWS has %d versions, want 2", len(live))
				}
			}
			// What is committed is looked at all the same.
			again := newMachine(t, fresh)
			again.remove(c.made)
			if c.source == "src" {
				again.write("src/more.py", "M = 1\n")
				again.terraform(2, "plan", "-detailed-exitcode")
			}
			if err := os.RemoveAll(filepath.Join(again.dir, ".terraform")); err != nil {
				t.Fatal(err)
			}
		})
	}
}
