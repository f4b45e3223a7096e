package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// TestUnpackPathHoldsTheFilesOfTheZip after every plan: a change replaces the
// folder, a plan that changes nothing repairs it, and a stranger's folder stops
// it.
func TestUnpackPathHoldsTheFilesOfTheZip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := filepath.Join(w.dir, "opt")
	config := func(name, folder string) string {
		return w.config(`
resource "layerbuild_package" "p" {
  runtimes    = ["python3.12"]
  unpack_path = %q
  files       = [{ content = "A = 1", target = "python/%s.py" }]
}`, folder, name)
	}
	has := func(present, absent string) resource.TestCheckFunc {
		return func(*terraformState) error {
			body, err := os.ReadFile(filepath.Join(dir, "python", present+".py"))
			if err != nil || string(body) != "A = 1" {
				return fmt.Errorf("%s.py: %q, %w", present, body, err)
			}
			if _, err := os.Stat(filepath.Join(dir, "python", absent+".py")); !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s.py is there", absent)
			}
			return nil
		}
	}
	empty := resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	strange := filepath.Join(w.dir, "strange")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config("a", dir), ConfigPlanChecks: empty, Check: has("a", "b")},
			{Config: config("b", dir), ConfigPlanChecks: empty, Check: has("b", "a")},
			{
				PreConfig: func() {
					if err := os.WriteFile(filepath.Join(dir, "python", "b.py"), []byte("A = 2"), 0o600); err != nil {
						t.Fatal(err)
					}
				},
				Config: config("b", dir), ConfigPlanChecks: empty, Check: has("b", "a"),
			},
			{
				PreConfig: func() { // a fresh checkout has neither
					if err := errors.Join(os.RemoveAll(dir), os.RemoveAll(filepath.Join(w.dir, ".layerbuild"))); err != nil {
						t.Fatal(err)
					}
				},
				Config: config("b", dir), ConfigPlanChecks: empty, Check: has("b", "a"),
			},
			{
				PreConfig: func() {
					if err := errors.Join(os.Mkdir(strange, 0o750), os.WriteFile(filepath.Join(strange, "thesis.tex"), nil, 0o600)); err != nil {
						t.Fatal(err)
					}
				},
				Config: config("b", strange), ExpectError: sentenceLike(`The unpack path.*is taken`),
			},
		},
	})
	if _, err := os.Stat(filepath.Join(strange, "thesis.tex")); err != nil {
		t.Error(err)
	}
}
