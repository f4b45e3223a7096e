package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// golden is the digest of the package of TestPackageIsKnownAtPlan, on every
// system. It moves only with the layout version.
const golden = "ae46fe97655997184298ae7403d4e4fe57a271e28c84e18ad50d1646608dfb8d"

func at1(name string) tfjsonpath.Path { return tfjsonpath.New(name) }

func expectEmpty() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

func TestPackageIsKnownAtPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("src/shared.py", "VALUE = 1\n")
	w.write("src/shared_test.py", "assert False\n")
	out := filepath.Join(w.dir, "layer.zip")
	config := w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.11", "python3.12"]
  output_path = %q
  python      = { requirements = ["Requests==2.31.0", "native"] }
  files = [
    { source = %q, target = "python/shared", exclude = ["*_test.py"] },
    { content = "#!/bin/sh\n", target = "bin/run" },
  ]
  exclude = ["**/*.dist-info/RECORD"]
}`, out, filepath.Join(w.dir, "src"))
	address := "layerbuild_package.p"
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config: config,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{
					plancheck.ExpectKnownValue(address, at1("sha256"), knownvalue.StringExact(golden)),
					plancheck.ExpectKnownValue(address, at1("contents"), knownvalue.MapExact(map[string]knownvalue.Check{
						"python:requests": knownvalue.StringExact("2.31.0"), "python:idna": knownvalue.StringExact("3.7"),
						"python:native":       knownvalue.StringExact("1.0"),
						"files:python/shared": knownvalue.StringRegexp(regexp.MustCompile(`^[0-9a-f]{12} \(1 file\)$`)),
						"files:bin/run":       knownvalue.StringRegexp(regexp.MustCompile(`^[0-9a-f]{12} \(1 file\)$`)),
					})),
				},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(address, at1("filename"), knownvalue.StringExact(out)),
				statecheck.ExpectKnownValue(address, at1("architectures"), knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("x86_64")})),
				statecheck.ExpectKnownValue(address, at1("source_code_hash"), knownvalue.StringFunc(func(got string) error {
					if want := base64SHA256(t, out); got != want {
						return fmt.Errorf("got %s, the zip has %s", got, want)
					}
					return nil
				})),
			},
		}},
	})
}

func TestPackageHoldsWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("src/shared.py", "VALUE = 1\n")
	w.write("src/sub/deep.txt", "deep\n")
	out := filepath.Join(w.dir, "layer.zip")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config: w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.11", "python3.12"]
  output_path = %q
  python      = { requirements = ["requests", "native"] }
  files = [
    { source = %q, target = "python/shared" },
    { source = %q, target = "python/one.py" },
    { source = %q, target = "python/" },
    { content = "{}", target = "python/settings.json" },
  ]
  exclude = ["**/*.dist-info"]
}`, out, w.dir+"/src", w.dir+"/src/shared.py", w.dir+"/src/shared.py"),
			ConfigPlanChecks: expectEmpty(),
			Check: func(*terraformState) error {
				files := unzip(t, out)
				for name, want := range map[string]string{
					"python/requests/api.py": "def get(): return \"got\"\n", "python/shared/shared.py": "VALUE = 1\n",
					"python/shared/sub/deep.txt": "deep\n", "python/one.py": "VALUE = 1\n", "python/shared.py": "VALUE = 1\n",
					"python/settings.json": "{}",
				} {
					if got, ok := files[name]; !ok || got != want {
						t.Errorf("%s holds %q, want %q", name, got, want)
					}
				}
				for _, dir := range []string{"python/idna/", "python/lib/python3.11/site-packages/native/", "python/lib/python3.12/site-packages/native/"} {
					if !hasBelow(files, dir) {
						t.Errorf("nothing below %s", dir)
					}
				}
				if hasBelow(files, "python/native/") || len(files) != 10 {
					t.Errorf("the layer holds %q", keys(files))
				}
				return nil
			},
		}},
	})
}

// TestPackageFollowsItsFiles changes a local file, and nothing else.
func TestPackageFollowsItsFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("src/a.py", "A = 1\n")
	out := filepath.Join(w.dir, "layer.zip")
	config := w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  python      = { requirements = ["idna"] }
  files       = [{ source = %q, target = "python" }]
}`, out, w.dir+"/src")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config, ConfigPlanChecks: expectEmpty()},
			{
				PreConfig: func() {
					w.write("src/a.py", "A = 2\n")
					if err := w.index.Add("idna 4.0\n"); err != nil {
						t.Fatal(err)
					}
					w.index.Forget()
				},
				Config: config,
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction("layerbuild_package.p", plancheck.ResourceActionUpdate)},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				Check: func(*terraformState) error {
					if got := unzip(t, out)["python/a.py"]; got != "A = 2\n" {
						t.Errorf("python/a.py holds %q", got)
					}
					if asked := w.index.Requests(); len(asked) != 0 {
						t.Errorf("a change of local files asked the index: %v", asked)
					}
					return nil
				},
			},
		},
	})
}

// TestPackageNeverFloats adds releases and edits one requirement: only what the
// edit asks for moves.
func TestPackageNeverFloats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := filepath.Join(w.dir, "layer.zip")
	config := func(requirements, triggers string) string {
		return w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  python      = { requirements = [%s] }
  triggers    = { day = %q }
}`, out, requirements, triggers)
	}
	locked := func(contents map[string]knownvalue.Check) []statecheck.StateCheck {
		return []statecheck.StateCheck{statecheck.ExpectKnownValue("layerbuild_package.p", at1("contents"), knownvalue.MapExact(contents))}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{
				Config: config(`"idna"`, "one"), ConfigPlanChecks: expectEmpty(),
				ConfigStateChecks: locked(map[string]knownvalue.Check{"python:idna": knownvalue.StringExact("3.7")}),
			},
			{
				PreConfig: func() {
					if err := w.index.Add("idna 4.0\n"); err != nil {
						t.Fatal(err)
					}
				},
				Config:           config(`"idna"`, "one"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			},
			{
				Config: config(`"idna", "requests"`, "one"), ConfigPlanChecks: expectEmpty(),
				ConfigStateChecks: locked(map[string]knownvalue.Check{
					"python:idna": knownvalue.StringExact("3.7"), "python:requests": knownvalue.StringExact("2.31.0"),
				}),
			},
			{
				Config: config(`"idna", "requests"`, "two"), ConfigPlanChecks: expectEmpty(),
				ConfigStateChecks: locked(map[string]knownvalue.Check{
					"python:idna": knownvalue.StringExact("4.0"), "python:requests": knownvalue.StringExact("2.31.0"),
				}),
			},
		},
	})
}

// TestPackageOfUnknownInputs resolves during the apply.
func TestPackageOfUnknownInputs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := filepath.Join(w.dir, "layer.zip")
	config := func(pin string) string {
		return w.config(`
resource "terraform_data" "pin" {
  input = %q
}
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  python      = { requirements = [terraform_data.pin.output] }
}`, pin, out)
	}
	step := func(pin, version string) resource.TestStep {
		return resource.TestStep{
			Config: config(pin),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{plancheck.ExpectUnknownValue("layerbuild_package.p", at1("source_code_hash"))},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("layerbuild_package.p", at1("contents").AtMapKey("python:idna"), knownvalue.StringExact(version)),
			},
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps:                    []resource.TestStep{step("idna==3.6", "3.6"), step("idna==3.7", "3.7")},
	})
}

// TestPackagePutsItsZipBack cuts the zip, then removes it.
func TestPackagePutsItsZipBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := filepath.Join(w.dir, "layer.zip")
	config := w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  python      = { requirements = ["idna"] }
}`, out)
	var was string
	unchanged := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	damage := func(content string) func() {
		return func() {
			if err := os.WriteFile(out, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	restored := func(*terraformState) error {
		if got := base64SHA256(t, out); got != was {
			t.Errorf("the zip has %s, want %s", got, was)
		}
		return nil
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config, Check: func(*terraformState) error { was = base64SHA256(t, out); return nil }},
			{PreConfig: damage("PK cut"), Config: config, ConfigPlanChecks: unchanged, Check: restored},
			{
				PreConfig: func() {
					if err := os.Remove(out); err != nil {
						t.Fatal(err)
					}
				},
				Config: config, ConfigPlanChecks: unchanged,
				Check: func(*terraformState) error {
					if _, err := os.Stat(out); !os.IsNotExist(err) {
						t.Errorf("a missing zip was made without need: %v", err)
					}
					return nil
				},
			},
		},
	})
}

// TestPackageWithoutAUsableCache plans what changes nothing.
func TestPackageWithoutAUsableCache(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  python      = { requirements = ["idna"] }
  files       = [{ source = %q, target = "python/" }, { content = "x", target = "python/x" }]
}`, filepath.Join(w.dir, "layer.zip"), w.write("a.py", ""))
	resource.UnitTest(t, resource.TestCase{
		Steps: []resource.TestStep{
			{ProtoV6ProviderFactories: w.providers(), Config: config},
			{
				PreConfig:                func() { w.cache = w.write("no-directory", "") },
				ProtoV6ProviderFactories: w.providers(),
				Config:                   config,
				ConfigPlanChecks:         resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			},
		},
	})
}

// TestPackageMovesBackWithItsCutOff sets an earlier moment: the lock may hold
// what did not exist then.
func TestPackageMovesBackWithItsCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	step := func(moment, version string) resource.TestStep {
		return resource.TestStep{
			Config: w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  python      = { requirements = ["idna"], exclude_newer = %q }
}`, filepath.Join(w.dir, "layer.zip"), moment),
			ConfigPlanChecks: expectEmpty(),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("layerbuild_package.p", at1("contents").AtMapKey("python:idna"), knownvalue.StringExact(version)),
			},
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps:                    []resource.TestStep{step("2024-06-01", "3.7"), step("2024-01-15", "3.6"), step("2024-07-01", "3.6")},
	})
}

// TestPackageWantsHashesOfItsLock asks for hashes where all else stays: the versions
// that are locked have to have them too.
func TestPackageWantsHashesOfItsLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := func(arguments string) string {
		return w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  python      = { requirements = ["idna==3.7"]%s }
}`, filepath.Join(w.dir, "layer.zip"), arguments)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config("")},
			{Config: config(", require_hashes = true"), PlanOnly: true, ExpectError: sentenceLike(`(?s)Distributions without a hash.*idna==3.7 --hash=sha256:`)},
			{Config: config(", require_hashes = false"), ConfigPlanChecks: expectEmpty()},
		},
	})
}

// TestPackageLeavesOutWhatTerraformWrites packs a folder that Terraform ran in.
func TestPackageLeavesOutWhatTerraformWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"m/a.py", "m/terraform.tfstate", "m/x.tfstate.backup", "m/.terraform/x", "m/.layerbuild/x.zip", "m/.terraform.lock.hcl", "m/__pycache__/a.pyc"} {
		w.write(name, name)
	}
	out := filepath.Join(w.dir, "layer.zip")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config: w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  files       = [{ source = %q, target = "python" }]
}`, out, filepath.Join(w.dir, "m")),
			ConfigPlanChecks: expectEmpty(),
			Check: func(*terraformState) error {
				if got := keys(unzip(t, out)); len(got) != 1 || got[0] != "python/a.py" {
					return fmt.Errorf("the layer holds %q", got)
				}
				return nil
			},
		}},
	})
}

// TestPackageLeavesTheSDKToTheRuntime resolves boto3 and leaves it out, with
// what only it needs.
func TestPackageLeavesTheSDKToTheRuntime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config: w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  python = {
    requirements        = ["boto3", "requests", "native"]
    exclude             = ["Native"]
    exclude_runtime_sdk = true
  }
}`, filepath.Join(w.dir, "layer.zip")),
			ConfigPlanChecks: expectEmpty(),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("layerbuild_package.p", at1("contents"), knownvalue.MapExact(map[string]knownvalue.Check{
					"python:requests": knownvalue.StringExact("2.31.0"), "python:idna": knownvalue.StringExact("3.7"),
				})),
			},
		}},
	})
}

// TestPackageIsNotConfused has a private index for the names that it owns, and
// a newer package of such a name on the public one.
func TestPackageIsNotConfused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	private := indextest.New(t, "acme-lib 1.0\n  requires: idna\nidna 99\n")
	if err := w.index.Add("acme-lib 9.0\n"); err != nil {
		t.Fatal(err)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config: w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  output_path = %q
  python = {
    requirements = ["acme-lib"]
    index        = [{ url = %q, packages = ["acme-*"] }]
  }
}`, filepath.Join(w.dir, "layer.zip"), private.URL()),
			ConfigPlanChecks: expectEmpty(),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("layerbuild_package.p", at1("contents"), knownvalue.MapExact(map[string]knownvalue.Check{
					"python:acme-lib": knownvalue.StringExact("1.0"), "python:idna": knownvalue.StringExact("3.7"),
				})),
			},
			Check: func(*terraformState) error {
				for _, r := range w.index.Requests() {
					if strings.Contains(r.Path, "acme") {
						return fmt.Errorf("the public index was asked for %s", r.Path)
					}
				}
				return nil
			},
		}},
	})
}
