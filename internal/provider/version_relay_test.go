//go:build unix

package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// relay is a state that goes from machine to machine: each plan is made on a new
// one, and applied on another.
type relay struct {
	*testing.T
	at *machine
}

// run plans on a new machine and applies on another. It returns what both print.
func (r *relay) run(want int, planning []string, configuration string) string {
	r.Helper()
	planner := newMachine(r.T, r.at)
	planner.write("main.tf", configuration)
	said := planner.terraform(0, append([]string{"plan", "-out=saved.tfplan"}, planning...)...)
	r.at = newMachine(r.T, planner)
	return said + r.at.terraform(want, "apply", "saved.tfplan")
}

// points checks that every version that the state points at is there.
func (r *relay) points(aws *lambdatest.AWS, names ...string) {
	r.Helper()
	for _, name := range names {
		shown := r.at.terraform(0, "state", "show", "layerbuild_version."+name)
		found := false
		for _, v := range aws.Live(region, "deps") {
			found = found || strings.Contains(shown, `"`+v.ARN+`"`)
		}
		if !found {
			r.Fatalf("%s points at a version that is gone; AWS has %v\n%s", name, aws.Live(region, "deps"), shown)
		}
	}
	r.at.terraform(0, "plan", "-detailed-exitcode")
}

// ends destroys all. Whether the last resource owns its version depends on which
// of two a plan came to last: what stays is told by number.
func (r *relay) ends(aws *lambdatest.AWS, configuration string) {
	r.Helper()
	said := r.run(0, []string{"-destroy"}, configuration)
	for _, v := range aws.Live(region, "deps") {
		if told := fmt.Sprintf(`Adopted and not deleted: version %d of layer "deps"`, v.Number); !strings.Contains(said, told) {
			r.Errorf("version %d stays, and the destroy does not say so:\n%s", v.Number, said)
		}
	}
}

// twins are several resources with the same layer and bytes, each with a package
// of its own.
func twins(url string, names ...string) string {
	text, resource, _ := strings.Cut(handedOver(url, "v"), "resource \"layerbuild_package\"")
	resource, _, _ = strings.Cut("resource \"layerbuild_package\""+resource, "resource \"terraform_data\"")
	resource = strings.ReplaceAll(resource, "lifecycle { create_before_destroy = true }", "")
	for _, name := range names {
		one := strings.NewReplacer(`"v"`, fmt.Sprintf("%q", name), `"p"`, fmt.Sprintf("%q", name), "layerbuild_package.p", "layerbuild_package."+name).Replace(resource)
		text += one
	}
	return text
}

// TestHandoverAcrossMachines has plans and applies on machines that have never
// seen the state, as HCP Terraform does: what a living resource points at stays,
// and what a destroy leaves is told by number.
func TestHandoverAcrossMachines(t *testing.T) {
	t.Parallel()
	t.Run("cut", func(t *testing.T) {
		t.Parallel()
		aws := lambdatest.New(t)
		r := &relay{t, newMachine(t, nil)}
		r.run(0, nil, handedOver(aws.URL(), "v"))
		r.run(1, []string{"-replace=layerbuild_version.v", "-var=fail=true"}, handedOver(aws.URL(), "v"))
		said := r.run(0, nil, handedOver(aws.URL(), "v"))
		if !strings.Contains(said, `Adopted and not deleted: version 1 of layer "deps"`) && !strings.Contains(said, `Left: version 1 of layer "deps"`) {
			t.Errorf("the apply does not say what stays:\n%s", said)
		}
		only(t, aws, 1)
		r.points(aws, "v")
	})
	t.Run("rename", func(t *testing.T) {
		t.Parallel()
		aws := lambdatest.New(t)
		r := &relay{t, newMachine(t, nil)}
		r.run(0, nil, handedOver(aws.URL(), "v"))
		r.run(0, []string{"-target=layerbuild_version.renamed"}, handedOver(aws.URL(), "renamed"))
		only(t, aws, 1)
		r.run(0, nil, handedOver(aws.URL(), "renamed"))
		r.points(aws, "renamed")
		r.ends(aws, handedOver(aws.URL(), "renamed"))
	})
	t.Run("twins", func(t *testing.T) {
		t.Parallel()
		aws := lambdatest.New(t)
		r := &relay{t, newMachine(t, nil)}
		r.run(0, nil, twins(aws.URL(), "a"))
		r.run(0, nil, twins(aws.URL(), "a", "b", "c"))
		only(t, aws, 1)
		r.points(aws, "a", "b", "c")
		r.run(0, nil, twins(aws.URL(), "b", "c"))
		r.points(aws, "b", "c")
		r.run(0, []string{"-replace=layerbuild_version.b"}, twins(aws.URL(), "b", "c"))
		r.points(aws, "b", "c")
		r.ends(aws, twins(aws.URL(), "b", "c"))
	})
}
