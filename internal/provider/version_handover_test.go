//go:build unix

package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// handedOver is a configuration whose apply can be cut after the version, and
// whose version may have another name.
func handedOver(url, name string) string {
	return requiredProvider + fmt.Sprintf(`
variable "fail" { default = false }
provider "layerbuild" {
  endpoints {
    lambda = %[1]q
    sts    = %[1]q
  }
}
resource "layerbuild_package" "p" {
  runtimes = ["python3.12"]
  files    = [{ content = "X = 1", target = "python/x.py" }]
}
resource "layerbuild_version" %[2]q {
  layer_name = "deps"
  package    = layerbuild_package.p
  lifecycle { create_before_destroy = true }
}
resource "terraform_data" "user" {
  triggers_replace = [layerbuild_version.%[2]s.arn, var.fail]
  lifecycle { create_before_destroy = true }
  provisioner "local-exec" { command = var.fail ? "exit 1" : "exit 0" }
}
`, url, name)
}

// TestHandoverOutlivesARun cuts an apply between the create and the destroy of a
// replacement, and renames a resource in two applies, with the real Terraform:
// the version that the new owner points at stays, and goes with it.
func TestHandoverOutlivesARun(t *testing.T) {
	t.Parallel()
	aws := lambdatest.New(t)
	m := newMachine(t, nil)
	m.write("main.tf", handedOver(aws.URL(), "v"))
	m.terraform(0, "apply", "-auto-approve")
	m.terraform(1, "apply", "-auto-approve", "-replace=layerbuild_version.v", "-var=fail=true")
	only(t, aws, 1)
	if said := m.terraform(0, "apply", "-auto-approve"); !strings.Contains(said, `Adopted and not deleted: version 1 of layer "deps"`) {
		t.Errorf("the apply does not say what stays:\n%s", said)
	}
	only(t, aws, 1)
	m.terraform(0, "plan", "-detailed-exitcode")
	m.write("main.tf", handedOver(aws.URL(), "renamed"))
	m.terraform(0, "apply", "-auto-approve", "-target=layerbuild_version.renamed")
	m.terraform(0, "apply", "-auto-approve")
	only(t, aws, 1)
	if got := m.terraform(0, "state", "show", "layerbuild_version.renamed"); !strings.Contains(got, layerARN+":1") {
		t.Errorf("the state does not hold version 1:\n%s", got)
	}
	m.terraform(0, "plan", "-detailed-exitcode")
	m.terraform(0, "destroy", "-auto-approve")
	only(t, aws)
}

// TestGeneratedConfiguration has Terraform write the configuration of an import:
// it is valid, and changes nothing.
func TestGeneratedConfiguration(t *testing.T) {
	t.Parallel()
	aws := lambdatest.New(t)
	m := zipMachine(t, aws, "A = 1\n")
	m.terraform(0, "apply", "-auto-approve")
	m.terraform(0, "state", "rm", "layerbuild_version.deps")
	provider, _, _ := strings.Cut(zipped(aws.URL()), "resource \"layerbuild_version\"")
	m.write("main.tf", provider+fmt.Sprintf("import {\n  to = layerbuild_version.deps\n  id = %q\n}\n", layerARN+":1"))
	if said := m.terraform(0, "plan", "-generate-config-out=generated.tf"); !strings.Contains(said, "1 to import, 0 to add, 0 to change, 0 to destroy") {
		t.Errorf("the plan of the generated configuration is\n%s", said)
	}
	m.terraform(0, "apply", "-auto-approve")
	m.terraform(0, "plan", "-detailed-exitcode")
	m.terraform(0, "destroy", "-auto-approve")
	only(t, aws)
}
