package command

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lint"
)

// misspelt has more than thirty names that no argument has, each marked with "!" in front.
const misspelt = `
locals {
  share = { !accounts = ["123456789012"] }
}
provider "layerbuild" {
  cache = { s3 = { bucket = "b", !prefixx = "p/" } }
}
resource "layerbuild_package" "p" {
  runtimes = ["python3.12"]
  python = {
    requirements = ["idna==3.7"]
    !requirement_file = "r.txt"
    !lockfile = "uv.lock"
    index = [
      { url = "https://pypi.example.com/simple", !package = ["x"], codeartifact = { domain = "d", repository = "r", !owner_id = "1" } },
    ]
    !wheel = []
  }
  nodejs = { dependencies = {}, !package-json = "package.json", !allow_scripts = [] }
  files = concat(
    [{ source = "src", !targets = "python/x" }],
    [for name in ["a"] : { source = name, target = name, !excludes = [] }],
  )
  downloads = [
    { url = "https://example.com/x", sha256 = "0", !sha = "0" },
    { url = "https://example.com/y", sha256 = "0", !file = {}, !archs = "arm64" },
  ]
  images  = [{ image = "x", files = {}, !plattform = "linux/arm64" }]
  builds  = [{ context = ".", files = {}, !docker_file = "Dockerfile", !arguments = {} }]
  checks  = { !sizes = "off", !native_code = "off", !shadow = "off" }
}
resource "layerbuild_version" "v" {
  layer_name = "x"
  package    = layerbuild_package.p
  retention  = { keep_last = 1, !on_destruction = "retain", !max_age = 3, !keep = 4 }
  sharing    = var.shared ? local.share : { public = false, !organizations = [] }
  s3         = (merge({ bucket = "b", !folder = "x" }, { !kms_key = "k" }))
  signing    = { profile_name = "p", !profile = "p" }
}
resource "layerbuild_rollout" "r" {
  version_arn = layerbuild_version.v.arn
  canary = { function_name = "f", !event = "{}", expect = { !status = 200, json = { "any.path" = "x" } } }
  alias  = { name = "live", !weights = [10] }
}
action "layerbuild_invoke" "i" {
  config {
    function_name = "f"
    expect        = { !statuscode = 200, json = { "any.path" = "x" } }
  }
}
resource "aws_lambda_function" "other" {
  environment = { whatever = 1 }
}
`

func run(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	status = Run(t.Context(), args, "1.2.3", &o, &e)
	return status, o.String(), e.String()
}

func TestLintFindsEveryMisspeltName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var want []string
	for i, line := range strings.Split(misspelt, "\n") {
		for at := strings.IndexByte(line, '!'); at >= 0; at = strings.IndexByte(line, '!') {
			line = line[:at] + line[at+1:]
			want = append(want, line[at:at+strings.IndexAny(line[at:], " =")])
			_ = i
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(strings.ReplaceAll(misspelt, "!", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errs := run(t, "--json", "lint", dir)
	if status != 1 || errs != "" {
		t.Fatalf("status %d, %s", status, errs)
	}
	var found []lint.Finding
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		if f.Rule == "unknown_name" {
			got = append(got, f.Attribute[strings.LastIndexByte(f.Attribute, '.')+1:])
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if len(want) < 30 || !slices.Equal(got, want) {
		t.Errorf("got %d names %q, want %d names %q", len(got), got, len(want), want)
	}
}

func TestLintFindsNothingInTheExamples(t *testing.T) {
	t.Parallel()
	if status, out, errs := run(t, "lint"); status != 0 || out != "Nothing found.\n" { // this folder has no Terraform files
		t.Errorf("without a folder: status %d: %s%s", status, out, errs)
	}
	if status, out, errs := run(t, "lint", "--strict", "../../examples"); status != 0 || out != "Nothing found.\n" {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
}

func TestLintOfOtherFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, text, want string }{
		{"absolute path", "main.tf", "resource \"layerbuild_package\" \"p\" {\n  files = [{ source = \"/home/me/src\" }]\n}\n",
			`main.tf:2:23: warning: layerbuild_package.p.files[0].source: "/home/me/src" exists on one machine only: write a path below ${path.module}`},
		{"windows", "main.tf", "resource \"layerbuild_version\" \"v\" {\n  filename = \"C:\\\\layer.zip\"\n}\n",
			`main.tf:2:14: warning: layerbuild_version.v.filename: "C:\\layer.zip" exists on one machine only: write a path below ${path.module}`},
		{"unpinned", "main.tf", "resource \"layerbuild_package\" \"p\" {\n  downloads = [{ url = \"https://example.com/x\" }]\n}\n",
			`main.tf:2:16: warning: layerbuild_package.p.downloads[0]: the first plan locks the file that the address has at that time: write its sha256`},
		{"range", "main.tf", "resource \"layerbuild_package\" \"p\" {\n  python = { requirements = [\"a==1\", \"b>=1\", \"c @ https://example.com/c.whl\", \"d==1.*\"] }\n}\n",
			`main.tf:2:38: note: layerbuild_package.p.python.requirements[1]: "b>=1" is a range: each state locks a version of its own. For the same version everywhere, use a lock file
main.tf:2:79: note: layerbuild_package.p.python.requirements[3]: "d==1.*" is a range: each state locks a version of its own. For the same version everywhere, use a lock file`},
		{"json", "main.tf.json", `{"resource": {"layerbuild_version": {"v": {"sharing": {"accounts": ["1"]}}}}}`,
			`main.tf.json:1:56: error: layerbuild_version.v.sharing.accounts: there is no such argument, and Terraform drops it without an error: write "account_ids"`},
		{"OpenTofu", "main.tofu", "resource \"layerbuild_version\" \"v\" {\n  retention = { keep_lst = 1 }\n}\n",
			`main.tofu:2:17: error: layerbuild_version.v.retention.keep_lst: there is no such argument, and Terraform drops it without an error: write "keep_last"`},
		{"OpenTofu's JSON", "main.tofu.json", `{"resource": {"layerbuild_version": {"v": {"signing": {"profile": "p"}}}}}`,
			`main.tofu.json:1:56: error: layerbuild_version.v.signing.profile: there is no such argument, and Terraform drops it without an error: write "profile_name"`},
		{"the closest name", "main.tf", "resource \"layerbuild_package\" \"p\" {\n  python = { exclude_runtime_skd = true }\n}\n",
			`main.tf:2:14: error: layerbuild_package.p.python.exclude_runtime_skd: there is no such argument, and Terraform drops it without an error: write "exclude_runtime_sdk"`},
		{"nothing close", "main.tf", "resource \"layerbuild_version\" \"v\" {\n  s3 = { zzz = 1 }\n}\n",
			`main.tf:2:10: error: layerbuild_version.v.s3.zzz: there is no such argument, and Terraform drops it without an error: it takes bucket, kms_key_id, prefix, storage_mode, tags`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, out, errs := run(t, "lint", "--notes", dir); strings.TrimSpace(out) != c.want {
				t.Errorf("got\n%s%s\nwant\n%s", out, errs, c.want)
			}
		})
	}
}

func TestStatusOfUnusableInput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte("resource {"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"syntax": {"lint", dir}, "folder": {"lint", filepath.Join(dir, "none")}, "command": {"lnit"}} {
		if status, out, errs := run(t, args...); status != 2 || out != "" || !strings.HasPrefix(errs, "Error: ") {
			t.Errorf("%s: status %d, %q, %q", name, status, out, errs)
		}
	}
	for name, args := range map[string][]string{
		"syntax": {"lint", dir, "--json"}, "flag": {"--json", "lint", "--nosuch"}, "zip": {"inspect", "--json", "none.zip"}, "out": {"build", "--json"},
	} {
		status, out, errs := run(t, args...)
		var said struct{ Error string }
		if err := json.Unmarshal([]byte(errs), &said); status != 2 || out != "" || err != nil || said.Error == "" {
			t.Errorf("%s as JSON: status %d, %q, %q", name, status, out, errs)
		}
	}
	if status, out, _ := run(t, "--version"); status != 0 || out != "1.2.3\n" {
		t.Errorf("version: status %d, %q", status, out)
	}
	if status, out, errs := run(t, "--help"); status != 0 || !strings.Contains(out, "lint") || errs != "" {
		t.Errorf("help: status %d, %q, %q", status, out, errs)
	}
}
