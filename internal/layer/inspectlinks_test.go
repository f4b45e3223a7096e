package layer

import (
	"archive/zip"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
)

// TestLinksOfAZipThatLeadNowhere are found in a zip that was made elsewhere, whether it
// is looked into or published.
func TestLinksOfAZipThatLeadNowhere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	for _, entry := range []struct {
		name, content string
		mode          fs.FileMode
	}{{"python/m.py", "M = 1\n", 0o644}, {"lib/liba.so", "liba.so.1", fs.ModeSymlink | 0o777}, {"python/n.py", "m.py", fs.ModeSymlink | 0o777}} {
		h := &zip.FileHeader{Name: entry.name}
		h.SetMode(entry.mode)
		out, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte(entry.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	b := NewBuilder(Options{CacheDir: t.TempDir()})
	looked, err := b.Inspect(t.Context(), Zip{Path: path}, Question{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}})
	if err != nil {
		t.Fatal(err)
	}
	published, err := b.InspectZip(t.Context(), path, []string{"python3.12"}, []string{"x86_64"})
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range [][]audit.Finding{looked.Findings, published} {
		if len(found) != 1 || found[0].Severity != "warning" || found[0].Summary != `"lib/liba.so" is a link that leads nowhere` {
			t.Errorf("found %+v", found)
		}
	}
}
