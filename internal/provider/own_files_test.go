package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// TestOwnFilesOfTheModule plans a package whose source is the module itself: what
// Terraform writes there between two plans changes nothing, whatever its name.
func TestOwnFilesOfTheModule(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	env := map[string]string{"LAYERBUILD_CACHE_DIR": filepath.Join(dir, "cache"), "TF_DATA_DIR": "data"}
	p := newProtocol(t, env)
	if found := p.configure(blockOf(p.schemas.Provider.Block, providerBase(lambdatest.New(t).URL()))); found.failed() {
		t.Fatal(found)
	}
	put := func(name, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("app.py", "A = 1")
	put("main.tf", "# the module")
	block := p.schemas.ResourceSchemas["layerbuild_package"].Block
	config := func(given map[string]tftypes.Value) tftypes.Value {
		for _, a := range block.Attributes {
			if a.Name == "files" {
				files := wrapped(a.ValueType(), nestedValue(objectType(a.NestedType), given))
				return blockOf(block, map[string]tftypes.Value{"runtimes": strs("python3.12"), "files": files, "output_path": str("out/layer.zip")})
			}
		}
		t.Fatal("there is no argument files")
		return tftypes.Value{}
	}
	module := config(map[string]tftypes.Value{"source": str("."), "target": str("python"), "exclude": strs("*.tf")})
	before, _, found := p.plan("layerbuild_package", instance{}, module)
	if found.failed() {
		t.Fatal(found)
	}
	const state = `{"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "6b1f", "outputs": {"password": {"value": "hunter2"}}}`
	for _, name := range []string{"terraform.tfstate", "terraform.tfstate.1764460000.backup", "state-of-old", "prod.auto.tfvars", "crash.log"} {
		put(name, state)
	}
	put("p.out", zipOf(t, "tfplan", "x"))
	put("data/terraform.tfstate", "{}")
	put("data/modules/modules.json", "{}")
	if err := os.Remove("p.out"); err != nil { // a zip without a state is no plan
		t.Fatal(err)
	}
	after, _, found := p.plan("layerbuild_package", instance{}, module)
	if found.failed() || !fields(after)["source_code_hash"].Equal(fields(before)["source_code_hash"]) {
		t.Errorf("the package changed: %s\n%s", fields(after)["contents"], found)
	}
	for _, given := range []map[string]tftypes.Value{
		{"source": str("state-of-old"), "target": str("python/")},
		{"source": str("."), "target": str("python"), "include": strs("app.py", "prod.auto.tfvars")},
	} {
		if _, _, found := p.plan("layerbuild_package", instance{}, config(given)); !strings.Contains(found.String(), "file of Terraform's own") {
			t.Errorf("an explicit wish: %s", found)
		}
	}
}
