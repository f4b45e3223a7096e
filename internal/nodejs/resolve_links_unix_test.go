//go:build unix

package nodejs

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
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

// TestArchivesArePlainFiles: a pipe in the place of a packed package is an error, and
// nothing waits for somebody who writes to it.
func TestArchivesArePlainFiles(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "lib-1.0.0.tgz")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, known := range []string{"", someIntegrity} {
		if _, err := localArchive(pipe, known); err == nil || !strings.Contains(err.Error(), "it is not a regular file") {
			t.Errorf("with the integrity %q: %v", known, err)
		}
	}
}
