//go:build live

package layerzip

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// layers are zips to show to readers that we did not write.
func layers(t *testing.T) map[string]string {
	t.Helper()
	one := treeOf(t, archiveOf(t, "one.whl", hello))
	many := make(filetree.Tree, 66_000)
	for i := range many {
		many[i] = one[0]
		many[i].Path = fmt.Sprintf("d%d/f%d", i%100, i)
	}
	dir := t.TempDir()
	out := map[string]string{}
	for name, tree := range map[string]filetree.Tree{"golden": goldenTree(t), "many": many} {
		out[name] = filepath.Join(dir, name+".zip")
		if _, err := layoutOf(t, tree).WriteFile(t.Context(), out[name]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestPythonReadsLayers(t *testing.T) {
	t.Parallel()
	const program = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    print(len(z.namelist()), sum(i.file_size for i in z.infolist()))
`
	for name, file := range layers(t) {
		out, err := exec.CommandContext(t.Context(), "python3", "-c", program, file).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		want := map[string]string{"golden": "12 2225236", "many": "66000 1584000"}[name]
		if got := strings.TrimSpace(string(out)); got != want {
			t.Errorf("%s: got %q files and bytes, want %q", name, got, want)
		}
	}
}

func TestInfoZipReadsLayers(t *testing.T) {
	t.Parallel()
	for name, file := range layers(t) {
		if out, err := exec.CommandContext(t.Context(), "unzip", "-tq", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "unzip", "-q", layers(t)["golden"], "-d", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for path, mode := range map[string]os.FileMode{"bin/tool": 0o700, "demo/größe.py": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm()&0o700 != mode {
			t.Errorf("%s: got %v, %v; want owner bits %v", path, info, err, mode)
		}
	}
}
