package wheel

import (
	"archive/zip"
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// TestFoldersOfMetadataAreThoseOfTheWheel: a folder of another distribution's metadata
// makes Python find that distribution.
func TestFoldersOfMetadataAreThoseOfTheWheel(t *testing.T) {
	t.Parallel()
	const own = "Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\n"
	for _, c := range []struct {
		files map[string]string
		want  string // name and version that it holds
	}{
		{map[string]string{"foo_bar-1.0.dist-info/METADATA": own}, ""},
		{map[string]string{"Foo.Bar-1.0.dist-info/METADATA": own}, ""},
		{map[string]string{"foo-bar-1.0.dist-info/METADATA": own}, ""},
		{map[string]string{"foo_bar-1.0.0.dist-info/METADATA": own}, ""},
		{map[string]string{"foo_bar-1.0.dist-info/METADATA": own, "foo_bar/_vendor/bb-1.0.dist-info/METADATA": "Name: bb"}, ""},
		{map[string]string{"bb-1.0.dist-info/METADATA": own}, "bb 1.0"},
		{map[string]string{"foo_bar-1.0.dist-info/METADATA": own, "bb-2.0.dist-info/RECORD": ""}, "bb 2.0"},
		{map[string]string{"foo_barn-1.0.dist-info/METADATA": own}, "foo_barn 1.0"},
		{map[string]string{"foo_bar-1.0.dist-info/METADATA": "Name: Foo.Bar\nVersion: 2.0\n"}, "Foo.Bar 2.0"},
	} {
		err := CheckInside(Wheel{Filename: "Foo_Bar-1.0-py3-none-any.whl"}, zipped(t, c.files))
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), "holds "+c.want+" by its own metadata") {
			t.Errorf("%q: got %v, want %q", c.files, err, c.want)
		}
	}
}

// zipped returns files as those of a wheel.
func zipped(t *testing.T, sources map[string]string) filetree.Tree {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(sources[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "a.whl")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	archive, err := filetree.FileArchive("a.whl", file)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := filetree.FromZip(archive)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}
