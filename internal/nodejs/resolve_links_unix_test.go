//go:build unix

package nodejs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// TestResolveRefusesALinkOutside: a folder of the project that is a link to one
// outside is outside.
func TestResolveRefusesALinkOutside(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, map[string]string{
		"outer/package.json":   `{"name":"outer"}`,
		"project/package.json": `{"dependencies":{"outer":"file:inner"}}`,
	})
	if err := os.Symlink("../outer", filepath.Join(dir, "project", "inner")); err != nil {
		t.Fatal(err)
	}
	p, err := manifest.ReadProject(filepath.Join(dir, "project", "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = resolveTree(t.Context(), registryOf(t, small), p, node20(), treeOptions{})
	if refusal, ok := manifest.AsRefusal(err); !ok || refusal.Code != "EUNSUPPORTED" || refusal.Name != "outer" {
		t.Errorf("got the error %v, want EUNSUPPORTED of outer", err)
	}
}
