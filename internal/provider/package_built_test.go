package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// TestVersionTakesTheZipOfOutputPath publishes the zip where output_path has it,
// without a second one, and makes one at the default path where it is gone.
func TestVersionTakesTheZipOfOutputPath(t *testing.T) {
	t.Parallel()
	index, aws := indextest.New(t, universe), lambdatest.New(t)
	m := newMachine(t, nil).uses("PIP_INDEX_URL=" + index.URL())
	config := func(description string) string {
		return strings.Replace(pipeline(aws.URL(), "", "idna", description), `  runtimes = ["python3.12"]`, "  runtimes = [\"python3.12\"]\n  output_path = \"out/layer.zip\"", 1)
	}
	m.write("src/shared.py", "VALUE = 1\n")
	m.write("main.tf", config("first"))
	m.terraform(0, "apply", "-auto-approve")
	m.write("main.tf", config("second")) // the package is not called
	m.terraform(0, "apply", "-auto-approve")
	only(t, aws, 1, 2)
	if left := m.zips(); len(left) != 0 {
		t.Errorf("the version wrote %q beside out/layer.zip", left)
	}
	if err := os.Remove(filepath.Join(m.dir, "out", "layer.zip")); err != nil {
		t.Fatal(err)
	}
	m.write("main.tf", config("third"))
	m.terraform(0, "apply", "-auto-approve")
	only(t, aws, 1, 2, 3)
	if live := aws.Live(region, "deps"); live[2].CodeSHA256 != live[0].CodeSHA256 || len(m.zips()) != 1 {
		t.Errorf("AWS has %v and the machine %q, want the same bytes and one zip", live, m.zips())
	}
}
