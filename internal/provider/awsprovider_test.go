//go:build awsprovider

package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// mirrorVariable names a filesystem mirror with hashicorp/aws 6, as "terraform
// providers mirror" writes it, and testbedVariable the Python environment with
// MiniStack, which stands for AWS.
const (
	mirrorVariable  = "LAYERBUILD_AWS_PROVIDER_MIRROR"
	testbedVariable = "LAYERBUILD_TESTBED"
)

// TestWithTheAWSProvider runs both providers as users have them: our zip in
// aws_lambda_layer_version, our ARN in aws_lambda_function. One apply, then
// nothing to do; a change of the package moves everything in one apply again.
func TestWithTheAWSProvider(t *testing.T) {
	t.Parallel()
	mirror := requiredPath(t, mirrorVariable)
	index := indextest.New(t, universe)
	url := lambdatest.MiniStack(t, filepath.Join(requiredPath(t, testbedVariable), "bin", "ministack"))
	m := newMachine(t, nil).uses("PIP_INDEX_URL=" + index.URL())
	m.installs(mirror)

	m.write("main.tf", withAWS(url, "idna==3.6"))
	m.terraform(0, "init")
	m.terraform(0, "apply", "-auto-approve")
	m.terraform(0, "plan", "-detailed-exitcode")

	m.write("main.tf", withAWS(url, "idna==3.7"))
	plan := m.terraform(0, "plan")
	for _, want := range []string{
		"aws_lambda_layer_version.theirs must be replaced", "aws_lambda_function.app will be updated in-place",
		"layerbuild_version.ours will be updated in-place", "layerbuild_package.p will be updated in-place",
	} {
		if !strings.Contains(plan, want) {
			t.Errorf("the plan does not say %q:\n%s", want, plan)
		}
	}
	m.terraform(0, "apply", "-auto-approve")
	m.terraform(0, "plan", "-detailed-exitcode")
	m.terraform(0, "destroy", "-auto-approve")
}

// withAWS is a package whose zip both providers publish, and a function with
// both versions.
func withAWS(url, requirement string) string {
	return fmt.Sprintf(`
terraform {
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
    aws        = { source = "hashicorp/aws" }
  }
}
provider "layerbuild" {
  endpoints {
    lambda = %[1]q
    s3     = %[1]q
    sts    = %[1]q
  }
}
provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  endpoints {
    iam    = %[1]q
    lambda = %[1]q
    sts    = %[1]q
  }
}
resource "layerbuild_package" "p" {
  runtimes = ["python3.12"]
  python   = { requirements = [%[2]q] }
}
resource "layerbuild_package" "code" {
  runtimes = ["python3.12"]
  kind     = "function"
  files    = [{ content = "def handler(event, context): return 1\n", target = "app.py" }]
}
resource "aws_lambda_layer_version" "theirs" {
  layer_name          = "theirs"
  filename            = layerbuild_package.p.filename
  source_code_hash    = layerbuild_package.p.source_code_hash
  compatible_runtimes = ["python3.12"]
}
resource "layerbuild_version" "ours" {
  layer_name = "ours"
  package    = layerbuild_package.p
}
resource "aws_lambda_function" "app" {
  function_name    = "app"
  role             = "arn:aws:iam::123456789012:role/app"
  handler          = "app.handler"
  runtime          = "python3.12"
  filename         = layerbuild_package.code.filename
  source_code_hash = layerbuild_package.code.source_code_hash
  layers           = [aws_lambda_layer_version.theirs.arn, layerbuild_version.ours.arn]
}
`, url, requirement)
}

// requiredPath returns a variable of the environment, without which there is no
// test.
func requiredPath(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: CONTRIBUTING.md says what it names", name)
	}
	value, err := filepath.Abs(value)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(value); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

// installs makes the CLI take hashicorp/aws from the mirror, and our provider
// from another one: development overrides and "init" do not go together.
func (m *machine) installs(mirror string) {
	m.Helper()
	built, err := builtProvider()
	if err != nil {
		m.Fatal(err)
	}
	own := m.TempDir()
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		dir := filepath.Join(own, host, "layerbuild", "layerbuild", "0.0.1", runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			m.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(built, "terraform-provider-layerbuild*"))
		if err != nil || len(files) != 1 {
			m.Fatalf("built providers: %q, %v", files, err)
		}
		name := "terraform-provider-layerbuild_v0.0.1" + filepath.Ext(files[0])
		if err := os.Symlink(files[0], filepath.Join(dir, name)); err != nil {
			m.Fatal(err)
		}
	}
	rc := filepath.Join(m.home, "mirrors.tfrc")
	text := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path    = %q\n    include = [\"layerbuild/layerbuild\"]\n  }\n  filesystem_mirror {\n    path    = %q\n    include = [\"hashicorp/aws\"]\n  }\n}\n", own, mirror)
	if err := os.WriteFile(rc, []byte(text), 0o600); err != nil {
		m.Fatal(err)
	}
	m.uses("TF_CLI_CONFIG_FILE=" + rc)
}
