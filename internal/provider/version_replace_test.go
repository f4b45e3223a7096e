package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// TestReplacedVersionIsNotLost replaces with create_before_destroy: the new
// resource takes the version over, and the old one must not delete it.
func TestReplacedVersionIsNotLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := w.publishing("idna", "lifecycle {\n    create_before_destroy = true\n  }")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config, Check: w.hasVersions(1)},
			{Config: config, Taint: []string{versionA}, Check: w.hasVersions(1)},
			{Config: config, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
		},
	})
}

// TestReplacedVersionIsDeleted replaces the resource, by a new name and by
// tainting it: what it had published goes all the same.
func TestReplacedVersionIsDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	renamed := strings.Replace(w.publishing("idna==3.7", ""), `"deps"`, `"renamed"`, 1)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.publishing("idna==3.6", "")},
			{Config: w.publishing("idna==3.7", ""), Check: w.hasVersions(1, 2)},
			{Config: w.publishing("idna==3.7", ""), Taint: []string{versionA}, Check: w.hasVersions(3)},
			{Config: renamed, Check: w.hasVersions(), ConfigPlanChecks: expectEmpty()},
		},
	})
}

// TestSharedVersionIsDeletedByItsPublisherAlone has two resources with equal
// bytes: the one that took the version over does not delete it.
func TestSharedVersionIsDeletedByItsPublisherAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := w.publishing("idna", "")
	two := one + `
resource "layerbuild_version" "twin" {
  layer_name = "deps"
  package    = layerbuild_package.p
  depends_on = [layerbuild_version.v]
}`
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: two, Check: w.hasVersions(1), ConfigPlanChecks: expectEmpty()},
			{Config: one, Check: w.hasVersions(1), ConfigPlanChecks: expectEmpty()},
		},
		CheckDestroy: w.hasVersions(),
	})
}

// TestOlderVersionsAreNotForgotten deletes the newest version outside: the
// older one is still removed by the destroy.
func TestOlderVersionsAreNotForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: w.publishing("idna==3.6", "")},
			{Config: w.publishing("idna==3.7", ""), Check: w.hasVersions(1, 2)},
			{
				PreConfig: func() { w.removeVersion("deps", 2) },
				Config:    w.publishing("idna==3.7", ""), Check: w.hasVersions(1, 3), ConfigPlanChecks: expectEmpty(),
			},
		},
		CheckDestroy: w.hasVersions(),
	})
}
