package provider

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// npmUniverse is the registry of most tests: a package that needs another,
// native code for two architectures, a script, peers that conflict.
const npmUniverse = `
web 1.0.0
  dependencies: parse ^1.0.0
parse 1.0.0
parse 1.4.0
  uploaded: 2024-02-01T00:00:00Z
picture 1.0.0
  optional: @picture/linux-x64 1.0.0, @picture/linux-arm64 1.0.0
@picture/linux-x64 1.0.0
  os: linux
  cpu: x64
@picture/linux-arm64 1.0.0
  os: linux
  cpu: arm64
compiled 1.0.0
  script: install node-gyp rebuild
module 1.0.0
  json: {"type": "module"}
frame 1.0.0
frame 2.0.0
plug 1.0.0
  peer: frame ^1.0.0
mac 1.0.0
  os: darwin
@aws-sdk/client-s3 3.0.0
`

// goldenNode is the digest of the package of TestNodePackageIsKnownAtPlan, on
// every system. It moves only with the layout version and the encoder.
const goldenNode = "3bb351fb3f68e79485db7485556ab64bc343ff9314c8c7b17bff9b8020e3f033"

// npmWorld is a world with a registry.
type npmWorld struct {
	*world
	npm *indextest.NPM
}

func newNPMWorld(t *testing.T) *npmWorld {
	t.Helper()
	return &npmWorld{world: newWorld(t), npm: indextest.NewNPM(t, npmUniverse)}
}

func (w *npmWorld) providers() map[string]func() (tfprotov6.ProviderServer, error) {
	getenv := func(name string) string {
		return map[string]string{"PIP_INDEX_URL": w.index.URL(), "LAYERBUILD_CACHE_DIR": w.cache}[name]
	}
	environ := func() []string { return []string{"NPM_CONFIG_REGISTRY=" + w.npm.URL()} }
	return map[string]func() (tfprotov6.ProviderServer, error){"layerbuild": func() (tfprotov6.ProviderServer, error) {
		p := &layerbuild{version: "test", getenv: getenv, environ: environ, now: func() time.Time { return now }}
		p.secrets = &secret.Keeper{}
		return newServer(p), nil
	}}
}

// packageWith returns a configuration with one package of these arguments.
func (w *npmWorld) packageWith(out, arguments string) string {
	return w.config("\nresource \"layerbuild_package\" \"p\" {\n  output_path = %q\n  %s\n}", out, lines(arguments))
}

// TestCutOffsOfOnePackage gives each ecosystem its own moment: it holds for that one
// alone.
func TestCutOffsOfOnePackage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ python, nodejs, idna, parse string }{
		"of Python":  {`, exclude_newer = "2024-01-15"`, "", "3.6", "1.4.0"},
		"of Node.js": {"", `, exclude_newer = "2024-01-15"`, "3.7", "1.0.0"},
		"of both":    {`, exclude_newer = "2024-01-15"`, `, exclude_newer = "2024-06-01"`, "3.6", "1.4.0"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			w := newNPMWorld(t)
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{{
					Config: w.packageWith(filepath.Join(w.dir, "layer.zip"), fmt.Sprintf(
						`runtimes = ["python3.12", "nodejs22.x"]; python = { requirements = ["idna"]%s }; nodejs = { dependencies = { parse = "^1.0.0" }%s }`, c.python, c.nodejs)),
					ConfigPlanChecks: expectEmpty(),
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue("layerbuild_package.p", at1("contents"), knownvalue.MapExact(map[string]knownvalue.Check{
							"python:idna": knownvalue.StringExact(c.idna), "nodejs:parse": knownvalue.StringExact(c.parse),
						})),
					},
				}},
			})
		})
	}
}

// packageLock writes a project with a lock of an older parse than the registry
// has.
func (w *npmWorld) packageLock(integrityOfParse string) string {
	w.Helper()
	entry := func(name, version, more string) string {
		_, integrity := w.npm.Tarball(name, version)
		if name == "parse" && integrityOfParse != "" {
			integrity = integrityOfParse
		}
		return fmt.Sprintf(`"node_modules/%s": {"version": %q, "resolved": %q, "integrity": %q%s}`, name, version, w.npm.TarballURL(name, version), integrity, more)
	}
	w.write("project/package.json", `{"name": "app", "version": "1.0.0", "dependencies": {"web": "^1.0.0"}, "devDependencies": {"module": "1.0.0"}}`)
	return w.write("project/package-lock.json", `{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": {
"": {"name": "app", "version": "1.0.0", "dependencies": {"web": "^1.0.0"}, "devDependencies": {"module": "1.0.0"}},
`+entry("module", "1.0.0", `, "dev": true`)+",\n"+entry("parse", "1.0.0", "")+",\n"+entry("web", "1.0.0", `, "dependencies": {"parse": "^1.0.0"}`)+"}}\n")
}

func contentsAre(want map[string]knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue("layerbuild_package.p", at1("contents"), knownvalue.MapExact(want))
}

func version(text string) knownvalue.Check { return knownvalue.StringExact(text) }

func TestNodePackageIsKnownAtPlan(t *testing.T) {
	t.Parallel()
	w := newNPMWorld(t)
	w.write("src/own.js", "module.exports = 1\n")
	out := filepath.Join(w.dir, "layer.zip")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config: w.packageWith(out, fmt.Sprintf(`runtimes = ["nodejs22.x", "nodejs24.x"]; architectures = ["x86_64", "arm64"]; nodejs = { dependencies = { web = "^1", "@aws-sdk/client-s3" = "3" } }
  files = [{ source = %q, target = "nodejs/node_modules/own" }]; exclude = ["**/*.md"]`, filepath.Join(w.dir, "src"))),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{
					plancheck.ExpectKnownValue("layerbuild_package.p", at1("sha256"), knownvalue.StringExact(goldenNode)),
				},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			ConfigStateChecks: []statecheck.StateCheck{
				contentsAre(map[string]knownvalue.Check{
					"nodejs:web": version("1.0.0"), "nodejs:parse": version("1.4.0"), "nodejs:@aws-sdk/client-s3": version("3.0.0"),
					"files:nodejs/node_modules/own": knownvalue.StringRegexp(regexp.MustCompile(`^[0-9a-f]{12} \(1 file\)$`)),
				}),
				statecheck.ExpectKnownValue("layerbuild_package.p", at1("source_code_hash"), knownvalue.StringFunc(func(got string) error {
					if want := base64SHA256(t, out); got != want {
						return fmt.Errorf("got %s, the zip has %s", got, want)
					}
					return nil
				})),
			},
		}},
	})
	files := unzip(t, out)
	for _, name := range []string{"nodejs/node_modules/web/package.json", "nodejs/node_modules/parse/index.js", "nodejs/node_modules/own/own.js"} {
		if _, ok := files[name]; !ok {
			t.Errorf("%s is not in the layer: %q", name, keys(files))
		}
	}
}

// TestNodeLockFileIsObeyed takes what the lock holds, and asks the registry for
// tarballs alone.
func TestNodeLockFileIsObeyed(t *testing.T) {
	t.Parallel()
	w := newNPMWorld(t)
	lock := w.packageLock("")
	out := filepath.Join(w.dir, "layer.zip")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config:            w.packageWith(out, fmt.Sprintf(`runtimes = ["nodejs22.x"]; nodejs = { lock_file = %q }`, lock)),
			ConfigPlanChecks:  expectEmpty(),
			ConfigStateChecks: []statecheck.StateCheck{contentsAre(map[string]knownvalue.Check{"nodejs:web": version("1.0.0"), "nodejs:parse": version("1.0.0")})},
		}},
	})
	for _, r := range w.npm.Requests() {
		if !strings.HasSuffix(r.Path, ".tgz") {
			t.Errorf("the registry was asked for %s", r.Path)
		}
	}
}

// TestNodePackageFollowsItsArguments changes one thing at a time.
func TestNodePackageFollowsItsArguments(t *testing.T) {
	t.Parallel()
	w := newNPMWorld(t)
	project := w.write("app/package.json", `{"dependencies": {"plug": "1", "frame": "1"}, "devDependencies": {"module": "1"}}`)
	out := filepath.Join(w.dir, "layer.zip")
	step := func(nodejs string, contents map[string]knownvalue.Check) resource.TestStep {
		return resource.TestStep{
			Config:           w.packageWith(out, `runtimes = ["nodejs22.x"]; nodejs = { `+nodejs+` }`),
			ConfigPlanChecks: expectEmpty(), ConfigStateChecks: []statecheck.StateCheck{contentsAre(contents)},
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			step(`dependencies = { web = "^1" }, exclude_newer = "2024-01-15"`, map[string]knownvalue.Check{"nodejs:web": version("1.0.0"), "nodejs:parse": version("1.0.0")}),
			step(`dependencies = { web = "^1" }`, map[string]knownvalue.Check{"nodejs:web": version("1.0.0"), "nodejs:parse": version("1.0.0")}),
			step(`dependencies = { parse = "^1.1.0" }`, map[string]knownvalue.Check{"nodejs:parse": version("1.4.0")}),
			step(`dependencies = { parse = "^1.0.0" }, exclude_newer = "2024-01-15"`, map[string]knownvalue.Check{"nodejs:parse": version("1.0.0")}),
			step(`package_json = "`+project+`"`, map[string]knownvalue.Check{"nodejs:plug": version("1.0.0"), "nodejs:frame": version("1.0.0")}),
			step(`dependencies = { plug = "1", frame = "2" }, legacy_peer_deps = true`, map[string]knownvalue.Check{"nodejs:plug": version("1.0.0"), "nodejs:frame": version("2.0.0")}),
			step(`dependencies = { compiled = "1" }, allow_install_scripts = ["compiled"]`, map[string]knownvalue.Check{"nodejs:compiled": version("1.0.0")}),
			step(`dependencies = { alias = "npm:parse@1.0.0" }`, map[string]knownvalue.Check{"nodejs:parse": version("1.0.0")}),
		},
	})
}

// TestNodePackageRefuses holds bad input against the sentence that names it. No
// case leaves a zip.
func TestNodePackageRefuses(t *testing.T) {
	t.Parallel()
	w := newNPMWorld(t)
	lock := w.packageLock("sha512-" + strings.Repeat("A", 86) + "==")
	broken := w.write("broken/package-lock.json", "{")
	stale := w.write("stale/package-lock.json", `{"name": "app", "lockfileVersion": 3, "packages": {"": {"name": "app", "dependencies": {"web": "^1.0.0"}}}}`)
	for name, c := range map[string]struct{ arguments, want string }{
		"no node runtime":     {`runtimes = ["python3.12"]; nodejs = { dependencies = { web = "1" } }`, `none of its runtimes runs Node.js`},
		"nothing":             {`runtimes = ["nodejs22.x"]; nodejs = {}`, `No Node.js package`},
		"no dependency":       {`runtimes = ["nodejs22.x"]; nodejs = { dependencies = {} }`, `at least 1 elements`},
		"null":                {`runtimes = ["nodejs22.x"]; nodejs = { dependencies = { web = null } }`, `null value`},
		"two sources":         {fmt.Sprintf(`runtimes = ["nodejs22.x"]; nodejs = { dependencies = { web = "1" }, lock_file = %q }`, lock), `Dependencies beside a lock file`},
		"a cut-off of a lock": {fmt.Sprintf(`runtimes = ["nodejs22.x"]; nodejs = { lock_file = %q, exclude_newer = "2024-01-01" }`, lock), `Arguments of a resolution beside a lock file`},
		"malformed moment":    {`runtimes = ["nodejs22.x"]; nodejs = { dependencies = { web = "1" }, exclude_newer = "yesterday" }`, `Malformed moment "yesterday"`},
		"missing lock":        {`runtimes = ["nodejs22.x"]; nodejs = { lock_file = "absent/package-lock.json" }`, `There is no lock file "absent/package-lock.json"`},
		"broken lock":         {fmt.Sprintf(`runtimes = ["nodejs22.x"]; nodejs = { lock_file = %q }`, broken), `(?s)cannot be used.*package-lock.json`},
		"stale lock":          {fmt.Sprintf(`runtimes = ["nodejs22.x"]; nodejs = { lock_file = %q }`, stale), `(?s)cannot be used.*npm install`},
		"edited integrity":    {fmt.Sprintf(`runtimes = ["nodejs22.x"]; nodejs = { lock_file = %q }`, lock), `The tarball of "parse@1.0.0" is not the one that was locked`},
		"missing project":     {`runtimes = ["nodejs22.x"]; nodejs = { package_json = "absent/package.json" }`, `There is no file "absent/package.json"`},
		"unknown package":     {`runtimes = ["nodejs22.x"]; nodejs = { dependencies = { webb = "1" } }`, `There is no package "webb"`},
		"malformed name":      {`runtimes = ["nodejs22.x"]; nodejs = { dependencies = { ".web" = "1" } }`, `".web"`},
		"impossible version":  {`runtimes = ["nodejs22.x"]; nodejs = { dependencies = { web = "^7" } }`, `No version of "web" fits "\^7"`},
		"conflict":            {`runtimes = ["nodejs22.x"]; nodejs = { dependencies = { plug = "1", frame = "2" } }`, `(?s)peer dependencies conflict.*frame`},
		"other platform":      {`runtimes = ["nodejs22.x"]; nodejs = { dependencies = { mac = "1" } }`, `"mac" does not run on the target`},
		"repository":          {`runtimes = ["nodejs22.x"]; nodejs = { dependencies = { web = "git+https://example.com/web.git" } }`, `"web" comes from no registry`},
		"both architectures":  {`runtimes = ["nodejs22.x"]; architectures = ["x86_64", "arm64"]; nodejs = { dependencies = { picture = "1" } }`, `(?s)cannot serve both architectures.*@picture/linux-arm64@1.0.0.*for_each`},
		"script":              {`runtimes = ["nodejs22.x"]; nodejs = { dependencies = { compiled = "1" } }`, `(?s)"compiled" has an install script.*allow_install_scripts = \["compiled"\]`},
		"shadow":              {`runtimes = ["nodejs22.x"]; nodejs = { dependencies = { "@aws-sdk/client-s3" = "3" } }; checks = { sdk_shadow = "error" }`, `brings its own AWS SDK`},
		"malformed glob":      {`runtimes = ["nodejs22.x"]; nodejs = { dependencies = { web = "1" }, allow_install_scripts = ["["] }`, `Malformed glob "\["`},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "layer.zip")
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps:                    []resource.TestStep{{Config: w.packageWith(out, c.arguments), ExpectError: sentenceLike(c.want)}},
			})
			if left, err := filepath.Glob(filepath.Join(filepath.Dir(out), "*")); err != nil || len(left) != 0 {
				t.Errorf("left behind: %q, %v", left, err)
			}
		})
	}
}

// TestNodePlanAndApplyOnDifferentMachines plans on one machine, applies on
// another, and finds nothing to do on a third without a network.
func TestNodePlanAndApplyOnDifferentMachines(t *testing.T) {
	t.Parallel()
	registry, aws := indextest.NewNPM(t, npmUniverse), lambdatest.New(t)
	served := "NPM_CONFIG_REGISTRY=" + registry.URL()
	planner := newMachine(t, nil).uses(served)
	planner.write("main.tf", strings.NewReplacer(
		`["python3.12"]`, `["nodejs22.x"]`, `python   = { requirements = ["requests"] }`, `nodejs   = { package_json = "${path.module}/app/package.json" }`,
	).Replace(pipeline(aws.URL(), "", "requests", "first")))
	planner.write("app/package.json", `{"dependencies": {"web": "^1"}}`)
	planner.write("src/shared.py", "VALUE = 1\n")
	planner.terraform(0, "plan", "-out=saved.tfplan")
	hash := planner.planned("saved.tfplan", "layerbuild_package.deps", "source_code_hash")

	applier := newMachine(t, planner).uses(served)
	applier.terraform(0, "apply", "saved.tfplan")
	live := aws.Live(region, "deps")
	if len(live) != 1 || live[0].CodeSHA256 != hash || len(hash) != 44 {
		t.Fatalf("AWS has %+v, planned was %s", live, hash)
	}
	idle := newMachine(t, applier).uses("NPM_CONFIG_REGISTRY=http://127.0.0.1:9/")
	idle.terraform(0, "plan", "-detailed-exitcode")
	if left := idle.zips(); len(left) != 0 {
		t.Errorf("a plan without changes wrote %q", left)
	}
}
