package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// These tests run the built provider under the real Terraform, on machines: a
// machine has a home, a cache and a configuration directory of its own.

// builtProvider builds the provider once for all tests and returns the folder
// of its binary.
var builtProvider = sync.OnceValues(func() (string, error) {
	isBuilt.Store(true)
	dir, err := os.MkdirTemp("", "layerbuild-provider-*")
	if err != nil {
		return "", err
	}
	name := "terraform-provider-layerbuild"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, name), "../..")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	return dir, nil
})

// isBuilt is set where a test has asked for the provider's binary.
var isBuilt atomic.Bool

// cliVariable names the CLI for terraform-plugin-testing, which would download
// one otherwise.
const cliVariable = "TF_ACC_TERRAFORM_PATH"

// noCLI is what the tests say where there is no CLI.
const noCLI = "These tests run Terraform or OpenTofu, and none is downloaded: put terraform on PATH, or name a CLI in " + cliVariable + "."

func TestMain(m *testing.M) {
	if run := os.Getenv(soakVariable); run != "" {
		os.Exit(soakChild(run))
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	if path := cli(); path == "" {
		fmt.Fprintln(os.Stderr, noCLI)
		return 1
	}
	code := m.Run()
	if !isBuilt.Load() {
		return code
	}
	if dir, err := builtProvider(); err == nil {
		_ = os.RemoveAll(dir)
	}
	return code
}

// cli returns the CLI that is named or on PATH, or "".
func cli() string {
	if path := os.Getenv(cliVariable); path != "" {
		return path
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// terraformPath returns the CLI that the tests run.
func terraformPath(t testing.TB) string {
	t.Helper()
	path := cli()
	if _, err := os.Stat(path); err != nil {
		t.Fatal(noCLI)
	}
	return path
}

// machine runs Terraform in a directory with its own home.
type machine struct {
	*testing.T
	dir, home string
	env       []string
	umask     string
}

// newMachine returns a clean machine that holds a copy of another one's
// configuration directory: all but what no commit would hold.
func newMachine(t *testing.T, from *machine) *machine {
	t.Helper()
	m := &machine{T: t, dir: t.TempDir(), home: t.TempDir()}
	provider, err := builtProvider()
	if err != nil {
		t.Fatal(err)
	}
	rc := filepath.Join(m.home, "cli.tfrc")
	text := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"layerbuild/layerbuild\" = %q\n  }\n  direct {}\n}\n", provider)
	if err := os.WriteFile(rc, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m.env = []string{
		"HOME=" + m.home, "XDG_CACHE_HOME=" + filepath.Join(m.home, "cache"), "LOCALAPPDATA=" + m.home, "PATH=" + os.Getenv("PATH"),
		"TF_CLI_CONFIG_FILE=" + rc, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=not-a-secret", "AWS_REGION=eu-west-1", "AWS_EC2_METADATA_DISABLED=true",
	}
	if from != nil {
		m.copyFrom(from)
	}
	return m
}

func (m *machine) copyFrom(from *machine) {
	m.Helper()
	err := filepath.WalkDir(from.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == from.dir {
			return err
		}
		name, err := filepath.Rel(from.dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".layerbuild" {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(m.dir, name), 0o755)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(m.dir, name), b, 0o644)
	})
	if err != nil {
		m.Fatal(err)
	}
}

// uses sets variables of the environment.
func (m *machine) uses(variables ...string) *machine {
	m.env = append(m.env, variables...)
	return m
}

func (m *machine) write(name, content string) {
	m.Helper()
	path := filepath.Join(m.dir, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		m.Fatal(err)
	}
}

// terraform runs the CLI and returns what it printed; want is its exit code.
func (m *machine) terraform(want int, arguments ...string) string {
	m.Helper()
	path := terraformPath(m)
	command := exec.CommandContext(m.Context(), path, append(arguments, "-no-color")...)
	if m.umask != "" {
		command = exec.CommandContext(m.Context(), "sh", append([]string{"-c", "umask " + m.umask + `; exec "$0" "$@"`, path}, append(arguments, "-no-color")...)...)
	}
	command.Dir, command.Env = m.dir, m.env
	out, err := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != want {
		m.Fatalf("terraform %s: exit code %d, want %d: %v\n%s", strings.Join(arguments, " "), code, want, err, out)
	}
	return string(out)
}

// planned returns an attribute of a resource as a saved plan holds it.
func (m *machine) planned(plan, address, attribute string) string {
	m.Helper()
	command := exec.CommandContext(m.Context(), terraformPath(m), "show", "-json", plan)
	command.Dir, command.Env = m.dir, m.env
	out, err := command.Output()
	if err != nil {
		m.Fatalf("reading the plan: %v\n%s", err, out)
	}
	var shown struct {
		PlannedValues struct {
			RootModule struct {
				Resources []struct {
					Address string         `json:"address"`
					Values  map[string]any `json:"values"`
				} `json:"resources"`
			} `json:"root_module"`
		} `json:"planned_values"`
	}
	if err := json.Unmarshal(out, &shown); err != nil {
		m.Fatal(err)
	}
	for _, r := range shown.PlannedValues.RootModule.Resources {
		if r.Address == address {
			return fmt.Sprint(r.Values[attribute])
		}
	}
	m.Fatalf("the plan has no %s: %s", address, out)
	return ""
}

// zips returns the zips in the default place.
func (m *machine) zips() []string {
	m.Helper()
	found, err := filepath.Glob(filepath.Join(m.dir, ".layerbuild", "*.zip"))
	if err != nil {
		m.Fatal(err)
	}
	return found
}

// only checks the numbers of the living versions of the layer.
func only(t *testing.T, aws *lambdatest.AWS, want ...int64) {
	t.Helper()
	var got []int64
	for _, v := range aws.Live(region, "deps") {
		got = append(got, v.Number)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("AWS has versions %v, want %v", got, want)
	}
}

const requiredProvider = `
terraform {
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}
`

// pipeline is a configuration of a package and its version, in AWS at url.
func pipeline(url, settings, requirement, description string) string {
	return requiredProvider + fmt.Sprintf(`
provider "layerbuild" {
  %s
  endpoints {
    lambda = %[2]q
    s3     = %[2]q
    sts    = %[2]q
  }
}
resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  python   = { requirements = [%q] }
  files    = [{ source = "${path.module}/src", target = "python/shared" }]
}
resource "layerbuild_version" "deps" {
  layer_name  = "deps"
  package     = layerbuild_package.deps
  description = %q
}
`, settings, url, requirement, description)
}

// cut is an index that nobody serves.
const cut = "PIP_INDEX_URL=http://127.0.0.1:9/simple/"

// TestPlanAndApplyOnDifferentMachines is promises 1, 2 and 4: the plan knows
// the hash, only the directory and the plan travel, and nothing changes after.
func TestPlanAndApplyOnDifferentMachines(t *testing.T) {
	t.Parallel()
	index, aws := indextest.New(t, universe), lambdatest.New(t)
	served := "PIP_INDEX_URL=" + index.URL()

	planner := newMachine(t, nil).uses(served)
	planner.write("main.tf", pipeline(aws.URL(), "", "requests", "first"))
	planner.write("src/shared.py", "VALUE = 1\n")
	planner.terraform(0, "plan", "-out=saved.tfplan")
	hash := planner.planned("saved.tfplan", "layerbuild_package.deps", "source_code_hash")
	if got := planner.planned("saved.tfplan", "layerbuild_version.deps", "code_sha256"); got != hash || len(hash) != 44 {
		t.Fatalf("the plan of the version has %q, that of the package %q", got, hash)
	}

	applier := newMachine(t, planner).uses(served)
	applier.terraform(0, "apply", "saved.tfplan")
	live := aws.Live(region, "deps")
	if len(live) != 1 || live[0].CodeSHA256 != hash {
		t.Fatalf("AWS has %+v, planned was %s", live, hash)
	}

	// A third machine has neither cache nor zip nor network.
	idle := newMachine(t, applier).uses(cut)
	idle.terraform(0, "plan", "-detailed-exitcode")
	if left := idle.zips(); len(left) != 0 {
		t.Errorf("a plan without changes wrote %q", left)
	}

	// An unchanged package is not called at apply: the version rebuilds it.
	editor := newMachine(t, applier).uses(served)
	editor.write("main.tf", pipeline(aws.URL(), "", "requests", "second"))
	index.Forget()
	editor.terraform(0, "plan", "-out=second.tfplan")
	if asked := index.Requests(); len(asked) != 0 {
		t.Errorf("a plan that changes a description asked the index: %v", asked)
	}
	publisher := newMachine(t, editor).uses(served)
	publisher.terraform(0, "apply", "second.tfplan")
	live = aws.Live(region, "deps")
	if len(live) != 2 || live[1].CodeSHA256 != hash || live[1].Description != "second" {
		t.Fatalf("AWS has %+v, want a second version of %s", live, hash)
	}
	newMachine(t, publisher).uses(cut).terraform(0, "plan", "-detailed-exitcode")

	// Files that changed after the plan stop the apply, and nothing is published.
	editor.copyFrom(publisher)
	editor.write("main.tf", pipeline(aws.URL(), "", "requests", "third"))
	editor.terraform(0, "plan", "-out=third.tfplan")
	late := newMachine(t, editor).uses(served)
	late.write("src/shared.py", "VALUE = 2\n")
	if out := late.terraform(1, "apply", "third.tfplan"); !strings.Contains(out, "src") {
		t.Errorf("the error does not name the source:\n%s", out)
	}
	if got := aws.Live(region, "deps"); len(got) != 2 {
		t.Errorf("AWS has %d versions, want 2", len(got))
	}

	final := newMachine(t, publisher).uses(cut)
	final.terraform(0, "destroy", "-auto-approve")
	if got := aws.Live(region, "deps"); len(got) != 0 {
		t.Errorf("versions are left: %+v", got)
	}
}

// TestPlanTimestampIsOneMoment lets the index gain a release between a plan and
// its apply on another machine.
func TestPlanTimestampIsOneMoment(t *testing.T) {
	t.Parallel()
	index, aws := indextest.New(t, universe), lambdatest.New(t)
	served := "PIP_INDEX_URL=" + index.URL()
	planner := newMachine(t, nil).uses(served)
	planner.write("main.tf", pipeline(aws.URL(), "exclude_newer = plantimestamp()", "idna", ""))
	planner.write("src/shared.py", "VALUE = 1\n")
	planner.terraform(0, "plan", "-out=saved.tfplan")
	hash := planner.planned("saved.tfplan", "layerbuild_package.deps", "source_code_hash")

	later := time.Now().Add(time.Minute).UTC().Format(time.RFC3339)
	if err := index.Add("idna 4.0\n  uploaded: " + later + "\n"); err != nil {
		t.Fatal(err)
	}
	applier := newMachine(t, planner).uses(served)
	applier.terraform(0, "apply", "saved.tfplan")
	if live := aws.Live(region, "deps"); len(live) != 1 || live[0].CodeSHA256 != hash {
		t.Fatalf("AWS has %+v, planned was %s", live, hash)
	}
	// Another moment is no change by itself.
	newMachine(t, applier).uses(cut).terraform(0, "plan", "-detailed-exitcode")
}

// TestBytesDoNotDependOnTheMachine is promise 3.
func TestBytesDoNotDependOnTheMachine(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Log("umasks are not varied on Windows")
	}
	index, aws := indextest.New(t, universe), lambdatest.New(t)
	hashes := map[string][]string{}
	for _, c := range []struct {
		umask       string
		environment []string
		modified    time.Time
	}{
		{"022", []string{"TZ=UTC", "LC_ALL=C", "GOMAXPROCS=1"}, time.Unix(1_000_000_000, 0)},
		{"077", []string{"TZ=Pacific/Kiritimati", "LC_ALL=tr_TR.UTF-8", "GOMAXPROCS=8"}, time.Unix(1_700_000_001, 0)},
	} {
		m := newMachine(t, nil).uses("PIP_INDEX_URL=" + index.URL()).uses(c.environment...)
		if runtime.GOOS != "windows" {
			m.umask = c.umask
		}
		m.write("main.tf", pipeline(aws.URL(), "", "requests", ""))
		for i, name := range []string{"b.py", "a.py", "Z.py", "sub/ü.py", "sub/large.bin"} {
			m.write("src/"+name, strings.Repeat(name, 1+i*100_000))
			path := filepath.Join(m.dir, "src", filepath.FromSlash(name))
			if err := errors.Join(os.Chmod(path, fs.FileMode(0o600+i%2*0o111)), os.Chtimes(path, c.modified, c.modified)); err != nil {
				t.Fatal(err)
			}
		}
		m.terraform(0, "plan", "-out=saved.tfplan")
		hash := m.planned("saved.tfplan", "layerbuild_package.deps", "source_code_hash")
		hashes[hash] = append(hashes[hash], c.umask)
	}
	if len(hashes) != 1 {
		t.Errorf("the hash depends on the machine: %v", hashes)
	}
}

// TestCredentialsStayOutOfEverything is promise 6: a private index wants a
// password, and nothing that is written or printed holds it.
func TestCredentialsStayOutOfEverything(t *testing.T) {
	t.Parallel()
	const user, password = "reader", "hunter2-s3cret"
	hidden := []string{password, "canary/of/the/secret/access/key", "canary-of-the-session-token", "canary-of-npm", "canary-of-the-cache-key"}
	index, aws := indextest.New(t, universe, indextest.WithAuth(user, password)), lambdatest.New(t)
	address := strings.Replace(index.URL(), "://", "://"+user+":"+password+"@", 1)
	m := newMachine(t, nil).uses("PIP_INDEX_URL="+address, "AWS_SECRET_ACCESS_KEY="+hidden[1], "AWS_SESSION_TOKEN="+hidden[2],
		"npm_config_//registry.npmjs.org/:_authToken="+hidden[3], "LAYERBUILD_CACHE_KEY="+hidden[4])
	m.write("main.tf", pipeline(aws.URL(), "", "requests", ""))
	m.write("src/shared.py", "VALUE = 1\n")
	logged := newMachine(t, m).uses(m.env[len(m.env)-5:]...).uses("TF_LOG=TRACE")
	printed := logged.terraform(0, "plan", "-out=saved.tfplan")
	printed += logged.terraform(0, "show", "-json", "saved.tfplan")
	printed += logged.terraform(0, "apply", "saved.tfplan")
	logged.write("main.tf", pipeline(aws.URL(), "", "absent-project", ""))
	printed += logged.terraform(1, "plan")
	logged.uses("PIP_INDEX_URL=" + strings.Replace(address, password, password+"-wrong", 1))
	logged.write("main.tf", strings.ReplaceAll(pipeline(aws.URL(), "", "idna", ""), `_package" "deps"`, `_package" "other"`)+`
resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  files    = [{ source = "src" }]
}
`)
	refused := logged.uses("TF_LOG=").terraform(1, "plan")
	if !strings.Contains(refused, "401") {
		t.Errorf("the refused password is not named by its status:\n%s", refused)
	}
	printed += refused
	for _, secret := range hidden {
		if strings.Contains(printed, secret) {
			t.Errorf("%q was printed", secret)
		}
	}
	for _, line := range []string{"fetched a file", "resolved a layer", "built a layer", "published a layer version", "rpc.method=Lambda/PublishLayerVersion"} {
		if !strings.Contains(printed, line) {
			t.Errorf("the log does not tell of %q", line)
		}
	}
	for _, dir := range []string{logged.dir, logged.home} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			for _, secret := range hidden {
				if strings.Contains(string(b), secret) {
					t.Errorf("%s holds %q", path, secret)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
