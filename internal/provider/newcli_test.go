//go:build newcli

package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// TestNewCLIInvokesAndQueries has Terraform 1.14 or newer run the action, when a
// layer version is there, by hand, and with an answer that is not expected, and
// list the layers. An older CLI fails: it knows no block "action".
func TestNewCLIInvokesAndQueries(t *testing.T) {
	t.Parallel()
	aws := lambdatest.New(t)
	if err := aws.CreateFunction(region, "items", 0); err != nil {
		t.Fatal(err)
	}
	calls := make(chan string, 9)
	aws.AnswerInvocations(func(i lambdatest.Invocation) lambdatest.Answer {
		calls <- i.Function + " " + string(i.Payload)
		return lambdatest.Answer{Payload: []byte(`{"statusCode":200}`)}
	})
	m := newMachine(t, nil)
	m.write("main.tf", fmt.Sprintf(`
terraform {
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}
provider "layerbuild" {
  region                  = %q
  access_key              = "AKIAIOSFODNN7EXAMPLE"
  secret_key              = "not-a-secret"
  skip_metadata_api_check = "true"
  endpoints {
    lambda = %[2]q
    sts    = %[2]q
  }
}
resource "layerbuild_package" "p" {
  runtimes = ["python3.12"]
  files    = [{ content = "A = 1", target = "python/x.py" }]
}
resource "layerbuild_version" "v" {
  layer_name = "asked"
  package    = layerbuild_package.p
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.layerbuild_invoke.good]
    }
  }
}
action "layerbuild_invoke" "good" {
  config {
    function_name = "items"
    payload       = "1"
    expect        = { status_code = 200 }
  }
}
action "layerbuild_invoke" "bad" {
  config {
    function_name = "items"
    payload       = "2"
    expect        = { status_code = 201 }
  }
}
`, region, aws.URL()))
	m.write("all.tfquery.hcl", `
list "layerbuild_version" "all" {
  provider = layerbuild
  config {
    name_prefix = "as"
  }
}
`)
	for _, step := range []struct {
		status    int
		arguments []string
		said      string
		call      string
	}{
		{0, []string{"apply", "-auto-approve"}, `"items" answered as expected`, "items 1"},
		{0, []string{"apply", "-auto-approve", "-invoke=action.layerbuild_invoke.good"}, `"items" answered as expected`, "items 1"},
		{1, []string{"apply", "-auto-approve", "-invoke=action.layerbuild_invoke.bad"}, "statusCode is 200, expected was 201.", "items 2"},
		{0, []string{"query"}, "layer_name=asked,region=" + region, ""},
		{0, []string{"plan", "-detailed-exitcode"}, "No changes.", ""},
	} {
		said := m.terraform(step.status, step.arguments...)
		call := ""
		select {
		case call = <-calls:
		default:
		}
		if !strings.Contains(said, step.said) || call != step.call || len(calls) > 0 {
			t.Errorf("%q called %q and %d more, and said\n%s", step.arguments, call, len(calls), said)
		}
	}
}
